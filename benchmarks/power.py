"""How often `stability` finds what is there, by the size of the cloud: `python -m benchmarks.power [--runs N]`."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial

import torch

import topolens as tl
from topolens.mapper import Remade, Stability, connected, stability
from topolens.mapper.clusters import SLACK

SIZES = (250, 500, 1000, 2000)
SETTINGS = ((20, 1.5), (10, 1.5), (10, 2.0))  # intervals and slack


def circle(n: int, g: torch.Generator) -> torch.Tensor:
    """A circle of radius 1 with noise of 0.05."""
    angle = torch.rand(n, generator=g) * 2 * torch.pi
    return torch.stack([angle.cos(), angle.sin()], 1) + 0.05 * torch.randn(n, 2, generator=g)


def eight(n: int, g: torch.Generator) -> torch.Tensor:
    """Two such circles side by side, which touch."""
    ring = circle(n, g)
    side = torch.where(torch.arange(n) % 2 == 0, 1.0, -1.0)
    return torch.stack([(ring[:, 0] + 1) * side, ring[:, 1]], 1)


def fork(n: int, g: torch.Generator) -> torch.Tensor:
    """A Y on its side, arms of length 1 with noise of 0.03."""
    along = torch.rand(n, generator=g)
    angle = torch.arange(n) % 3 * 2 * torch.pi / 3 + torch.pi
    return torch.stack([along * angle.cos(), along * angle.sin()], 1) + 0.03 * torch.randn(n, 2, generator=g)


def square(n: int, g: torch.Generator) -> torch.Tensor:
    """Nothing: a uniform square."""
    return torch.rand(n, 2, generator=g)


def _confident(found: Stability) -> tuple[int, int]:
    """Numbers of confident loops and branches."""
    return sum(x.is_confident for x in found.loops), sum(x.is_confident for x in found.branches)


CLOUDS: dict[str, tuple[Callable[[int, torch.Generator], torch.Tensor], Callable[[int, int], bool]]] = {
    "noisy circle: its loop": (circle, lambda loops, branches: loops == 1),
    "noisy figure eight: both loops": (eight, lambda loops, branches: loops == 2),
    "the same: one at least": (eight, lambda loops, branches: loops >= 1),
    "Y: its branch": (fork, lambda loops, branches: branches == 1),
    "uniform square: anything, wrongly": (square, lambda loops, branches: loops + branches > 0),
}


def judged(make: Callable, n: int, intervals: int, slack: float, runs: int) -> list[tuple[int, int]]:
    """Confident loops and branches of `runs` clouds."""
    settings = {"resolution": intervals, "gain": 2.0, "clusters": partial(connected, slack=slack)}
    found = []
    for seed in range(runs):
        points = make(n, torch.Generator().manual_seed(seed))
        found.append(_confident(stability(tl.mapper(points, points[:, :1], **settings), Remade(points, settings))))
    return found


def main(runs: int) -> None:
    """Print the table."""
    print(f"| of {runs} clouds | cover | {' | '.join(f'n = {n:,}' for n in SIZES)} |")
    print("|---" * (2 + len(SIZES)) + "|")
    known: dict[tuple, list[tuple[int, int]]] = {}
    for name, (make, is_found) in CLOUDS.items():
        for intervals, slack in SETTINGS:
            counts = []
            for n in SIZES:
                case = make, n, intervals, slack
                known[case] = known[case] if case in known else judged(*case, runs)
                counts.append(sum(is_found(*x) for x in known[case]))
            cover = f"{intervals} intervals" + (f", slack {slack:g}" if slack != SLACK else "")
            print(f"| {name} | {cover} | {' | '.join(map(str, counts))} |", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=20, help="clouds of each kind and size")
    main(parser.parse_args().runs)
