# ruff: noqa: E501
"""A made-up network of four layers with every kind of picture, from noisy circles of 3 x 3 edge filters."""

from dataclasses import replace

import numpy as np
import pytest

from topolens import Diagrams
from topolens.analyses.finding import Figure, Finding, Number, Series, Table
from topolens.report.report import Report

BINS = 24
QUESTION = "Do this layer's spatial filters form a circle of rotating edges, several loops, clusters, or nothing?"
INTERVAL = "5-95 % over draws of landmarks on 80 % of the core"


def edges(angles: np.ndarray, noise: float, rng: np.random.Generator) -> np.ndarray:
    """Filters (n, 3, 3) that rise in the given directions, y down, of mean 0 and norm 1."""
    y, x = np.meshgrid([-1.0, 0.0, 1.0], [-1.0, 0.0, 1.0], indexing="ij")
    out = np.cos(angles)[:, None, None] * x + np.sin(angles)[:, None, None] * y
    out = out / np.sqrt(6) + noise * rng.standard_normal(out.shape)
    out = out - out.mean((1, 2), keepdims=True)
    return out / np.linalg.norm(out, axis=(1, 2), keepdims=True)


def circle_figures(angles: np.ndarray, rng: np.random.Generator) -> dict[str, Figure]:
    """Pictures of filters whose directions are known, because they were made from them."""
    filters = edges(angles, 0.08, rng)
    phase = (angles / (2 * np.pi) + 0.02 * rng.standard_normal(len(angles))) % 1
    which = (phase * BINS).astype(int) % BINS
    counts = np.bincount(which, minlength=BINS)
    means = np.stack(
        [filters[which == b].sum(0) / max(np.linalg.norm(filters[which == b].sum(0)), 1e-9) for b in range(BINS)]
    )
    tens = np.bincount((phase * 36).astype(int) % 36, minlength=36)
    share = tens[tens > 0] / tens.sum()
    around = np.sort(phase)
    steps = np.diff(np.append(around, around[0] + 1))
    start = 2 * np.pi * around[steps.argmax()]
    return {
        "filters_along_circle": Figure(
            "filters_along_circle",
            "Mean filter in each of 24 arcs of the circular coordinate; the ring inside shows how many filters lie there.",
            {"filters": means, "angles": (np.arange(BINS) + 0.5) / BINS * 2 * np.pi, "counts": counts},
        ),
        "occupancy": Figure(
            "occupancy",
            "Filters in each 10 degrees of the circular coordinate. A circle is evenly filled; clusters leave gaps.",
            {
                "counts": tens,
                "gap": [start, start + 2 * np.pi * steps.max()],
                "entropy": float(-(share * np.log(share)).sum() / np.log(36)),
                "gap_degrees": 360 * steps.max(),
            },
        ),
        "plane": Figure(
            "plane",
            "The core in its first two principal directions, coloured by the circular coordinate.",
            {
                "xy": np.c_[np.cos(angles), np.sin(angles)] + 0.08 * rng.standard_normal((len(angles), 2)),
                "phase": phase,
            },
        ),
        "orientation": Figure(
            "orientation",
            "Circular coordinate against the direction in which a filter rises.",
            {"phase": (0.3 - phase) % 1, "orientation": (angles + np.pi) % (2 * np.pi) - np.pi, "correlation": 0.992},
        ),
        "patches": Figure(
            "patches",
            "Edge orientations of the core filters and of high-contrast patches of two photographs.",
            {
                "angles": (np.arange(36) + 0.5) / 36 * 2 * np.pi,
                "filters": tens / tens.sum(),
                "patches": (1 + 0.6 * np.cos(4 * (np.arange(36) + 0.5) / 36 * 2 * np.pi)) / 36,
                "distance": 0.21,
            },
        ),
        "mapper": mapper_figure(filters, angles, rng),
        "filters": Figure("filters", "Some filters of the core.", {"filters": filters[:48]}),
    }


def mapper_figure(filters: np.ndarray, angles: np.ndarray, rng: np.random.Generator) -> Figure:
    """A ring of nodes, each joined to those near it."""
    at = rng.uniform(0, 2 * np.pi, 220)
    nodes = np.c_[np.cos(at), np.sin(at)] * rng.normal(1, 0.08, (220, 1))
    near = np.linalg.norm(nodes[:, None] - nodes[None], axis=2) < 0.2
    joined = np.argwhere(np.triu(near, 1))
    picked = [int(np.abs(at - t).argmin()) for t in np.arange(16) / 16 * 2 * np.pi]
    shown = [int(np.abs(np.exp(1j * angles) - np.exp(1j * at[i])).argmin()) for i in picked]
    data = {"positions": nodes, "sizes": rng.integers(5, 90, 220), "edges": joined, "filters": filters[shown]}
    return Figure(
        "mapper",
        "Mapper graph on two principal components (30 intervals, gain 3): nodes are clusters of filters, coloured by size.",
        {**data, "filter_positions": nodes[picked], "b1": 1, "cover_b1": 1},
    )


def bar_figures(top: float, rng: np.random.Generator) -> dict[str, Figure]:
    """Barcode, nulls and sweep of a loop whose bar has a length."""
    nulls = np.sort(rng.uniform(0.03, 0.07, 20))[::-1]
    loops = [top, *np.sort(rng.uniform(0.005, 0.06, 11))[::-1]]
    components = [[0, 0.0, float(b)] for b in np.sort(rng.uniform(0.02, 0.13, 11))[::-1]]
    bars = [[0, 0.0, None], *components, *[[1, 0.01 * i, 0.01 * i + float(b)] for i, b in enumerate(loops)]]
    sweep = np.clip(np.add.outer([0.02, 0.01, 0.0, -0.02, -0.05], [1.1, 1.05, 1.0, 0.7, 0.2]) * top, 0.02, None)
    return {
        "barcode": Figure(
            "barcode",
            "Longest bars of the lazy witness, nu = 1 filtration on 100 landmarks. A long H1 bar is a loop; the shade is the "
            "longest bar that random filters give.",
            {"bars": bars, "null_max": nulls[0], "null_top_bars": nulls, "scale_name": "lazy witness scale"},
        ),
        "nulls": Figure(
            "nulls",
            "The longest loop beside that of random filters, of the untrained layer, and of Gaussian filters with the same "
            "covariance.",
            {
                "observed": top,
                "interval": [0.94 * top, 1.03 * top],
                "groups": {"Gaussian filters": nulls, "untrained twins": nulls[3:8], "same covariance": nulls[:5] * 1.4},
                "quantity": "longest H1 bar",
            },
        ),
        "sweep": Figure(
            "sweep",
            "Longest H1 bar for other density parameters; outlined cells lie above the one Gaussian null drawn for each.",
            {"k": [12, 25, 50, 100, 200], "p": [0.1, 0.2, 0.3, 0.5, 1.0], "top_bar": sweep, "null_max": np.full((5, 5), 0.08),
             "chosen": [100, 0.3]},
        ),
    }  # fmt: skip


def numbers(top: float, entropy: float, gap: float) -> dict[str, Number]:
    return {
        "b1": Number(1, "loops: H1 bars longer than 1.5 times every null", (1.0, 1.0), INTERVAL, 0, "by definition, on the nulls"),
        "top_bar": Number(top, "length of the longest H1 bar, lazy witness, nu = 1", (0.94 * top, 1.03 * top), INTERVAL, 0.0712,
                          "maximum of 20 Gaussian nulls", 1 / 21),
        "second_bar": Number(0.0412, "length of the second H1 bar", (0.03, 0.05), INTERVAL, 0.044, "maximum of 20 Gaussian nulls",
                             4 / 21),
        "occupancy_entropy": Number(entropy, "entropy of the circular coordinate in 36 bins, 1 is even", (0.97, 0.99), INTERVAL,
                                    0.81, "median of 20 Gaussian nulls"),
        "largest_gap_degrees": Number(gap, "widest empty arc of the circular coordinate, degrees", None, "", 41.3,
                                      "median of 20 Gaussian nulls"),
        "n": Number(6144, "spatial filters, dead and constant ones left out", None, "", 6400, "spatial filters in the layer"),
    }  # fmt: skip


def circle_finding(subject: str = "features.0", seed: int = 0) -> Finding:
    """A finding with one of everything."""
    rng = np.random.default_rng(seed)
    angles = rng.uniform(0, 2 * np.pi, 1500)
    bars = bar_figures(0.684, rng)
    figures = circle_figures(angles, rng)
    hero = figures.pop("filters_along_circle")
    births = np.sort(rng.uniform(0, 0.4, 60))
    cloud = {0: np.c_[np.zeros(40), rng.uniform(0, 0.2, 40)].tolist() + [[0.0, float("inf")]],
             1: [[0.22, 1.73], *np.c_[births, births + rng.exponential(0.02, 60)].tolist()]}  # fmt: skip
    steps = (0.0, 100.0, 200.0, 400.0, 1000.0, 2000.0, 10000.0)
    return Finding(
        name="filter_space",
        subject=subject,
        question=QUESTION,
        answer=(
            "One circle: the longest loop of the 1,843 densest of 6,144 filters has a bar of 0.68 (0.64 to 0.71), against 0.07 for "
            "the longest of 20 random nulls; filters lie all around it (entropy 0.98, widest gap 4 degrees)."
        ),
        verdict="circle",
        numbers=numbers(0.684, 0.981, 3.7),
        tables={
            "filtrations": Table(
                "Longest H1 bars by filtration, over Z/2",
                ("filtration", "first", "second", "third", "longest null"),
                (("lazy witness, nu = 0", 0.91, 0.2, 0.1, 0.22), ("lazy witness, nu = 1", 0.684, 0.0412, 0.03, 0.0712)),
            )
        },
        series={
            "bars": Series(
                "Longest and second H1 bar over training; the shade is the range of the nulls.",
                "training step",
                steps,
                {"longest H1 bar": (0.05, 0.09, 0.3, 0.55, None, 0.66, 0.68), "second H1 bar": (0.04,) * 7},
                {"longest H1 bar": tuple((v - 0.03, v + 0.03) for v in (0.05, 0.09, 0.3, 0.55, 0.6, 0.66, 0.68)),
                 "null": ((0.0, 0.07),) * 7},
            )
        },
        figures={"filters_along_circle": hero, **bars, **figures},
        diagrams={"lazy witness, nu = 1": Diagrams.from_intervals([cloud]), "Rips on the landmarks": Diagrams.from_intervals([cloud])},
        references={"Gaussian nulls": tuple(rng.uniform(0.03, 0.0712, 20)), "untrained twins": (0.05, 0.06, 0.04)},
        warnings=("256 of 6,400 filters are dead or constant and were left out.",),
        provenance={
            "versions": {"topolens": "0.1.0", "torch": "2.13.0"},
            "seed": 0,
            "shape": [64, 100, 3, 3],
            "parameters": {"k": 100, "p": 0.3, "landmarks": 100},
            "seconds": 12.34,
            "peak_memory_mb": 812.0,
        },
    )  # fmt: skip


def other_findings() -> list[Finding]:
    """Clusters, no structure, and a layer with too few filters."""
    rng = np.random.default_rng(7)
    angles = rng.integers(0, 4, 1200) * np.pi / 2 + 0.12 * rng.standard_normal(1200)
    angles %= 2 * np.pi
    circle = circle_finding("features.3", 1)
    figures = {**circle_figures(angles, rng), **bar_figures(0.34, rng)}
    clusters = replace(
        circle,
        verdict="clusters on a cycle",
        answer="One loop, unevenly filled (entropy 0.80, widest gap 38 degrees, 4 arcs): its bar is 0.34, against 0.07.",
        numbers=numbers(0.34, 0.803, 38.2),
        figures=figures,
        series={},
    )
    nothing = replace(
        circle,
        subject="features.6",
        verdict="no structure",
        answer="No loop stands out: the longest loop of the 1,843 densest of 6,144 filters has a bar of 0.06, against 0.07.",
        numbers={**numbers(0.062, 0.93, 12.0), "b1": Number(0, "loops")},
        figures=bar_figures(0.062, rng),
        series={},
        warnings=(),
    )
    too_few = Finding(
        "filter_space", "features.8.a_rather_long_module_name.conv_with_no_end", QUESTION,
        "Too few filters to tell: 192 give a core of 58, and 100 landmarks need at least 334.", "too few filters",
        {"n": Number(192, "spatial filters", None, "", 192, "spatial filters in the layer"), "k": Number(100, "neighbour")},
    )  # fmt: skip
    return [clusters, nothing, too_few]


PROVENANCE = {
    "model": {"source": "vgg11_cifar10.safetensors", "sha256": "9f2c" * 16, "parameters": 9_231_114, "layers": 8},
    "command": "topolens report vgg11_cifar10.safetensors --seed 0 --budget 300 --out report/",
    "created": "2026-11-21T03:45:12Z",
    "seed": 0,
    "threads": 2,
    "versions": {
        "topolens": "0.1.0",
        "torch": "2.13.0",
        "numpy": "2.4.6",
        "python": "3.11.2",
        "platform": "Linux x86_64",
    },
    "seconds": 74.2,
    "peak_memory_mb": 1312.4,
    "budget": {"seconds": 300, "predicted": 81.0, "cut": ["The sweep over (k, p) was left out of features.6."]},
    "skipped": [{"layer": "features.10", "reason": "a 1 x 1 convolution has no spatial filter"}],
    "warnings": ["The model was given without data: activations were not looked at."],
    "references": ["A look at the topology of convolutional neural networks, 2018. https://arxiv.org/abs/1810.03234"],
}


@pytest.fixture(scope="session")
def finding() -> Finding:
    return circle_finding()


@pytest.fixture(scope="session")
def report() -> Report:
    return Report((circle_finding(), *other_findings()), PROVENANCE)
