"""The connectivity loss: a latent cloud whose points hang together at one given distance."""

from __future__ import annotations

from torch import Tensor, nn

from topolens._checks import check_positive
from topolens.losses.class_maps import Reduction, check_reduction, reduced
from topolens.losses.clouds import as_batch, lengths, trees
from topolens.losses.precision import without_autocast


@without_autocast
def connectivity(
    latent: Tensor, eta: float = 2.0, *, branches: int = 1, norm: float = 1.0, reduction: Reduction = "mean"
) -> Tensor:
    """Sum of abs(length - eta) over the edges of the shortest spanning tree, the mean of it over the branches.

    A minibatch at 0 is connected by edges of one length: balls of radius eta / 2 just touch, so that densities can be
    told from distances later on.

    Args:
        latent: A cloud (n, d), a minibatch as a rule, or several (batch, n, d).
        eta: The length wanted, 2 in the paper.
        branches: The d coordinates are cut into as many equal parts, each a cloud of its own; the paper has 16 of 10.
        norm: Order of the distance, 1 in the paper, at least 1.
        reduction: Of the clouds' values: "mean", "sum" or "none".

    Returns:
        A scalar, or with "none" one value per cloud, shape (batch,), (1,) for one cloud.

    Raises:
        TypeError: If `latent` is no floating-point tensor.
        ValueError: If the shape is wrong, `branches` does not divide d, eta is not above 0, or norm is below 1.

    Gradients: To the ends of the edges; short edges are pushed apart, long ones pulled together, by the same force.
    Cost: O(n^2 d) per cloud, all branches in one call.
    Source: "Connectivity-Optimized Representation Learning via Persistent Homology", 2019; its code gives it
        a weight of 20 beside the L1 reconstruction error.

    Example:
        >>> import torch
        >>> connectivity(torch.tensor([[0.0], [1.0], [4.0]]))    # abs(1 - 2) + abs(3 - 2)
        tensor(2.)
    """
    check_reduction(reduction)
    check_positive("eta", eta)
    z = as_batch("latent", latent)
    if not isinstance(branches, int) or branches < 1 or z.shape[2] % branches:
        raise ValueError(f"branches must be a positive divisor of the {z.shape[2]} coordinates, got {branches!r}")
    if not norm >= 1:
        raise ValueError(f"norm must be at least 1 (inf included), got {norm}")
    parts = z.unflatten(2, (branches, z.shape[2] // branches)).transpose(1, 2).flatten(0, 1)
    gaps = (lengths(parts, trees(parts, norm), norm) - eta).abs().sum(1)
    return reduced(gaps.reshape(len(z), branches).mean(1), reduction)


class ConnectivityLoss(nn.Module):
    """`connectivity` of a latent cloud.

    Args:
        eta: As in the function.
        branches: As in the function.
        norm: As in the function.
        reduction: As in the function.
    """

    def __init__(
        self, eta: float = 2.0, *, branches: int = 1, norm: float = 1.0, reduction: Reduction = "mean"
    ) -> None:
        super().__init__()
        self.eta, self.branches, self.norm, self.reduction = check_positive("eta", eta), branches, norm, reduction

    def forward(self, latent: Tensor) -> Tensor:
        """The function of the same name."""
        return connectivity(latent, self.eta, branches=self.branches, norm=self.norm, reduction=self.reduction)

    def extra_repr(self) -> str:
        """The settings."""
        return f"eta={self.eta:g}, branches={self.branches}, norm={self.norm:g}"
