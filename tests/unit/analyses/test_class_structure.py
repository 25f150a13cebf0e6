"""The verdict on classes: simplices, planted and shuffled classes, twins, invariances, and bad input."""

import math
import os

import pytest
import torch

from layer_nets import digits, layers_of, network, rescaled, trained
from topolens.analyses import CARDS, class_structure
from topolens.analyses.class_structure import VERDICTS

LEAN = {"permutations": 199, "draws": 6}
SEEDS = 100 if os.environ.get("TOPOLENS_EXHAUSTIVE") else 20


def noise(n: int, d: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed))


def planted(
    size: float, n: int = 120, d: int = 8, classes: int = 4, seed: int = 0
) -> tuple[torch.Tensor, torch.Tensor]:
    """Gaussian classes of spread 1 around the corners of a simplex of that size."""
    labels = torch.arange(n) % classes
    return noise(n, d, seed) + size * torch.eye(d)[labels], labels


def test_an_exact_simplex_is_collapsed() -> None:
    x, labels = torch.eye(5)[torch.arange(100) % 5], torch.arange(100) % 5
    found = class_structure({"a": noise(100, 3), "b": x}, labels, predictions=labels, weight=torch.eye(5) - 0.2, **LEAN)
    assert found.verdict == "collapsed"
    assert [found.numbers[name].value for name in ("nc1", "nc2_norm", "nc2_angle", "nc3", "nc4")] == pytest.approx(
        [0] * 5, abs=1e-6
    )
    assert found.numbers["between"].value == pytest.approx(4 / 99)
    assert found.numbers["clusters"].value == 5
    assert found.numbers["isolated"].value == 1
    assert [row[1] for row in found.tables["layers"].rows] == ["not separated", "collapsed"]
    assert found.to_json()["numbers"]["nc1"]["interval"][1] < 1e-6


@pytest.mark.parametrize(
    ("size", "verdict"), [(0.0, "not separated"), (3.0, "separated"), (5.0, "separated"), (12.0, "collapsed")]
)
def test_planted_classes(size: float, verdict: str) -> None:
    x, labels = planted(size)
    found = class_structure({"layer": x}, labels, **LEAN)
    assert found.verdict == verdict
    assert verdict in VERDICTS
    assert found.numbers["between"].p_value <= 0.05 or verdict == "not separated"


def test_classes_on_a_simplex_of_unequal_corners_have_not_collapsed() -> None:
    x, labels = planted(60.0)
    x[labels == 0] *= 5
    found = class_structure({"layer": x}, labels, **LEAN)
    assert found.verdict == "separated"
    assert found.numbers["nc1"].value < 0.1 < found.numbers["nc2_norm"].value


def test_shuffled_labels_are_not_separated() -> None:
    """At most the stated 5 % of three layers with shuffled labels are called anything else, any of them."""
    x, labels = planted(4.0)
    wrong = 0
    for seed in range(SEEDS):
        shuffled = labels[torch.randperm(len(labels), generator=torch.Generator().manual_seed(seed))]
        layers = {"a": x, "b": x[:, :3], "c": x.square()}
        found = class_structure(layers, shuffled, seed, permutations=99, draws=2)
        wrong += any(row[1] != "not separated" for row in found.tables["layers"].rows)
    assert wrong <= (10 if SEEDS == 100 else 4)  # exceeded with probability 1 % where the rate is 5 %


def test_many_features_make_nc1_small_but_nothing_else() -> None:
    labels = torch.arange(60) % 3
    found = class_structure({"wide": noise(60, 4000)}, labels, **LEAN)
    assert found.verdict == "not separated"
    assert found.numbers["nc1"].value < 0.02
    assert found.numbers["nc1"].reference < 0.02


def test_trained_and_untrained_and_shuffled_networks_are_told_apart() -> None:
    x, y = digits()
    twin = layers_of(network(0))
    rest = {"samples": 300, **LEAN}
    assert class_structure(layers_of(trained()), y, untrained=twin, **rest).verdict in ("separated", "collapsed")
    for seed in (1, 2):
        assert class_structure(layers_of(network(seed)), y, untrained=twin, **rest).verdict == "as untrained"
    # What was fitted to shuffled labels has not brought the classes together.
    assert class_structure(layers_of(trained(shuffled=True)), y, untrained=twin, **rest).verdict == "as untrained"
    ratio = class_structure(layers_of(trained()), y, untrained=twin, **rest).numbers["nc1_to_untrained"]
    assert ratio.value < ratio.interval[1] < 0.5
    assert len(x) == 600


def test_unchanged_by_scale_turns_and_renumbered_neurons() -> None:
    x, labels = planted(3.0)
    value = class_structure({"a": x}, labels, **LEAN)
    turn = torch.linalg.qr(noise(8, 8, 5))[0]
    for same in (x[:, torch.arange(7, -1, -1)], 1000 * x, x @ turn + 1):
        found = class_structure({"a": same}, labels, **LEAN)
        assert found.verdict == value.verdict
        for name in ("nc1", "nc2_norm", "nc2_angle", "between", "z", "class_gap"):
            assert found.numbers[name].value == pytest.approx(value.numbers[name].value, rel=1e-2)


def test_relu_rescaling_does_what_the_card_says() -> None:
    """NC1 stays where class means span all features, NC2 and the tree move; the function of the network stays."""
    assert "NC1 is unchanged where class means span" in CARDS["class_structure"].relu_rescaling
    labels = torch.arange(160) % 4
    x = noise(160, 3, 2) + 3 * noise(4, 3, 4)[labels]
    factor = torch.tensor([0.2, 1.0, 5.0])
    before, after = (class_structure({"a": y}, labels, **LEAN).numbers for y in (x, x * factor))
    assert after["nc1"].value == pytest.approx(before["nc1"].value, rel=1e-4)
    assert abs(after["nc2_norm"].value - before["nc2_norm"].value) > 0.05
    assert after["between"].value != before["between"].value
    net = trained()
    found = [class_structure(layers_of(n), digits()[1], samples=200, **LEAN) for n in (net, rescaled(net, 3.0))]
    rows = [one.tables["layers"].rows for one in found]
    assert rows[0][2][2:8] == pytest.approx(rows[1][2][2:8], rel=1e-2)  # logits are the same
    assert rows[0][0][6] != pytest.approx(rows[1][0][6], rel=1e-2)


def test_duplicates_constant_layers_few_samples_and_no_labels() -> None:
    x, labels = planted(3.0)
    twice = class_structure({"a": torch.cat([x, x])}, torch.cat([labels, labels]), **LEAN)
    assert twice.verdict == "separated"
    partly = class_structure({"a": x, "dead": torch.ones(120, 4)}, labels, **LEAN)
    assert partly.verdict == "separated"
    assert "dead was left out: it is constant." in partly.warnings
    small = class_structure({"a": torch.cat([x, x[:2]])}, torch.cat([labels, torch.tensor([9, 9])]), **LEAN)
    assert "1 classes of fewer than 5 samples were left out." in small.warnings
    for layers, said, why in (
        ({"a": torch.ones(120, 4)}, labels, "all layers are constant"),
        ({"a": x}, None, "there are no labels"),
        ({"a": x}, torch.zeros(120, dtype=torch.int64), "two classes of 5 samples are needed, got 1"),
        ({"a": x[:6]}, labels[:6], "two classes of 5 samples are needed, got 0"),
    ):
        found = class_structure(layers, said, **LEAN)
        assert found.verdict == "not defined"
        assert why in found.answer


def test_the_seed_decides_and_threads_do_not() -> None:
    x, labels = planted(3.0)
    threads, found = torch.get_num_threads(), []
    try:
        for count in (1, 2):
            torch.set_num_threads(count)
            found.append(class_structure({"a": x}, labels, 3, samples=100, **LEAN).to_json()["numbers"])
    finally:
        torch.set_num_threads(threads)
    assert found[0] == found[1]


def test_refused() -> None:
    x, labels = planted(3.0)
    with pytest.raises(
        ValueError, match="labels must hold one whole number for each of 120 samples, got torch.float32"
    ):
        class_structure({"a": x}, labels.float())
    with pytest.raises(ValueError, match=r"activations\['a'\] contains NaN"):
        class_structure({"a": x * math.nan}, labels)
    with pytest.raises(ValueError, match=r"weight must have shape \(4, 8\)"):
        class_structure({"a": x}, labels, weight=torch.zeros(3, 8), **LEAN)
    with pytest.raises(ValueError, match="for each of the same 120 samples"):
        class_structure({"a": x}, labels, untrained={"a": x[:5]})
