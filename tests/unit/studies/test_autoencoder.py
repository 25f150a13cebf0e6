"""The study of autoencoders: data, networks, stopping, the control, resumption, verdicts, a small run."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from topolens.cli import app
from topolens.losses import TopologicalAutoencoderLoss
from topolens.studies import autoencoder, autoencoder_page
from topolens.studies.autoencoder import (
    METHODS,
    PLAIN,
    RANDOM,
    SPHERES,
    TOPOLOGICAL,
    Autoencoder,
    RandomPairs,
    Recipe,
    Run,
    Setting,
    measured,
    picture,
    setting,
    train,
)
from topolens.studies.autoencoder_page import ALIKE, LESS, MORE, autoencoder_study, interval, verdict
from topolens.studies.embedding_measures import measures
from topolens.studies.published_latents import published_measures
from topolens.studies.spheres import sphere_points, spheres

TINY = Recipe(points=120, test_points=60, epochs=1)
SMALL = Setting((8,), 16, 1e-2, 1.0)


def test_spheres_are_round_and_one_holds_half_of_the_points() -> None:
    points, labels = sphere_points(50, 100, 10, 5.0, 42)
    assert np.bincount(labels).tolist() == [50] * 10 + [500]
    np.testing.assert_allclose(np.linalg.norm(points[labels == 10], axis=1), 25, rtol=1e-5)
    gaps = np.linalg.norm(points[labels == 3][:, None] - points[labels == 3], axis=2)
    assert gaps.max() < 10
    assert np.median(gaps[gaps > 0]) == pytest.approx(
        5 * np.sqrt(2), rel=0.01
    )  # high dimensions: nearly at right angles
    data = spheres(samples=50)
    assert data.train.shape == (900, 101)
    assert data.test.shape == (100, 101)
    assert data.train.dtype == torch.float32
    torch.testing.assert_close(data.train.mean(0), torch.zeros(101), atol=1e-5, rtol=0)
    torch.testing.assert_close(data.train.std(0, correction=0), torch.ones(101))


@pytest.mark.parametrize("images", [True, False])
def test_networks_are_those_of_the_paper(images: bool) -> None:
    model = Autoencoder(784, (1000, 500, 250), images)
    kinds = [type(layer).__name__ for layer in model.encoder]
    after = ["ReLU", "BatchNorm1d"] if images else ["BatchNorm1d", "ReLU"]
    assert kinds == ["Linear", *after] * 3 + ["Linear"]
    z, back = model(torch.rand(4, 784))
    assert z.shape == (4, 2)
    assert back.shape == (4, 784)
    assert (type(model.decoder[-1]) is torch.nn.Tanh) == images


def test_settings_by_name() -> None:
    assert setting("mnist_small").batch == 126
    assert setting("fashion_mnist").weight == 2.226
    assert setting("letters") == setting("mnist")


def test_training_stops_and_goes_back_to_the_lowest_loss() -> None:
    """A rate so high that the validation loss soon rises."""
    x = torch.randn(80, 5, generator=torch.Generator().manual_seed(0))
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model, term = Autoencoder(5, (8,), False), TopologicalAutoencoderLoss()
    recipe = Recipe(epochs=200, patience=3)
    losses = train(model, term, x, Setting((8,), 16, 0.3, 1.0), recipe, torch.Generator().manual_seed(1))
    assert len(losses) < 200
    assert losses.index(min(losses)) == len(losses) - 1 - recipe.patience
    held = torch.randperm(80, generator=torch.Generator().manual_seed(1))[:12]
    with torch.no_grad():
        z, back = model.eval()(x[held])
        now = torch.nn.functional.mse_loss(back, x[held]) + term(x[held], z)
    assert float(now) == pytest.approx(min(losses), rel=1e-5)
    assert float(term.scale.detach()) != 1


def test_the_control_keeps_distances_without_trees() -> None:
    points = torch.randn(30, 4, generator=torch.Generator().manual_seed(0))
    farthest = float(torch.cdist(points, points).max())
    control = RandomPairs("max", torch.Generator().manual_seed(0))
    assert float(control(points, points / farthest).detach()) == pytest.approx(0, abs=1e-9)
    first, second = (float(control(points, points).detach()) for _ in range(2))
    assert first > 0
    assert first != second  # pairs are drawn anew
    control(points, points).backward()
    assert control.scale.grad is not None


def test_pictures() -> None:
    z, labels = np.array([[0.0, 0.0], [1.0, 1.0], [1.0, 0.0]]), np.array([7, 7, 3])
    pixels = np.array(picture(z, labels))
    side = autoencoder.SIDE
    assert pixels.shape == (side, side)
    assert pixels[side - 1, 0] == pixels[0, side - 1] == 2
    assert pixels[side - 1, side - 1] == 3
    assert (pixels > 0).sum() == 3


def test_runs_are_repeatable_and_kept(tmp_path: Path) -> None:
    run = Run(SPHERES, RANDOM, 3)
    first = measured(run, TINY, tmp_path)
    (file,) = tmp_path.glob("*.json")
    kept = json.loads(file.read_text())
    file.write_text(json.dumps(kept | {"epochs": 70}))
    assert measured(run, TINY, tmp_path)["epochs"] == 70
    file.unlink()
    again = measured(run, TINY, tmp_path)
    assert {k: v for k, v in again.items() if k != "seconds"} == {k: v for k, v in first.items() if k != "seconds"}
    assert not list(tmp_path.glob("*.partial"))
    assert measured(Run(SPHERES, TOPOLOGICAL, 3), TINY, tmp_path)["measures"] != first["measures"]


def test_verdicts_by_hand() -> None:
    mean, ends = interval([0.0, 2.0, 4.0])
    assert mean == 2
    assert ends == pytest.approx((2 - 4.302653 * 2 / np.sqrt(3), 2 + 4.302653 * 2 / np.sqrt(3)), rel=1e-6)
    assert [verdict(gain) for gain in ((0.1, 0.2), (-0.1, 0.2), (-0.2, -0.1))] == [MORE, ALIKE, LESS]


def test_gains_are_positive_where_the_topological_one_is_better() -> None:
    """It is better by 0.1 in everything, higher where that is better, lower otherwise; seeds differ by 1."""
    better = {name: 0.1 if larger else -0.1 for name, (_, larger) in autoencoder_page.MEASURES.items()}
    rows = [
        {"data": "made up", "method": method, "seed": seed, "epochs": 1, "seconds": 1.0, "picture": [[0, 1]],
         "measures": {name: seed + (step if method == TOPOLOGICAL else 0) for name, step in better.items()}}
        for seed in range(3) for method in METHODS
    ]  # fmt: skip
    finding = autoencoder_page._finding(rows, "made up", {})
    assert finding.verdict == MORE
    assert finding.numbers["gain"].value == pytest.approx(0.1)
    assert "of 9 measures it betters 9 and worsens 0" in finding.answer
    assert [line[2] for line in finding.tables["gains"].rows] == [MORE] * 9


def test_a_small_study_from_the_command_line(digits: Path, tmp_path: Path) -> None:
    words = ["reproduce", "autoencoder", "--data", str(digits), "--points", "100", "--test-points", "50"]
    words += ["--epochs", "1", "--seeds", "2", "--workers", "1", "-o", str(tmp_path / "out"), "-q"]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert [f["subject"] for f in report["findings"]] == ["spheres", "digits"]
    finding = report["findings"][1]
    assert finding["verdict"] in (MORE, ALIKE, LESS)
    assert [row[0] for row in finding["tables"]["measures"]["rows"]][-1] == "reconstruction MSE"
    mse = finding["tables"]["measures"]["rows"][-1]
    assert mse[3] is None  # t-SNE reconstructs nothing
    assert all(cell is not None for cell in mse[4:])
    page = (tmp_path / "out" / "report.html").read_text()
    assert "Protocol" in page
    assert "on at most 100 points" in page
    assert len(list((tmp_path / "out" / "runs").glob("*.json"))) == 2 * 2 * len(METHODS)


@pytest.fixture
def latents(tmp_path: Path) -> Path:
    """Two coordinates of the spheres as if someone had published them."""
    data = spheres()
    rows = np.column_stack([data.test[:, :2].numpy(), data.test_labels.numpy()])
    (tmp_path / "published" / "Two").mkdir(parents=True)
    np.savetxt(tmp_path / "published" / "Two" / "latents.csv", rows, delimiter=",", header="0,1,labels")
    return tmp_path / "published"


def test_published_points_are_measured(latents: Path, tmp_path: Path) -> None:
    report = autoencoder_study(recipe=TINY, work=tmp_path / "runs", seeds=2, latents=latents)
    table = report.findings[0].tables["published"]
    assert table.columns == ("measure", "better", "Two")
    data = spheres()
    kl = measures(data.test.numpy(), data.test[:, :2].numpy())["kl_0.1"]
    assert table.rows[1][2] == f"{kl:.4g}"


def test_the_test_points_are_those_of_the_paper() -> None:
    """The last labels of every latents.csv that the paper published of its spheres."""
    assert spheres().test_labels[-12:].tolist() == [7, 10, 10, 10, 10, 2, 6, 7, 10, 6, 3, 10]


def test_published_points_of_other_data_are_refused(latents: Path, tmp_path: Path) -> None:
    file = latents / "Two" / "latents.csv"
    rows = np.loadtxt(file, delimiter=",")
    np.savetxt(file, rows[::-1], delimiter=",", header="0,1,labels")
    with pytest.raises(ValueError, match="label of the first of the 1000 test points"):
        published_measures(latents)
    file.write_text("0,1,labels\nno numbers\n")
    with pytest.raises(ValueError, match="must hold rows of numbers after a header"):
        published_measures(latents)
    with pytest.raises(FileNotFoundError, match="must hold files METHOD/latents.csv, and has none"):
        published_measures(tmp_path / "nowhere")


def test_plain_networks_start_alike() -> None:
    """The twin differs in its loss only: after no pass the two are one network."""
    recipe = Recipe(points=120, test_points=60, epochs=0)
    x, y = (autoencoder.embedded(Run(SPHERES, method, 5), recipe)[0] for method in (PLAIN, TOPOLOGICAL))
    np.testing.assert_array_equal(x, y)


@pytest.mark.parametrize(
    ("words", "message"),
    [(["--data", "nothing.npz"], "nothing.npz does not exist"), (["--test-points", "20"], "more than 20 test points")],
)
def test_bad_input(words: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["reproduce", "autoencoder", *words, "-q"])
    assert done.exit_code == 1
    assert message in done.stderr
    assert not Path("topolens-autoencoder/runs").exists()
    with pytest.raises(ValueError, match="seeds must be at least 2"):
        autoencoder_study(recipe=TINY, work=tmp_path, seeds=1)
