import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn
from typer.testing import CliRunner

from explorer_runs import built_page
from topolens.cli import app

SMALL = ["--k", "5", "--p", "0.5", "--landmarks", "10"]


def report(*words):
    return CliRunner().invoke(app, ["report", *words])


def edges(count, seed=0):
    """Edge filters at all angles with some noise, shape (count, 1, 3, 3)."""
    generator = torch.Generator().manual_seed(seed)
    angle = 2 * torch.pi * torch.rand(count, 1, 1, generator=generator)
    x = torch.tensor([-1.0, 0.0, 1.0])
    filters = angle.cos() * x + angle.sin() * x[:, None]
    return (filters + 0.05 * torch.randn(count, 3, 3, generator=generator))[:, None]


def test_writes_a_page_and_its_numbers_and_tells_where(in_tmp):
    save_file({"conv.weight": edges(64)}, "net.safetensors")
    np.savez("images.npz", small=np.random.default_rng(0).random((2, 32, 32)), large=np.ones((1, 64, 64)))
    result = report("net.safetensors", *SMALL, "-o", "out", "--images", "images.npz:small")
    assert result.exit_code == 0, result.stderr
    assert "conv" in result.stdout
    assert result.stdout.splitlines()[-1] == "report: out/report.html"
    assert sorted(path.name for path in Path("out").iterdir()) == ["report.html", "report.json"]
    written = json.loads(Path("out/report.json").read_text())
    assert written["findings"][0]["verdict"] in result.stdout
    assert written["provenance"]["model"]["source"] == "net.safetensors"
    assert len(written["provenance"]["model"]["sha256"]) == 64
    assert written["provenance"]["command"].startswith("topolens ")
    assert "conv: filter space" in result.stderr


def test_default_directory(weights):
    assert report(weights, "-q").stdout == "topolens-report/report.html\n"


def test_json_stands_alone_on_stdout_and_writes_no_file(weights, in_tmp):
    result = report(weights, "--json")
    assert json.loads(result.stdout)["findings"][0]["subject"] == "conv"
    assert [path.name for path in in_tmp.iterdir()] == ["net.safetensors"]
    assert json.loads(report(weights, "--json", "-o", "out").stdout)
    assert Path("out/report.html").exists()


def test_quiet_prints_the_place_only(weights):
    result = report(weights, "-q", "-o", "out")
    assert (result.stdout, result.stderr) == ("out/report.html\n", "")


def test_8_filters_are_a_verdict_and_no_error(in_tmp):
    save_file({"conv.weight": torch.randn(8, 1, 3, 3)}, "few.safetensors")
    result = report("few.safetensors")
    assert result.exit_code == 0
    assert "too few filters" in result.stdout


def test_constant_filters_are_a_verdict_and_no_error(in_tmp):
    save_file({"conv.weight": torch.rand(64, 8, 1, 1).expand(64, 8, 3, 3).contiguous()}, "flat.safetensors")
    result = report("flat.safetensors", "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["findings"][0]["verdict"] == "too few filters"


def test_names_with_markup_are_printed_as_they_are(in_tmp):
    save_file({"[red]a[/red].weight": torch.randn(8, 1, 3, 3)}, "[bold]net[0].safetensors")
    result = report("[bold]net[0].safetensors")
    assert result.exit_code == 0
    assert "[red]a[/red]" in result.stdout
    assert "there is no file [/x]; check the path" in report("[/x]").stderr


def test_layers_by_comma_and_twice(in_tmp):
    save_file({f"{name}.weight": torch.randn(8, 1, 3, 3) for name in ("a1", "a2", "b", "c")}, "net.safetensors")
    result = report("net.safetensors", "--layers", "a*,c", "--layers", "2", "--json")
    assert [finding["subject"] for finding in json.loads(result.stdout)["findings"]] == ["a1", "a2", "b", "c"]


def test_checkpoints_are_ordered_by_the_number_in_their_names(in_tmp):
    for step in (20, 100):
        save_file({"conv.weight": edges(64, step)}, f"run1_{step}.safetensors")
    result = report("run1_100.safetensors", "run1_20.safetensors", *SMALL, "--json")
    assert result.exit_code == 0, result.stderr
    training = json.loads(result.stdout)["findings"][0]
    assert training["name"] == "filter_training"
    assert next(iter(training["series"].values()))["x"] == [20, 100]


def test_checkpoint_with_bad_weights_is_named(in_tmp):
    save_file({"conv.weight": torch.randn(8, 1, 3, 3)}, "net_1.safetensors")
    save_file({"conv.weight": torch.full((8, 1, 3, 3), float("nan"))}, "net_2.safetensors")
    result = report("net_1.safetensors", "net_2.safetensors")
    assert "net_2.safetensors: layer conv has 72 NaN weights of 72" in result.stderr


def test_images_must_be_told_apart(weights):
    np.savez("images.npz", small=np.ones((2, 32, 32)), large=np.ones((1, 64, 64)))
    result = report(weights, "--images", "images.npz")
    assert result.exit_code == 1
    assert "found small (2, 32, 32), large (1, 64, 64); choose with images.npz:name" in result.stderr


MODULE = """
import torch
from torch import nn
def net():
    return nn.Sequential(nn.Conv2d(1, 8, 3), nn.BatchNorm2d(8))
def needs(x):
    return nn.Conv2d(1, 8, x)
instance = net()
number = lambda: 7
"""


@pytest.fixture
def module(in_tmp, monkeypatch):
    (in_tmp / "my_nets.py").write_text(MODULE)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield "my_nets"
    sys.modules.pop("my_nets", None)


def test_model_out_of_ones_own_code(module):
    torch.save(nn.Sequential(nn.Conv2d(1, 8, 3), nn.BatchNorm2d(8)).state_dict(), "w.pt")
    result = report("--model", "my_nets:net", "--weights", "w.pt", "--json")
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["provenance"]["model"]["source"] == "w.pt in my_nets:net"
    assert report("--model", "my_nets:net", "--json").exit_code == 0


@pytest.mark.parametrize(
    ("spec", "sentence"),
    [
        ("my_nets", "must be given as package.module:factory, got 'my_nets'"),
        ("my_nots:net", "cannot import my_nots (ModuleNotFoundError"),
        ("my_nets:nett", "my_nets has no 'nett'; nearest: net"),
        ("my_nets:instance", "my_nets:instance is a Sequential; name a function or class"),
        ("my_nets:number", "my_nets:number() gave a int; it must give a torch.nn.Module"),
        ("my_nets:needs", "my_nets:needs() failed (TypeError"),
    ],
)
def test_model_that_is_none(module, spec, sentence):
    result = report("--model", spec)
    assert result.exit_code == 1
    assert sentence in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ({"0.weight": torch.ones(8, 1, 3, 3)}, "1 missing (0.bias)"),
        ({"0.weight": torch.ones(8, 1, 3, 3), "0.bias": torch.ones(8), "x": torch.ones(1)}, "1 unexpected (x)"),
        ({"0.weight": torch.ones(8, 1, 5, 5)}, "1 of another shape (0.weight (8, 1, 5, 5) for (8, 1, 3, 3))"),
    ],
)
def test_weights_that_do_not_fit_the_model(module, state, sentence):
    norm = {f"1.{name}": x for name, x in nn.BatchNorm2d(8).state_dict().items() if name != "num_batches_tracked"}
    torch.save({**state, **norm}, "w.pt")
    result = report("--model", "my_nets:net", "--weights", "w.pt")
    assert result.exit_code == 1
    assert result.stderr == f"topolens: error: the weights do not fit Sequential: {sentence}\n"


@pytest.fixture
def page(tmp_path_factory, monkeypatch):
    monkeypatch.setattr("topolens.explorer.export.PAGE", built_page(tmp_path_factory.mktemp("built") / "page"))


def test_the_page_holds_the_explorer_unless_asked_not_to(in_tmp, page):
    save_file({"conv.weight": edges(64)}, "net.safetensors")
    result = report("net.safetensors", *SMALL)
    assert "in the page: 1 Mapper graph," in result.stdout
    assert "srcdoc=" in Path("topolens-report/report.html").read_text()
    made = json.loads(Path("topolens-report/report.json").read_text())["provenance"]["explorer"]
    assert made["graphs"] == ["conv filters"]
    report("net.safetensors", *SMALL, "--no-explorer", "-o", "plain")
    assert "srcdoc=" not in Path("plain/report.html").read_text()
    assert "explorer" not in json.loads(Path("plain/report.json").read_text())["provenance"]
    assert "explorer" not in json.loads(report("net.safetensors", *SMALL, "--json").stdout)["provenance"]


def test_a_budget_too_small_for_the_explorer_is_said(in_tmp, page):
    save_file({"conv.weight": edges(64)}, "net.safetensors")
    result = report("net.safetensors", *SMALL, "--budget", "10")
    sentence = "it would take some 2.9 s, and of the budget 1.0 s are for it"
    assert f"no interactive Mapper graphs in the page: {sentence}" in result.stdout
    assert sentence in Path("topolens-report/report.html").read_text()
    report("net.safetensors", *SMALL, "--budget", "inf")
    assert "srcdoc=" in Path("topolens-report/report.html").read_text()
    report("net.safetensors", *SMALL, "--budget", "100")
    assert "srcdoc=" in Path("topolens-report/report.html").read_text()
    assert json.loads(Path("topolens-report/report.json").read_text())["provenance"]["budget"]["seconds"] == 100


def test_samples_are_shown_with_those_findings(in_tmp, page, monkeypatch):
    (in_tmp / "small_nets.py").write_text(
        "from torch import nn\ndef net():\n    return nn.Sequential(nn.Flatten(), nn.Linear(64, 10))\n"
    )
    monkeypatch.setattr(sys, "path", list(sys.path))
    words = ["--model", "small_nets:net", "--data", "digits", "--samples", "100", "--analyses", "model_summary"]
    for budget in ([], ["--budget", "inf"]):
        result = report(*words, *budget)
        assert result.exit_code == 0, result.stderr
        made = json.loads(Path("topolens-report/report.json").read_text())["provenance"]
        assert made["explorer"]["graphs"] == ["1"]
        assert made["explorer"]["samples"] == 100
        assert made["budget"]["seconds"] == (None if budget else 180)
    sys.modules.pop("small_nets", None)


def test_an_explorer_that_fails_costs_no_finding(in_tmp, page, monkeypatch):
    def full(*_):
        raise OSError("no space left on device")

    monkeypatch.setattr("topolens.explorer.embedding.embedded_page", full)
    save_file({"conv.weight": edges(64)}, "net.safetensors")
    result = report("net.safetensors", *SMALL)
    assert result.exit_code == 0
    assert "no interactive Mapper graphs in the page: no space left on device" in result.stdout
