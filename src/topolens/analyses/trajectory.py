"""How much room the weights of a training run take up, against a random walk of the same steps."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from topolens._checks import check_no_nan, check_positive, check_tensor
from topolens.analyses.finding import Finding, Number, Table
from topolens.analyses.method_card import MethodCard
from topolens.analyses.provenance import Cost
from topolens.measures.dimension import FEWEST as FEWEST_OF_DIMENSION
from topolens.measures.dimension import distinct, tree_dimension
from topolens.measures.trajectory import lifetime_sum, loss_distance, magnitude
from topolens.sampling.feasibility import feasibility
from topolens.sampling.inference import null_p_value

QUESTION = "Does training wander, go somewhere, or stay in one place?"
VERDICTS = ("wider than a random walk", "tighter than a random walk", "like a random walk", "not defined")
LEVEL = 0.05
FEWEST = 10
MOST_AXES = 2048  # directions of a walk in more are at right angles all the same, within 2 %
MEANINGS = {
    "magnitude": "positive magnitude, the effective number of moments",
    "lifetime_sum": "sum of the spanning tree's edges to the power alpha",
    "ph_dimension": "PH dimension",
}

CARD = MethodCard(
    definition=(
        "Positive magnitude, lifetime sum and PH dimension of the weights of a run as a cloud of moments, by Euclidean "
        "distance and, where losses of samples are given, by their mean absolute difference; beside random walks whose "
        "steps have the same lengths and random directions. The verdict is that of the magnitude of the weights."
    ),
    source=(
        '"Intrinsic dimension, persistent homology and generalization in neural networks", 2021, section 4; '
        '"Generalization bounds with data-dependent fractal dimensions", 2023; "Topological generalization bounds for '
        'discrete-time stochastic optimization algorithms", 2024, section 3. Ours: the random walks and the scale.'
    ),
    neuron_permutation="unchanged, if the same at all moments",
    relu_rescaling="changes the numbers of the weights, not those of the losses",
    verdicts=VERDICTS,
    caveats=(
        "The papers look at moments after training has converged, and compare runs of one network, not networks.",
        "Numbers grow with the number of moments: compare runs with as many.",
        "The PH dimension of a walk in many dimensions is about 2; its standard error over subsamples is too small.",
        "In many dimensions a walk's tree is its path, and the lifetime sum can only be smaller.",
    ),
)


class _View(NamedTuple):
    """A distance between moments, and how a walk is laid out under it."""

    distances: Tensor
    walk: Callable[[torch.Generator], Tensor]
    scale: float


def trajectory(
    weights: Tensor,
    losses: Tensor | None = None,
    *,
    alpha: float = 1.0,
    scale: float | None = None,
    walks: int = 39,
    draws: int = 20,
    seed: int = 0,
    subject: str = "model",
) -> Finding:
    """Size and dimension of the path of a training run, beside random walks of the same steps.

    Args:
        weights: The network's parameters at each moment, shape (moments, parameters), in order of time; a random
            projection of them does as well.
        losses: Loss of each sample at each moment, shape (moments, samples).
        alpha: Power of the tree's edges in the lifetime sum, above 0.
        scale: Multiplies distances in the magnitude; None: one over their median.
        walks: How many random walks; below 39 nothing can reach the level.
        draws: How many subsamples of 80 % of the moments, for the bands.
        seed: Of walks and subsamples.
        subject: Name of the network, for the text.

    Returns:
        A Finding "trajectory" with a row for each quantity in `tables["quantities"]`. Its verdict is `wider than a
        random walk` or `tighter than a random walk` if the magnitude of the weights is beyond that of all but 5 % of
        the walks, `like a random walk` if not, `not defined` for fewer than 10 moments or weights that never move.

    Raises:
        TypeError: If `weights` or `losses` is no floating-point tensor.
        ValueError: If a shape is wrong, there are no parameters or samples, numbers of moments differ, something is
            NaN or infinite, alpha or scale is not above 0, or there are no walks or fewer than two draws.

    Cost: for each walk all distances, a linear system and 17 spanning trees of the moments.
    Source: "Intrinsic dimension, persistent homology and generalization in neural networks", 2021; "Topological
        generalization bounds for discrete-time stochastic optimization algorithms", 2024; see `CARDS`.
    """
    x = _checked("weights", weights, "parameters")
    y = None if losses is None else _checked("losses", losses, "samples")
    if y is not None and len(y) != len(x):
        raise ValueError(f"losses must hold a row for each of {len(x)} moments, got {len(y)}")
    check_positive("alpha", alpha)
    check_positive("scale", 1.0 if scale is None else scale)
    if walks < 1 or draws < 2:
        raise ValueError(f"there must be 1 walk and 2 draws at least, got {walks} and {draws}")
    with Cost() as cost:
        reason = _why_not(x)
        found: dict[str, Number] = {}
        if not reason:
            views = {"weights": _weights_view(x, scale)}
            if y is not None and bool((y != y[0]).any()):
                views["losses"] = _losses_view(y, scale)
            for name, view in views.items():
                found |= {f"{key}.{name}": n for key, n in _numbers(view, alpha, walks, draws, seed).items()}
    verdict = _verdict(found.get("magnitude.weights"))
    return Finding(
        name="trajectory",
        subject=subject,
        question=QUESTION,
        answer=f"Not defined: {reason}." if reason else _answer(found, verdict, len(x), walks),
        verdict=verdict,
        numbers=found,
        tables={"quantities": _table(found)} if found else {},
        warnings=() if reason else _warnings(x, y, walks),
        provenance=cost.provenance(
            seed, tuple(x.shape), {"alpha": alpha, "scale": scale, "walks": walks, "draws": draws}
        ),
    )


def _checked(name: str, x: Tensor, axis: str) -> Tensor:
    check_no_nan(name, check_tensor(name, x, ("moments", axis)))
    if not x.shape[1] or bool(torch.isinf(x).any()):
        raise ValueError(
            f"{name} must hold finite numbers for each moment, got shape {tuple(x.shape)}; leave out others"
        )
    return x.detach().to("cpu", torch.float64)


def _why_not(x: Tensor) -> str:
    if len(x) < FEWEST:
        return f"{len(x)} moments are too few, {FEWEST} or more are needed"
    return "" if bool((x != x[0]).any()) else "the weights are the same at all moments"


def _weights_view(x: Tensor, scale: float | None) -> _View:
    steps, axes = torch.linalg.vector_norm(x.diff(dim=0), dim=1), min(x.shape[1], MOST_AXES)

    def walk(generator: torch.Generator) -> Tensor:
        directions = torch.randn(len(steps), axes, dtype=torch.float64, generator=generator)
        return _euclidean(_path(directions / torch.linalg.vector_norm(directions, dim=1, keepdim=True), steps))

    distances = _euclidean(x)
    return _View(distances, walk, _scale(distances) if scale is None else scale)


def _losses_view(y: Tensor, scale: float | None) -> _View:
    steps, samples = y.diff(dim=0).abs().mean(1), y.shape[1]

    def walk(generator: torch.Generator) -> Tensor:
        directions = torch.randn(len(steps), samples, dtype=torch.float64, generator=generator)
        return loss_distance(_path(directions / directions.abs().mean(1, keepdim=True), steps))

    distances = loss_distance(y)
    return _View(distances, walk, _scale(distances) if scale is None else scale)


def _path(directions: Tensor, steps: Tensor) -> Tensor:
    return torch.cat([directions.new_zeros(1, directions.shape[1]), (directions * steps[:, None]).cumsum(0)])


def _euclidean(x: Tensor) -> Tensor:
    return torch.cdist(x, x, compute_mode="donot_use_mm_for_euclid_dist")


def _scale(distances: Tensor) -> float:
    apart = distances[distances > 0]
    return 1 / float(apart.median())


def _numbers(view: _View, alpha: float, walks: int, draws: int, seed: int) -> dict[str, Number]:
    quantities: dict[str, Callable[[Tensor], float]] = {
        # Rounded: last digits depend on memory and the order of sums, and would break ties with the walks.
        "magnitude": lambda d: float(f"{magnitude(d, view.scale):.9g}"),
        "lifetime_sum": lambda d: float(f"{lifetime_sum(d, alpha):.9g}"),
    }
    n, generator = len(view.distances), torch.Generator().manual_seed(seed)
    nulls = [view.walk(generator) for _ in range(walks)]
    parts = [torch.randperm(n, generator=generator)[: round(0.8 * n)].sort().values for _ in range(draws)]
    found = {}
    for name, of in quantities.items():
        values = torch.tensor([of(view.distances[part][:, part]) for part in parts], dtype=torch.float64)
        low, high = values.quantile(torch.tensor([0.05, 0.95], dtype=torch.float64)).tolist()
        band = (low, high), f"5 to 95 % of {draws} subsamples of 80 % of the moments, which have smaller values"
        found[name] = _number(name, of(view.distances), band, [of(null) for null in nulls])
    rows = distinct(view.distances)
    if len(rows) >= FEWEST_OF_DIMENSION:
        dimension = tree_dimension(view.distances[rows][:, rows], 1.0, None, 5, seed)
        walked = [tree_dimension(null, 1.0, None, 1, seed).value for null in nulls if len(distinct(null)) == n]
        error = 1.96 * dimension.standard_error
        ends = (dimension.value - error, dimension.value + error)
        finite = math.isfinite(error) and math.isfinite(dimension.value)
        band = ends, "95 % by the standard error over 5 rounds of subsamples"
        found["ph_dimension"] = _number("ph_dimension", dimension.value, band if finite else None, walked)
    return found


def _number(name: str, value: float, band: tuple[tuple[float, float], str] | None, nulls: list[float]) -> Number:
    """A number with a p-value for both directions."""
    known = math.isfinite(value) and len(nulls) > 0 and all(math.isfinite(null) for null in nulls)
    p = min(null_p_value(value, nulls, larger) for larger in (True, False)) if known else 0.5
    return Number(
        value if math.isfinite(value) else None,
        MEANINGS[name],
        interval=None if band is None else band[0],
        interval_kind="" if band is None else band[1],
        reference=sorted(nulls)[len(nulls) // 2] if known else None,
        reference_name=f"median of {len(nulls)} random walks of the same steps" if known else "",
        p_value=min(1.0, 2 * p) if known else None,
    )


def _verdict(number: Number | None) -> str:
    if number is None or number.p_value is None or number.value is None or number.reference is None:
        return "not defined"
    if number.p_value > LEVEL:
        return "like a random walk"
    return VERDICTS[0] if number.value > number.reference else VERDICTS[1]


def _answer(found: Mapping[str, Number], verdict: str, moments: int, walks: int) -> str:
    size, tree = found["magnitude.weights"], found["lifetime_sum.weights"]
    dimension = found.get("ph_dimension.weights")
    told = "" if dimension is None or dimension.value is None else f" and a PH dimension of {dimension.value:.2f}"
    return (
        f"{verdict.capitalize()}: {moments} moments of training have an effective number of {size.value:.2f} against "
        f"{size.reference:.2f} for a walk of the same steps (p = {size.p_value:.3f} over {walks} walks), with a "
        f"spanning tree of {tree.value:.3g} against {tree.reference:.3g}{told}."
    )


def _table(found: Mapping[str, Number]) -> Table:
    return Table(
        "Each quantity beside the median of random walks of the same steps; p is for both directions, by itself.",
        ("quantity", "run", "random walk", "p"),
        tuple((name, n.value, n.reference, n.p_value) for name, n in found.items()),
    )


def _warnings(x: Tensor, y: Tensor | None, walks: int) -> tuple[str, ...]:
    warnings = [w for w in feasibility(x, max_dim=0).warnings if "points are few" in w or "lie on others" in w]
    if 2 / (1 + walks) > LEVEL:
        warnings.append(f"With {walks} walks nothing can reach the level {LEVEL}; take 39 or more.")
    if y is not None and not bool((y != y[0]).any()):
        warnings.append("The losses are the same at all moments; nothing is said of them.")
    return tuple(warnings)
