"""Layers on diagrams, forward and backward: `python -m benchmarks.diagram_layers [--runs N]`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

import topolens as tl
from benchmarks.cases import Case
from benchmarks.harness import Bench, Contender, optional
from benchmarks.suite import run_suite
from topolens.layers import ExponentialTransform, PersLay, PowerWeight, TentTransform

peer = optional("torch_topological.nn.layers")
PACKAGES = ("torch", "numpy", "torch_topological")
FILES = ("perslay", "segments", "point_transforms", "structure_elements", "bar_weights", "planes")
ROOMS = ("src/topolens/diagrams.py", *(f"src/topolens/layers/{name}.py" for name in FILES))
GIVES = "gradient of parameters and bars"
FEATURES = 50


def bars(items: int, mean: int = 100, seed: int = 0) -> list[np.ndarray]:
    """Diagrams of about so many bars each, births uniform and persistences exponential, in single precision."""
    rng = np.random.default_rng(seed)
    births = [rng.uniform(0, 1, n) for n in rng.integers(mean // 2, mean * 3 // 2, items)]
    return [np.stack([b, b + rng.exponential(0.2, len(b))], 1).astype(np.float32) for b in births]


BATCH = Case("256 diagrams", "256 diagrams of 50 to 149 bars, 50 features", partial(bars, 256))
TINY = Case("tiny", "", partial(bars, 3, 4))
CENTRES = torch.rand(FEATURES, 2, generator=torch.Generator().manual_seed(0))
SAMPLES = torch.linspace(0, 2, FEATURES)


def slope(out: Tensor, leaves: list[Tensor]) -> list[Tensor]:
    """Gradient of the sum of squares."""
    return list(torch.autograd.grad(out.square().sum(), leaves))


def length(slopes: list[Tensor]) -> float:
    """One number of a gradient that all must agree on."""
    return float(sum(x.double().square().sum() for x in slopes)) ** 0.5


# Ours ----------------------------------------------------------------------------------------------------------------


def packed(items: list[np.ndarray], layer: Callable[[], nn.Module]) -> tuple[nn.Module, tl.Diagrams]:
    """A layer and the batch it runs on, with bars that want a gradient."""
    diagrams = tl.Diagrams.from_intervals([{1: x} for x in items])
    return layer(), tl.Diagrams(diagrams.intervals.requires_grad_(), *_integers(diagrams))


def _integers(d: tl.Diagrams) -> tuple[Tensor, Tensor, Tensor, int]:
    return d.dim, d.batch, d.cells, d.batch_size


def ours(given: tuple[nn.Module, tl.Diagrams]) -> list[Tensor]:
    """All diagrams at once, packed."""
    layer, diagrams = given
    return slope(layer(diagrams), [*layer.parameters(), diagrams.intervals])


def exponential() -> nn.Module:
    """Structure elements."""
    return PersLay(ExponentialTransform(CENTRES, sharpness=3.0))


def tent(op: str = "sum") -> nn.Module:
    """Tents with a learnable power of the persistence as weight."""
    return PersLay(TentTransform(SAMPLES), PowerWeight(), op=op)


# Loops over diagrams, and padding ------------------------------------------------------------------------------------


def leaves(items: list[np.ndarray]) -> list[Tensor]:
    """One tensor of bars per diagram."""
    return [torch.from_numpy(x.copy()).requires_grad_() for x in items]


def with_dims(items: list[np.ndarray]) -> tuple[nn.Module, list[Tensor]]:
    """torch_topological's layer, which wants a third column for the dimension: 0, so that it does not enter."""
    element = peer.StructureElementLayer(FEATURES)
    with torch.no_grad():
        element.centres.copy_(CENTRES)
    rows = [np.concatenate([x, np.zeros((len(x), 1), np.float32)], 1)[None] for x in items]
    return element, [torch.from_numpy(x).requires_grad_() for x in rows]


def torch_topological_loop(given: tuple[nn.Module, list[Tensor]]) -> list[Tensor]:
    """Diagram by diagram, as its batches are lists; the third column's gradient is 0."""
    element, rows = given
    return slope(torch.stack([element(x) for x in rows]), [*element.parameters(), *rows])


def elements(points: Tensor, centres: Tensor, sharpness: Tensor) -> Tensor:
    """Structure elements of points (..., 2), plainly written."""
    return torch.exp(-((points[..., None, :] - centres) * sharpness).square().sum(-1))


def tents(points: Tensor, samples: Tensor, power: Tensor, constant: Tensor) -> Tensor:
    """Weighted tents of points (..., 2), plainly written."""
    middle, half = points.mean(-1, keepdim=True), (points[..., 1:] - points[..., :1]) / 2
    return constant * (2 * half) ** power * torch.relu(half - (samples - middle).abs())


Formula = Callable[..., Tensor]
FIRST: dict[Formula, tuple[Tensor, ...]] = {
    elements: (CENTRES, torch.full((FEATURES, 2), 3.0)),
    tents: (SAMPLES, torch.tensor(1.0), torch.tensor(1.0)),
}


def parameters(formula: Formula) -> list[Tensor]:
    """Fresh parameters of a formula."""
    return [x.clone().requires_grad_() for x in FIRST[formula]]


def plain_loop(given: tuple[list[Tensor], list[Tensor]], formula: Formula, op: str) -> list[Tensor]:
    """Diagram by diagram in plain torch."""
    own, rows = given
    out = torch.stack([getattr(formula(x, *own), f"a{op}" if op == "max" else op)(0) for x in rows])
    return slope(out, [*own, *rows])


def plain_padded(given: tuple[list[Tensor], list[Tensor]], formula: Formula, op: str) -> list[Tensor]:
    """All at once in plain torch, padded to the longest, with a mask."""
    own, (points, real) = given
    made = formula(points, *own)
    if op == "max":
        out = made.masked_fill(~real[..., None], -torch.inf).amax(1)
    else:
        out = torch.where(real[..., None], made, 0).sum(1)
    return slope(out, [*own, points])


def padded(items: list[np.ndarray], formula: Formula) -> tuple[list[Tensor], list[Tensor]]:
    """Parameters, then points padded by bars of length 1 and which of them are true."""
    most = max(map(len, items))
    points = np.ones((len(items), most, 2), np.float32) * np.float32([0, 1])
    real = np.zeros((len(items), most), bool)
    for row, x in enumerate(items):
        points[row, : len(x)], real[row, : len(x)] = x, True
    return parameters(formula), [torch.from_numpy(points).requires_grad_(), torch.from_numpy(real)]


def bench(name: str, layer: Callable[[], nn.Module], formula: Formula, op: str, *more: Contender) -> Bench:
    """Our layer beside plain torch, and what a peer offers."""
    mine = Contender("topolens PersLay", ours, GIVES, partial(packed, layer=layer), length, is_ours=True)
    loop: Any = partial(plain_loop, formula=formula, op=op)
    dense: Any = partial(plain_padded, formula=formula, op=op)
    contenders = (
        mine,
        *more,
        Contender("plain torch, a loop", loop, GIVES, lambda items: (parameters(formula), leaves(items)), length),
        Contender("plain torch, padded", dense, GIVES, partial(padded, formula=formula), length),
    )
    return Bench("perslay", BATCH, contenders, variant=name, tiny=TINY)


SUITE = (
    bench(
        "structure elements, sum",
        exponential,
        elements,
        "sum",
        Contender(
            "torch_topological StructureElementLayer, a loop",
            torch_topological_loop,
            GIVES,
            with_dims,
            length,
            package="torch_topological",
        ),
    ),
    bench("weighted tents, sum", tent, tents, "sum"),
    bench("weighted tents, max", partial(tent, "max"), tents, "max"),
)


if __name__ == "__main__":
    run_suite("diagram_layers", SUITE, PACKAGES, ROOMS)
