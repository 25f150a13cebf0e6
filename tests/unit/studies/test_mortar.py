"""The study on TopoMortar: network, losses of the rows, training and what runs share, statistics, a small run."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

import walls
from topolens.cli import app
from topolens.studies import mortar_losses, mortar_page, mortar_training
from topolens.studies.mortar_data import read_mortar
from topolens.studies.mortar_losses import BASELINE, ROWS, Objective, Row
from topolens.studies.mortar_page import HELPS, HURTS, UNSHOWN, mortar_study, verdict
from topolens.studies.mortar_pictures import BRICK, EXTRA_HOLE, EXTRA_PIECE, LOST_HOLE, LOST_PIECE, marked, window
from topolens.studies.mortar_published import DEFECTS, PUBLISHED
from topolens.studies.mortar_runs import Run, Source, measured
from topolens.studies.mortar_statistics import Difference, over_groups, over_seeds, paired
from topolens.studies.mortar_training import Recipe, probabilities, train
from topolens.studies.unet import UNet

TINY = Recipe(widths=(4, 8), side=32, batch=2, steps=4)
TWO = {name: ROWS[name] for name in list(ROWS)[:2]}


@pytest.fixture
def source(tmp_path: Path) -> Source:
    return Source((str(walls.repository(tmp_path / "data")),))


@pytest.fixture
def two_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(ROWS)[2:]:
        monkeypatch.delitem(ROWS, name)


def test_unet_answers_in_the_size_of_its_images() -> None:
    model = UNet((4, 8, 16), supervised=2)
    x = torch.rand(2, 3, 12, 20)
    answers = model.answers(x)
    assert [tuple(y.shape) for y in answers] == [(2, 1, 12, 20)] * 3
    assert torch.equal(answers[0], model(x))
    sum(y.sum() for y in answers).backward()
    assert all(p.grad is not None for p in model.parameters())
    with pytest.raises(ValueError, match="multiples of 4, got"):
        model(torch.rand(1, 3, 12, 18))


def test_unet_sees_far_and_near() -> None:
    """One pixel moves answers in its place and, through the lowest level, on the other side of the image."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = UNet((4, 8, 16, 16)).eval()
    x = torch.zeros(1, 3, 32, 32)
    x[0, 0] = torch.linspace(0, 1, 32)
    y = x.clone()
    y[0, :, 3, 3] += 1
    moved = (model(x) - model(y)).abs()[0, 0]
    assert moved[3, 3] > 2 * moved[28, 28] > 0


@pytest.mark.parametrize("name", ROWS)
def test_every_row_has_a_gradient_that_pulls_to_the_truth(name: str) -> None:
    """Some steps along the gradient of the whole objective, late terms included, make a broken wall a better one."""
    truth = torch.from_numpy(walls.wall(1)[1])[None, None].float()[..., :32, :32]
    logits = (4 * truth - 2 + torch.randn(truth.shape, generator=torch.Generator().manual_seed(0))).requires_grad_()
    with torch.no_grad():
        logits[..., 12:20] *= -0.2
    objective = Objective(ROWS[name], 0, 0)
    optimiser = torch.optim.Adam([logits], 0.05)
    first = float(objective([logits], truth).detach())
    for _ in range(10):
        optimiser.zero_grad()
        loss = objective([logits], truth)
        loss.backward()
        assert torch.isfinite(loss)
        assert torch.isfinite(logits.grad).all()
        optimiser.step()
    assert float(objective([logits], truth).detach()) < first


@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize("value", [0.0, 1.0, 0.3])
def test_every_row_is_finite_on_even_labels(name: str, value: float) -> None:
    """Crops without mortar, of nothing but mortar, and the soft labels of self-distillation."""
    logits = torch.randn(2, 1, 32, 32, generator=torch.Generator().manual_seed(0)).requires_grad_()
    loss = Objective(ROWS[name], 0, 0)([logits], torch.full((2, 1, 32, 32), value))
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(logits.grad).all()


def test_lower_answers_count_less_and_late_terms_see_the_finest() -> None:
    row = Row(lambda y, t: y.mean(), late=lambda y, t: 10 * y.mean(), weight=0.5)
    answers = [torch.full((1, 1, 2, 2), value) for value in (1.0, 2.0, 4.0)]
    objective = Objective(row, start=1, over=0)
    shares = [1 / 1.75, 0.5 / 1.75, 0.25 / 1.75]
    base = (1 + 2 * shares[1] + 4 * shares[2]) / 3
    target = torch.zeros(1, 1, 2, 2)
    assert objective(answers, target).item() == pytest.approx(base)
    assert objective(answers, target).item() == pytest.approx(base + 5)
    objective.resume(0)
    assert objective(answers, target).item() == pytest.approx(base)


def late_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ROWS, "late", Row(mortar_losses.ce_dice, late=lambda y, t: (y**2).mean(), told="late"))


def weights(name: str, source: Source, work: Path, recipe: Recipe = TINY, kind: str = "accurate") -> torch.Tensor:
    data = read_mortar(source.paths)
    model = train(name, data.train, data.labels[kind], recipe, 0, work).model
    return torch.cat([p.detach().flatten() for p in model.parameters()])


def test_a_shared_beginning_changes_nothing(source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    late_row(monkeypatch)
    for folder in ("alone", "after"):
        (tmp_path / folder).mkdir()
    alone = weights("late", source, tmp_path / "alone")
    plain = weights(BASELINE, source, tmp_path / "after")
    beginnings = list((tmp_path / "after").glob("beginning-*.pt"))
    assert len(beginnings) == 1
    assert torch.equal(weights("late", source, tmp_path / "after"), alone)
    assert list((tmp_path / "after").glob("*")) == beginnings
    assert not torch.equal(plain, alone)
    assert torch.equal(weights(BASELINE, source, tmp_path / "after"), plain)
    weights("late", source, tmp_path / "after", kind="noisy")
    assert len(list((tmp_path / "after").glob("beginning-*.pt"))) == 2


def test_the_papers_protocol_on_small_walls(source: Source, tmp_path: Path) -> None:
    """Whole images, lower levels supervised, momentum; with fewer levels, as the walls are small."""
    data = read_mortar(source.paths)
    papers = mortar_page.PAPERS
    assert len(papers.widths) == papers.supervised + 2
    assert 40e6 < sum(p.numel() for p in UNet(papers.widths, supervised=papers.supervised).parameters()) < 50e6
    recipe = replace(papers, widths=(4, 8, 16), supervised=1, batch=3, steps=40)
    made = train("Topograph", data.train, data.labels["accurate"], recipe, 0, tmp_path)
    masks = probabilities(made.model, data.test) > 0.5
    assert float((masks == data.truth.bool()).double().mean()) > 0.9


def test_one_step_is_enough(source: Source, tmp_path: Path) -> None:
    data = read_mortar(source.paths)
    for name in ("Topograph", BASELINE):
        made = train(name, data.train, data.labels["accurate"], replace(TINY, steps=1), 0, tmp_path)
        assert made.loss > 0
        assert made.late_seconds > 0


def test_self_distillation_learns_from_what_the_network_sees(
    source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[torch.Tensor] = []

    def crops(images: torch.Tensor, labels: torch.Tensor, *rest: object) -> tuple[torch.Tensor, torch.Tensor]:
        seen.append(labels.clone().float())
        return real(images, labels, *rest)

    real = mortar_training.crops
    monkeypatch.setattr(mortar_training, "crops", crops)
    weights("CE-Dice + self-distillation", source, tmp_path, replace(TINY, steps=6))
    assert torch.equal(seen[0], seen[1])
    assert set(seen[0].unique().tolist()) == {0.0, 1.0}
    assert torch.equal(seen[2], seen[3])
    assert not torch.equal(seen[2], seen[0])
    assert not torch.equal(seen[4], seen[2])
    assert float(seen[4].min()) > 0


def test_networks_learn_walls(source: Source, tmp_path: Path) -> None:
    data = read_mortar(source.paths)
    made = train(BASELINE, data.train, data.labels["accurate"], replace(TINY, steps=60, rate=0.01), 0, tmp_path)
    masks = probabilities(made.model, data.test) > 0.5
    assert float((masks == data.truth.bool()).double().mean()) > 0.97
    assert made.loss < 0.7


def test_runs_are_kept_masks_and_scores_apart(source: Source, tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    run = Run("accurate", BASELINE, 0)
    first = measured(run, source, TINY, work)
    (scores,), (masks,) = list(work.glob("*.json")), list(work.glob("*.npz"))
    assert set(first["scores"]) == set(mortar_page.METRICS)
    assert all(len(values) == len(walls.TESTS) for values in first["scores"].values())
    made = masks.stat().st_mtime_ns
    scores.unlink()
    assert measured(run, source, TINY, work) == first
    assert masks.stat().st_mtime_ns == made
    scores.write_text(json.dumps(first | {"loss": 7.0}))
    assert measured(run, source, TINY, work)["loss"] == 7.0
    assert not list(work.glob("*.partial"))


def test_means_by_hand() -> None:
    """Groups count alike: (1 + 3) / 2 and 8 make 5."""
    values = np.array([[1.0, 3.0, 8.0], [2.0, 4.0, 9.0]])
    assert over_groups(values, ["a", "a", "b"]).tolist() == pytest.approx([5, 6])
    found = over_seeds(np.array([5.0, 6.0, 7.0]))
    assert found.mean == 6
    assert found.interval == pytest.approx((6 - 4.302653 / np.sqrt(3), 6 + 4.302653 / np.sqrt(3)), rel=1e-6)
    assert np.isnan(over_seeds(np.array([5.0])).interval[0])


def test_paired_bootstrap() -> None:
    generator = np.random.default_rng(1)
    noise = generator.normal(0, 1, (3, 40))
    groups = ["a"] * 20 + ["b"] * 20
    none, clear = paired(noise, groups), paired(noise - 2, groups)
    assert none.p_value > 0.05
    assert clear.p_value < 0.001
    assert clear.agreeing == 3
    assert clear.interval[0] < clear.mean < clear.interval[1] < 0
    spread = noise.mean(0).reshape(2, 20).std(1, ddof=1) / np.sqrt(20) / 2
    assert clear.interval[1] - clear.mean == pytest.approx(1.96 * np.hypot(*spread), rel=0.1)
    assert paired(np.zeros((2, 5)), ["a"] * 5).p_value == 1


def test_groups_of_one_image_are_drawn_as_images() -> None:
    noise = np.random.default_rng(3).normal(0, 1, (2, 6))
    assert paired(noise, list("abcdef")) == paired(noise, ["a"] * 6)
    assert paired(noise, list("abcdef")).p_value > 0.05
    low, high = paired(noise - 0.1, list("aabbcc")).interval
    assert low < high
    assert (paired(noise, list("aabbbb")).mean) == pytest.approx(noise[:, :2].mean() / 2 + noise[:, 2:].mean() / 2)


def test_bootstrap_is_sized_right() -> None:
    """Without a difference, one test in twenty or so is below 5 %, also where groups are small."""
    generator = np.random.default_rng(0)
    for groups in (["a"] * 30, list("aabbccddeeff"), list("abcdefghij")):
        noise = generator.normal(0, 1, (400, 3, len(groups)))
        p = [paired(one, groups, draws=400).p_value for one in noise]
        assert 0.02 < np.mean(np.array(p) < 0.05) < 0.11


@pytest.mark.parametrize(
    ("differences", "expected"),
    [
        ([(-1.0, 0.01, 3), (1.0, 0.5, 3)], HELPS),
        ([(-1.0, 0.01, 2), (1.0, 0.5, 3)], UNSHOWN),
        ([(1.0, 0.01, 3), (1.0, 0.5, 3)], HURTS),
        ([(-1.0, 0.06, 3), (1.0, 0.5, 3)], UNSHOWN),
    ],
)
def test_verdicts(differences: list[tuple[float, float, int]], expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ROWS, "some loss", Row(mortar_losses.ce_dice, topological=True))
    names = ("some loss", "B0"), ("some loss", "B1")
    against = {
        name: Difference(mean, (0, 0), p, seeds) for name, (mean, p, seeds) in zip(names, differences, strict=True)
    }
    against[("CE-Dice + RandHue", "B0")] = Difference(-9, (0, 0), 0.001, 3)
    assert verdict(against, 3) == expected


def test_errors_are_marked() -> None:
    truth = np.zeros((20, 20), bool)
    truth[2:9, 2:9] = True
    truth[4:7, 4:7] = False  # a ring
    truth[12:18, 2:6] = True  # a piece
    mask = truth.copy()
    mask[4:7, 4:7] = True  # its hole is filled
    mask[12:18, 2:6] = False  # the piece is missing
    mask[3:8, 14:19] = True
    mask[5, 16] = False  # a ring that is not there
    marks = marked(mask, truth)
    assert (marks[4:7, 4:7] == LOST_HOLE).all()
    assert (marks[12:18, 2:6] == LOST_PIECE).all()
    assert marks[5, 16] == EXTRA_HOLE
    assert marks[3, 14] == EXTRA_PIECE
    assert (marks == BRICK).sum() == 400 - 49 - 24 - 25
    assert set(np.unique(marked(truth, truth))) == {0, 1}
    assert set(np.unique(marked(~truth, ~truth))) == {0, 1}
    assert set(np.unique(marked(np.zeros_like(truth), truth))) == {BRICK, LOST_PIECE, LOST_HOLE}
    assert window(marks, 8) == (slice(0, 8), slice(12, 20))
    marks[16:18, 16:18], marks[12, 18], marks[19, 19] = LOST_PIECE, LOST_PIECE, EXTRA_HOLE
    assert window(marks, 8) == (slice(12, 20), slice(12, 20))


def test_published_figures_are_whole() -> None:
    for figures in PUBLISHED.values():
        assert set(DEFECTS) <= set(figures)
        assert BASELINE in figures
        for one in figures.values():
            assert 0 < one.dice < 1
            assert one.out_hd95 > one.hd95
    assert mortar_page._published_ratio("accurate", "clDice", "B0") == pytest.approx(0.353)
    assert mortar_page._published_ratio("pseudo", "clDice", "B0", "outside") == pytest.approx(0.259)
    assert mortar_page._published_ratio("accurate", "Topograph", "B0") is None


@pytest.mark.usefixtures("two_rows")
def test_a_small_study_from_the_command_line(source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mortar_page, "QUICK", TINY)
    words = ["reproduce", "topomortar", "--data", *source.paths, "--quick", "--seeds", "2", "--workers", "1", "-q"]
    done = CliRunner().invoke(app, [*words, "-o", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    (finding,) = report["findings"]
    assert finding["subject"] == "accurate labels"
    assert finding["verdict"] in (HELPS, UNSHOWN, HURTS)
    assert [row[0] for row in finding["tables"]["inside"]["rows"]] == list(TWO)
    assert len(finding["tables"]["outside_differences"]["rows"]) == 2
    remarks = {row[0]: row[-1] for row in finding["tables"]["published"]["rows"]}
    assert remarks["TOPO"].startswith("not run here; defective port")
    assert remarks[BASELINE] == "comparable"
    assert {figure["kind"] for figure in finding["figures"].values()} == {"masks"}
    page = (tmp_path / "out" / "report.html").read_text()
    assert "Protocol" in page
    assert "4 training images; tests on 3 whole images in distribution and 3 of the six other groups" in page
    assert "hole missing" in page
    assert len(list((tmp_path / "out" / "runs").glob("*.json"))) == 4


@pytest.mark.usefixtures("two_rows")
def test_finished_runs_are_read(source: Source, tmp_path: Path) -> None:
    first = mortar_study(source, ["noisy"], recipe=TINY, work=tmp_path / "runs", seeds=range(2))
    files = sorted((tmp_path / "runs").glob("*.json"))
    for file in files:
        found = json.loads(file.read_text())
        found["scores"]["B0"] = [5.0] * len(walls.TESTS)
        file.write_text(json.dumps(found))
    again = mortar_study(source, ["noisy"], recipe=TINY, work=tmp_path / "runs", seeds=range(2))
    assert {row[1] for row in again.findings[0].tables["inside"].rows} == {5.0}
    assert sorted((tmp_path / "runs").glob("*.json")) == files
    assert first.findings[0].figures.keys() == again.findings[0].figures.keys()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--data", "nothing"], "nothing does not exist; name with --data the folder of"),
        (["--data", "."], "lacks train/images; name with --data the folder of"),
        (["--data", "walls", "--labels", "exact"], "labels must be of accurate, noisy, pseudo, got 'exact'"),
        (["--data", "walls", "--quick", "--full"], "--quick and --full exclude each other"),
    ],
)
def test_bad_input(words: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    walls.repository(tmp_path / "walls")
    done = CliRunner().invoke(app, ["reproduce", "topomortar", *words, "-q"])
    assert done.exit_code == 1
    assert message in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not Path("topolens-topomortar/runs").exists()
