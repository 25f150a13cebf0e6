"""The summary: accuracy with its interval, idle neurons, and what is not defined."""

import pytest
import torch

from topolens.analyses import model_summary
from topolens.analyses.model_summary import CHANCE, LEARNED, UNKNOWN

LABELS = torch.arange(100) % 4
LIVE = {"a": torch.randn(100, 5, generator=torch.Generator().manual_seed(0))}


def test_learned_and_at_chance() -> None:
    right = torch.nn.functional.one_hot(LABELS, 4).float()
    found = model_summary(LIVE, right, LABELS)
    assert found.verdict == LEARNED
    assert found.numbers["accuracy"].value == 1
    assert found.numbers["accuracy"].reference == 0.25
    low, high = found.numbers["accuracy"].interval
    assert (low, high) == (pytest.approx(0.025 ** (1 / 100)), 1)
    assert model_summary(LIVE, right.roll(1, 0), LABELS).verdict == CHANCE


def test_noise_is_called_learned_as_seldom_as_it_should() -> None:
    wrong = 0
    for seed in range(200):
        scores = torch.randn(100, 4, generator=torch.Generator().manual_seed(seed))
        wrong += model_summary(LIVE, scores, LABELS).verdict == LEARNED
    assert wrong / 200 <= 0.05


def test_idle_neurons() -> None:
    x = LIVE["a"].clone()
    x[:, 0], x[:, 1] = 0, 3
    found = model_summary({"a": x, "b": LIVE["a"]}, None, None)
    assert found.verdict == UNKNOWN
    assert found.tables["layers"].rows[0][1:4] == (5, 1, 1)
    assert found.numbers["idle"].value == 0.2
    assert "2 of 10 neurons do not move on any of 100 samples" in found.answer


def test_what_is_not_defined() -> None:
    assert "no scores of 4 classes" in model_summary(LIVE, torch.zeros(100, 3), LABELS).answer
    assert "There are no labels" in model_summary(LIVE, torch.zeros(100, 3), None).answer
    assert "NaN" in model_summary({"a": torch.full((2, 2), torch.nan)}, None, None).warnings[0]
    with pytest.raises(ValueError, match="all must hold the same samples, got {'a': 100, 'labels': 3}"):
        model_summary(LIVE, None, LABELS[:3])
    with pytest.raises(ValueError, match="activations must hold a layer"):
        model_summary({}, None, None)
