"""Bars of a layer: which points make them, and what Gaussian clouds would give."""

from pathlib import Path

import numpy as np
import pytest
import torch

import topolens as tl
from topolens.explorer.diagrams import Generators, diagram_key, make_diagram
from topolens.explorer.recording import Plan, make_run
from topolens.explorer.store import Run


def cloud_run(folder: Path, points: torch.Tensor) -> Run:
    return make_run(Plan({"w": torch.nn.Identity()}, [0], points, layers=[""]), folder)


def document(run: Run) -> dict:
    assert make_diagram(run, "l0", "c0", lambda done, what: None) == diagram_key("l0", "c0")
    return run.result("diagrams", diagram_key("l0", "c0"))


def test_the_loop_of_a_circle_is_found_and_goes_round(tmp_path: Path) -> None:
    points = torch.cat([tl.shapes.circle(400, noise=0.05, seed=1), torch.zeros(400, 3)], 1)
    run = cloud_run(tmp_path / "run", points)
    found = document(run)
    first, second = [bar for bar in found["bars"] if bar["dim"] == 1][:2]
    assert first["p"] == pytest.approx(1 / 40)
    assert second["p"] > 0.05
    assert first["death"] - first["birth"] > found["null_persistence"]["1"] > second["death"] - second["birth"]
    assert "1 loop " in found["sentence"]
    angle = np.arctan2(*run.points("l0", "c0")[first["rows"], :2].T)
    turns = np.diff(np.unwrap(np.append(angle, angle[0])))
    assert abs(turns.sum()) == pytest.approx(2 * np.pi, abs=0.01)
    assert np.abs(turns).max() < 1


def test_two_clusters_are_parted_by_the_longest_bar(tmp_path: Path) -> None:
    generator = torch.Generator().manual_seed(0)
    points = torch.randn(90, 4, generator=generator)
    points[30:] += 40
    bars = document(cloud_run(tmp_path / "run", points))["bars"]
    assert bars[0]["death"] is None
    assert bars[0]["rows"] == []
    assert sorted(bars[1]["rows"]) == list(range(30))
    assert bars[1]["p"] < 0.05


def test_generators_are_loops_of_edges_no_longer_than_the_birth() -> None:
    points = torch.randn(60, 3, generator=torch.Generator().manual_seed(1)).double()
    diagrams = tl.persistence(tl.rips(points[None]), max_dim=1).of_dim(1)
    generators, far = Generators(points), torch.cdist(points, points)
    assert len(diagrams) > 5
    for (birth, death), cells in zip(diagrams.intervals.tolist(), diagrams.cells.tolist(), strict=True):
        rows = generators.of(1, cells, birth, death)
        around = far[rows, [*rows[1:], rows[0]]]
        assert len(set(rows)) == len(rows) >= 4
        assert float(around.max()) == pytest.approx(birth)


def test_clouds_that_show_nothing_say_why(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="2 different points, too few"):
        document(cloud_run(tmp_path / "few", torch.tensor([[0.0, 1.0], [1.0, 0.0]]).repeat(20, 1)))
    broken = torch.rand(40, 3)
    broken[3, 1] = float("nan")
    with pytest.raises(ValueError, match="NaN or infinite"):
        document(cloud_run(tmp_path / "nan", broken))
