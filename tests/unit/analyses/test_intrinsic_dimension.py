"""The dimension of layers: planted profiles, layers that do not change, invariances, and where nothing can be said."""

import math
import os

import pytest
import torch

from layer_nets import layers_of, network, rescaled, trained
from topolens.analyses import CARDS, intrinsic_dimension
from topolens.analyses.intrinsic_dimension import VERDICTS

LEAN = {"samples": 200, "nulls": 2, "draws": 10}
SEEDS = 100 if os.environ.get("TOPOLENS_EXHAUSTIVE") else 10


def cube(d: int, n: int = 200, seed: int = 0, features: int = 12) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    turn = torch.linalg.qr(torch.randn(features, features, generator=generator))[0][:d]
    return torch.rand(n, d, generator=generator) @ turn


@pytest.mark.parametrize(
    ("dimensions", "verdict"),
    [
        ((2, 4, 8, 4, 2), "rises and falls"),
        ((8, 4, 2, 4, 8), "falls and rises"),
        ((2, 3, 6, 8), "rises"),
        ((8, 6, 3, 2), "falls"),
        ((4, 4, 4), "level"),
        ((4,), "one layer"),
    ],
)
def test_planted_profiles(dimensions: tuple[int, ...], verdict: str) -> None:
    layers = {f"layer{i}": cube(d, seed=i) for i, d in enumerate(dimensions)}
    found = intrinsic_dimension(layers, **LEAN)
    assert found.verdict == verdict
    assert verdict in VERDICTS
    assert len(found.tables["layers"].rows) == len(dimensions)
    assert found.numbers["first"].value == pytest.approx(dimensions[0], rel=0.25)
    json = found.to_json()
    assert len(json["series"]["dimension_profile"]["curves"]["2NN"]) == len(dimensions)


def test_layers_of_one_dimension_are_level() -> None:
    """At most one in twenty of the profiles of independent clouds of one law changes."""
    verdicts = []
    for seed in range(SEEDS):
        layers = {f"{i}": cube(4, 120, seed=100 * seed + i) for i in range(5)}
        verdicts.append(intrinsic_dimension(layers, seed, nulls=0, draws=10).verdict)
    assert sum(verdict != "level" for verdict in verdicts) <= max(1, SEEDS // 20)


def test_a_curve_lies_below_its_gaussian_and_a_gaussian_does_not() -> None:
    angle = torch.rand(200, 1, generator=torch.Generator().manual_seed(0)) * 2 * math.pi
    curve = torch.cat([f(i * angle) for i in (1, 2, 3) for f in (torch.cos, torch.sin)], 1)
    found = intrinsic_dimension({"curve": curve}, nulls=19, draws=5).numbers["last"]
    assert found.value == pytest.approx(1, rel=0.15)
    assert found.reference > 4
    assert found.p_value == 0.05
    gaussian = torch.randn(200, 6, generator=torch.Generator().manual_seed(1))
    assert intrinsic_dimension({"g": gaussian}, nulls=19, draws=5).numbers["last"].p_value > 0.05


def test_unchanged_by_scale_turns_and_renumbered_neurons() -> None:
    layers = {"a": cube(3, seed=1), "b": cube(5, seed=2)}
    turn = torch.linalg.qr(torch.randn(12, 12, generator=torch.Generator().manual_seed(3)))[0]
    value = intrinsic_dimension(layers, **LEAN).numbers
    for change in (lambda x: x[:, torch.arange(11, -1, -1)], lambda x: 1000 * x, lambda x: x @ turn):
        same = intrinsic_dimension({name: change(x) for name, x in layers.items()}, **LEAN).numbers
        for name in ("first", "last", "first_ph", "last_ph"):
            assert same[name].value == pytest.approx(value[name].value, rel=1e-3)
            assert same[name].interval == pytest.approx(value[name].interval, rel=1e-3)


def test_relu_rescaling_moves_it_as_the_card_says() -> None:
    assert "changes" in CARDS["intrinsic_dimension"].relu_rescaling
    net = trained()
    before = intrinsic_dimension(layers_of(net), **LEAN).tables["layers"].rows
    for most, moved in ((1.0, 1e-6), (2.0, 0.15)):
        after = intrinsic_dimension(layers_of(rescaled(net, most)), **LEAN).tables["layers"].rows
        for a, b in zip(before, after, strict=True):
            assert b[3] == pytest.approx(a[3], rel=moved)
    assert after[0][3] != before[0][3]


def test_a_network_with_its_untrained_twin() -> None:
    found = intrinsic_dimension(layers_of(trained()), untrained=layers_of(network(0)), **LEAN)
    curves = found.series["dimension_profile"].curves
    assert set(curves) == {"2NN", "PH dimension", "Gaussian, 2NN", "untrained twin, 2NN"}
    assert all(1 < value < 20 for curve in curves.values() for value in curve)
    assert found.provenance["seconds"] > 0
    assert found.verdict == "as untrained"  # it has seen 600 digits of 8 x 8 pixels
    ratio = found.numbers["to_untrained"]
    assert ratio.interval[0] < ratio.value < 1 < ratio.interval[1]


def test_the_ratio_to_the_twin_by_hand() -> None:
    """Dimension 2 against 4 in the deeper half; the first half does not count."""
    own = {"a": cube(8), "b": cube(8, seed=1), "c": cube(2, seed=2), "d": cube(2, seed=3)}
    twin = {"a": cube(2, seed=4), "b": cube(2, seed=5), "c": cube(4, seed=6), "d": cube(4, seed=7)}
    found = intrinsic_dimension(own, untrained=twin, **LEAN)
    rows = {row[0]: row[3] for row in found.tables["layers"].rows}
    others = {row[0]: row[3] for row in intrinsic_dimension(twin, **LEAN).tables["layers"].rows}
    expected = math.sqrt(rows["c"] / others["c"] * rows["d"] / others["d"])
    assert found.numbers["to_untrained"].value == pytest.approx(expected)
    assert expected == pytest.approx(0.5, rel=0.15)
    assert found.verdict == "below untrained"
    assert found.answer.startswith("Fewer dimensions than untrained: 0.")
    assert intrinsic_dimension(twin, untrained=own, **LEAN).verdict == "above untrained"
    few = {name: x.clone() for name, x in twin.items()}
    few["d"][:190] = 1.0
    alone = intrinsic_dimension(own, untrained=few, **LEAN)
    assert alone.verdict == "falls"
    assert any("Too few samples differ" in warning for warning in alone.warnings)


def test_duplicates_constant_layers_and_few_samples() -> None:
    x = cube(3, 100)
    twice = intrinsic_dimension({"a": torch.cat([x, x])}, **LEAN)
    assert twice.tables["layers"].rows[0][2] == 100
    assert twice.numbers["last"].value == pytest.approx(intrinsic_dimension({"a": x}, **LEAN).numbers["last"].value)
    partly = intrinsic_dimension({"a": x, "dead": torch.zeros(100, 4), "b": x}, **LEAN)
    assert partly.verdict == "level"
    assert partly.series["dimension_profile"].x == (0.0, 2.0)
    assert any("dead was left out: 1 of 100 samples differ" in warning for warning in partly.warnings)
    for nothing in (torch.zeros(100, 4), cube(3, 8), torch.eye(40)):
        found = intrinsic_dimension({"a": nothing}, **LEAN)
        assert found.verdict == "not defined"
        assert found.answer.startswith("Not defined")
        assert found.to_json()["numbers"] == {}


def test_the_seed_decides_and_threads_do_not() -> None:
    threads, found = torch.get_num_threads(), []
    try:
        for count in (1, 2):
            torch.set_num_threads(count)
            found.append(
                intrinsic_dimension({"a": cube(4, 80), "b": cube(2, 80)}, 3, nulls=1, draws=2).to_json()["tables"]
            )
    finally:
        torch.set_num_threads(threads)
    assert found[0] == found[1]


def test_refused() -> None:
    x = cube(3)
    with pytest.raises(TypeError, match="must map layer names to activations"):
        intrinsic_dimension(x)
    with pytest.raises(ValueError, match="holds no layer"):
        intrinsic_dimension({})
    with pytest.raises(ValueError, match=r"activations\['a'\] contains NaN"):
        intrinsic_dimension({"a": x * math.nan})
    with pytest.raises(ValueError, match=r"activations\['a'\] contains infinite values"):
        intrinsic_dimension({"a": x / 0})
    with pytest.raises(ValueError, match=r"must have shape \(samples, features\), got \(200, 3, 4\); use .flatten"):
        intrinsic_dimension({"a": x.reshape(200, 3, 4)})
    with pytest.raises(ValueError, match="same 200 samples, .*'b'.* has 100"):
        intrinsic_dimension({"a": x, "b": x[:100]})
    with pytest.raises(ValueError, match="untrained must hold every layer of activations, 'a' is missing"):
        intrinsic_dimension({"a": x}, untrained={"b": x})
