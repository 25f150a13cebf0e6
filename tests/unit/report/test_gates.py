"""Conditions on a report: what they say, what they mean, and that nothing undefined passes for a good sign."""

import json

import pytest
import torch
from torch import nn
from typer.testing import CliRunner

from topolens.analyses.finding import Finding, Number
from topolens.cli import app
from topolens.report import Report, addresses, condition, outcome


def finding(name: str, subject: str, verdict: str, **numbers: Number) -> Finding:
    return Finding(name, subject, "?", "!", verdict, {key.replace("__", "."): value for key, value in numbers.items()})


NC1 = Number(0.25, "NC1", (0.2, 0.3), "95 %", 0.9, "shuffled labels", 0.01)
REPORT = Report(
    (
        finding("class_structure", "model", "separated", nc1=NC1, z=Number(None, "z"), clusters=Number(10, "clusters")),
        finding("filter_space", "conv1.a", "circle", top_bar=Number(0.5, "bar")),
        finding("filter_space", "conv1.b", "no structure", top_bar=Number(0.05, "bar"), clusters=Number(2, "c")),
        finding("class_topology", "model", "not defined"),
        finding("trust", "model", "sees the shift", auroc__noise=Number(0.7, "A"), auroc__blur=Number(0.4, "A")),
    )
)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("collapse.nc1 > 0.1", ("collapse.nc1", ">", 0.1)),
        ("nc1>=1e-3", ("nc1", ">=", 0.001)),
        ("nc1==-.5", ("nc1", "==", -0.5)),
        (
            "model_difference.lr=0.1.pt against b.pt.rtd != +2.",
            ("model_difference.lr=0.1.pt against b.pt.rtd", "!=", 2),
        ),
        (" a.verdict == 'circle' ", ("a.verdict", "==", "circle")),
        ('class_structure.verdict != "not defined"', ("class_structure.verdict", "!=", "not defined")),
    ],
)
def test_a_condition_is_read(text, parts) -> None:
    found = condition(text)
    assert (found.address, found.comparison, found.bound) == parts


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "a condition must be ADDRESS"),
        ("nc1", "a condition must be ADDRESS"),
        ("nc1 > ", "a condition must be ADDRESS"),
        ("nc1 => 3", "a condition must be ADDRESS"),
        ("nc1 > nan", "a condition must be ADDRESS"),
        ("nc1 > 1 and z > 2", "a condition must be ADDRESS"),
        ("nc1 > __import__('os').system('touch marker')", "a condition must be ADDRESS"),
        ("> 3", "a condition must be ADDRESS"),
        ("class_structure.verdict == collapsed", "a condition must be ADDRESS"),
        ("class_structure.verdict == 3", "verdicts are compared with a word in quotes"),
        ("class_structure.nc1 == 'collapsed'", "verdicts are compared with a word in quotes"),
        ("class_structure.verdict > 'collapsed'", "with == and != only"),
        ("collapse.verdict == 'colapsed'", "no verdict of class_structure is 'colapsed'; nearest: 'collapsed'"),
        ("*.verdict == 'colapsed'", "no verdict of any analysis is 'colapsed'; nearest: 'collapsed'"),
    ],
)
def test_what_is_no_condition_is_refused(text, sentence) -> None:
    with pytest.raises(ValueError, match=sentence.replace("*", r"\*")):
        condition(text)


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("class_structure.model.nc1 > 0.1", ["class_structure.model.nc1"]),
        ("class_structure.nc1 > 0.25", []),
        ("collapse.nc1 >= 0.25", ["class_structure.model.nc1"]),
        ("nc1 == 0.25", ["class_structure.model.nc1"]),
        ("nc1 != 0.25", []),
        ("nc1.low < 0.25", ["class_structure.model.nc1.low"]),
        ("nc1.high < 0.25", []),
        ("collapse.nc1.reference <= 0.9", ["class_structure.model.nc1.reference"]),
        ("nc1.p < 0.05", ["class_structure.model.nc1.p"]),
        ("filter_space.conv1.b.top_bar < 0.1", ["filter_space.conv1.b.top_bar"]),
        ("filter_space.*.top_bar < 0.1", ["filter_space.conv1.b.top_bar"]),
        ("filter_space.*.verdict == 'circle'", ["filter_space.conv1.a.verdict"]),
        ("trust.auroc.* < 0.5", ["trust.model.auroc.blur"]),
        ("class_topology.verdict == 'not defined'", ["class_topology.model.verdict"]),
    ],
)
def test_an_address_means_what_it_says(text, holds) -> None:
    assert list(outcome(REPORT, text).holds) == holds


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("class_structure.nc2 > 1", "no number is called class_structure.nc2; nearest: .*class_structure.nc1.*there"),
        ("nothing > 1", "no number is called nothing; there are .*filter_space.conv1.b.top_bar"),
        ("collapse.z > 1", "class_structure.model.z has no value in this report"),
        ("class_topology.b1 < 1", "class_topology of model says 'not defined'"),
        ("weight_topology.prunable < 1", "it has no weight_topology, only class_structure"),
        ("filter_space.top_bar < 1", "is one of several numbers, filter_space.conv1.a.top_bar, filter_space.conv1.b"),
        ("clusters < 1", "is one of several numbers, class_structure.model.clusters, filter_space.conv1.b.clusters"),
        ("filter_space.*.clusters < 1", "filter_space.conv1.a.clusters has no value"),
        ("filter_space.*.verdicts < 1", "no number is called"),
        ("nc1.lower < 1", "no number is called nc1.lower; nearest: nc1.low"),
    ],
)  # fmt: skip
def test_what_cannot_be_judged_is_no_pass(text, sentence) -> None:
    with pytest.raises(LookupError, match=sentence):
        outcome(REPORT, text)


def test_every_number_has_an_address_that_means_it() -> None:
    found = addresses(REPORT)
    assert found["class_structure.model.nc1"] == 0.25
    assert found["class_structure.model.z"] is None
    for address, value in found.items():
        if isinstance(value, float):
            assert outcome(REPORT, f"{address} == {value!r}").holds == (address,)


def test_values_are_those_of_the_file(tmp_path) -> None:
    report = Report((finding("class_structure", "model", "separated", nc1=Number(0.1 + 1e-12, "NC1")),))
    report.save(tmp_path)
    assert outcome(report, "nc1 == 0.1").values == outcome(Report.load(tmp_path), "nc1 == 0.1").values
    assert outcome(report, "nc1 > 0.1").holds == ()


@pytest.fixture
def asked(tmp_path, monkeypatch):
    """A network without a hidden layer and what to ask of it; quick."""
    (tmp_path / "net_of_gates.py").write_text(
        "from torch import nn\ndef net():\n    return nn.Sequential(nn.Flatten(), nn.Linear(64, 10))\n"
    )
    torch.manual_seed(0)
    for name in "ab":
        torch.save(nn.Sequential(nn.Flatten(), nn.Linear(64, 10)).state_dict(), tmp_path / f"{name}.pt")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    return ["--model", "net_of_gates:net", "--data", "digits", "--samples", "60", "-o", "out", "-q"]


def run(*words):
    return CliRunner().invoke(app, words)


@pytest.mark.parametrize(
    ("conditions", "code", "sentence"),
    [
        (["accuracy > 0.9"], 0, ""),
        (["accuracy > 0.9", "model_summary.accuracy < 0.9"], 3, "'model_summary.accuracy < 0.9' holds: model_summary."),
        (["accuracie < 0.9"], 4, "cannot be judged: no number is called accuracie; nearest: accuracy"),
        (["accuracie < 0.9", "accuracy < 0.9"], 3, "cannot be judged"),
        (["accuracy < 0.9 or True"], 2, "a condition must be ADDRESS"),
    ],
)
def test_the_exit_code(asked, tmp_path, conditions, code, sentence) -> None:
    words = [word for text in conditions for word in ("--fail-if", text)]
    result = run("report", "a.pt", *asked, "--analyses", "model_summary", *words)
    assert result.exit_code == code, result.stderr
    assert sentence in " ".join(result.stderr.replace("│", " ").split())
    assert (tmp_path / "out" / "report.html").exists() == (code != 2)


def test_json_stays_alone_on_stdout(asked) -> None:
    result = run("report", "a.pt", *asked, "--analyses", "model_summary", "--json", "--fail-if", "accuracy < 0.9")
    assert result.exit_code == 3
    value = json.loads(result.stdout)["findings"][0]["numbers"]["accuracy"]["value"]
    assert result.stderr == (
        f"topolens: --fail-if 'accuracy < 0.9' holds: model_summary.model.accuracy is {value:.7g}\n"
    )


def test_compare_has_it_too(asked) -> None:
    result = run("compare", "a.pt", "b.pt", *asked, "--fail-if", "model_summary.b.pt.accuracy <= 1")
    assert (result.exit_code, result.stderr.count("holds: model_summary.b.pt.accuracy is")) == (3, 1)
