"""Comparing networks: a copy is the same, another function is not, seeds are noise; and the command."""

import json

import pytest
import torch
from torch import nn
from typer.testing import CliRunner

from topolens.cli import app
from topolens.report.comparison import compare


def trained(seed: int, labels: torch.Tensor, x: torch.Tensor) -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 3))
        optimiser = torch.optim.Adam(model.parameters(), 1e-2)
        for _ in range(60):
            optimiser.zero_grad()
            nn.functional.cross_entropy(model(x), labels).backward()
            optimiser.step()
    return model


@pytest.fixture(scope="module")
def task() -> tuple[torch.Tensor, torch.Tensor]:
    x = torch.randn(120, 6, generator=torch.Generator().manual_seed(0))
    return x, x[:, :3].argmax(1)


def test_a_copy_is_the_same_and_another_task_is_not(task) -> None:
    x, y = task
    first = trained(0, y, x)
    report = compare({"a": first, "copy": first, "other": trained(1, x[:, 3:].argmax(1), x)}, task)
    assert [f.subject for f in report.findings] == ["a", "copy", "other", "a against copy", "a against other"]
    assert report.findings[0].verdict == "learned"
    assert report.findings[3].verdict == "same within noise"
    assert report.findings[4].verdict == "differs"
    assert set(report.provenance["methods"]) == {"model_summary", "model_difference"}


def test_what_seeds_differ_by_is_noise(task) -> None:
    x, y = task
    nets = {str(seed): trained(seed, y, x) for seed in range(4)}
    report = compare({"a": nets["0"], "b": nets["1"]}, task, seeds={"2": nets["2"], "3": nets["3"]})
    assert report.findings[-1].verdict == "same within noise"


def test_what_cannot_be_compared_says_why(task) -> None:
    report = compare({"a": nn.Linear(6, 3), "b": nn.Sequential(nn.Linear(6, 3))}, task)
    assert report.findings[-1].verdict == "not defined"
    assert "Not defined for these networks" in report.findings[-1].answer
    with pytest.raises(ValueError, match="two networks at least to compare, got 1"):
        compare({"a": nn.Linear(6, 3)}, task)


def test_the_command(tmp_path, monkeypatch) -> None:
    (tmp_path / "nets_of_comparison.py").write_text(
        "from torch import nn\ndef net():\n    return nn.Sequential(nn.Flatten(), nn.Linear(64, 8), nn.Linear(8, 10))\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    for name in "ab":
        model = nn.Sequential(nn.Flatten(), nn.Linear(64, 8), nn.Linear(8, 10))
        torch.save(model.state_dict(), tmp_path / f"{name}.pt")
    asked = ["compare", "a.pt", "b.pt", "--model", "nets_of_comparison:net", "--data", "digits", "--samples", "100"]
    result = CliRunner().invoke(app, [*asked, "-o", "out"])
    assert result.exit_code == 0, result.stderr
    assert "model difference, a.pt against b.pt: differs" in result.stdout
    made = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    assert made["provenance"]["model"]["source"] == "a.pt against b.pt"
    for given, sentence in (
        (["compare", "a.pt", *asked[3:]], "compare needs the weights of two networks at least, got 1"),
        (["compare", "a.pt", "a.pt", *asked[3:]], "a.pt is named twice"),
        ([*asked[:-3], "nothing", "-q"], "there is no file or folder nothing"),
    ):
        refused = CliRunner().invoke(app, given)
        assert refused.exit_code == 1
        assert sentence in refused.stderr
    assert not (tmp_path / "topolens-comparison").exists()
