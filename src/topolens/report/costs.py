"""What each analysis of a network will take, from the shapes it will see and a trial of the machine."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch

from topolens.filtrations import rips
from topolens.filtrations.rips import Cost
from topolens.persistence import persistence
from topolens.report.build import quickest

MOST_LAYERS = 12
POINTS = 500  # samples that most analyses of layers look at
LEAST = 1e-3  # seconds
# Not defined without labels, and then they take no time.
OF_LABELS = ("class_structure", "class_topology", "information_plane", "decision_boundary", "suspicious_samples")


class Rates(NamedTuple):
    """Seconds that pieces of work take on this machine, with the threads that are set.

    Args:
        product: For each multiplication of a product of matrices, float64.
        pair: For each coordinate of each pair of points in a table of distances.
        entry: For each of a million integers that are sorted, which is how things are shuffled.
        step: For one short operation on a small tensor.
        bars: For the bars of degree 1 of 200 points.
    """

    product: float
    pair: float
    entry: float
    step: float
    bars: float

    @property
    def second(self) -> float:
        """For what is known in seconds already, as a run of the network is."""
        return 1.0


@dataclass(frozen=True)
class Work:
    """The shapes that the analyses will see.

    Args:
        samples: How many are looked at.
        widths: Features of all layers.
        weights: Outputs and inputs of each weight.
        twin: Whether there is an untrained twin.
        labelled: Whether samples have labels.
        forward: Seconds of one sample through the network.
        most_layers: So many of the layers are looked at.
        checkpoints: Steps of training at which the network is known.
    """

    samples: int
    widths: tuple[int, ...]
    weights: tuple[tuple[int, int], ...]
    twin: bool
    labelled: bool
    forward: float
    most_layers: int = MOST_LAYERS
    checkpoints: int = 0

    @property
    def deep(self) -> tuple[int, ...]:
        """Widths of the layers that are looked at."""
        able = [width for width in self.widths if width > 1]
        places = np.linspace(0, len(able) - 1, min(len(able), self.most_layers)).round().astype(int).tolist()
        return tuple(able[place] for place in places)

    @property
    def networks(self) -> int:
        """The network, and its twin."""
        return 1 + self.twin

    @property
    def points(self) -> int:
        """Samples that most analyses of layers look at."""
        return min(self.samples, POINTS)


Parts = tuple[tuple[str, float], ...]


def _layers(work: Work, parts: Callable[[int], Parts]) -> Parts:
    """The sum over the layers that are looked at."""
    found = [parts(width) for width in work.deep or (0,)]
    return tuple((names[0][0], sum(count for _, count in names)) for names in zip(*found, strict=True))


def _spectra(work: Work) -> Parts:
    shapes = [(min(shape), max(shape)) for shape in work.weights]
    return (
        ("step", len(shapes)),
        ("entry", sum(a * b for a, b in shapes)),
        ("product", sum(a * a * b for a, b in shapes)),
        ("product", sum(a**3 for a, _ in shapes)),
    )


def _neurons(work: Work) -> Parts:
    count = min(200, sum(work.deep))
    # Bars are the quicker the fewer neurons there are, and about with the third power of their number.
    return (("step", 1), ("entry", work.samples * count), ("product", work.samples * count**2),
            ("bars", (count / 200) ** 3))  # fmt: skip


def _boundary(work: Work) -> Parts:
    drawn = (min(work.samples, 300) / 300) ** 2
    feature = (work.deep or (1,))[-1 if len(work.deep) < 2 else -2]
    return (("step", 1), ("bars", drawn), ("pair", work.samples**2 * feature))


def _suspicious(work: Work) -> Parts:
    feature = (work.deep or (1,))[-1 if len(work.deep) < 2 else -2]
    return (("step", 1), ("entry", work.samples), ("pair", work.samples**2 * feature))


def _of_layers(work: Work) -> float:
    """Bytes of an analysis that looks at one layer after another."""
    widest = max(work.deep, default=1)
    return 8.0 * (6 * work.points**2 + 4 * work.points * widest)


def _of_all_neurons(work: Work) -> float:
    return 8.0 * (4 * work.samples * sum(work.deep) + 4 * max(work.deep, default=1) ** 2)


def _of_weights(work: Work) -> float:
    sizes = [a * b for a, b in work.weights]
    return 8.0 * sum(sizes) + 32.0 * max(sizes, default=0)


def _of_pairs(work: Work) -> float:
    return 8.0 * (3 * work.samples**2 + 2 * work.samples * max(work.deep, default=1))


# Bytes beside the recordings, where they are not those of one layer after another.
MEMORY: Mapping[str, Callable[[Work], float]] = {
    "weight_topology": _of_weights,
    "weight_spectra": _of_weights,
    "layer_similarity": lambda w: 8.0 * 6 * len(w.deep) * w.points**2,
    "neuron_correlations": _of_all_neurons,
    "neuron_redundancy": _of_all_neurons,
    "decision_boundary": _of_pairs,
    "suspicious_samples": _of_pairs,
}


# What grows with the shapes, by the rate that it takes; how often each is done is in COUNTS.
PARTS: Mapping[str, Callable[[Work], Parts]] = {
    "model_summary": lambda w: (("step", len(w.widths)), ("entry", w.samples * sum(w.widths))),
    "weight_topology": lambda w: (("step", len(w.weights)), ("entry", sum(a + b for a, b in w.weights))),
    "weight_spectra": _spectra,
    "intrinsic_dimension": lambda w: _layers(w, lambda d: (
        ("step", 1), ("entry", w.points**2), ("pair", w.points**2 * d),
        ("product", w.points * d * min(w.points, d)))),
    "class_structure": lambda w: _layers(w, lambda d: (
        ("step", w.networks), ("entry", w.networks * w.points**2), ("pair", w.networks * w.points**2 * d),
        ("product", w.networks * w.points * d))),
    "class_topology": lambda w: _layers(w, lambda d: (
        ("step", min(w.samples // 60, 20)), ("product", min(w.samples // 60, 20) * 60 * d * min(60, d)))),
    "layer_similarity": lambda w: (
        ("step", len(w.deep)), ("bars", len(w.deep) ** 2 * (w.points / POINTS) ** 2),
        ("entry", len(w.deep) * w.points**2), ("pair", w.points**2 * sum(w.deep))),
    "information_plane": lambda w: _layers(w, lambda d: (
        ("step", 1), ("entry", min(w.samples, 1000) * (120 + d)), ("pair", min(w.samples, 1000) ** 2 * d))),
    "neuron_correlations": _neurons,
    "neuron_redundancy": lambda w: _layers(w, lambda d: (
        ("step", 1), ("entry", w.samples * d), ("product", w.samples * d**2), ("entry", d**2))),
    "decision_boundary": _boundary,
    "suspicious_samples": _suspicious,
    # These keep to limits of their own, which their prices are made of; they were not measured yet.
    "trust": lambda w: (
        ("second", 8 * min(w.samples, 150) * w.forward),
        ("entry", min(6e8, 8 * min(w.samples, 150) * sum((a + b) ** 2 for a, b in w.weights)))),
    "attention": lambda w: (("second", 3.0 + 32 * w.networks * w.forward),),
    "training": lambda w: (("second", w.checkpoints * (0.3 + 256 * w.forward)),),
    "trajectory": lambda w: (("second", 1.0 + w.checkpoints * 256 * w.forward),),
}  # fmt: skip

# How often each part is done, from runs of a dozen networks; benchmarks/report_costs.py says how well it holds.
COUNTS: Mapping[str, tuple[float, ...]] = {
    "model_summary": (400.0, 0.13),
    "weight_topology": (3300.0, 6800.0),
    "weight_spectra": (940.0, 35.0, 5.4, 99.0),
    "intrinsic_dimension": (25000.0, 80.0, 24.0, 44.0),
    "class_structure": (19000.0, 14.0, 4.2, 10000.0),
    "class_topology": (4200.0, 420.0),
    "layer_similarity": (42000.0, 5.8, 28.0, 2.1),
    "information_plane": (1000.0, 25.0, 0.91),
    "neuron_correlations": (40000.0, 300.0, 62.0, 130.0),
    "neuron_redundancy": (4200.0, 81.0, 62.0, 8.1),
    "decision_boundary": (13000.0, 350.0, 12.0),
    "suspicious_samples": (4400.0, 17000.0, 0.62),
    "trust": (1.0, 0.5),
    "attention": (1.0,),
    "training": (1.0,),
    "trajectory": (1.0,),
}


def measured_rates(clock: Callable[[], float] = time.perf_counter) -> Rates:
    """Rates from a trial of a tenth of a second; the best of three, since a busy moment says nothing.

    Args:
        clock: `time.process_time` where processor time is to be predicted, as on a machine that others use as well.
    """
    generator = torch.Generator().manual_seed(0)
    square = torch.rand(400, 400, dtype=torch.float64, generator=generator)
    points = torch.rand(300, 100, dtype=torch.float64, generator=generator)
    keys = np.random.default_rng(0).integers(0, 2**63, 10**6)
    few = points[:10, :10]
    far = rips(points[None, :200])

    def steps() -> None:
        for _ in range(100):
            few[torch.randperm(10)].sum(0).max()

    def pairs() -> None:
        torch.cdist(points, points, compute_mode="donot_use_mm_for_euclid_dist")

    return Rates(
        quickest(lambda: square @ square, clock) / 400**3,
        quickest(pairs, clock) / (300**2 * 100),
        quickest(lambda: np.sort(keys), clock) / 1e6,
        quickest(steps, clock) / 400,
        quickest(lambda: persistence(far, 1), clock),
    )


def predicted(name: str, work: Work, rates: Rates) -> Cost:
    """Seconds and bytes of one analysis, meant to hold within a factor of 2."""
    if name in OF_LABELS and not work.labelled:
        return Cost(LEAST, 0.0)
    parts = zip(COUNTS[name], PARTS[name](work), strict=True)
    seconds = sum(times * getattr(rates, rate) * count for times, (rate, count) in parts)
    return Cost(max(seconds, LEAST), MEMORY.get(name, _of_layers)(work))
