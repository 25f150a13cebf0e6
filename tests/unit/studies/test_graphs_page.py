"""The page of the study on graphs: its test by hand, its verdicts, a small run, runs kept, bad input."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from topolens.cli import app
from topolens.studies import graphs_page
from topolens.studies.graph_runs import Source
from topolens.studies.graphs import PIPELINES, Recipe
from topolens.studies.graphs_page import HELPS, HURTS, UNSHOWN, corrected_t, graphs_study, verdict

TINY = Recipe(outer=2, inner=2, epochs=1, rates=(1e-2,))


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graphs_page, "QUICK", TINY)
    monkeypatch.setattr(graphs_page, "DRAWN_QUICK", 30)


def saved(file: Path, few: int = 0, **arrays: np.ndarray) -> Path:
    """A file with a set SMALL: ten rings and ten paths of 3 to 12 vertices, `few` less of each, or other arrays."""
    edges = [[[i, (i + 1) % n] for i in range(n - path)] for n in range(3, 13 - few) for path in (0, 1)]
    parts = {
        "num_nodes": np.repeat(np.arange(3, 13 - few), 2),
        "num_edges": np.array([len(own) for own in edges]),
        "edges": np.array([edge for own in edges for edge in own]),
        "y": np.arange(20 - 2 * few) % 2,
    }
    np.savez(file, **{f"SMALL__{name}": array for name, array in (parts | arrays).items()})
    return file


def test_corrected_t_by_hand() -> None:
    """Values 0, 2 and 4 of three folds: mean 2, s² = 4, error sqrt((1/3 + 1/2) 4), t with two degrees of freedom."""
    found = corrected_t([0.0, 2.0, 4.0], 3)
    error = np.sqrt(10 / 3)
    t = 2 / error
    assert found.mean == 2
    assert found.p_value == pytest.approx(1 - t / np.sqrt(2 + t**2))  # closed form for two degrees of freedom
    assert found.interval == pytest.approx((2 - 4.302653 * error, 2 + 4.302653 * error), rel=1e-6)


def test_corrected_t_of_equal_values() -> None:
    assert corrected_t([0.0, 0.0], 2).p_value == 1
    assert corrected_t([0.5, 0.5], 2).p_value == 0
    with pytest.raises(ValueError, match="at least 2 values and 2 folds, got 1 and 2"):
        corrected_t([0.5], 2)


@pytest.mark.parametrize(
    ("twins", "expected"),
    [
        ([(0.1, 0.01), (0.1, 0.5)], HELPS),
        ([(-0.1, 0.01), (0.1, 0.5)], HURTS),
        ([(0.1, 0.06), (-0.1, 0.5)], UNSHOWN),
        ([(0.1, 0.01), (-0.1, 0.01)], UNSHOWN),
    ],
)
def test_verdicts(twins: list[tuple[float, float]], expected: str) -> None:
    assert verdict(twins) == expected


def test_topology_helps_on_cycles(tmp_path: Path) -> None:
    recipe = Recipe(outer=5, inner=2, epochs=8, rates=(1e-2,))
    report = graphs_study(Source(None, 100), ["CYCLES"], recipe=recipe, work=tmp_path, seeds=range(1))
    assert report.findings[0].verdict == HELPS


@pytest.mark.usefixtures("quick")
def test_a_small_study_from_the_command_line(tmp_path: Path) -> None:
    words = ["reproduce", "graphs", "--quick", "--seeds", "1", "--workers", "1", "-o", str(tmp_path), "-q"]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    report = json.loads((tmp_path / "report.json").read_text())
    assert [f["subject"] for f in report["findings"]] == ["CYCLES", "NECKLACES"]
    rows = report["findings"][1]["tables"]["accuracies"]["rows"]
    assert {row[0]: row[4] for row in rows} == dict.fromkeys(PIPELINES) | {
        "GIN-2-TOGL-1": 0.988,
        "GIN-2-TOGL-1, static": 0.772,
    }
    for finding in report["findings"]:
        assert finding["verdict"] in (HELPS, UNSHOWN, HURTS)
        assert len(finding["tables"]["differences"]["rows"]) == 3
    assert "repetitions with other splits: 1. Inner folds, 2, choose" in (tmp_path / "report.html").read_text()


@pytest.mark.usefixtures("quick")
def test_finished_runs_are_read(tmp_path: Path) -> None:
    words = ["reproduce", "graphs", "--quick", "--seeds", "1", "--workers", "1", "--set", "SMALL", "-q"]
    words += ["--data", str(saved(tmp_path / "few.npz")), "-o", str(tmp_path / "out")]
    runs = tmp_path / "out" / "runs"
    assert CliRunner().invoke(app, words).exit_code == 0
    files = sorted(runs.glob("*.json"))
    assert len(files) == 2 * len(PIPELINES)
    for file in files:
        file.write_text(json.dumps(json.loads(file.read_text()) | {"accuracy": 0.25}))
    assert CliRunner().invoke(app, words).exit_code == 0
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert {row[1] for row in report["findings"][0]["tables"]["accuracies"]["rows"]} == {0.25}
    assert sorted(runs.glob("*.json")) == files


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--data", "none.npz"], "No such file or directory: none.npz"),
        (["--set", "MUTAG"], "set must be CYCLES or NECKLACES, or one of a file of graphs named with --data"),
        (["--data", "small.npz", "--set", "NCI1"], "small.npz must hold NCI1__num_nodes; its sets are SMALL"),
        (["--data", "empty.npz", "--set", "SMALL"], "SMALL in empty.npz holds no graphs"),
        (
            ["--data", "few.npz", "--set", "SMALL"],
            "SMALL must have 10 different graphs of each class for as many folds, has 9",
        ),
    ],
)
def test_bad_input(words: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    saved(tmp_path / "small.npz")
    saved(tmp_path / "few.npz", few=1)
    nothing = np.zeros(0, dtype=np.int64)
    saved(
        tmp_path / "empty.npz", num_nodes=nothing, num_edges=nothing, edges=np.zeros((0, 2), dtype=np.int64), y=nothing
    )
    done = CliRunner().invoke(app, ["reproduce", "graphs", *words, "-q"])
    assert done.exit_code == 1
    assert message in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not Path("topolens-graphs/runs").exists()
