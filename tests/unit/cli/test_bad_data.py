"""What can be wrong with a user's network or samples: one sentence by command and in Python, and nothing written."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from topolens.cli import app
from topolens.probes import load_source, record
from topolens.report import network_report

NETS = """
import dataclasses
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner, self.act, self.out = nn.Linear(16, 16), nn.ReLU(inplace=True), nn.Linear(16, 3)
    def hidden(self, x):
        return self.act(self.inner(x.flatten(1)))
    def forward(self, x):
        return self.out(self.hidden(x))

class Fails(Net):
    def forward(self, x):
        return self.out(self.hidden(x)[:, :9])

class FailsItself(Net):
    def forward(self, x):
        raise KeyError("colour")

class Elsewhere(Net):
    def forward(self, x):
        return self.out(self.hidden(x.to("cuda:7")))

class Broken(Net):
    def forward(self, x):
        return self.out(self.hidden(x) * float("nan"))

class Twice(Net):
    def forward(self, x):
        return self.out(self.act(self.inner(self.hidden(x))))

class InPlace(Net):
    def forward(self, x):
        h = self.inner(x.flatten(1))
        h += 100
        return self.out(h.mul_(0))

class Named(Net):
    def forward(self, x):
        h = self.hidden(x)
        return {"hidden": h, "logits": self.out(h)}

class Pair(Net):
    def forward(self, x):
        h = self.hidden(x)
        return self.out(h), h

@dataclasses.dataclass
class Answer:
    loss: object
    hidden: torch.Tensor
    logits: torch.Tensor

class Dataclass(Net):
    def forward(self, x):
        h = self.hidden(x)
        return Answer(None, h, self.out(h))

def raises():
    raise OSError("no such disk")

def three():
    return 3

def failing_data():
    yield torch.zeros(4, 1, 4, 4), torch.arange(4) % 3
    raise KeyError("file 7")
"""
GENERATOR = np.random.default_rng(0)
X, Y = GENERATOR.random((40, 1, 4, 4)).astype(np.float32), np.arange(40) % 3


@pytest.fixture
def nets(in_tmp, monkeypatch):
    """The module above as `nets_of_test`, and good samples in ok.npz."""
    Path("nets_of_test.py").write_text(NETS, encoding="utf-8")
    monkeypatch.syspath_prepend(in_tmp)
    monkeypatch.delitem(sys.modules, "nets_of_test", raising=False)
    np.savez("ok.npz", x=X, y=Y)
    import nets_of_test

    yield nets_of_test
    sys.modules.pop("nets_of_test", None)


def command(net: str = "Net", data: str = "ok.npz", *more: str):
    asked = ["report", "--model", f"nets_of_test:{net}", "--data", data, "--analyses", "model_summary,class_structure"]
    return CliRunner().invoke(app, [*asked, "-o", "out", *more])


def check_refused(result, sentence: str) -> None:
    assert result.exit_code == 1, result.output
    last = result.stderr.strip().splitlines()[-1]
    assert last.startswith("topolens: error: ")
    assert sentence in last
    assert "fault of topolens" not in last
    assert "Traceback" not in result.stderr
    assert not Path("out").exists()


FAILURES = {
    "Fails": "the network fails in layer 'out' (Linear) on input of shape (40, 1, 4, 4): RuntimeError: mat1 and mat2",
    "FailsItself": "the network fails in FailsItself on input of shape (40, 1, 4, 4): KeyError: 'colour'",
    "Elsewhere": "the network fails in Elsewhere on input of shape (40, 1, 4, 4): ",
}


@pytest.mark.parametrize("net", FAILURES)
def test_a_network_that_fails(nets, net) -> None:
    check_refused(command(net), FAILURES[net])
    model = getattr(nets, net)()
    with pytest.raises(RuntimeError) as error:
        network_report(model, (torch.tensor(X), torch.tensor(Y)))
    assert FAILURES[net] in str(error.value)
    assert error.value.__cause__ is not None
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())


FILES = {
    "shape": ({"x": X[..., :3], "y": Y}, "on input of shape (40, 1, 4, 3): RuntimeError: mat1 and mat2"),
    "none": ({"x": X[:0], "y": Y[:0]}, "none.npz holds no samples"),
    "fewer_labels": ({"x": X, "y": Y[:5]}, "y in fewer_labels.npz must hold one whole number for each of 40 samples"),
    "halves": ({"x": X, "y": Y + 0.5}, "y in halves.npz must hold one whole number for each of 40 samples"),
    "negative": ({"x": X, "y": Y - 1}, "labels must be whole numbers from 0 on, got -1; leave such samples out"),
    "words": ({"x": X, "y": Y.astype(str)}, "y in words.npz must hold a whole number for each sample, got text"),
    "single": ({"x": 3, "y": 2}, "x and y in single.npz must hold samples, got a single number"),
    "pickled": ({"x": X, "y": Y.astype(object)}, "pickled.npz holds pickled Python objects, which topolens never"),
    "others": ({"a": X, "b": X}, "others.npz must hold x_test and y_test, x and y, "),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_samples_that_does_not_do(nets, name) -> None:
    arrays, sentence = FILES[name]
    np.savez(f"{name}.npz", **arrays)
    check_refused(command(data=f"{name}.npz"), sentence)
    with pytest.raises((ValueError, RuntimeError)) as error:
        network_report(nets.Net(), load_source(f"{name}.npz").data)
    assert sentence in str(error.value)


@pytest.mark.parametrize("how", ["cut", "flipped", "text"])
def test_a_damaged_file(nets, how) -> None:
    whole = bytearray(Path("ok.npz").read_bytes())
    if how == "cut":
        whole = whole[: len(whole) // 2]
    elif how == "flipped":
        whole[800:900] = bytes(100)
    else:
        whole = bytearray(b"these are no samples")
    Path("bad.npz").write_bytes(whole)
    check_refused(command(data="bad.npz"), "bad.npz cannot be read as plain arrays")


def test_an_empty_folder_and_one_of_no_pictures(nets) -> None:
    Path("empty").mkdir()
    check_refused(command(data="empty"), "empty holds no pictures (.png, ")
    Path("broken/a").mkdir(parents=True)
    Path("broken/a/1.png").write_text("no picture")
    check_refused(command(data="broken"), "1.png is no picture that can be read")


@pytest.mark.parametrize(
    ("net", "data", "sentence"),
    [
        ("Nett", "ok.npz", "nets_of_test has no 'Nett'; nearest: Net"),
        ("raises", "ok.npz", "nets_of_test:raises() failed (OSError: no such disk); it must work without arguments"),
        ("three", "ok.npz", "nets_of_test:three() gave a int; it must give a torch.nn.Module"),
        ("Net", "nets_of_test:nothing", "nets_of_test has no 'nothing'"),
        ("Net", "nets_of_test:raises", "nets_of_test:raises() failed (OSError: no such disk); it must work without"),
        ("Net", "nets_of_test:three", "nets_of_test:three() gave a int; it must give tensors, a data set or a DataLo"),
        ("Net", "nets_of_test:failing_data", "the data fails after 1 batches: KeyError: 'file 7'"),
        ("Net", "no_such_module:x", "cannot import no_such_module (ModuleNotFoundError: "),
        ("Net", "nothing.npz", "there is no file or folder nothing.npz; samples may also be digits, "),
    ],
)
def test_code_that_is_not_there_or_fails(nets, net, data, sentence) -> None:
    check_refused(command(net, data), sentence)


def test_layers_that_match_nothing(nets) -> None:
    check_refused(command("Net", "ok.npz", "--layers", "iner"), "no module is called 'iner'; nearest: 'inner'")
    with pytest.raises(ValueError, match="no module is called 'iner'; nearest: 'inner'"):
        network_report(nets.Net(), torch.tensor(X), layers="iner")


def verdicts(model, data) -> dict[str, tuple[str, str]]:
    report = network_report(
        model, data, only=["model_summary", "class_structure", "decision_boundary", "layer_similarity"]
    )
    return {finding.name: (finding.verdict, finding.answer) for finding in report.findings}


SCARCE = {
    "one sample": ((torch.tensor(X[:1]), torch.tensor(Y[:1])), "class_structure", "no layer has two neurons or more"),
    "one class": ((torch.tensor(X), torch.zeros(40, dtype=torch.int64)), "class_structure", "two classes of 5 samples"),
    "no labels": (torch.tensor(X), "class_structure", "there are no labels"),
    "labels out of range": ((torch.tensor(X), torch.tensor(Y) + 5), "model_summary", "are no scores of 8 classes, as"),
    "NaN samples": (
        (torch.tensor(X) * torch.nan, torch.tensor(Y)), "layer_similarity", "layers give NaN or infinite numbers",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", SCARCE)
def test_data_that_some_analyses_cannot_use(nets, case) -> None:
    data, analysis, reason = SCARCE[case]
    verdict, answer = verdicts(nets.Net(), data)[analysis]
    assert verdict == "not defined"
    assert reason in answer


def test_nan_inside_the_network(nets) -> None:
    found = verdicts(nets.Broken(), (torch.tensor(X), torch.tensor(Y)))
    assert found["model_summary"][0] == "not defined"
    assert "NaN or infinite scores for 40 of 40 samples" in found["model_summary"][1]
    assert command("Broken").exit_code == 0


def test_a_module_used_twice_and_in_place_changes(nets) -> None:
    model, x = nets.Twice(), torch.tensor(X)
    found = record(model, x).activations
    assert list(found) == ["inner", "act", "inner#2", "act#2", "out"]
    first = model.inner(x.flatten(1)).detach()
    torch.testing.assert_close(found["inner"], first)  # although the ReLU works in place
    torch.testing.assert_close(found["inner#2"], model.inner(first.relu()).detach())
    changed = nets.InPlace()
    torch.testing.assert_close(record(changed, x).activations["inner"], changed.inner(x.flatten(1)).detach())


@pytest.mark.parametrize("net", ["Named", "Pair", "Dataclass"])
def test_answers_in_several_parts(nets, net) -> None:
    model, x = getattr(nets, net)(), torch.tensor(X)
    scores = model.out(model.act(model.inner(x.flatten(1)))).detach()
    torch.testing.assert_close(record(model, x).outputs, scores)
    right = float((scores.argmax(1) == torch.tensor(Y)).float().mean())
    assert f"It is right on {right:.3f} of 40 samples" in verdicts(model, (x, torch.tensor(Y)))["model_summary"][1]


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs a place that nobody can write to")
def test_a_place_that_cannot_be_written_to(nets) -> None:
    result = CliRunner().invoke(
        app, ["report", "--model", "nets_of_test:Net", "--data", "ok.npz", "-o", "/proc/self/report"]
    )
    assert result.exit_code == 1
    assert "the report cannot go to /proc/self/report: " in result.stderr
    assert result.stderr.count("\n") == 1


SLOW = """
import os, sys, time
from topolens.report.report import Path
kept = Path.open
def slow(self, *args, **named):
    if self.name.startswith(".report"):
        os.fsync = lambda _file: time.sleep(60)
        print("writing", file=sys.stderr, flush=True)
    return kept(self, *args, **named)
Path.open = slow
from topolens.cli import main
main()
"""


def test_killed_while_it_writes_leaves_the_old_report(nets) -> None:
    assert command().exit_code == 0
    before = {path.name: path.read_bytes() for path in Path("out").iterdir()}
    asked = ["report", "--model", "nets_of_test:Net", "--data", "ok.npz", "--analyses", "model_summary", "-o", "out"]
    run = subprocess.Popen(
        [sys.executable, "-c", SLOW, *asked, "--seed", "1"], stderr=subprocess.PIPE, text=True, env={**os.environ}
    )
    try:
        assert any("writing" in line for line in run.stderr)
    finally:
        run.send_signal(signal.SIGKILL)
        run.communicate(timeout=60)
    assert {name: Path("out", name).read_bytes() for name in before} == before
