"""The information plane's verdicts: closed forms, saturation, shuffled labels, bad input."""

import os

import pytest
import torch

from topolens.analyses import ANALYSES, CARDS, information_plane
from topolens.analyses.information_plane import VERDICTS

SEEDS = 100 if os.environ.get("TOPOLENS_EXHAUSTIVE") else 30


def bits(n: int = 256, count: int = 8) -> torch.Tensor:
    """All patterns of so many bits, repeated as often as fits."""
    patterns = torch.tensor([[(i >> bit) & 1 for bit in range(count)] for i in range(2**count)], dtype=torch.float64)
    return patterns.repeat(max(n // len(patterns), 1), 1)


def test_layers_that_drop_bits_compress():
    x = bits()
    labels = x[:, 0].long()
    finding = information_plane({"all": x, "half": x[:, :4], "one": x[:, :1]}, labels)
    assert finding.verdict == "compresses"
    rows = finding.tables["layers"].rows
    assert [row[1] for row in rows] == pytest.approx([8, 4, 1])
    assert [row[5] for row in rows] == pytest.approx([1, 1, 1])
    assert [row[4] for row in rows] == [True, False, False]
    assert finding.numbers["input_drop"].value == pytest.approx(7)
    assert finding.numbers["label_excess"].p_value == pytest.approx(0.01)
    assert any("Estimator saturated" in warning and "in all:" in warning for warning in finding.warnings)


def test_one_to_one_layers_are_saturated_and_say_nothing():
    x = bits()
    labels = (torch.rand(256, generator=torch.Generator().manual_seed(0)) < 0.5).long()
    finding = information_plane({"input": x, "turned": 1 - x.flip(1)}, labels)
    assert finding.verdict == "estimator saturated"
    assert finding.numbers["saturated_layers"].value == 2
    assert finding.numbers["label_excess"].p_value == 1
    assert "8.00 bits" in finding.answer


def test_layers_that_keep_the_same_do_not_compress():
    x = bits()
    finding = information_plane({"first": x[:, :3], "last": x[:, [2, 0, 1]]}, x[:, 0].long())
    assert finding.verdict == "does not compress"
    assert finding.numbers["input_drop"].value == pytest.approx(0)
    growing = information_plane({"first": x[:, :3], "last": x[:, :5]}, x[:, 0].long())
    assert growing.verdict == "does not compress"


def test_shuffled_labels_have_no_information():
    x, wrong = bits(), 0
    for seed in range(SEEDS):
        labels = torch.arange(256)[torch.randperm(256, generator=torch.Generator().manual_seed(seed))] % 4
        layers = {"first": x[:, :5], "last": x[:, 3:6]}
        wrong += information_plane(layers, labels, nulls=39, draws=2, seed=seed).verdict != "no label information"
    assert wrong <= (15 if SEEDS == 100 else 7)


def test_neurons_may_be_renumbered_but_not_rescaled():
    x = torch.rand(100, 5, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    labels = (x[:, 0] > 0.5).long()
    layers = {"first": x, "last": x[:, :2].clamp_min(0.3)}
    found = information_plane(layers, labels, bins=3)
    moved = information_plane({name: t[:, torch.randperm(t.shape[1])] for name, t in layers.items()}, labels, bins=3)
    assert {k: n.value for k, n in found.numbers.items()} == pytest.approx(
        {k: n.value for k, n in moved.numbers.items()}
    )
    scaled = {**layers, "last": layers["last"] * torch.tensor([0.1, 10.0])}
    assert information_plane(scaled, labels, bins=3).numbers["input_last"].value != found.numbers["input_last"].value
    card = CARDS["information_plane"]
    assert (card.neuron_permutation, card.relu_rescaling[:12]) == ("unchanged", "changes both")


def test_the_seed_decides_and_verdicts_are_listed():
    x = bits()
    first, second = (information_plane({"a": x[:, :4], "b": x[:, :2]}, x[:, 1].long(), samples=100) for _ in range(2))
    assert first.numbers == second.numbers
    assert first.to_json()["tables"] == second.to_json()["tables"]
    assert all(f"`{verdict}`" in " ".join((information_plane.__doc__ or "").split()) for verdict in VERDICTS)
    assert information_plane in ANALYSES


def test_where_it_is_not_defined():
    x = bits()
    assert "one label" in information_plane({"a": x}, torch.zeros(256, dtype=torch.long)).answer
    few = information_plane({"a": x[:6]}, torch.arange(6) % 2)
    assert (few.verdict, "6 samples are too few" in few.answer) == ("not defined", True)
    constant = information_plane({"a": torch.ones(50, 3)}, torch.arange(50) % 2)
    assert constant.verdict == "no label information"


def test_bad_input_is_refused_in_one_sentence():
    x, labels = bits(), torch.arange(256) % 2
    with pytest.raises(ValueError, match="one whole number for each of 256 samples"):
        information_plane({"a": x}, labels[:10])
    with pytest.raises(ValueError, match="NaN"):
        information_plane({"a": x * torch.nan}, labels)
    with pytest.raises(ValueError, match="bins must be above 0"):
        information_plane({"a": x}, labels, bins=0)
    with pytest.raises(ValueError, match="19 nulls"):
        information_plane({"a": x}, labels, nulls=3)
    with pytest.raises(ValueError, match="holds no layer"):
        information_plane({}, labels)
