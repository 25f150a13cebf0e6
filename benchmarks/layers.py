"""The layers suite, forward and backward: `python -m benchmarks.layers [--only NAME] [--runs N]`, from the root."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

import topolens as tl
from benchmarks.cases import Case
from benchmarks.harness import Bench, Contender
from benchmarks.suite import run_suite

ROOMS = ("core", "src/topolens/engines", "src/topolens/layers")
SLOPES = "gradient"

BATCH = Case(
    "32x32x28x28",
    "32 × 32 images of 28 × 28, noise",
    lambda: np.random.default_rng(0).standard_normal((32, 32, 28, 28)).astype(np.float32),
)
TINY = Case("tiny", "one image", lambda: np.random.default_rng(0).standard_normal((1, 1, 8, 8)).astype(np.float32))

Work = Callable[[Tensor], Tensor]


def both_ways(work: Work) -> Callable[[Tensor], Tensor]:
    """Output and gradient of a slope of 1 everywhere; gives the output."""

    def run(x: Tensor) -> Tensor:
        leaf = x.detach().requires_grad_()
        found = work(leaf)
        found.backward(torch.ones_like(found))
        return found.detach()

    return run


def unfold_and_sort(k: int, windows: list[tuple[int, int]]) -> Work:
    """The same filter as PyTorch users write it: all windows side by side, sorted."""

    def work(x: Tensor) -> Tensor:
        padded = functional.pad(x, (k, k, k, k), mode="replicate")
        side = 2 * k + 1
        ordered = padded.unfold(2, side, 1).unfold(3, side, 1).flatten(4).sort(4).values
        return torch.stack([ordered[..., n - 1] - ordered[..., m] for m, n in windows], 2).flatten(1, 2)

    return work


def contender(name: str, work: Work, *, ours: bool = False, same: bool = True) -> Contender:
    """`same`: whether it computes what ours does, and so must agree with it."""
    total = (lambda found: float(found.double().sum())) if same else None
    gives = SLOPES if same else "gradient of another layer"
    return Contender(name, both_ways(work), gives, torch.from_numpy, total, is_ours=ours, package="torch")


def filters(k: int, windows: list[tuple[int, int]], variant: str, threads: int) -> Bench:
    """A filter against unfold and sort, and against max pooling of the same support at every pixel."""
    side = 2 * k + 1
    contenders = (
        contender("topolens persistence_filter", lambda x: tl.layers.persistence_filter(x, k, windows), ours=True),
        contender("torch unfold and sort", unfold_and_sort(k, windows)),
        contender(f"torch max_pool2d({side}, 1, {k})", lambda x: functional.max_pool2d(x, side, 1, k), same=False),
    )
    return Bench("filter", BATCH, contenders, threads, f"{variant}, {threads} threads", tiny=TINY)


def pools(threads: int) -> Bench:
    """Pooling of 2 × 2 patches with one window: what a network pays in place of max pooling."""
    weight = torch.full((1, 1, 4), 0.25)  # shared by all channels
    contenders = (
        contender("topolens persistence_pool", lambda x: tl.layers.persistence_pool(x, 2, weight), ours=True),
        contender("torch max_pool2d(2)", lambda x: functional.max_pool2d(x, 2), same=False),
    )
    return Bench("pool", BATCH, contenders, threads, f"PL, {threads} threads", tiny=TINY)


UNIT = [(j - 1, j + 1) for j in range(1, 9)]
SUITE = tuple(
    bench
    for threads in (1, 2)
    for bench in (
        filters(1, [(2, 7)], "k = 1, (2, 7)", threads),
        filters(2, [(9, 16)], "k = 2, (9, 16)", threads),
        filters(1, UNIT, "k = 1, eight unit gaps", threads),
        pools(threads),
    )
)


if __name__ == "__main__":
    run_suite("layers", SUITE, ("torch", "numpy"), ROOMS)
