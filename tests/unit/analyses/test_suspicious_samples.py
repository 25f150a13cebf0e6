"""Suspicious samples: found where they were planted, and not where labels mean nothing."""

import os

import pytest
import torch
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

import topolens as tl
from topolens.analyses import suspicious_samples
from topolens.measures import nearest_samples, neighbour_votes

SEEDS = 400 if os.environ.get("TOPOLENS_EXHAUSTIVE") == "1" else 60


def blobs(each: int = 40, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Three clusters in the plane, far apart."""
    labels = torch.arange(3).repeat_interleave(each)
    centres = torch.tensor([[0.0, 0.0], [8.0, 0.0], [0.0, 8.0]])
    return centres[labels] + torch.randn(3 * each, 2, generator=torch.Generator().manual_seed(seed)), labels


def changed(labels: torch.Tensor, share: float, seed: int, classes: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Labels of which a share is wrong, and which these are."""
    generator = torch.Generator().manual_seed(seed)
    rows = torch.randperm(len(labels), generator=generator)[: round(share * len(labels))]
    noisy = labels.clone()
    noisy[rows] = (noisy[rows] + torch.randint(1, classes, (len(rows),), generator=generator)) % classes
    return noisy, rows


def test_planted_labels_head_the_list() -> None:
    features, labels = blobs()
    noisy, rows = changed(labels, 0.05, 1, 3)
    finding = suspicious_samples(features, noisy, draws=2)
    table = finding.tables["suspicious"]
    assert finding.verdict == "suspicious samples"
    assert {row[1] for row in table.rows[: len(rows)]} == set(rows.tolist())
    assert [row[3] for row in table.rows[: len(rows)]] == [int(labels[row[1]]) for row in table.rows[: len(rows)]]
    assert finding.numbers["outvoted"].value == len(rows)
    assert finding.numbers["support"].p_value == 1 / 40
    assert finding.numbers["precision.votes"].reference == pytest.approx(0.05)


def test_digits_with_wrong_labels_against_loss_and_chance() -> None:
    """5 % of the labels are wrong, and a classifier has been trained on them."""
    data = load_digits()
    features, labels = torch.tensor(data.data) / 16, torch.tensor(data.target)
    precision = []
    for seed in range(2):
        noisy, rows = changed(labels, 0.05, seed, 10)
        trained = LogisticRegression(max_iter=200).fit(features.numpy(), noisy.numpy())
        logits = torch.tensor(trained.decision_function(features.numpy()))
        by = {
            "votes": 1 - neighbour_votes(nearest_samples(features), noisy, 10).gather(1, noisy[:, None]).ravel(),
            "loss": torch.nn.functional.cross_entropy(logits, noisy, reduction="none"),
        }
        found = {
            name: len(set(score.argsort(descending=True)[: len(rows)].tolist()) & set(rows.tolist())) / len(rows)
            for name, score in by.items()
        }
        precision.append(found)
        finding = suspicious_samples(features, noisy, logits, listed=len(rows), draws=1, nulls=19, ranking="reeb net")
        reeb = [row[1] for row in finding.tables["suspicious"].rows]
        found["reeb net"] = len(set(reeb) & set(rows.tolist())) / len(rows)
    mean = {name: sum(found[name] for found in precision) / len(precision) for name in precision[0]}
    assert mean["votes"] >= 0.9
    assert mean["votes"] >= mean["loss"] - 0.05
    assert mean["reeb net"] >= 0.7  # 0.05 at random; the uncut graph finds more
    assert mean["votes"] >= mean["reeb net"]


@pytest.mark.parametrize(("ranking", "seeds"), [("votes", SEEDS), ("reeb net", SEEDS // 3)])
def test_shuffled_labels_are_rarely_taken_for_labels(ranking: str, seeds: int) -> None:
    """At level 0.05, up to about the 99.9 % quantile of the binomial law."""
    claims = 0
    for seed in range(seeds):
        features, labels = blobs(12, seed)
        mixed = labels[torch.randperm(len(labels), generator=torch.Generator().manual_seed(1000 + seed))]
        finding = suspicious_samples(features, mixed, ranking=ranking, draws=1, nulls=19, seed=1000 * seed)  # type: ignore[arg-type]
        claims += finding.verdict != "labels unrelated to features"
    assert claims <= 0.05 * seeds + 3.2 * (0.0475 * seeds) ** 0.5 + 0.5


def test_right_labels_are_not_suspected() -> None:
    """Clusters far apart with their own labels: no sample is outvoted in any of 20 draws."""
    verdicts = [suspicious_samples(*blobs(20, seed), draws=1, nulls=19).verdict for seed in range(20)]
    assert verdicts == ["no suspicious samples"] * 20


def test_predictions_of_samples_without_a_label() -> None:
    """Wrong predictions of unlabelled samples head the second list."""
    features, labels = blobs()
    logits = 5 * torch.nn.functional.one_hot(labels, 3).double()
    logits[[3, 50]] = logits[[3, 50]].roll(1, 1)
    known = labels.clone()
    known[[3, 7, 90]] = -1
    finding = suspicious_samples(features, known, logits, draws=1)
    rows = finding.tables["likely wrong"].rows
    assert {row[1] for row in rows[:2]} == {3, 50}
    assert next(row[3] for row in rows if row[1] == 3) == "unknown"
    assert finding.numbers["error_auroc"].value == 1.0
    assert {3, 7, 90}.isdisjoint(row[1] for row in finding.tables["suspicious"].rows)


def test_numbers_do_not_depend_on_the_order_of_neurons() -> None:
    features, labels = blobs(20)
    wide = torch.cat([features, features.square(), torch.randn(60, 5, generator=torch.Generator().manual_seed(3))], 1)
    noisy, _ = changed(labels, 0.1, 0, 3)
    order = torch.randperm(wide.shape[1], generator=torch.Generator().manual_seed(4))
    one, other = (suspicious_samples(x, noisy, draws=2, nulls=19) for x in (wide, wide[:, order]))
    assert one.tables == other.tables
    assert one.numbers == other.numbers


def test_rescaling_relu_neurons_changes_distances() -> None:
    """As the card says: the same function, other neighbours."""
    features, labels = blobs(20)
    scaled = features * torch.tensor([100.0, 0.01])
    one, other = (suspicious_samples(x, labels, draws=1, nulls=19).numbers["support"].value for x in (features, scaled))
    assert one != other


def test_seed_and_threads(use_threads) -> None:  # type: ignore[no-untyped-def]
    features, labels = blobs(20)
    found = []
    for threads in (1, 2):
        use_threads(threads)
        found.append(suspicious_samples(features, labels, draws=2, nulls=19, seed=5))
    assert found[0].numbers == found[1].numbers
    assert found[0].tables == found[1].tables
    assert suspicious_samples(features, labels, draws=2, nulls=19, seed=6).references != found[0].references


def test_pictures_and_json() -> None:
    features, labels = blobs(20)
    images = torch.rand(60, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    finding = suspicious_samples(features, labels, images=images, draws=1, nulls=19)
    assert len(finding.figures["samples"].data["images"]) == 12
    assert finding.to_json()["verdict"] == finding.verdict
    with pytest.raises(ValueError, match="images must have shape"):
        suspicious_samples(features, labels, images=images[:5], draws=1, nulls=19)


@pytest.mark.parametrize(
    ("features", "labels", "reason"),
    [
        (blobs()[0], None, "no label is known"),
        (blobs()[0], torch.full((120,), -1), "no label is known"),
        (blobs()[0], torch.zeros(120, dtype=torch.int64), "all labels are of one class"),
        (blobs(5)[0], blobs(5)[1], "15 labelled samples are too few, 20 are needed"),
        (torch.ones(120, 2), blobs()[1], "all samples have the same features"),
    ],
)
def test_not_defined(features: torch.Tensor, labels: torch.Tensor | None, reason: str) -> None:
    finding = suspicious_samples(features, labels)
    assert finding.verdict == "not defined"
    assert reason in finding.answer


def test_bad_input_is_refused() -> None:
    features, labels = blobs()
    with pytest.raises(ValueError, match="features contains NaN"):
        suspicious_samples(features.clone().fill_(torch.nan), labels)
    with pytest.raises(ValueError, match="logits contains NaN"):
        suspicious_samples(features, labels, torch.full((120, 3), torch.nan))
    with pytest.raises(ValueError, match="logits must have a row for each of 120 samples"):
        suspicious_samples(features, labels, torch.zeros(5, 3))
    with pytest.raises(ValueError, match="labels must hold a whole number for each of 120 samples"):
        suspicious_samples(features, labels[:50])
    with pytest.raises(ValueError, match=r"labels must lie in 0 ... 1"):
        suspicious_samples(features, labels, torch.zeros(120, 2))
    with pytest.raises(ValueError, match="ranking must be"):
        suspicious_samples(features, labels, ranking="loss")  # type: ignore[arg-type]
    assert "level of 0.05 cannot be reached" in suspicious_samples(features, labels, nulls=5, draws=1).warnings[-1]


def test_it_is_in_the_table_of_contents() -> None:
    assert suspicious_samples in tl.analyses.ANALYSES
    assert "suspicious_samples" in tl.analyses.CARDS
