"""A report on a network with data: the plan, what is refused, and the same by command."""

import json

import pytest
import torch
from torch import nn
from typer.testing import CliRunner

from topolens.analyses import CARDS
from topolens.cli import app
from topolens.report.network import PLAN, network_report
from topolens.report.report import Report
from topolens.studies.zoo import MEMBERS, network_of, samples_of


def test_every_analysis_of_the_plan_has_a_card() -> None:
    assert set(PLAN) <= set(CARDS)


def test_chosen_analyses_only() -> None:
    model, told = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3)), []
    report = network_report(
        model, (torch.rand(30, 4), torch.arange(30) % 3), only=["model_summary"], progress=lambda *x: told.append(x)
    )
    assert [finding.name for finding in report.findings] == ["model_summary"]
    assert report.provenance["model"]["samples"] == 30
    assert set(report.provenance["methods"]) >= {"model_summary"}
    assert told[0][2].endswith("recording activations")
    assert told[-1][2] == "done"


def test_the_page_and_the_file_hold_it(tmp_path) -> None:
    report = network_report(nn.Linear(4, 3), torch.rand(30, 4), only=["model_summary"])
    page = report.save(tmp_path).read_text(encoding="utf-8")
    assert "Renumbering neurons" in page
    assert Report.load(tmp_path).findings[0].verdict == "not defined"


@pytest.mark.parametrize("member", MEMBERS[:28], ids=lambda member: member.name)
def test_every_analysis_takes_every_family_or_says_why_not(member) -> None:
    """Few samples: here it matters that nothing fails, not what is found."""
    report = network_report(network_of(member), samples_of(member, 60), twin=network_of(member, seed=1))
    assert [finding.name for finding in report.findings] == list(PLAN)
    assert all(finding.answer and finding.verdict for finding in report.findings)
    json.dumps(report.to_json(), allow_nan=False)


def test_refused() -> None:
    with pytest.raises(ValueError, match="there is no analysis 'colour'; there are model_summary"):
        network_report(nn.Linear(4, 3), torch.rand(3, 4), only=["colour"])
    with pytest.raises(RuntimeError, match="the network fails in Linear on input of shape"):
        network_report(nn.Linear(4, 3), torch.rand(3, 5))


@pytest.fixture
def net(tmp_path, monkeypatch):
    """A module with a network, and weights beside it."""
    (tmp_path / "net_of_test.py").write_text(
        "from torch import nn\ndef net():\n    return nn.Sequential(nn.Flatten(), nn.Linear(64, 10))\n"
    )
    torch.save(nn.Sequential(nn.Flatten(), nn.Linear(64, 10)).state_dict(), tmp_path / "w.pt")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    return ["report", "--model", "net_of_test:net", "--weights", "w.pt"]


def test_the_command(net, tmp_path) -> None:
    asked = [*net, "--data", "digits", "--samples", "200", "--analyses", "model_summary", "-o", "out"]
    result = CliRunner().invoke(app, asked)
    assert result.exit_code == 0, result.stderr
    assert "model summary:" in result.stdout
    made = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    assert made["provenance"]["model"]["data"] == "digits"
    assert made["provenance"]["model"]["samples"] == 200


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (["--data", "nothing.npz"], "there is no file or folder nothing.npz"),
        (["--data", "digits", "--analyses", "foo"], "there is no analysis 'foo'"),
        (["--data", "digits", "--layers", "conv9"], "no module is called 'conv9'"),
    ],
)
def test_the_command_refuses_in_one_sentence(net, tmp_path, more, sentence) -> None:
    result = CliRunner().invoke(app, [*net, *more])
    assert result.exit_code == 1
    assert sentence in result.stderr
    assert len(result.stderr.strip().splitlines()[-1]) > 20
    assert not (tmp_path / "topolens-report").exists()


def test_data_without_code_is_refused(tmp_path) -> None:
    result = CliRunner().invoke(app, ["report", "w.pt", "--data", "digits"])
    assert result.exit_code == 2
    assert "needs the code of the network" in result.stderr
