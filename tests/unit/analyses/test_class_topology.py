"""The verdict on the shape of classes: rings that open, rings that stay, noise, invariances, and bad input."""

import math
import os

import pytest
import torch
from torch import nn

from layer_nets import digits, layers_of, network, rescaled, trained
from topolens.analyses import CARDS, class_topology
from topolens.analyses.class_topology import VERDICTS

SEEDS = 200 if os.environ.get("TOPOLENS_EXHAUSTIVE") else 25


def noise(n: int, d: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed))


def rings(n: int = 600, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Two rings, one around the other, a class each."""
    labels = torch.arange(n) % 2
    angle = torch.rand(n, generator=torch.Generator().manual_seed(seed)) * 2 * math.pi
    x = torch.stack([angle.cos(), angle.sin()], 1) * (1.0 + labels[:, None])
    return x + 0.03 * noise(n, 2, seed + 1), labels


def test_rings_that_are_cut_open_are_simplified() -> None:
    x, labels = rings()
    found = class_topology({"input": x, "output": noise(600, 2, 5)}, labels)
    assert found.verdict == "simplified"
    assert found.verdict in VERDICTS
    number = found.numbers["features_reference"]
    assert 0.6 < number.interval[0] <= number.value <= 1.1
    assert found.numbers["difference"].interval[1] < 0
    row = next(r for r in found.tables["curves"].rows if r[:3] == ("input", 1, 2))
    assert row[3] == 1
    assert row[4] == pytest.approx(1, abs=0.25)
    assert found.series["feature_profile"].curves["class 0"][0] > 0.7
    assert len(found.to_json()["series"]["betti_1"]["curves"]) == 3


def test_rings_have_more_loops_than_their_gaussians() -> None:
    x, labels = rings()
    found = class_topology({"input": noise(600, 3, 1), "rings": x}, labels, nulls=19)
    assert found.verdict == "not simplified"
    number = found.numbers["features_last"]
    assert number.reference < 0.4
    assert number.p_value == 0.05
    assert found.numbers["b1_last"].value > found.numbers["b1_last"].reference + 0.4


def test_the_untrained_twin_takes_the_place_of_the_input() -> None:
    x, labels = rings()
    still, open_ = {"input": x, "output": 3 * x}, {"input": x, "output": noise(600, 2, 5)}
    assert class_topology(still, labels, nulls=0).verdict == "not simplified"
    assert class_topology(still, labels, nulls=0, untrained=still).verdict == "not simplified"
    assert class_topology(open_, labels, nulls=0, untrained=still).verdict == "simplified"
    assert class_topology({"output": open_["output"]}, labels, nulls=0, untrained=still).verdict == "simplified"
    assert class_topology(open_, labels, nulls=0, untrained=open_).verdict != "simplified"


def test_a_network_that_tells_rings_apart_simplifies_them() -> None:
    x, labels = rings()
    with torch.random.fork_rng():
        torch.manual_seed(0)
        widths = (2, 12, 12, 12, 12, 2)
        parts = [part for a, b in zip(widths, widths[1:], strict=False) for part in (nn.Linear(a, b), nn.ReLU())]
        net = nn.Sequential(*parts[:-1])
    optimiser = torch.optim.Adam(net.parameters(), 5e-3)
    for _ in range(400):
        optimiser.zero_grad()
        nn.functional.cross_entropy(net(x), labels).backward()
        optimiser.step()
    assert float((net(x).argmax(1) == labels).float().mean()) > 0.99
    with torch.no_grad():
        layers = {"input": x, **{str(i): net[: i + 1](x) for i in (1, 3, 5, 7, 8)}}
    found = class_topology(layers, labels, nulls=0)
    assert found.verdict == "simplified"


def test_clouds_of_one_law_are_not_simplified() -> None:
    """In at most 5 % of cases, each with few features, which makes the interval coarse."""
    labels = torch.arange(240) % 2
    verdicts = []
    for seed in range(SEEDS):
        layers = {"a": noise(240, 2, 2 * seed), "b": noise(240, 2, 2 * seed + 1)}
        verdicts.append(class_topology(layers, labels, seed, k=4, block=40, nulls=0).verdict)
    assert "not defined" not in verdicts
    wrong = verdicts.count("simplified")
    assert wrong <= (18 if SEEDS == 200 else 4)  # exceeded with probability 1 % where the rate is 5 %


def test_real_data_with_nothing_to_simplify() -> None:
    x, y = digits()
    found = class_topology({"input": x, **layers_of(network(0))}, y, nulls=0)
    assert found.verdict == "nothing to simplify"
    assert found.answer.endswith("Trained and untrained networks cannot be told apart by this here.")
    assert found.numbers["features_reference"].value == 0


def test_unchanged_by_scale_turns_and_renumbered_neurons() -> None:
    x, labels = rings(300)
    layers = {"a": torch.cat([x, 0.1 * noise(300, 4, 2)], 1), "b": noise(300, 6, 3)}
    turn = torch.linalg.qr(noise(6, 6, 4))[0]
    value = class_topology(layers, labels, nulls=0, block=50).tables
    for change in (lambda y: y[:, torch.arange(5, -1, -1)], lambda y: 1000 * y, lambda y: y @ turn):
        same = class_topology({name: change(y) for name, y in layers.items()}, labels, nulls=0, block=50).tables
        assert same["curves"] == value["curves"]


def test_relu_rescaling_changes_curves_as_the_card_says() -> None:
    assert CARDS["class_topology"].relu_rescaling.startswith("changes")
    y = digits()[1]
    one, other = (
        class_topology(layers_of(n), y, nulls=0).tables["curves"].rows for n in (trained(), rescaled(trained(), 4.0))
    )
    assert [row for row in one if row[0] == "1"] != [row for row in other if row[0] == "1"]
    x, labels = rings()  # a ring stretched twofold is one still
    for layer in (x, x * torch.tensor([1.0, 2.0])):
        assert class_topology({"a": noise(600, 2), "b": layer}, labels, nulls=0).numbers["features_last"].value > 0.6


def test_classes_that_collapse_are_simple() -> None:
    x, labels = rings()
    found = class_topology({"input": x, "output": torch.eye(2)[labels]}, labels, nulls=1)
    assert found.verdict == "simplified"
    assert found.numbers["features_last"].value == 0


def test_constant_layers_few_samples_and_no_labels() -> None:
    x, labels = rings()
    partly = class_topology({"input": x, "dead": torch.ones(600, 3), "b": x}, labels, nulls=0)
    assert partly.verdict == "not simplified"
    assert "dead was left out: it is constant." in partly.warnings
    for layers, said, why in (
        ({"a": x, "b": x}, None, "there are no labels"),
        ({"a": x}, labels, "only one layer to look at"),
        ({"a": torch.ones(600, 3)}, labels, "all layers are constant"),
        ({"a": x[:200], "b": x[:200]}, labels[:200], "5 blocks of 60 samples of one class are needed, got 2"),
        ({"a": x[:1], "b": x[:1]}, labels[:1], "5 blocks of 60 samples of one class are needed, got 0"),
    ):
        found = class_topology(layers, said, nulls=0)
        assert found.verdict == "not defined"
        assert why in found.answer
    one_class = class_topology({"a": x, "b": noise(600, 2)}, torch.zeros(600, dtype=torch.int64), nulls=0)
    assert one_class.verdict in VERDICTS[:2]


def test_the_seed_decides_and_threads_do_not() -> None:
    x, labels = rings(300)
    threads, found = torch.get_num_threads(), []
    try:
        for count in (1, 2):
            torch.set_num_threads(count)
            found.append(class_topology({"a": x, "b": noise(300, 3)}, labels, 3, nulls=1, block=50).to_json()["tables"])
    finally:
        torch.set_num_threads(threads)
    assert found[0] == found[1]


def test_refused() -> None:
    x, labels = rings(300)
    with pytest.raises(ValueError, match="block above k, got k=8, hops=2, block=8"):
        class_topology({"a": x}, labels, block=8)
    with pytest.raises(ValueError, match="hops must be at least 1"):
        class_topology({"a": x}, labels, hops=0)
    with pytest.raises(ValueError, match=r"activations\['a'\] contains NaN"):
        class_topology({"a": x * math.nan}, labels)
    with pytest.raises(ValueError, match="labels must hold one whole number"):
        class_topology({"a": x}, labels[:5])
