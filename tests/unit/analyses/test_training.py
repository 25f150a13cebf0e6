"""Whether a run still changes: noise is not called a change, a trend is, and what cannot be said is not."""

import math
import os

import pytest
import torch
from torch import Tensor, nn

from topolens.analyses import ANALYSES, CARDS, training
from topolens.report import Watch

SEEDS = 400 if os.environ.get("TOPOLENS_EXHAUSTIVE") else 100
NAMES = ("neural_persistence", "accuracy", "nc1.a", "class_gap.a", "dimension.a")


def history(curves: Tensor) -> list[dict[str, float | None]]:
    """Checks from curves (checks, up to five)."""
    return [{"step": 10 * i, **dict(zip(NAMES, row, strict=False))} for i, row in enumerate(curves.tolist())]


@pytest.mark.parametrize("checks", [9, 40])
def test_false_positives_on_noise(checks: int) -> None:
    """At level 0.05 the count exceeds this bound with a probability below 0.001."""
    found = 0
    for seed in range(SEEDS):
        noise = torch.randn(checks, 5, generator=torch.Generator().manual_seed(seed))
        found += training(history(noise), shuffles=199, seed=seed).verdict == "still changing"
    assert found <= 0.05 * SEEDS + 3.5 * (0.05 * SEEDS) ** 0.5


def test_a_trend_is_found_and_a_settled_run_is_not() -> None:
    generator, time = torch.Generator().manual_seed(0), torch.arange(30.0)[:, None]
    noise = torch.randn(30, 3, generator=generator) * 0.02
    rising = training(history(noise + time / 30))
    assert rising.verdict == "still changing"
    assert "Still changing in 3 of 3 curves" in rising.answer
    settled = training(history(noise + 1 - torch.exp(-time / 2)))
    assert settled.verdict == "settled"
    assert settled.numbers["accuracy"].reference == pytest.approx(0, abs=0.1)
    assert settled.numbers["accuracy"].reference_name == "step 0"
    one = torch.cat([noise[:, :2], noise[:, 2:] + time / 30], 1)
    rows = {row[0]: row[-1] for row in training(history(one)).tables["curves"].rows}
    assert rows == {"neural_persistence": "settled", "accuracy": "settled", "nc1.a": "still changing"}


def test_a_creep_far_below_the_range_is_no_change() -> None:
    time = torch.arange(40.0)[:, None]
    found = training(history(1 - torch.exp(-time / 2) + time * 1e-4))
    assert found.verdict == "settled"
    assert found.numbers["neural_persistence"].p_value <= 0.01


def test_numbers_by_hand() -> None:
    values = torch.tensor([5.0, 1, 1, 2, 2, 3, 3])[:, None]
    found = training(history(values))
    assert found.tables["curves"].rows[0][3] == pytest.approx(0.5)  # from 1 to 3, in a range of 4
    assert found.numbers["neural_persistence"].interval == (1, 3)
    assert found.series["neural_persistence"].x == (0, 10, 20, 30, 40, 50, 60)
    assert found.to_json()["verdict"] == found.verdict
    assert training in ANALYSES


def test_same_seed_same_finding() -> None:
    noise = history(torch.randn(12, 2, generator=torch.Generator().manual_seed(0)))
    one, other = training(noise, seed=3), training(noise, seed=3)
    assert one.numbers == other.numbers


def test_not_defined() -> None:
    assert training(history(torch.zeros(6, 2))).answer.startswith("Not defined: 6 checks are too few, 7 or more")
    lost: list[dict[str, float | None]] = history(torch.rand(12, 1))
    lost[-1]["neural_persistence"] = None
    found = training(lost)
    assert found.verdict == "not defined"
    assert found.answer == "Not defined: neural_persistence have no value at step 110."
    assert any("not defined at 1 of 12 checks" in w for w in found.warnings)
    assert any("nothing can reach the level" in w for w in training(history(torch.rand(12, 5)), shuffles=19).warnings)


def test_refused() -> None:
    with pytest.raises(ValueError, match="history must hold a check"):
        training([])
    with pytest.raises(ValueError, match='each check needs a "step"'):
        training([{"accuracy": 1.0}])
    with pytest.raises(ValueError, match="above the one before, got 1 at check 1"):
        training([{"step": 1}, {"step": 1}])
    with pytest.raises(ValueError, match="accuracy is nan at step 0"):
        training([{"step": 0, "accuracy": math.nan}])
    with pytest.raises(ValueError, match="shuffles must be at least 1"):
        training([{"step": 0}], shuffles=0)
    with pytest.raises(ValueError, match="level must lie in"):
        training([{"step": 0}], level=0)


def test_renumbering_and_rescaling_as_the_card_says() -> None:
    x, labels = torch.rand(60, 6, generator=torch.Generator().manual_seed(0)), torch.arange(60) % 3
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model, other = (nn.Sequential(nn.Linear(6, 9), nn.ReLU(), nn.Linear(9, 3)) for _ in range(2))
    found = {}
    for change in ("none", "order", "scale"):
        factors = torch.linspace(0.2, 5, 9) if change == "scale" else torch.ones(9)
        order = torch.randperm(9) if change == "order" else torch.arange(9)
        with torch.no_grad():
            other[0].weight.copy_((model[0].weight * factors[:, None])[order])
            other[0].bias.copy_((model[0].bias * factors)[order])
            other[2].weight.copy_((model[2].weight / factors)[:, order])
            other[2].bias.copy_(model[2].bias)
        watch = Watch((x, labels))
        watch(0, other)
        found[change] = watch.history[0]
    assert CARDS["training"].neuron_permutation == "unchanged"
    for name, value in found["none"].items():
        assert found["order"][name] == pytest.approx(value, rel=1e-4)
    assert CARDS["training"].relu_rescaling.endswith("accuracy is unchanged")
    assert found["scale"]["accuracy"] == found["none"]["accuracy"]
    for name in ("neural_persistence", "nc1.1", "class_gap.1"):
        assert found["scale"][name] != pytest.approx(found["none"][name], rel=1e-2)
