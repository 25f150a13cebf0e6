"""The command `topolens explore`: what it takes, what it refuses, what it prints."""

import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from typer.testing import CliRunner

from explorer_runs import built_page, digits_network, digits_run
from topolens.cli import app
from topolens.explorer import export, listening
from topolens.explorer.store import Run


class Never:
    """A server that is asked to listen, and does not."""

    made: list = []

    def __init__(self, run: Run, port: int) -> None:
        self.run, self.port, self.taken = run, port, None
        self.url = f"http://127.0.0.1:{port}/?token=t"
        self.opened = False
        Never.made.append(self)

    def open_browser(self) -> None:
        self.opened = True

    def serve(self) -> None:
        pass


@pytest.fixture
def explore(in_tmp: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(listening, "Listening", Never)
    monkeypatch.setattr(Never, "made", [])
    (in_tmp / "explored_nets.py").write_text("from explorer_runs import digits_network\n\nbuild = digits_network\n")
    yield lambda *words: CliRunner().invoke(app, ["explore", *words])
    sys.modules.pop("explored_nets", None)


def test_a_network_and_samples_become_a_run_that_opens_again(explore, in_tmp: Path) -> None:
    for seed in (10, 2):
        save_file(digits_network(seed).state_dict(), in_tmp / f"net_{seed}.safetensors")
    words = ["--model", "explored_nets:build", "--data", "digits", "--samples", "50", "-o", "run", "-q", "--no-browser"]
    done = explore("net_2.safetensors", "net_10.safetensors", *words)
    assert done.exit_code == 0, done.stderr
    assert done.stdout == "http://127.0.0.1:8650/?token=t\n"
    run = Never.made[0].run
    assert Never.made[0].opened is False
    assert [(c["name"], c["step"]) for c in run.manifest["checkpoints"]] == [("net_2", 2), ("net_10", 10)]
    assert run.manifest["spaces"][0]["columns"][0]["classes"] == list("0123456789")
    again = explore("run", "--port", "9000")
    assert again.exit_code == 0
    assert "http://127.0.0.1:9000/?token=t" in again.stdout
    assert Never.made[1].opened is True


def test_findings_are_made_when_asked_for(explore, in_tmp: Path) -> None:
    save_file({"conv.weight": torch.randn(8, 1, 3, 3)}, in_tmp / "w.safetensors")
    refused = explore("w.safetensors", "--report")
    assert refused.exit_code == 1
    assert "--report needs --data" in refused.stderr
    assert not (in_tmp / "topolens-run").exists()


def test_weights_alone_are_shown_as_filters(explore, in_tmp: Path) -> None:
    save_file({"conv.weight": torch.randn(8, 1, 3, 3)}, in_tmp / "w.safetensors")
    assert explore("w.safetensors").exit_code == 0
    assert Never.made[0].run.manifest["layers"][0]["kind"] == "filters"
    assert Never.made[0].run.folder == Path("topolens-run")


def test_a_training_log_alone_is_shown(explore, in_tmp: Path) -> None:
    (in_tmp / "log.jsonl").write_text('{"step": 0, "loss": 1.0}\n')
    done = explore("--log", "log.jsonl")
    assert done.exit_code == 0
    assert "a training log but no layers" in done.stderr
    assert Never.made[0].run.document()["training"] is True


@pytest.mark.parametrize(
    ("words", "code", "reason"),
    [
        ([], 2, "give a run, weights"),
        (["nothing.pt"], 1, "there is no file nothing.pt"),
        (["run", "--data", "digits"], 1, "a run is opened alone"),
        (["empty"], 1, "holds neither run.json"),
        (["--model", "explored_nets:build", "--data", "digits", "-o", "run"], 1, "holds a run already"),
        (["w.safetensors", "--data", "digits"], 1, "--data needs the code"),
        (["run", "--export", "page.html"], 1, "run make page"),
    ],
)
def test_what_cannot_be_is_one_sentence(explore, in_tmp: Path, monkeypatch, words, code, reason) -> None:
    monkeypatch.setattr(export, "PAGE", in_tmp / "unbuilt")
    save_file({"conv.weight": torch.randn(8, 1, 3, 3)}, in_tmp / "w.safetensors")
    (in_tmp / "empty").mkdir()
    digits_run(in_tmp / "run", samples=20)
    done = explore(*words)
    assert done.exit_code == code
    assert reason in " ".join(done.stderr.replace("│", " ").split())
    assert "Traceback" not in done.stderr
    assert Never.made == []


def test_a_page_is_written_with_a_graph_of_each_layer(explore, in_tmp: Path, monkeypatch) -> None:
    monkeypatch.setattr(export, "PAGE", built_page(in_tmp / "page"))
    run = digits_run(in_tmp / "run", samples=40)
    done = explore("run", "--export", "out/page.html")
    assert done.exit_code == 0, done.stderr
    assert {head["settings"]["layer"] for head in run.heads()} == {"l0", "l1", "l2", "l3"}
    assert "topolens-data" in (in_tmp / "out" / "page.html").read_text()
    assert Never.made == []


def test_a_page_that_was_not_built_is_said_before_anything_is_recorded(explore, in_tmp: Path, monkeypatch) -> None:
    monkeypatch.setattr(export, "PAGE", in_tmp / "nowhere")
    done = explore("--model", "explored_nets:build", "--data", "digits", "-o", "run", "--export", "page.html")
    assert done.exit_code == 1
    assert done.stderr.startswith("topolens: error: the page was not built: run make page")
    assert not (in_tmp / "run").exists()
