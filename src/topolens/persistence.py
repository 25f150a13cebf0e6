"""The verb of the house: a filtration goes in, its persistence diagrams come out."""

import torch
from torch import Tensor

from topolens import ops
from topolens._checks import check_dim, check_positive, check_prime, is_traced
from topolens.diagrams import Diagrams
from topolens.filtrations.base import Filtration
from topolens.gradients import check_mode, intervals


def persistence(
    filtration: Filtration,
    max_dim: int = 1,
    field: int = 2,
    *,
    gradient: str = "sparse",
    bandwidth: float | None = None,
    budget: float | None = None,
) -> Diagrams:
    """Persistence diagrams of a batch of filtrations.

    The engine says which cell starts and which cell ends each bar; births and deaths are looked up in the
    filtration, so that autograd knows them.

    Args:
        filtration: What `rips`, `alpha`, `cubical`, `lower_star` or another of their kin returns, a batch of B.
        max_dim: Largest homology dimension, at least 0.
        field: Prime p; homology is taken over Z/p.
        gradient: How births and deaths pass their gradient on. "sparse": to the two cells of each bar. "basin"
            (`rips`, `lower_star`, `cubical`): bars of dimension 0 move everything that keeps them from reaching
            value - gradient, so a loss of half the squared distance to a target gets there in one step of size 1.
            "smooth" (clouds and images): the sparse gradient under a Gaussian kernel.
        bandwidth: Standard deviation of that kernel, in the unit of the points or in pixels. None: four times the
            median distance to the nearest point, or two pixels.
        budget: Seconds that a `rips` filtration may take on one thread, by an estimate made beforehand. What would
            take longer is cut off at the largest scale that does not; `Diagrams.max_scale` says where, and
            `Diagrams.censored` which bars were alive there. At least a 32nd of the edges is kept. None: no limit.

    Returns:
        A batch of B diagrams in the dtype and on the device of the filtration. Bars of zero persistence
        are left out; an item without cells has an empty diagram.

    Raises:
        ValueError: If `max_dim` is negative, `field` is no prime, `bandwidth` or `budget` is not above 0, or the
            filtration does not know the mode of gradient or a budget.

    Gradients: flow to the two cells of each bar, of any order; which cells these are is locally constant,
        and a choice (by cell index) where values tie. Modes other than "sparse" have no second derivative.
    Cost: see the filtration; the gather is O(bars). `torch.compile` traces `cubical` and `rips` into one graph (for
        `fullgraph=True` set `torch._dynamo.config.capture_dynamic_output_shape_ops`), other kinds run between two.
    Source: "Topological persistence and simplification", 2002; gradients as in "A framework for
        differential calculus on persistence barcodes", 2021. Modes: "Topological optimization with big steps",
        2024, in dimension 0; "Diffeomorphic interpolation for efficient persistence-based topological
        optimization", 2024.

    Example:
        >>> import topolens as tl
        >>> square = torch.tensor([[[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]])
        >>> tl.persistence(tl.rips(square)).of_dim(1).intervals    # born at the side, dies at the diagonal
        tensor([[1.0000, 1.4142]])
    """
    check_mode(filtration, gradient, bandwidth)
    if budget is not None:
        filtration = filtration.within(check_positive("budget", budget), check_dim(max_dim))
    dim, batch, cells = _bars(filtration, check_dim(max_dim), check_prime(field))
    found = intervals(filtration, dim, batch, cells, gradient, bandwidth)
    return Diagrams(found, dim, batch, cells, filtration.batch_size, filtration.max_scale)


def _bars(filtration: Filtration, max_dim: int, field: int) -> tuple[Tensor, Tensor, Tensor]:
    """Dim, batch and cells of all bars, on the device of the filtration."""
    recipe = filtration.recipe() if is_traced() else None
    if recipe is not None:
        return ops.pairs(filtration.source.detach(), recipe, max_dim, field)
    dim, batch, cells = (torch.from_numpy(x).to(filtration.device) for x in filtration.pairs(max_dim, field))
    return dim, batch, cells
