"""PersLay: a diagram as a weighted sum, mean or extreme of functions of its bars."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn

from topolens.diagrams import Diagrams
from topolens.layers.segments import check_operation, reduced, set_apart

BarFunction = Callable[[Diagrams], Tensor]


def perslay(
    diagrams: Diagrams, transform: BarFunction, weight: BarFunction | None = None, *, op: str = "sum", k: int = 1
) -> Tensor:
    """The operation over the bars p of each diagram of weight(p) * transform(p), shape (batch, features).

    Bars that never die are left out; `capped` ends them.

    Args:
        diagrams: All bars given count: narrow down with `of_dim` first.
        transform: From diagrams to the features of each bar, shape (bars, features), such as `TentTransform(samples)`
            or `lambda d: tent_transform(d.intervals, samples)`.
        weight: From diagrams to the weight of each bar, shape (bars,), such as `PowerWeight()`; without, all count 1.
        op: "sum", "mean", "max", "min", or "topk": the k largest of each feature in falling order.
        k: Number of values kept by "topk".

    Returns:
        Shape (batch, features); for "topk" (batch, k * features), the largest of all features first. 0 for a diagram
        without bars, and where "topk" has fewer than k.

    Raises:
        ValueError: If the operation is unknown, k is below 1, a bar is NaN, or a function gives another shape.

    Gradients: To the finite bars and to whatever the functions hold. "max" and "min" split it evenly among equals;
        "topk" gives it to the first of them.
    Cost: O(bars features), "topk" O(bars features log bars); no padding.
    Source: "PersLay: A Neural Network Layer for Persistence Diagrams and New Graph Topological Signatures", 2020,
        section 3. The sum is stable if weight(p) vanishes on the diagonal; bars of length 0 then change nothing.

    Example:
        >>> d = Diagrams.from_intervals([{1: [[0.0, 2.0], [1.0, 4.0]]}, {}])
        >>> perslay(d, lambda d: d.persistence[:, None], op="topk", k=2)
        tensor([[3., 2.],
                [0., 0.]])
    """
    check_operation(op, k)
    inside = set_apart(diagrams)
    features = transform(inside)
    if features.ndim != 2 or len(features) != len(inside):
        raise ValueError(
            f"transform must give one row of features per bar, ({len(inside)}, features), got {tuple(features.shape)}"
        )
    if weight is not None:
        factor = weight(inside)
        if factor.shape != features.shape[:1]:
            raise ValueError(f"weight must give one number per bar, ({len(inside)},), got {tuple(factor.shape)}")
        features = factor[:, None] * features
    return reduced(features, inside.batch, inside.batch_size, op, k)[:-1]


class PersLay(nn.Module):
    """Learnable `perslay`, followed by any network.

    Args:
        transform: Module or function from diagrams to (bars, features).
        weight: Module or function from diagrams to (bars,); without, all bars count 1.
        op: "sum", "mean", "max", "min" or "topk".
        k: Number of values kept by "topk".
        rho: Module on the (batch, features) that come out; without, they are returned as they are.

    Raises:
        ValueError: If the operation is unknown or k is below 1.

    Example:
        >>> import torch
        >>> from topolens.layers import PowerWeight, TentTransform
        >>> layer = PersLay(TentTransform(torch.linspace(0, 1, 20)), PowerWeight(), rho=torch.nn.Linear(20, 3))
        >>> layer(Diagrams.from_intervals([{1: [[0.0, 0.5]]}, {}])).shape
        torch.Size([2, 3])
    """

    def __init__(
        self,
        transform: BarFunction,
        weight: BarFunction | None = None,
        *,
        op: str = "sum",
        k: int = 1,
        rho: nn.Module | None = None,
    ) -> None:
        super().__init__()
        check_operation(op, k)
        self.transform, self.weight, self.op, self.k, self.rho = transform, weight, op, k, rho

    def forward(self, diagrams: Diagrams) -> Tensor:
        """Shape (batch, features), or what `rho` makes of it."""
        out = perslay(diagrams, self.transform, self.weight, op=self.op, k=self.k)
        return out if self.rho is None else self.rho(out)

    def extra_repr(self) -> str:
        """The operation, for printing."""
        return f"op={self.op!r}" + (f", k={self.k}" if self.op == "topk" else "")
