"""Decision boundaries: regions where they were drawn, and none where labels are shuffled."""

import os

import pytest
import torch

import topolens as tl
from topolens.analyses import decision_boundary

SEEDS = 400 if os.environ.get("TOPOLENS_EXHAUSTIVE") == "1" else 30
QUICK = {"draws": 5, "nulls": 39, "most": 80}


def square(samples: int = 300, seed: int = 0) -> torch.Tensor:
    return 2 * torch.rand(samples, 2, generator=torch.Generator().manual_seed(seed)) - 1


def xor(x: torch.Tensor) -> torch.Tensor:
    return ((x[:, 0] > 0) ^ (x[:, 1] > 0)).long()


def half(x: torch.Tensor) -> torch.Tensor:
    return (x[:, 0] > 0).long()


def test_xor() -> None:
    x = square()
    finding = decision_boundary(x, xor(x))
    assert finding.verdict == "several regions per class"
    assert [row[:3] for row in finding.tables["regions"].rows] == [("labels", 0, 2), ("labels", 1, 2)]
    assert finding.numbers["regions.labels"].value == 4
    assert finding.numbers["regions.labels"].reference == 2
    assert finding.numbers["lifetime.h0.labels"].p_value == 0.05
    assert finding.to_json()["verdict"] == finding.verdict


def test_a_model_that_learns_xor_is_like_its_labels_and_a_linear_one_is_not() -> None:
    x = square()
    wrong = xor(x)
    wrong[:6] = 1 - wrong[:6]
    learnt = decision_boundary(x, xor(x), wrong, **QUICK)
    linear = decision_boundary(x, xor(x), half(x), **QUICK)
    assert learnt.verdict == "several regions per class"
    assert linear.verdict == "one region per class"
    assert decision_boundary(x, xor(x), xor(x), **QUICK).numbers["lifetime.gap"].value == 0
    assert linear.numbers["lifetime.gap"].reference is not None


def test_shuffled_labels_are_rarely_taken_for_a_boundary() -> None:
    """At level 0.05, two-sided, up to about the 99.9 % quantile of the binomial law."""
    claims = 0
    for seed in range(SEEDS):
        x = square(50, seed)
        mixed = xor(x)[torch.randperm(50, generator=torch.Generator().manual_seed(1000 + seed))]
        found = decision_boundary(x, mixed, k=5, draws=2, nulls=39, seed=1000 * seed)
        claims += found.verdict != "no boundary beyond chance"
    assert claims <= 0.05 * SEEDS + 3.2 * (0.0475 * SEEDS) ** 0.5 + 0.5


def test_one_region_is_rarely_taken_for_several() -> None:
    """Two half squares, and two overlapping Gaussians."""
    verdicts = []
    for seed in range(10):
        x = square(150, seed)
        shifted = torch.randn(150, 2, generator=torch.Generator().manual_seed(seed))
        kind = torch.arange(150) % 2
        shifted[:, 0] += 3 * kind
        verdicts.append(decision_boundary(x, half(x), draws=5, nulls=39, most=50).verdict)
        verdicts.append(decision_boundary(shifted, kind, draws=5, nulls=39, most=50).verdict)
    assert verdicts.count("several regions per class") <= 1  # 5 % of 20
    assert verdicts.count("one region per class") >= 18


def test_predictions_alone_and_unknown_labels() -> None:
    x = square(200)
    alone = decision_boundary(x, None, xor(x), **QUICK)
    assert list(alone.diagrams) == ["predictions"]
    assert alone.verdict == "several regions per class"
    unknown = xor(x).index_fill(0, torch.arange(50), -1)
    same, cut = decision_boundary(x, unknown, **QUICK), decision_boundary(x[50:], unknown[50:], **QUICK)
    assert same.numbers == cut.numbers


def test_order_of_neurons_rescaling_seed_and_threads(use_threads) -> None:  # type: ignore[no-untyped-def]
    x = square(60)
    labels = xor(x)
    plain = decision_boundary(x, labels, **QUICK)
    flipped = decision_boundary(x.flip(1), labels, **QUICK)
    assert flipped.tables == plain.tables
    for name, number in plain.numbers.items():
        assert flipped.numbers[name].value == pytest.approx(number.value)
    scaled = decision_boundary(x * torch.tensor([5.0, 0.2]), labels, **QUICK)
    assert scaled.numbers["lifetime.h0.labels"].value != pytest.approx(plain.numbers["lifetime.h0.labels"].value)
    use_threads(2)
    assert decision_boundary(x, labels, **QUICK).numbers == plain.numbers
    assert decision_boundary(x, labels, seed=1, **QUICK).references != plain.references


def test_not_defined() -> None:
    x = square(60)
    one = torch.zeros(60, dtype=torch.int64)
    assert "neither labels nor predictions" in decision_boundary(x).answer
    assert "all labels are of one class" in decision_boundary(x, one).answer
    assert "all predictions are of one class" in decision_boundary(x, xor(x), one).answer
    assert "12 labelled samples are too few, 20 are needed" in decision_boundary(x[:12], xor(x[:12])).answer
    finding = decision_boundary(torch.ones(60, 2), xor(x))
    assert finding.verdict == "not defined"
    assert "all points are the same" in finding.answer
    rare = one.index_fill(0, torch.tensor([59]), 1)
    answers = [decision_boundary(x, rare, most=20, seed=seed, draws=2, nulls=2).answer for seed in range(4)]
    assert any("take more of them" in answer for answer in answers)


def test_bad_input() -> None:
    x = square(60)
    with pytest.raises(ValueError, match="points contains NaN"):
        decision_boundary(x * torch.nan, xor(x))
    with pytest.raises(ValueError, match=r"of logits take logits.argmax\(1\)"):
        decision_boundary(x, None, torch.zeros(60, 2))
    with pytest.raises(ValueError, match="draws and nulls must be at least 1"):
        decision_boundary(x, xor(x), nulls=0)
    assert "cannot reach the two-sided level" in decision_boundary(x, xor(x), nulls=19, draws=2).warnings[-1]


def test_it_is_in_the_table_of_contents() -> None:
    assert decision_boundary in tl.analyses.ANALYSES
    assert "decision_boundary" in tl.analyses.CARDS
