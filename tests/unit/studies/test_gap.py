"""The study of the generalisation gap: planted relations are found, and what is not there is not claimed."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from small_zoo import SMALL, stripes
from topolens.studies import gap_members
from topolens.studies.gap import ADDS, FEW, UNSHOWN, _finding, gap_study
from topolens.studies.gap_features import Protocol, correlation_moments, neuron_activations, resampled_features
from topolens.studies.gap_references import margins, reference_rows, weight_norms
from topolens.studies.gap_rows import PERSISTENCE, added, agreement, number_sets
from topolens.studies.gap_statistics import fold_predictions, rank_correlations
from topolens.studies.gap_vectors import feature_sets
from topolens.studies.grid_networks import network
from topolens.studies.grid_zoo import make_zoo
from topolens.studies.images import Images
from topolens.studies.network_grid import Grid, Member


def planted(depends: bool, seed: int, count: int = 60) -> list[dict[str, Any]]:
    """Members whose gap is a function of the mean death in H1 beside the correlations, or of the depth alone."""
    drawn = np.random.default_rng(seed)
    members = []
    for _ in range(count):
        depth, level = int(drawn.integers(1, 4)), drawn.random()
        births = 0.3 + 0.1 * drawn.random(40)
        bars = feature_sets(
            (
                np.stack([np.zeros(30), 0.3 + 0.05 * depth + 0.05 * drawn.random(30)], 1),
                np.stack([births, births + 0.05 + 0.1 * level + 0.02 * drawn.random(40)], 1),
            )
        )
        moments = np.array([0.3 + 0.05 * depth, 0.1, *(0.1 * drawn.random(6) + 0.05 * depth)])
        gap = 0.05 * depth + (0.1 * level if depends else 0.0) + 0.01 * drawn.normal()
        sets = {name: [values.tolist()] * 2 for name, values in {**bars, "correlations": moments}.items()}
        chance = {name: [drawn.normal(size=len(values[0])).tolist()] * 2 for name, values in sets.items()}
        members.append(
            {
                "member": {"depth": depth, "width": int(drawn.choice([8, 16]))},
                "outcome": {"gap": gap},
                "references": {"constant": [], "size": [float(depth)]},
                "contestants": {"neural persistence": [float(drawn.random())]},
                "features": {"trained": sets, **dict.fromkeys(("untrained", "noise", "shuffled"), chance)},
            }
        )
    return members


def test_a_planted_relation_is_found() -> None:
    found = _finding(planted(True, 0), 60, 19, 0)
    assert found.verdict == ADDS
    assert found.numbers["gain"].value > 0.2
    assert found.numbers["best_bars"].value > 0.9


def test_figures_show_what_the_ranks_are_of() -> None:
    members, seed = planted(True, 0), 5
    found = _finding(members, 60, 19, seed)
    best = next(row for row in found.tables["rows"].rows if row[1] == PERSISTENCE)
    told, gaps = (np.array(found.figures["bars"].data[axis]) for axis in "xy")
    assert rank_correlations(told, gaps, [0] * 60).spearman == pytest.approx(best[6], rel=5e-3)
    numbers = {name: values for name, _, values in number_sets(members)}[best[0]]
    assert told.tolist() == fold_predictions(numbers, gaps, seed).tolist()


def test_what_depth_explains_is_not_claimed() -> None:
    verdicts = [_finding(planted(False, seed, 40), 40, 19, 0).verdict for seed in range(3)]
    assert verdicts.count(UNSHOWN) >= 2


def test_what_a_set_adds_by_chance() -> None:
    drawn, small = np.random.default_rng(0), 0
    for seed in range(40):
        base = drawn.normal(size=(40, 3))
        gaps = base[:, 0] + 0.3 * drawn.normal(size=40)
        # Sets that follow the base, nonlinear noise beside: none knows more of the gap.
        sets = {str(k): base @ drawn.normal(size=(3, 2)) + drawn.normal(size=(40, 2)) for k in range(4)}
        small += min(own.p for own in added(base, sets, gaps, draws=19, seed=seed)) <= 0.05
    assert small <= 7  # 99.9 % of Binomial(40, 0.05)


def test_doubled_networks_agree() -> None:
    members = planted(True, 0)
    assert np.nanmin(agreement(members, "ASD, H0+H1")) == pytest.approx(1)
    noise = np.random.default_rng(0)
    for member in members:
        member["features"]["trained"]["ASD, H0+H1"] = noise.normal(size=(2, 8)).tolist()
    assert abs(np.nanmean(agreement(members, "ASD, H0+H1"))) < 0.3


def test_correlations_and_bars_of_a_network() -> None:
    made = network(Member("vgg1", 1, 3, 0.0, 0.0, 16, 0), (1, 6, 6), 3)
    own = neuron_activations(made, stripes().train)
    assert {name: x.shape[1] for name, x in own.items()} == {"features.0": 108, "dense.0": 128, "dense.1": 3}
    draws = resampled_features(own, Protocol(samples=50, neurons=40, resamples=3))
    assert len(draws) == 3
    assert not np.array_equal(draws[0]["ASD, H0+H1"], draws[1]["ASD, H0+H1"])
    again = resampled_features(own, Protocol(samples=50, neurons=40, resamples=3))
    assert all(np.array_equal(a[name], b[name]) for a, b in zip(draws, again, strict=True) for name in a)
    equal = correlation_moments(torch.zeros(5, 5))
    np.testing.assert_allclose(equal, [1, 0, 1, 1, 1, 1, 1, 0.2])
    np.testing.assert_allclose(correlation_moments(1 - torch.eye(5)), [0, 0, 0, 0, 0, 0, 0, 1])


def test_references_by_hand() -> None:
    scores, labels = torch.tensor([[3.0, 1.0], [0.0, 2.0]]), torch.tensor([0, 0])
    spread = float(scores.std())
    assert margins(scores, labels)[2] == pytest.approx(0 / spread)
    np.testing.assert_allclose(margins(scores, labels)[[0, -1]] * spread, [-1.8, 1.8], rtol=1e-6)
    made = network(Member("mlp", 1, 2, 0.0, 0.0, 16, 0), (1, 1, 2), 2)
    with torch.no_grad():
        made.dense[0].weight.copy_(torch.tensor([[3.0, 0], [0, 4]]))  # type: ignore[union-attr]
        made.dense[1].weight.copy_(torch.eye(2))  # type: ignore[union-attr]
    np.testing.assert_allclose(weight_norms(made, (1, 1, 2)), [np.log(27) / 2, np.log(4), np.log(25) / 2], rtol=1e-6)
    data = stripes()
    outcome = {"train_loss": 0.1, "train_accuracy": 1.0, "epochs": 3, "gap": 0.0}
    member = Member("vgg2", 1, 4, 0.1, 0.0, 16, 0)
    rows = reference_rows(member, network(member, (1, 6, 6), 3), outcome, data.train, data.train_labels)  # type: ignore[arg-type]
    assert len(rows) == 11
    assert all(np.isfinite(values).all() for values in rows.values())


@pytest.fixture(scope="module")
def zoo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Images]:
    folder = tmp_path_factory.mktemp("zoo")
    make_zoo(replace(SMALL, seed=(0, 1, 2)), stripes(), folder)
    return folder, stripes()


def test_the_study_runs_and_resumes(zoo: tuple[Path, Images], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gap_members, "MOMENTS", 64)
    folder, data = zoo
    protocol = Protocol(samples=40, neurons=20, resamples=2)
    first = gap_study(folder, data, protocol=protocol, cache=tmp_path, draws=19)
    assert first.findings[0].verdict in (ADDS, UNSHOWN)
    assert len(first.findings[0].tables["added"].rows) == 33
    files = sorted(tmp_path.glob("*.json"))
    assert len(files) == 24
    files[0].unlink()
    again = gap_study(folder, data, protocol=protocol, cache=tmp_path, draws=19)
    plain = [json.dumps({**r.findings[0].to_json(), "provenance": None}) for r in (first, again)]
    assert plain[0] == plain[1]
    page = first.save(tmp_path / "report")
    assert "R² that bars add" in page.read_text(encoding="utf-8")


def test_bad_zoos(zoo: tuple[Path, Images], tmp_path: Path) -> None:
    folder, data = zoo
    with pytest.raises(ValueError, match="does not hold the images"):
        gap_study(folder, stripes(seed=5), cache=tmp_path)
    with pytest.raises(FileNotFoundError, match="no zoo"):
        gap_study(tmp_path / "none", data, cache=tmp_path)
    few = Grid(depth=(1,), width=(4,), dropout=(0.0,), weight_decay=(0.0,), batch_size=(16,), most_epochs=1)
    make_zoo(few, data, tmp_path / "few")
    assert gap_study(tmp_path / "few", data, cache=tmp_path).findings[0].verdict == FEW
