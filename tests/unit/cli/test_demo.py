import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from typer.testing import CliRunner

from topolens.cli import app
from topolens.studies.demo import CIFAR, DIGITS, MNIST, demo_report, shipped_filters


def test_output_is_checked_before_the_work(in_tmp):
    Path("out").touch()
    result = CliRunner().invoke(app, ["demo", "-o", "out"])
    assert result.exit_code == 1
    assert result.stderr.startswith("topolens: error: the report cannot go to out: ")


def test_one_report_on_all_networks(tmp_path):
    steps = {f"step_{step:06d}": torch.randn(2, 64, 1, 3, 3).half() for step in (0, 100)}
    save_file({**steps, "accuracy": torch.tensor([0.98, 0.99])}, tmp_path / "small.safetensors")
    told = []
    report = demo_report(
        2, progress=lambda *now: told.append(now), shipped=tmp_path / "small.safetensors", digits_steps=150
    )
    assert [(f.name, f.subject) for f in report.findings[:4]] == [
        ("filter_training", MNIST),
        ("filter_space", MNIST),
        ("filter_training", DIGITS),
        ("filter_space", DIGITS),
    ]
    residual = report.findings[4:]
    assert len(residual) == 12
    assert all(f.subject.startswith(f"{CIFAR}, stage") for f in residual)
    page = report.save(tmp_path / "out")
    model = json.loads(page.with_name("report.json").read_text())["provenance"]["model"]
    assert model[MNIST]["filters"] == 128
    assert model[MNIST]["mean test accuracy"] == pytest.approx(0.985)
    assert model[DIGITS]["mean test accuracy"] > 0.5
    assert model[CIFAR]["test accuracy"] > 0.8
    assert any("training 2 networks" in message for _, _, message in told)
    assert all(0 <= done <= total * 1.001 for done, total, _ in told)


def test_shipped_filters_are_a_trained_ensemble():
    steps, accuracy = shipped_filters()
    assert {0, 100, 500, 1000, 2000} <= steps.keys()
    assert len(accuracy) >= 100
    assert accuracy.float().min() >= 0.985
    for filters in steps.values():
        assert filters.shape == (len(accuracy), 64, 1, 3, 3)
