"""Topological densification: features of one class that hang together at a small distance."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from topolens._checks import check_positive
from topolens.losses.class_maps import Reduction, check_reduction, reduced
from topolens.losses.clouds import as_batch, lengths, trees
from topolens.losses.precision import without_autocast


@without_autocast
def topological_densification(
    features: Tensor,
    labels: Tensor,
    beta: float,
    *,
    one_sided: bool = False,
    norm: float = 2.0,
    reduction: Reduction = "mean",
) -> Tensor:
    """Sum of abs(length - beta) over the edges of the spanning tree of the features of each class of a minibatch.

    Where every small sample of a class is connected at distance beta, most of the class lies close to its training
    points: it is denser there, and a linear classifier behind generalises better.

    Args:
        features: What goes into the last linear layer, shape (n, d).
        labels: The class of each row, whole numbers, shape (n,); draw minibatches of several rows of each class.
        beta: The length wanted, above 0.
        one_sided: Whether only edges longer than beta count; otherwise shorter ones are pushed apart, too, so that
            classes do not collapse to points.
        norm: Order of the distance, at least 1.
        reduction: Of the classes' values: "mean", "sum" or "none".

    Returns:
        A scalar, or with "none" one value per class that the minibatch has, in rising order; 0 for a class with one
        row only.

    Raises:
        TypeError: If features are no floating-point tensor or labels no whole numbers.
        ValueError: If a shape is wrong, a feature is NaN or infinite, beta is not above 0, or norm is below 1.

    Gradients: To the ends of the edges; 0 at lengths of 0 and of beta.
    Cost: O(n^2 d) at most; classes with the same number of rows are one batch.
    Source: "Topologically Densified Distributions", 2020.

    Example:
        >>> features, labels = torch.tensor([[0.0], [1.0], [4.0], [9.0]]), torch.tensor([0, 0, 0, 1])
        >>> topological_densification(features, labels, beta=1.5, reduction="none")
        tensor([2., 0.])
    """
    check_reduction(reduction)
    check_positive("beta", beta)
    if not norm >= 1:
        raise ValueError(f"norm must be at least 1 (inf included), got {norm}")
    x = as_batch("features", features)
    if features.ndim != 2 or not isinstance(labels, Tensor) or labels.shape != features.shape[:1]:
        got = tuple(labels.shape) if isinstance(labels, Tensor) else type(labels).__name__
        raise ValueError(f"features must have shape (n, d) and labels (n,), got {tuple(features.shape)} and {got}")
    if labels.is_floating_point() or labels.is_complex():
        raise TypeError(f"labels must be whole numbers, got {labels.dtype}; convert them with .long()")
    _, place, sizes = labels.to(x.device).unique(return_inverse=True, return_counts=True)
    rows, starts = place.argsort(stable=True), sizes.cumsum(0) - sizes
    total = x.new_zeros(len(sizes)) + x.flatten()[:0].sum()  # a gradient of 0 where no class has two rows
    for size in sizes.unique().tolist():
        classes = (sizes == size).nonzero()[:, 0]
        clouds = x[0, rows[starts[classes, None] + torch.arange(size, device=x.device)]]
        gap = lengths(clouds, trees(clouds, norm), norm) - beta
        total = total.index_add(0, classes, (gap.clamp(min=0) if one_sided else gap.abs()).sum(1))
    return reduced(total, reduction)


class TopologicalDensificationLoss(nn.Module):
    """`topological_densification` of features and labels.

    Args:
        beta: As in the function.
        one_sided: As in the function.
        norm: As in the function.
        reduction: As in the function.
    """

    def __init__(
        self, beta: float, *, one_sided: bool = False, norm: float = 2.0, reduction: Reduction = "mean"
    ) -> None:
        super().__init__()
        self.beta, self.one_sided, self.norm, self.reduction = check_positive("beta", beta), one_sided, norm, reduction

    def forward(self, features: Tensor, labels: Tensor) -> Tensor:
        """The function of the same name."""
        return topological_densification(
            features, labels, self.beta, one_sided=self.one_sided, norm=self.norm, reduction=self.reduction
        )

    def extra_repr(self) -> str:
        """The settings."""
        return f"beta={self.beta:g}, one_sided={self.one_sided}, norm={self.norm:g}"
