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
    networks = [network_of(member, seed=seed) for seed in range(3)]
    report = network_report(
        networks[0], samples_of(member, 60), twin=networks[1], checkpoints=dict(enumerate(networks)), only=list(PLAN)
    )
    assert [finding.name for finding in report.findings] == list(PLAN)
    assert all(finding.answer for finding in report.findings)
    listed = {name: (*CARDS[name].verdicts, "not defined") for name in PLAN}
    assert [f.verdict for f in report.findings if f.verdict not in listed[f.name]] == []
    json.dumps(report.to_json(), allow_nan=False)


def names(report: Report) -> list[str]:
    return [finding.name for finding in report.findings]


def test_analyses_of_checkpoints_and_attention_come_where_there_are_some() -> None:
    net, data = nn.Sequential(nn.Flatten(), nn.Linear(16, 3)), (torch.rand(30, 1, 4, 4), torch.arange(30) % 3)
    assert names(network_report(net, data)) == [n for n in PLAN if n not in ("attention", "training", "trajectory")]
    asked = network_report(net, data, only=["attention", "training"])
    assert [finding.verdict for finding in asked.findings] == ["not defined", "not defined"]
    assert "no part of the network is a torch.nn.MultiheadAttention" in asked.findings[0].answer
    assert "two checkpoints of one training run are needed, got 0" in asked.findings[1].answer


def test_a_run_of_checkpoints_is_seen() -> None:
    """Twelve moments that drift, and a thirteenth with the same weights as the twelfth."""
    torch.manual_seed(0)
    data, runs = (torch.rand(60, 8), torch.arange(60) % 3), {}
    step = torch.randn(2, 8)
    for moment in range(13):
        runs[10 * moment] = nn.Linear(8, 3)
        with torch.no_grad():
            runs[10 * moment].weight.copy_(torch.cat([step * min(moment, 11), torch.ones(1, 8)]))
            runs[10 * moment].bias.zero_()
    found = network_report(runs[120], data, checkpoints=runs, only=["training", "trajectory"])
    training, trajectory = found.findings
    assert training.series["accuracy"].x == tuple(10.0 * i for i in range(13))
    assert trajectory.verdict == "wider than a random walk"
    assert "magnitude.losses" in trajectory.numbers


def test_trust_shifts_some_samples_and_knows_others() -> None:
    torch.manual_seed(0)
    data = (torch.rand(120, 1, 8, 8), torch.arange(120) % 3)
    net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 3))
    first, again = (network_report(net, data, only=["trust"]).findings[0] for _ in range(2))
    assert first.provenance["shape"] == [60, 60]
    assert [row[0] for row in first.tables["shifts"].rows] == ["noise", "blur", "inversion", "permuted pixels"]
    assert first.numbers == again.numbers
    once = network_report(net, iter([data]), only=["trust"]).findings[0]
    assert once.verdict == first.verdict  # what can be gone through once only is kept
    tokens = network_report(nn.Sequential(nn.Embedding(5, 4), nn.Flatten(), nn.Linear(8, 3)),
                            torch.randint(0, 5, (40, 2)), only=["trust"]).findings[0]  # fmt: skip
    assert "no shift is known for inputs that are not one tensor of floating-point numbers" in tokens.answer


def test_attention_is_read_where_the_network_has_some() -> None:
    class Reader(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.attend, self.last = nn.MultiheadAttention(8, 2, batch_first=True), nn.Linear(8, 3)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.last(self.attend(x, x, x)[0].mean(1))

    data = (torch.randn(40, 6, 8), torch.arange(40) % 3)
    report = network_report(Reader(), data, twin=Reader(), only=None)
    found = next(finding for finding in report.findings if finding.name == "attention")
    assert [row[:3] for row in found.tables["heads"].rows][:2] == [("attend", 0, 0), ("attend", 1, 0)]
    assert found.references["untrained"]


def test_samples_are_drawn_and_keep_their_numbers() -> None:
    """Sorted by class, the first sixty samples would lack a class; those of wrong labels are among the last."""
    labels, wrong = torch.arange(90) // 30, torch.arange(62, 90, 6)
    x = nn.functional.one_hot(labels, 3).float()[:, :, None, None] + 0.1 * torch.rand(90, 3, 4, 4)
    labels[wrong] = 0
    net = nn.Sequential(nn.Flatten(), nn.Linear(48, 6), nn.Tanh(), nn.Linear(6, 3))
    found = network_report(net, (x, labels), samples=60, only=["suspicious_samples"]).findings[0]
    rows = found.tables["suspicious"].rows
    assert rows[0][1] in wrong.tolist()
    assert all(int(row[2]) == int(labels[row[1]]) for row in rows)
    assert found.figures["samples"].data["images"][0].shape == (4, 4)


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


def test_the_command_on_checkpoints(net, tmp_path) -> None:
    for step in (5, 10):
        torch.save(nn.Sequential(nn.Flatten(), nn.Linear(64, 10)).state_dict(), tmp_path / f"run_{step}.pt")
    asked = ["report", "run_10.pt", "run_5.pt", *net[1:3], "--data", "digits", "--normalize", "0.3/0.4", "--json"]
    result = CliRunner().invoke(app, [*asked, "--samples", "60", "--analyses", "model_summary,training"])
    assert result.exit_code == 0, result.stderr
    made = json.loads(result.stdout)
    assert made["provenance"]["model"]["data"] == "digits, normalised by 0.3/0.4"
    assert made["findings"][1]["series"]["accuracy"]["x"] == [5, 10]
    last = made["findings"][0]["numbers"]["accuracy"]["value"]
    alone = CliRunner().invoke(
        app, ["report", "run_10.pt", *asked[3:], "--samples", "60", "--analyses", "model_summary"]
    )
    assert json.loads(alone.stdout)["findings"][0]["numbers"]["accuracy"]["value"] == last


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (["--data", "digits", "--normalize", "svhn"], "pictures are normalised by imagenet, cifar10"),
        (["--data", "digits", "--normalize", "imagenet"], "one number for each of 1 channels"),
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


def test_normalization_without_data_is_refused() -> None:
    result = CliRunner().invoke(app, ["report", "w.pt", "--normalize", "mnist"])
    assert result.exit_code == 2
    assert "without --data" in result.stderr


def test_data_without_code_is_refused(tmp_path) -> None:
    result = CliRunner().invoke(app, ["report", "w.pt", "--data", "digits"])
    assert result.exit_code == 2
    assert "needs the code of the network" in result.stderr
