"""The pooling study: networks, early stopping, resumption, statistics, and a small run from end to end."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from typer.testing import CliRunner

from topolens.cli import app
from topolens.studies import pooling, pooling_page
from topolens.studies.pooling import CONVOLUTIONAL, FLAT, POOLINGS, Recipe, Run, measured, network, train

TINY = Recipe(images=100, test_images=50, epochs=2)


@pytest.mark.parametrize("architecture", [FLAT, CONVOLUTIONAL])
def test_all_networks_answer_and_learn(architecture: str) -> None:
    for name in POOLINGS[architecture]:
        model = network(architecture, name, (3, 8, 9), 4)
        logits = model(torch.rand(2, 3, 8, 9))
        assert logits.shape == (2, 4)
        logits.sum().backward()
        assert all(p.grad is not None for p in model.parameters()), name


def test_training_stops_when_the_loss_rises() -> None:
    """Labels of pure chance: the validation loss soon rises, and then `patience` passes are left."""
    generator = torch.Generator().manual_seed(0)
    images, labels = torch.rand(200, 1, 4, 4, generator=generator), torch.randint(2, (200,), generator=generator)
    recipe = Recipe(epochs=300, patience=3, rate=0.05)
    losses = train(nn.Sequential(nn.Flatten(), nn.Linear(16, 2)), images, labels, recipe, generator)
    assert len(losses) < 300
    assert losses.index(min(losses)) == len(losses) - 1 - recipe.patience


def test_runs_are_repeatable_and_kept(digits: Path, tmp_path: Path) -> None:
    run = Run(str(digits), FLAT, "bank", 3)
    first = measured(run, TINY, tmp_path)
    (file,) = tmp_path.glob("*.json")
    kept = json.loads(file.read_text())
    kept["accuracy"] = 7.0
    file.write_text(json.dumps(kept))
    assert measured(run, TINY, tmp_path)["accuracy"] == 7.0
    file.unlink()
    again = measured(run, TINY, tmp_path)
    assert {k: v for k, v in again.items() if "seconds" not in k} == {
        k: v for k, v in first.items() if "seconds" not in k
    }
    assert not list(tmp_path.glob("*.partial"))


def test_statistics_by_hand() -> None:
    """One pooling always first, one always last: the difference of ranks is that of 7 places, and Friedman sees it."""
    rows = [
        {"data": data, "architecture": CONVOLUTIONAL, "pooling": name, "seed": seed, "accuracy": 0.9 - 0.1 * place}
        for data in "abc"
        for seed in range(3)
        for place, name in enumerate(POOLINGS[CONVOLUTIONAL])
    ]
    finding = pooling_page._compared(rows, CONVOLUTIONAL, {})
    assert finding.verdict == pooling_page.DIFFERS
    assert finding.numbers["spread"].value == len(POOLINGS[CONVOLUTIONAL]) - 1
    # Demsar 2006, table 5: q at 5 % for six classifiers is 2.850.
    assert finding.numbers["spread"].reference == pytest.approx(2.850 * np.sqrt(6 * 7 / (6 * 9)), rel=1e-3)
    assert finding.tables["ranks"].rows[0][:2] == ("max", 1.0)


PUBLISHED = """
.763 .768 .771 .798  .599 .591 .590 .569  .954 .971 .968 .967  .628 .661 .654 .657  .882 .888 .886 .898
.936 .931 .916 .931  .661 .668 .609 .685  .583 .583 .563 .625  .775 .838 .866 .875  1 1 1 1
.940 .962 .965 .962  .619 .666 .614 .669  .972 .981 .975 .975  .957 .978 .946 .970
"""


def test_statistics_of_a_published_comparison(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four classifiers on 14 data sets, Demsar 2006, table 6; equal scores share their ranks."""
    names = ("max", "m", "cf", "m and cf")
    monkeypatch.setitem(POOLINGS, "fixture", names)
    scores = np.array(PUBLISHED.split(), dtype=float).reshape(14, 4)
    rows = [
        {"data": str(block), "architecture": "fixture", "pooling": name, "seed": 0, "accuracy": score}
        for block, values in enumerate(scores)
        for name, score in zip(names, values, strict=True)
    ]
    finding = pooling_page._compared(rows, "fixture", {})
    found = {row[0]: row[1] for row in finding.tables["ranks"].rows}
    assert found == {"max": 3.14, "m": 2.0, "cf": 2.93, "m and cf": 1.93}
    assert finding.numbers["spread"].p_value == pytest.approx(0.0120, abs=5e-5)
    assert finding.numbers["spread"].reference == pytest.approx(1.2535, abs=1e-4)
    assert finding.verdict == pooling_page.DIFFERS


def test_a_small_study_from_the_command_line(digits: Path, tmp_path: Path) -> None:
    words = ["reproduce", "pooling", "--data", str(digits), "--images", "60", "--epochs", "1", "--seeds", "2"]
    done = CliRunner().invoke(app, [*words, "-o", str(tmp_path / "out"), "-q"])
    assert done.exit_code == 0, done.output
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert [f["subject"] for f in report["findings"]][:2] == ["digits, architecture (a)", "digits, architecture (b)"]
    page = (tmp_path / "out" / "report.html").read_text()
    assert "Protocol" in page
    assert "Trained on 60 images of each set" in page
    assert "Primary circle" not in page
    runs = len(list((tmp_path / "out" / "runs").glob("*.json")))
    assert runs == 2 * sum(map(len, POOLINGS.values()))


def test_the_papers_table_stands_beside_ours(digits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pooling, "POOLINGS", {FLAT: ("max", "LEAP", "PL", "PML", "raw pixels")})
    monkeypatch.setattr(pooling_page, "POOLINGS", {FLAT: ("max", "LEAP", "PL", "PML", "raw pixels")})
    file = digits.rename(digits.with_name("mnist.npz"))
    report = pooling_page.pooling_study([file], recipe=TINY, work=tmp_path, seeds=2)
    row = report.findings[0]
    assert row.verdict == pooling_page.BELOW
    assert row.numbers["best"].reference == 0.9472
    published = {line[0]: line[3] for line in row.tables["accuracies"].rows}
    assert published == {"max": 0.8905, "LEAP": 0.9238, "PL": 0.9472, "PML": 0.9087, "raw pixels": None}
    assert "Below the paper's own figure" in row.warnings[0]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--data", "nothing.npz"], "nothing.npz does not exist"),
        (["--data", "README.md"], "must be an .npz file"),
    ],
)
def test_bad_input(words: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("README.md").write_text("no images")
    done = CliRunner().invoke(app, ["reproduce", "pooling", *words, "-q"])
    assert done.exit_code == 1
    assert message in done.stderr
    assert not Path("topolens-pooling/report.html").exists()
