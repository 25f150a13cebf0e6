"""Deep sets: layers on all bars of a diagram that do not depend on their order."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from topolens._checks import check_dim, is_traced
from topolens.diagrams import Diagrams
from topolens.layers.perslay import perslay
from topolens.layers.segments import check_dtype, check_operation, reduced


def bar_features(diagrams: Diagrams, max_dim: int) -> Tensor:
    """Birth, death and one indicator per homology dimension, shape (bars, max_dim + 3).

    Args:
        diagrams: Bars of dimensions 0 to max_dim.
        max_dim: Largest homology dimension.

    Raises:
        ValueError: If a bar has a larger dimension.

    Gradients: To the bars.
    """
    if not is_traced() and bool((diagrams.dim > max_dim).any()):
        raise ValueError(f"diagrams must hold dimensions up to {max_dim}, got {int(diagrams.dim.max())}; raise max_dim")
    dims = torch.arange(max_dim + 1, device=diagrams.dim.device)
    return torch.cat([diagrams.intervals, (diagrams.dim[:, None] == dims).to(diagrams.intervals)], 1)


def permutation_equivariant(
    x: Tensor, batch: Tensor, own: Tensor, shared: Tensor, *, batch_size: int, op: str = "mean"
) -> Tensor:
    """Rows own x_i - shared agg(x), with agg over the rows of the same item, shape (rows, features).

    Args:
        x: Rows of all items, shape (rows, inputs).
        batch: Item of each row, shape (rows,), int64.
        own: Matrix on the row itself, shape (features, inputs).
        shared: Matrix on what the rows of an item have together, shape (features, inputs).
        batch_size: Number of items.
        op: "sum", "mean", "max" or "min".

    Raises:
        ValueError: If the operation is unknown.

    Gradients: To x and both matrices.
    Source: "Deep Sets", 2017, section 3.
    """
    _check_one_row(op)
    together = reduced(x, batch, batch_size, op)
    return nn.functional.linear(x, own) - nn.functional.linear(together, shared)[batch]


def _check_one_row(op: str) -> None:
    check_operation(op)
    if op == "topk":
        raise ValueError("op must be 'sum', 'mean', 'max' or 'min', got 'topk'")


class PermutationEquivariant(nn.Module):
    """Learnable matrices and offset of `permutation_equivariant`.

    Args:
        inputs: Features of a row that comes in.
        features: Features of a row that goes out.
        op: "sum", "mean", "max" or "min".

    Raises:
        ValueError: If the operation is unknown.
    """

    def __init__(self, inputs: int, features: int, op: str = "mean") -> None:
        super().__init__()
        _check_one_row(op)
        self.own = nn.Linear(inputs, features)
        self.shared = nn.Linear(inputs, features, bias=False)
        self.op = op

    def forward(self, x: Tensor, batch: Tensor, batch_size: int) -> Tensor:
        """From rows (rows, inputs) of items `batch` to (rows, features)."""
        mixed = permutation_equivariant(
            x, batch, self.own.weight, self.shared.weight, batch_size=batch_size, op=self.op
        )
        return mixed + self.own.bias


class EquivariantTransform(nn.Module):
    """A network on the bars of a diagram, each seeing the others through their mean or extreme, for `PersLay`.

    A linear layer, then so many `PermutationEquivariant` ones, a ReLU after each.

    Args:
        features: Features of each bar.
        layers: Number of equivariant layers.
        max_dim: Largest homology dimension; a bar comes in as birth, death and an indicator of its dimension.
        op: "sum", "mean", "max" or "min".

    Raises:
        ValueError: If the operation is unknown or max_dim is negative.
    """

    def __init__(self, features: int, layers: int = 2, max_dim: int = 1, op: str = "mean") -> None:
        super().__init__()
        self.max_dim = check_dim(max_dim)
        self.first = nn.Linear(max_dim + 3, features)
        self.mix = nn.ModuleList(PermutationEquivariant(features, features, op) for _ in range(layers))

    def forward(self, diagrams: Diagrams) -> Tensor:
        """Shape (bars, features)."""
        check_dtype(diagrams, self.first.weight)
        x = torch.relu(self.first(bar_features(diagrams, self.max_dim)))
        for layer in self.mix:
            x = torch.relu(layer(x, diagrams.batch, diagrams.batch_size))
        return x


class DeepSets(nn.Module):
    """Features of a diagram from a network on its bars that knows no order.

    `EquivariantTransform` on the bars, their sum or mean or extreme, then a linear layer. Bars that never die are left
    out; `capped` ends them.

    Args:
        features: Number of features that come out.
        hidden: Features of a bar.
        layers: Number of equivariant layers.
        max_dim: Largest homology dimension of the bars.
        op: What the bars of a diagram come together in: "sum", "mean", "max" or "min", within and at the end.

    Raises:
        ValueError: If the operation is unknown or max_dim is negative.

    Example:
        >>> layer = DeepSets(features=3)
        >>> layer(Diagrams.from_intervals([{0: [[0.0, 0.5]], 1: [[0.2, 0.7]]}, {}])).shape
        torch.Size([2, 3])
    """

    def __init__(self, features: int, hidden: int = 32, layers: int = 2, max_dim: int = 1, op: str = "mean") -> None:
        super().__init__()
        self.transform = EquivariantTransform(hidden, layers, max_dim, op)
        self.out = nn.Linear(hidden, features)
        self.op = op

    def forward(self, diagrams: Diagrams) -> Tensor:
        """Shape (batch, features)."""
        return self.out(perslay(diagrams, self.transform, op=self.op))
