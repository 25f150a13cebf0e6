"""The purification study: verdicts by hand, resumption, a small run from the command line, bad input."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from topolens import _optional
from topolens.cli import app
from topolens.studies import purification_page
from topolens.studies.attacks import BPDA, CW, EPSILONS, FGSM, LARGE, LENGTHS, LONG_PGD, NOISE, PGD, Effort
from topolens.studies.crossed_samples import Mean
from topolens.studies.purification import (
    ARMS,
    ATTACKS,
    BARE,
    CLEAN,
    HARDENED,
    PLAIN,
    STRENGTHS,
    TOPOLOGICAL,
    Run,
    Training,
    measured,
    runs,
    values,
    worst,
)
from topolens.studies.purification_masking import MASKED, UNMASKED, masking
from topolens.studies.purification_page import AS_PLAIN, BEYOND, NOTHING, TOO_WEAK, purification_study, verdict

TINY = Training(images=100, epochs=1), Effort(test_images=20, steps=2, restarts=1, draws=2, search=2, descent=3)
IMAGES = 30
UP, DOWN, FLAT = (
    Mean(0.2, (0.1, 0.3), 0.001),
    Mean(-0.2, (-0.3, -0.1), 0.001),
    Mean(0.2, (-0.1, 0.5), 0.2),
)


def made_up(left: dict[tuple[str, str, float], float]) -> list[dict[str, Any]]:
    """Results of three seeds in which every arm keeps 0.9 unattacked and 0 under attack, unless `left` says more."""

    def row(arm: str, attack: str, size: float, by: str) -> dict[str, Any]:
        share = left.get((arm, attack, size), 0.9 if attack == CLEAN else 0.0)
        if by != arm:
            share = max(share, 0.1)
        right = [1.0] * round(share * IMAGES) + [0.0] * (IMAGES - round(share * IMAGES))
        return {"arm": arm, "size": None if size == float("inf") else size, "right": right}

    found = []
    for seed in range(3):
        for run in runs(["mnist.npz"], range(seed, seed + 1)):
            kinds = {CLEAN: (0.0,), CW: LENGTHS, PGD: (*EPSILONS, LARGE), LONG_PGD: EPSILONS[1:2]}
            arms = [arm for arm in ARMS if arm != HARDENED] if run.arm == BARE and run.attack != LONG_PGD else [run.arm]
            arms = list(ARMS) if run.attack == CLEAN else arms
            rows = [row(a, run.attack, s, run.arm) for s in kinds.get(run.attack, EPSILONS) for a in arms]
            networks = {arm: {"parameters": 9, "error": 0.1, "topology": 0.1} for arm in STRENGTHS}
            found.append({
                "data": "mnist", "seed": seed, "arm": run.arm, "attack": run.attack, "rows": rows, "seconds": 1.0,
                "flat": 0.0 if run.attack == PGD else None, "networks": networks, "classes": 10,
            })  # fmt: skip
    return found


def test_every_arm_meets_every_kind_of_attack() -> None:
    todo = runs(["a.npz", "b.npz"], range(2))
    assert len(todo) == len(set(todo)) == 4 * sum(map(len, ATTACKS.values()))
    assert {run.attack for run in todo if run.arm == TOPOLOGICAL} == {run.attack for run in todo if run.arm == PLAIN}
    assert BPDA in ATTACKS[TOPOLOGICAL]


def test_the_worst_attack_is_chosen_image_by_image() -> None:
    """PGD through the purifier leaves all, but what was made on the classifier alone breaks two thirds of it."""
    left = {(PLAIN, attack, EPSILONS[0]): 1.0 for attack in (NOISE, FGSM, PGD, BPDA, CLEAN)}
    found = made_up(left | {(PLAIN, CLEAN, 0.0): 1.0})
    assert worst(found, PLAIN, EPSILONS[0]).mean() == 1
    for result in found:
        for row in result["rows"]:
            if (result["arm"], result["attack"], row["arm"], row["size"]) == (BARE, PGD, PLAIN, EPSILONS[0]):
                row["right"] = [1.0, 0.0, 0.0] * (IMAGES // 3)
    assert worst(found, PLAIN, EPSILONS[0]).mean() == pytest.approx(1 / 3)
    assert values(found, PLAIN, PGD, EPSILONS[0]).mean() == 1
    assert values(found, PLAIN, PGD, EPSILONS[0], BARE).shape == (3, IMAGES)


@pytest.mark.parametrize(
    ("over_plain", "over_bare", "weak", "expected"),
    [
        (UP, UP, [], BEYOND),
        (FLAT, UP, [], AS_PLAIN),
        (DOWN, UP, [], AS_PLAIN),
        (UP, FLAT, [], NOTHING),
        (FLAT, DOWN, [], NOTHING),
        (UP, UP, [BARE], TOO_WEAK),
    ],
)
def test_verdicts(over_plain: Mean, over_bare: Mean, weak: list[str], expected: str) -> None:
    compared = {(TOPOLOGICAL, PLAIN, EPSILONS[1]): over_plain, (TOPOLOGICAL, BARE, EPSILONS[1]): over_bare}
    assert verdict(compared, weak) == expected


def test_robust_at_another_size_is_not_beyond() -> None:
    compared = {(TOPOLOGICAL, PLAIN, EPSILONS[0]): UP, (TOPOLOGICAL, BARE, EPSILONS[0]): FLAT}
    compared |= {(TOPOLOGICAL, PLAIN, EPSILONS[1]): FLAT, (TOPOLOGICAL, BARE, EPSILONS[1]): UP}
    assert verdict(compared, []) == AS_PLAIN


def test_masked_gradients_are_seen() -> None:
    assert masking(made_up({}), {}).verdict == UNMASKED
    stronger = masking(made_up({(TOPOLOGICAL, PGD, EPSILONS[1]): 0.9}), {})
    assert stronger.verdict == MASKED
    assert f"{TOPOLOGICAL}: PGD leaves more than FGSM" in stronger.answer
    beyond = masking(made_up({(PLAIN, PGD, LARGE): 0.8} | {(PLAIN, PGD, size): 0.9 for size in EPSILONS}), {})
    assert "0.800 left at 1" in beyond.answer


def test_runs_are_repeatable_and_kept(digits: Path, tmp_path: Path) -> None:
    pytest.importorskip("foolbox", reason="attacks need foolbox")
    run = Run(str(digits), 1, TOPOLOGICAL, PGD)
    first = measured(run, *TINY, tmp_path)
    (file,) = tmp_path.glob("*.json")
    assert len(list(tmp_path.glob("*.safetensors"))) == 2
    file.write_text(json.dumps(first | {"seconds": -1.0}))
    assert measured(run, *TINY, tmp_path)["seconds"] == -1
    file.unlink()
    assert measured(run, *TINY, tmp_path) | {"seconds": 0} == first | {"seconds": 0}
    assert not list(tmp_path.glob("*.partial"))


def test_a_small_study_from_the_command_line(digits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("foolbox", reason="attacks need foolbox")
    monkeypatch.setattr(purification_page, "QUICK", TINY)
    file = digits.rename(digits.with_name("mnist.npz"))
    words = ["reproduce", "purification", "--data", str(file), "--quick", "--workers", "1", "-o", str(tmp_path / "out")]
    done = CliRunner().invoke(app, [*words, "-q"])
    assert done.exit_code == 0, done.output
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    knowing, unknowing, bite = report["findings"]
    assert knowing["verdict"] in (BEYOND, AS_PLAIN, NOTHING, TOO_WEAK)
    assert bite["verdict"] in (MASKED, UNMASKED)
    assert {row[0] for row in knowing["tables"]["accuracies"]["rows"]} == set(ARMS)
    sizes = {row[1] for row in knowing["tables"]["purifiers"]["rows"]}
    assert len(sizes) == 1
    published = unknowing["tables"]["published"]
    assert "not from the paper itself" in published["caption"]
    assert [row[1] for row in published["rows"]][:3] == [96.61, 96.62, 4.3]
    assert all(np.isfinite(row[4]) for row in published["rows"][:3])
    page = (tmp_path / "out" / "report.html").read_text()
    assert "The published figures come from a note" in page
    kept = sorted((tmp_path / "out" / "runs").iterdir())
    assert CliRunner().invoke(app, [*words, "-q"]).exit_code == 0
    assert sorted((tmp_path / "out" / "runs").iterdir()) == kept


def test_without_foolbox_one_sentence(digits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(_optional.importlib, "import_module", absent)
    with pytest.raises(ImportError, match=r"install it with pip install 'topolens\[studies\]'"):
        purification_study([digits], training=TINY[0], effort=TINY[1], work=tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--data", "nothing.npz"], "nothing.npz does not exist"),
        (["--data", "small.npz"], "images of small.npz must be at least 4x4 for two poolings, got (3, 8)"),
    ],
)
def test_bad_input(words: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("foolbox", reason="attacks need foolbox")
    monkeypatch.chdir(tmp_path)
    x, y = np.zeros((4, 3, 8), dtype=np.uint8), np.arange(4)
    np.savez("small.npz", x_train=x, y_train=y, x_test=x, y_test=y)
    done = CliRunner().invoke(app, ["reproduce", "purification", *words, "-q"])
    assert done.exit_code == 1
    assert message in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not Path("topolens-purification/runs").exists()
