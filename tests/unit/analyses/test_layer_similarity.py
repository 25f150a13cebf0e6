"""Likeness of layers and difference of models: planted structure, false positives, invariance, bad input."""

import os
from functools import partial

import pytest
import torch

from topolens.analyses import ANALYSES, CARDS, RTDRounds, layer_similarity, model_difference
from topolens.analyses.layer_order import blocks_of, depth_order
from topolens.analyses.layer_similarity import VERDICTS, VERDICTS_OF_TWO
from topolens.analyses.model_difference import VERDICTS as VERDICTS_OF_MODELS

SEEDS = 100 if os.environ.get("TOPOLENS_EXHAUSTIVE") else 20
LEAN = {"rounds": RTDRounds(20, 2, 2), "nulls": 39, "draws": 4}
similarity = partial(layer_similarity, **LEAN)
difference = partial(model_difference, **LEAN)


def noise(n: int, d: int, seed: int) -> torch.Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def walk(layers: int, seed: int = 0, n: int = 80, step: float = 0.5) -> dict[str, torch.Tensor]:
    """Each layer is the one before with something added."""
    x, out = noise(n, 12, 1000 * seed), {}
    for layer in range(layers):
        x = x + step * noise(n, 12, 1000 * seed + layer + 1)
        out[f"layer{layer}"] = x
    return out


def common(layers: int, seed: int, strength: float = 1.0, n: int = 80) -> dict[str, torch.Tensor]:
    """Layers that share a signal and nothing else, so that their order means nothing."""
    shared = noise(n, 12, 1000 * seed)
    return {f"layer{i}": strength * shared + noise(n, 12, 1000 * seed + i + 1) for i in range(layers)}


def test_layers_that_drift_change_step_by_step():
    finding = similarity(walk(8), rounds=RTDRounds(60, 3, 2))
    assert finding.verdict == "layers change step by step"
    assert finding.numbers["depth_order"].value > 0.9
    assert finding.numbers["depth_order"].p_value <= 0.01
    assert finding.numbers["cka_largest"].reference < finding.numbers["cka_least"].value
    rtd = [row[1:] for row in finding.tables["rtd"].rows]
    assert rtd[0][1] < rtd[0][4] < rtd[0][7]
    assert rtd[2][5] == rtd[5][2]


def test_blocks_are_found_where_they_are():
    first, second = noise(80, 12, 1), noise(80, 12, 2)
    bases = [first] * 3 + [second] * 4
    layers = {f"layer{i}": base + 0.1 * noise(80, 12, 10 + i) for i, base in enumerate(bases)}
    finding = similarity(layers)
    assert finding.verdict == "blocks of alike layers"
    assert finding.numbers["blocks"].value == 2
    assert finding.numbers["block_ratio"].value < 0.1
    assert "2 blocks" in finding.answer


def test_copies_are_all_alike_and_have_no_divergence():
    x = noise(80, 12, 0)
    finding = similarity({f"layer{i}": (i + 1) * x[:, torch.randperm(12)] + i for i in range(5)})
    assert finding.verdict == "all layers alike"
    assert finding.numbers["cka_mean"].value == pytest.approx(1)
    assert finding.numbers["rtd_share"].value == pytest.approx(0, abs=1e-9)


def test_a_common_signal_without_order():
    finding = similarity(common(7, 3))
    assert finding.verdict == "no order among layers"
    assert finding.numbers["cka_largest"].p_value == pytest.approx(1 / 40)


def test_few_layers_and_undefined_ones():
    assert similarity(walk(3, step=1.0)).verdict == "too few layers"
    one = similarity({"only": noise(50, 3, 0), "dead": torch.full((50, 4), 0.1)})
    assert one.verdict == "not defined"
    assert "constant on these samples: dead" in one.answer
    assert similarity({"only": noise(50, 3, 0)}).verdict == "not defined"
    few = similarity(walk(6, n=8))
    assert few.verdict == "not defined"
    assert "8 samples are too few" in few.answer
    left = similarity({**walk(5), "dead": torch.zeros(80, 4)})
    assert any("left out: dead" in warning for warning in left.warnings)
    assert left.numbers["layers"].value == 5


def test_depths_of_two_networks_correspond_or_do_not():
    one = walk(6)
    other = {name: x @ torch.linalg.qr(noise(12, 12, 5))[0] + 0.1 * noise(80, 12, 6) for name, x in one.items()}
    finding = similarity(one, other)
    assert finding.verdict == "depths correspond"
    assert len(finding.tables["pairs"].rows) == 36
    turned = dict(zip(other, reversed(list(other.values())), strict=True))
    assert similarity(one, turned).verdict == "depths do not correspond"
    assert similarity(one, {"a": other["layer0"], "b": other["layer3"]}).verdict == "too few layers"
    assert similarity({"a": one["layer0"]}, {"b": one["layer1"]}).verdict == "too few layers"


def at_most_five_percent(count: int) -> bool:
    """Whether a count of errors over all seeds agrees with a rate of 5 % (one in ten thousand times it would not)."""
    return count <= (6 if SEEDS == 20 else 15)


def test_unrelated_layers_are_called_so():
    wrong = related = 0
    for seed in range(SEEDS):
        layers = {f"layer{i}": noise(40, 12, 100 * seed + i) for i in range(5)}
        wrong += similarity(layers, seed=seed).verdict != "unrelated layers"
        shuffled = {
            name: x[torch.randperm(40, generator=torch.Generator().manual_seed(seed))] for name, x in layers.items()
        }
        related += similarity(layers, shuffled, seed=seed).verdict != "unrelated layers"
    assert at_most_five_percent(wrong)
    assert at_most_five_percent(related)


def test_an_order_is_not_read_into_layers_without_one():
    own = [similarity(common(6, seed, n=40), seed=seed).verdict for seed in range(SEEDS)]
    assert at_most_five_percent(len(own) - own.count("no order among layers"))
    wrong = 0
    for seed in range(5 * SEEDS):
        x = noise(6, 6, seed)
        wrong += depth_order(x @ x.T, shuffles=99, seed=seed).p_value <= 0.05
        assert blocks_of(torch.corrcoef(noise(7, 200, seed))).ratio > 0.5
    assert wrong <= (14 if SEEDS == 20 else 45)


def test_order_of_ties_and_of_one_block():
    assert depth_order(torch.ones(5, 5)).correlation == 0
    assert depth_order(torch.ones(5, 5)).p_value == 1
    line = torch.arange(6.0)
    assert depth_order(-(line[:, None] - line).abs()).correlation == pytest.approx(1)
    assert blocks_of(torch.ones(2, 2)).starts == (0,)


def test_renumbered_neurons_scaled_and_shifted_layers_change_nothing():
    layers = walk(5)
    moved = {name: 3 * x[:, torch.randperm(12)] + 2 for name, x in layers.items()}
    first, second = similarity(layers), similarity(moved)
    assert first.verdict == second.verdict
    for name, number in first.numbers.items():
        assert second.numbers[name].value == pytest.approx(number.value, abs=1e-8), name
    assert CARDS["layer_similarity"].neuron_permutation == "unchanged"


def test_rescaled_neurons_change_it_as_the_card_says():
    layers = walk(5)
    layers["layer2"] = layers["layer2"].clamp_min(0)
    scales = torch.logspace(-1, 1, 12, dtype=torch.float64)
    moved = {**layers, "layer2": layers["layer2"] * scales}
    first, second = similarity(layers), similarity(moved)
    assert abs(first.numbers["cka_mean"].value - second.numbers["cka_mean"].value) > 0.01
    assert CARDS["layer_similarity"].relu_rescaling.startswith("changes both")


def test_the_seed_decides_and_threads_do_not():
    threads, found = torch.get_num_threads(), []
    try:
        for count in (1, 2):
            torch.set_num_threads(count)
            finding = similarity(walk(5, n=40)).to_json()
            finding.pop("provenance")
            found.append(finding)
    finally:
        torch.set_num_threads(threads)
    assert found[0] == found[1]


def test_the_cost_is_foretold_and_progress_told():
    told: list[float] = []
    finding = similarity(walk(6), rtd_layers=4, progress=told.append)
    assert len(told) == 6
    assert told[-1] == 1
    assert finding.provenance["parameters"]["predicted_rtd_seconds"] > 0
    assert any("RTD is computed on some layers only" in warning for warning in finding.warnings)


def twins(count: int, seed: int, apart: float = 0.3, layers: int = 3) -> list[dict[str, torch.Tensor]]:
    """Networks that share a signal per layer and have something of their own, as seeds do."""
    shared = [noise(80, 12, 5000 * seed + i) for i in range(layers)]
    return [
        {f"layer{i}": x + apart * noise(80, 12, 5000 * seed + 10 * (place + 1) + i) for i, x in enumerate(shared)}
        for place in range(count)
    ]


def test_models_that_differ_by_more_than_seeds():
    one, *seeds = twins(3, 0)
    other = {name: noise(80, 12, 90 + i) for i, name in enumerate(one)}
    finding = difference(one, other, seeds)
    assert finding.verdict == "differs"
    assert finding.numbers["cka_distance"].value > 2 * finding.numbers["cka_distance"].reference
    assert finding.numbers["cka_distance"].value == pytest.approx(1, abs=0.05)
    assert len(finding.references["RTD between seeds"]) == 3
    assert difference(one, other).verdict == "differs"


def test_seeds_do_not_differ():
    for count in (3, 4):
        verdicts = [
            difference(one, second, seeds, seed=seed).verdict
            for seed in range(SEEDS // 2)
            for one, second, *seeds in [twins(count, seed)]
        ]
        assert verdicts == ["same within noise"] * (SEEDS // 2)


def test_without_seeds_only_noise_is_allowed_for():
    one, second = twins(2, 1)
    assert difference(one, one).verdict == "same within noise"
    turn = torch.linalg.qr(noise(12, 12, 3))[0]
    assert difference(one, {name: 2 * x @ turn + 1 for name, x in one.items()}).verdict == "same within noise"
    finding = difference(one, second)
    assert finding.verdict == "differs"
    assert any("pass seeds" in warning for warning in finding.warnings)


def test_models_share_some_layers():
    one, second = twins(2, 2)
    finding = difference({**one, "more": noise(80, 2, 0)}, second)
    assert len(finding.tables["layers"].rows) == 3
    assert any("not in all networks or constant in one: more" in warning for warning in finding.warnings)
    dead = {name: torch.zeros(80, 3) for name in one}
    assert difference(one, dead).verdict == "not defined"
    assert difference(*({name: x[:5] for name, x in net.items()} for net in (one, second))).verdict == "not defined"


def test_lists_of_verdicts_are_closed():
    for analysis, verdicts in ((layer_similarity, VERDICTS + VERDICTS_OF_TWO), (model_difference, VERDICTS_OF_MODELS)):
        text = " ".join((analysis.__doc__ or "").split())
        assert all(f"`{verdict}`" in text for verdict in verdicts)
        assert analysis in ANALYSES


def test_bad_recordings_are_refused_in_one_sentence():
    good = walk(5)
    with pytest.raises(TypeError, match=r"must map names of layers to activations, got Tensor"):
        similarity(noise(5, 5, 0))
    with pytest.raises(ValueError, match="activations holds no layer"):
        similarity({})
    with pytest.raises(ValueError, match=r"layers of activations must hold the same samples"):
        similarity({**good, "short": noise(79, 3, 0)})
    with pytest.raises(ValueError, match=r"activations\['layer1'\] contains NaN"):
        similarity({**good, "layer1": good["layer1"] * torch.nan})
    with pytest.raises(ValueError, match=r"activations\['layer1'\] must have shape \(samples, features\)"):
        similarity({**good, "layer1": good["layer1"][..., None]})
    with pytest.raises(ValueError, match="recorded on the same samples in the same order, got 80 and 70"):
        similarity(good, {name: x[:70] for name, x in good.items()})
    with pytest.raises(ValueError, match="share names of layers"):
        difference(good, {"other": good["layer1"]})
    with pytest.raises(ValueError, match="19 nulls and 2 draws at least"):
        layer_similarity(good, nulls=5)
    with pytest.raises(ValueError, match="19 nulls and 2 draws at least"):
        model_difference(good, good, draws=1)
