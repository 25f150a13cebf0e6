"""What a report on data will take: predictions follow the shapes, budgets are kept by saying what was cut."""

import json
import math
from dataclasses import replace

import pytest
import torch
from torch import nn
from typer.testing import CliRunner

from topolens.analyses.filter_loops import Settings
from topolens.cli import app
from topolens.probes import convolutions
from topolens.report.budget import plan, replayable, work_of
from topolens.report.build import Rates as FilterRates
from topolens.report.build import affordable, report
from topolens.report.costs import COUNTS, LEAST, MEMORY, OF_LABELS, PARTS, Rates, Work, predicted
from topolens.report.network import PLAN, joined, network_report
from topolens.report.report import Report

RATES = Rates(product=4e-11, pair=3e-10, entry=1e-8, step=1.4e-6, bars=2.5e-3)
WORK = Work(
    samples=2000, widths=(64,) * 20 + (512, 10), weights=((64, 576),) * 20, twin=True, labelled=True, forward=0.01
)


def test_every_analysis_of_the_plan_has_a_price() -> None:
    assert set(PLAN) <= set(PARTS)
    assert set(PARTS) == set(COUNTS)
    assert set(MEMORY) <= set(PARTS)


LIMITED = ("trust", "attention", "training", "trajectory")  # they keep to limits of their own


@pytest.mark.parametrize("name", [name for name in PLAN if name not in LIMITED])
def test_more_costs_more(name) -> None:
    less = replace(WORK, samples=200, widths=WORK.widths[-3:], weights=WORK.weights[:3])
    assert 0 < predicted(name, less, RATES).seconds < predicted(name, WORK, RATES).seconds
    assert predicted(name, less, RATES).bytes < predicted(name, WORK, RATES).bytes
    slow = Rates(*(2 * rate for rate in RATES))
    assert predicted(name, WORK, slow).seconds == pytest.approx(2 * predicted(name, WORK, RATES).seconds)


def test_more_checkpoints_cost_more() -> None:
    for name in ("training", "trajectory"):
        few, many = (predicted(name, replace(WORK, checkpoints=count), RATES).seconds for count in (2, 9))
        assert 0 < few < many


@pytest.mark.parametrize("change", [{"widths": ()}, {"weights": ()}, {"labelled": False}, {"widths": (1, 1)}])
def test_what_cannot_be_looked_at_has_a_price_too(change) -> None:
    for name in PARTS:
        seconds = predicted(name, replace(WORK, **change), RATES).seconds
        assert math.isfinite(seconds)
        assert seconds == LEAST or change != {"labelled": False} or name not in OF_LABELS


def test_nothing_is_cut_without_need() -> None:
    free = plan(list(PLAN), WORK, None, RATES)
    assert free.names == tuple(PLAN)
    assert free.cut == plan(list(PLAN), WORK, free.seconds, RATES).cut == ()
    assert free.recording == pytest.approx(2000 * 0.01 * 2)


def test_cuts_are_made_in_their_order_and_said() -> None:
    whole = plan(list(PLAN), WORK, None, RATES)
    half = plan(list(PLAN), WORK, 0.6 * whole.seconds, RATES)
    assert half.seconds <= 0.6 * whole.seconds
    assert half.names == tuple(PLAN)
    assert half.cut[0] == "6 layers were looked at in place of 12"
    assert half.cut[1] == "1,000 samples were looked at in place of 2,000"
    tight = plan(list(PLAN), WORK, 13.0, RATES)
    assert tight.seconds <= 13.0
    assert 1 < len(tight.names) < len(PLAN)
    for name in set(PLAN) - set(tight.names):
        assert any(sentence.startswith(f"{name} was left out") for sentence in tight.cut)
    none = plan(list(PLAN), WORK, 0.0, RATES)
    assert none.names == ("model_summary",)
    assert plan(["layer_similarity"], WORK, 0.0, RATES).names == ("layer_similarity",)
    assert (
        none.cut[-1] == "the budget is below what recording and one analysis take, so the run takes longer than asked"
    )


def test_a_trial_sees_the_shapes() -> None:
    net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))
    x, y = torch.rand(90, 4), torch.arange(90) % 3
    work = work_of(net, (x, y), None, 2000, twin=False)
    assert (work.samples, work.widths, work.weights) == (90, (8, 8, 3), ((8, 4), (3, 8)))
    assert work.labelled
    assert work.forward > 0
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x), 16)
    assert work_of(net, loader, None, 50, twin=False).samples == 50
    assert work_of(net, list(x.split(16)), None, None, twin=False).samples == 90
    assert not work_of(net, x, None, None, twin=False).labelled


def test_data_that_is_gone_after_one_pass_is_kept_as_far_as_needed() -> None:
    net = nn.Linear(4, 3)
    parts = iter(torch.rand(90, 4).split(16))
    assert len(replayable(parts, 40)) == 3
    assert len(list(parts)) == 3
    found = network_report(net, iter(torch.rand(90, 4).split(16)), only=["model_summary"], twin=nn.Linear(4, 3))
    assert found.provenance["model"]["samples"] == 90


def test_a_report_says_what_its_budget_cut(tmp_path) -> None:
    net, told = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3)), []
    data = torch.rand(60, 4), torch.arange(60) % 3
    found = network_report(net, data, budget=0.02, progress=lambda *given: told.append(given))
    budget = found.provenance["budget"]
    assert [finding.name for finding in found.findings] == list(budget["analyses"])
    assert "model_summary" in budget["analyses"]
    assert any("was left out" in sentence for sentence in budget["cut"])
    assert told[0][0] == 0
    assert told[0][1] == pytest.approx(budget["predicted"])
    assert told[0][2].startswith("about 0 s and ")
    assert told[-1][0] == pytest.approx(told[-1][1])
    page = found.save(tmp_path).read_text(encoding="utf-8")
    assert "Cut for the budget" in page
    assert Report.load(tmp_path).provenance["budget"]["seconds"] == 0.02


def test_without_a_limit_no_number_is_infinite() -> None:
    net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten(), nn.Linear(16, 2))
    found = network_report(net, torch.rand(20, 1, 4, 4), only=["model_summary"], budget=math.inf)
    both = joined(found, report(net, budget=math.inf), math.inf)
    assert both.provenance["budget"]["seconds"] is None
    json.dumps(both.to_json(), allow_nan=False)


def test_filters_of_fewer_layers_are_looked_at_on_a_small_budget() -> None:
    net = nn.Sequential(*(nn.Conv2d(32, 64 if i < 5 else 32, 3) for i in range(6)))
    layers = convolutions(net)[0]
    rates = FilterRates(1e-9, 5e-5, 0.02)
    assert affordable(layers, Settings(), None, rates) == layers
    some = affordable(layers, Settings(), 25.0, rates)
    assert 1 < len(some) < 6
    assert some[0] is layers[0]
    assert some[-1] is layers[-1]
    assert affordable(layers, Settings(), 0.0, rates) == layers[-1:]


def test_layers_left_out_are_said() -> None:
    net = nn.Sequential(*(nn.Conv2d(3, 8, 3) for _ in range(3)))  # too few filters: some milliseconds a layer
    found = report(net, budget=0.015)
    assert found.provenance["budget"]["cut"][-1].startswith("the filters of 1 of 3 layers were looked at")
    assert [row["layer"] for row in found.provenance["skipped"]] == ["0", "1"]
    assert {row["reason"] for row in found.provenance["skipped"]} == {"the budget"}


def test_the_command_keeps_to_a_budget(tmp_path, monkeypatch) -> None:
    (tmp_path / "priced.py").write_text(
        "from torch import nn\ndef net():\n    return nn.Sequential(nn.Flatten(), nn.Linear(64, 10))\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    asked = ["report", "--model", "priced:net", "--data", "digits", "--budget", "0.01", "-o", "out"]
    result = CliRunner().invoke(app, asked)
    assert result.exit_code == 0, result.stderr
    assert "for 12 analyses" not in result.stderr
    made = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    assert made["provenance"]["budget"]["seconds"] == 0.01
    assert made["provenance"]["budget"]["cut"]
