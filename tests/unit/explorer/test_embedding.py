"""The explorer's page within a report: what goes into it, at what price."""

import json
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from explorer_runs import built_page, digits, digits_network
from topolens.analyses import model_summary
from topolens.explorer import embedding as module
from topolens.explorer import export
from topolens.explorer.embedding import embedded_page, embedding
from topolens.explorer.packed import unpacked
from topolens.explorer.recording import Plan
from topolens.report.report import Report

EDGES = {"few.weight": torch.randn(8, 1, 3, 3), "many.weight": torch.randn(10, 8, 3, 3)}


@pytest.fixture(autouse=True)
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "PAGE", built_page(tmp_path / "built"))


def of_digits(**options: object) -> Plan:
    return Plan({"weights": digits_network()}, [0], digits(), **{"samples": 300, **options})


def data_in(page: str) -> dict:
    class Data(HTMLParser):
        inside, text = False, ""

        def handle_starttag(self, tag: str, attrs: list) -> None:
            self.inside = ("id", "topolens-data") in attrs

        def handle_data(self, data: str) -> None:
            self.text += data if self.inside else ""

        def handle_endtag(self, tag: str) -> None:
            self.inside = False

    found = Data()
    found.feed(page)
    return json.loads(found.text)


def test_the_page_has_a_graph_of_each_layer_the_findings_and_the_numbers_of_the_samples() -> None:
    report = Report((model_summary({"a": torch.rand(20, 3)}, None, None),))
    told: list[tuple] = []
    found = embedding(of_digits())
    page, said = embedded_page(found, report, lambda *each: told.append(each))
    data = data_in(page)
    names = {layer["id"]: layer["name"] for layer in data["run"]["layers"]}
    assert {names[head["settings"]["layer"]] for head in data["history"]} == set(said["graphs"])
    assert said["graphs"] == ["conv", "relu", "out"]
    newest = data["graphs"][data["history"][0]["key"]]
    assert names[newest["settings"]["layer"]] == "out"
    assert newest["confidence"]["resamples"] == module.RESAMPLES
    assert data["findings"]["findings"][0]["answer"] == report.findings[0].answer
    assert said["samples"] == 300
    numbers = unpacked(data["columns"]["samples/number-in-the-data"]["values"])
    assert found.places is not None
    assert np.array_equal(numbers, found.places.numpy())
    assert np.array_equal(
        unpacked(data["columns"]["samples/label"]["values"]), digits()[1][found.places].numpy().astype(np.float32)
    )
    assert told[-1][2] == "explorer: page"


def test_layers_are_spread_over_the_depth_and_filters_are_many_enough() -> None:
    deep = nn.Sequential(nn.Conv2d(1, 8, 3), *[nn.Conv2d(8, 8, 1) for _ in range(11)])
    plan = embedding(Plan({"weights": deep}, [0], digits(), samples=50)).plan
    assert plan.layers == ["0", "2", "4", "7", "9", "11"]
    assert plan.filters == []
    assert embedding(Plan({"weights": EDGES}, [0])).plan.filters == ["many"]


def test_of_several_checkpoints_the_last_is_shown() -> None:
    plan = embedding(Plan({"step 1": EDGES, "step 9": EDGES}, [1, 9])).plan
    assert (list(plan.networks), plan.steps) == (["step 9"], [9])


def test_large_pictures_are_fewer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PIXELS", 64 * 120)
    assert embedding(of_digits()).plan.samples == 120


def test_a_short_time_takes_fewer_samples_and_then_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LEAST_SAMPLES", 20)
    whole = embedding(of_digits(samples=1500))
    least = embedding(of_digits(samples=20)).seconds
    some = embedding(of_digits(samples=1500), (whole.seconds + least) / 2)
    assert 20 <= some.plan.samples < 1500
    with pytest.raises(ValueError, match=r"it would take some [\d.]+ s, and of the budget 1\.0 s are for it"):
        embedding(of_digits(), 1.0)


@pytest.mark.parametrize(
    ("weights", "says"), [({"a.weight": torch.randn(8, 1, 3, 3)}, "50 filters"), ({"a.weight": torch.ones(3)}, "50")]
)
def test_where_nothing_is_large_enough_it_says_so(weights: dict, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        embedding(Plan({"weights": weights}, [0]))


def test_without_a_built_page_it_says_what_to_do_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "PAGE", tmp_path)
    with pytest.raises(ValueError, match="run make page"):
        embedding(of_digits())


def test_a_layer_that_does_not_move_costs_the_others_nothing() -> None:
    network = digits_network()
    still = nn.Linear(10, 10)
    nn.init.zeros_(still.weight)
    network.append(still)
    _, said = embedded_page(
        embedding(Plan({"weights": network}, [0], digits(), samples=100)), Report(()), lambda *each: None
    )
    assert "out" in said["graphs"]


def test_a_layer_that_answers_twice_has_one_graph() -> None:
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.flat, self.act, self.first, self.second = nn.Flatten(), nn.ReLU(), nn.Linear(64, 9), nn.Linear(9, 5)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.act(self.second(self.act(self.first(self.flat(x)))))

    found = embedding(Plan({"weights": Twice()}, [0], digits(), samples=100))
    _, said = embedded_page(found, Report(()), lambda *each: None)
    assert sorted(said["graphs"]) == ["act", "first", "second"]
