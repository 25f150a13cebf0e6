"""How often each analysis claims something of data that chance alone has made."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor

from topolens import analyses
from topolens.analyses import Answers, Effort, Finding, RTDRounds
from topolens.sampling import gaussian_filters

LEVEL = 0.05
LEAN = Effort(twins=1, repeats=5, sweep=False, graph=False)
ROUNDS = RTDRounds(batch_size=20, batches=2, shuffles=2)


class Chance(NamedTuple):
    """Data that chance has made, and what an analysis must not say of it more often than it states.

    Args:
        analysis: Its name.
        data: What is looked at, in words.
        claims: Verdicts that would be wrong.
        find: Gives the finding of a seed; data and draws of the analysis follow it.
    """

    analysis: str
    data: str
    claims: tuple[str, ...]
    find: Callable[[int], Finding]


def claims_of(chance: Chance, seeds: int) -> int:
    """How many of the seeds 0, 1, ... get a verdict that claims something.

    Raises:
        ValueError: If a finding is `not defined`: then there was nothing to be wrong about.
    """
    count = 0
    for seed in range(seeds):
        verdict = chance.find(seed).verdict
        if verdict in ("not defined", "too few filters", "too few layers"):
            raise ValueError(f"{chance.analysis} must say something of {chance.data}, got {verdict!r} at seed {seed}")
        count += verdict in chance.claims
    return count


def _noise(seed: int, *shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def _labels(seed: int, n: int, classes: int) -> Tensor:
    """Even classes in random order."""
    return torch.arange(n)[torch.randperm(n, generator=torch.Generator().manual_seed(seed + 500))] % classes


def _clouds(seed: int, layers: int, n: int, d: int) -> dict[str, Tensor]:
    """Layers that have nothing to do with each other, all of one law."""
    return {f"layer {i}": x for i, x in enumerate(_noise(seed, layers, n, d))}


def _copies(seed: int, layers: int, n: int, d: int) -> dict[str, Tensor]:
    """Layers that all see the same, each with as much noise of its own: any order of them is as good."""
    generator = torch.Generator().manual_seed(seed)
    shared = torch.randn(n, d, generator=generator)
    return {f"layer {i}": shared + torch.randn(n, d, generator=generator) for i in range(layers)}


def _classes(seed: int, n: int, d: int, classes: int, apart: float = 4.0) -> tuple[Tensor, Tensor]:
    """Gaussian classes on the corners of a simplex, and their labels."""
    labels = torch.arange(n) % classes
    return _noise(seed, n, d) + apart * torch.eye(classes, d)[labels], labels


def _weights(seed: int) -> dict[str, Tensor]:
    return {"a": _noise(3 * seed, 20, 12), "b": _noise(3 * seed + 1, 12, 20), "c": _noise(3 * seed + 2, 4, 12)}


def _summary(seed: int) -> Finding:
    return analyses.model_summary({"a": _noise(seed, 100, 3)}, _noise(seed + 1, 100, 4), _labels(seed, 100, 4))


def _structure(seed: int) -> Finding:
    x, labels = _classes(seed, 100, 6, 4), _labels(seed, 100, 4)
    return analyses.class_structure({"a": x[0], "b": x[0].square()}, labels, seed, permutations=99, draws=2)


def _structure_of_twins(seed: int) -> Finding:
    """Two draws of random weights on classes that lie apart before any layer."""
    x, labels = _classes(seed, 150, 20, 4)
    one, twin = ((x @ _noise(1000 + 2 * seed + i, 20, 20)).relu() for i in range(2))
    return analyses.class_structure({"a": one}, labels, seed, permutations=99, draws=10, untrained={"a": twin})


def _topology(seed: int) -> Finding:
    layers = _clouds(seed, 2, 240, 2)
    return analyses.class_topology(layers, torch.arange(240) % 2, seed, k=4, block=40, nulls=0)


def _dimension(seed: int) -> Finding:
    return analyses.intrinsic_dimension(_clouds(seed, 4, 100, 4), seed, nulls=0, draws=12)


def _similarity(layers: Callable[..., dict[str, Tensor]], pair: bool, seed: int) -> Finding:
    found = layers(seed, 10 if pair else 5, 60, 5)
    names = list(found)
    first = {name: found[name] for name in names[:5]}
    other = {f"other {name}": found[name] for name in names[5:]} if pair else None
    return analyses.layer_similarity(first, other, seed=seed, nulls=39, draws=2, rounds=ROUNDS, rtd_layers=2)


def _difference(seed: int) -> Finding:
    """Four networks of one recipe, two of them as the seeds: none is any other."""
    nets = [{"a": x} for x in _copies(seed, 4, 100, 6).values()]
    rounds = RTDRounds(batch_size=40, batches=3, shuffles=1)
    return analyses.model_difference(nets[0], nets[1], nets[2:], seed=seed, nulls=19, rounds=rounds)


def _plane(seed: int) -> Finding:
    return analyses.information_plane(
        _clouds(seed, 3, 150, 2), _labels(seed, 150, 3), seed=seed, bins=8, nulls=39, draws=2
    )


def _plane_of_equals(seed: int) -> Finding:
    """Two layers of one law that both know the classes."""
    labels = torch.arange(200) % 3
    layers = {name: _noise(2 * seed + i, 200, 1) + 2 * labels[:, None] for i, name in enumerate("ab")}
    return analyses.information_plane(layers, labels, seed=seed, bins=12, nulls=19)


def _correlations(seed: int) -> Finding:
    return analyses.neuron_correlations(_noise(seed, 60, 20), seed=seed, draws=2)


def _dealt_correlations(seed: int) -> Finding:
    """Neurons whose correlations are independent of each other around 0.4, to the last digit."""
    generator = torch.Generator().manual_seed(seed)
    spread = 0.04 * torch.randn(20, 20, generator=generator, dtype=torch.float64).tril(-1)
    matrix = (0.4 + spread + spread.T).fill_diagonal_(1.0)
    x = torch.randn(150, 20, generator=generator, dtype=torch.float64)
    neurons = torch.linalg.qr(x - x.mean(0))[0] @ torch.linalg.cholesky(matrix).T
    return analyses.neuron_correlations(neurons, seed=seed, draws=2)


def _redundancy(seed: int) -> Finding:
    return analyses.neuron_redundancy(_noise(seed, 60, 20), seed=seed, level=0.3, draws=2)


def _boundary(seed: int) -> Finding:
    return analyses.decision_boundary(_noise(seed, 50, 2), _labels(seed, 50, 2), k=5, draws=2, seed=seed)


def _halves(seed: int) -> Finding:
    x = torch.rand(150, 2, generator=torch.Generator().manual_seed(seed))
    return analyses.decision_boundary(x, (x[:, 0] > 0.5).long(), draws=20, most=40, seed=seed)


def _suspects(seed: int) -> Finding:
    return analyses.suspicious_samples(_classes(seed, 36, 3, 3)[0], _labels(seed, 36, 3), draws=1, nulls=19, seed=seed)


def _innocents(seed: int) -> Finding:
    x, labels = _classes(seed, 60, 3, 3, apart=8.0)
    return analyses.suspicious_samples(x, labels, draws=1, nulls=19, seed=seed)


def _trust(seed: int) -> Finding:
    known, clean, one, other = (
        Answers({"last": _noise(8 * seed + 2 * i, 40, 4).relu()}, _noise(8 * seed + 2 * i + 1, 40, 3)) for i in range(4)
    )
    shifts = {"one": one, "other": other}
    return analyses.trust({"last": _noise(9, 3, 4)}, known, clean, shifts, draws=2, nulls=59, seed=seed)


def _training(seed: int) -> Finding:
    names = ("neural_persistence", "accuracy", "nc1.a", "class_gap.a", "dimension.a")
    history = [{"step": i, **dict(zip(names, row, strict=True))} for i, row in enumerate(_noise(seed, 20, 5).tolist())]
    return analyses.training(history, shuffles=199, seed=seed)


def _trajectory(seed: int) -> Finding:
    return analyses.trajectory(_noise(seed, 15, 30).cumsum(0), draws=2, seed=seed)


def _attention(seed: int) -> Finding:
    return analyses.attention(torch.softmax(2 * _noise(seed, 3, 2, 8, 8), -1), seed=seed)


def _filters(seed: int) -> Tensor:
    return gaussian_filters(800, 9, seed).reshape(-1, 1, 3, 3)


def _filter_space(seed: int) -> Finding:
    return analyses.filter_space(_filters(seed), k=15, seed=seed, landmarks=50, effort=LEAN)


def _filter_training(seed: int) -> Finding:
    steps = {step: _filters(1000 + 2 * seed + step) for step in range(2)}
    return analyses.filter_training(steps, k=15, seed=seed, landmarks=50, effort=LEAN)


def _dimension_of_twins(seed: int) -> Finding:
    """Three layers of two draws of random weights, on the same samples."""
    x = _noise(seed, 150, 16)
    nets = []
    for draw in range(2):
        layers, at = {}, x
        for depth, weight in enumerate(_noise(10_000 + 2 * seed + draw, 3, 16, 16)):
            at = (at @ weight / 4).relu()
            layers[f"layer {depth}"] = at
        nets.append(layers)
    return analyses.intrinsic_dimension(nets[0], seed, nulls=0, draws=12, untrained=nets[1])


MOVES = ("rises and falls", "falls and rises", "rises", "falls")
ORDERED = ("layers change step by step", "blocks of alike layers")
LOOPS = ("circle", "several loops", "clusters on a cycle")

CHANCES = (
    Chance("model_summary", "outputs that are noise", ("learned",), _summary),
    Chance(
        "weight_topology",
        "independent weights",
        ("beyond the weight distribution",),
        lambda seed: analyses.weight_topology(_weights(seed), seed=seed),
    ),
    Chance(
        "weight_spectra",
        "independent weights",
        ("directions above the bulk",),
        lambda seed: analyses.weight_spectra(_weights(seed), seed=seed),
    ),
    Chance("intrinsic_dimension", "layers of one law", MOVES, _dimension),
    Chance(
        "intrinsic_dimension",
        "an untrained network beside another",
        ("below untrained", "above untrained"),
        _dimension_of_twins,
    ),
    Chance("class_structure", "shuffled labels", ("collapsed", "separated", "as untrained"), _structure),
    Chance("class_structure", "an untrained network beside another", ("collapsed", "separated"), _structure_of_twins),
    Chance("class_topology", "two layers of one law", ("simplified",), _topology),
    Chance(
        "layer_similarity",
        "layers of unrelated samples",
        (*ORDERED, "all layers alike", "no order among layers"),
        partial(_similarity, _clouds, False),
    ),
    Chance("layer_similarity", "layers that are alike in any order", ORDERED, partial(_similarity, _copies, False)),
    Chance(
        "layer_similarity",
        "two networks alike in any order of layers",
        ("depths correspond",),
        partial(_similarity, _copies, True),
    ),
    Chance("model_difference", "another seed, beside two seeds", ("differs",), _difference),
    Chance("information_plane", "shuffled labels", ("compresses", "does not compress"), _plane),
    Chance("information_plane", "two layers of one law", ("compresses",), _plane_of_equals),
    Chance(
        "neuron_correlations",
        "independent neurons",
        ("structure beyond the correlation histogram", "explained by the correlation histogram"),
        _correlations,
    ),
    Chance(
        "neuron_correlations",
        "correlations dealt at random",
        ("structure beyond the correlation histogram",),
        _dealt_correlations,
    ),
    Chance("neuron_redundancy", "independent neurons", ("redundant",), _redundancy),
    Chance(
        "decision_boundary", "shuffled labels", ("several regions per class", "one region per class"), _boundary
    ),
    Chance("decision_boundary", "two half squares", ("several regions per class",), _halves),
    Chance("suspicious_samples", "shuffled labels", ("suspicious samples", "no suspicious samples"), _suspects),
    Chance("suspicious_samples", "right labels of classes far apart", ("suspicious samples",), _innocents),
    Chance("trust", "shifts that are none", ("adds to the baselines", "sees the shift"), _trust),
    Chance("training", "curves that are noise", ("still changing",), _training),
    Chance(
        "trajectory", "a random walk", ("wider than a random walk", "tighter than a random walk"), _trajectory
    ),
    Chance("attention", "attention that is noise", ("beyond the weights of the rows",), _attention),
    Chance("filter_space", "Gaussian filters", LOOPS, _filter_space),
    Chance("filter_training", "Gaussian filters at two steps", ("settles", "comes and goes", "breaks up"),
           _filter_training),
)  # fmt: skip
