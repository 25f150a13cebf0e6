"""What a user can do wrong: one sentence, the right exit code, and nothing written or lost."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from typer.testing import CliRunner

from topolens.cli import app


class Evil:
    """A pickle of this makes the file `marker` when it is opened."""

    def __reduce__(self):
        return os.system, ("touch marker",)


def text():
    Path("bad").write_text("these are no weights")


def empty():
    Path("bad").touch()


def directory():
    Path("bad").mkdir()


def pickle_with_code():
    torch.save({"conv.weight": torch.ones(8, 1, 3, 3), "x": Evil()}, "bad")


def truncated():
    save_file({"conv.weight": torch.ones(64, 64, 3, 3)}, "whole")
    Path("bad").write_bytes(Path("whole").read_bytes()[:5000])


def object_array():
    with Path("bad").open("wb") as file:
        np.savez(file, x=np.array([Evil()], dtype=object))


def shard_elsewhere():
    Path("bad").write_text(json.dumps({"weight_map": {"conv.weight": "../../etc/passwd"}}))


def with_nan():
    weight = torch.ones(8, 1, 3, 3)
    weight[3, 0, 1, 1] = float("nan")
    save_file({"stem.conv.weight": weight}, "bad")


def no_convolution():
    save_file({"fc.weight": torch.ones(8, 8)}, "bad")


def only_1x1():
    save_file({"conv.weight": torch.ones(8, 8, 1, 1)}, "bad")


def nothing():
    Path("bda").touch()


CASES = [
    (text, "bad is not a weights file; expected safetensors, a torch state_dict or npz"),
    (empty, "bad is empty; copy or download it again"),
    (directory, "bad is a directory, not a weights file; expected safetensors, a torch state_dict or npz"),
    (nothing, "there is no file bad; did you mean bda?"),
    (
        pickle_with_code,
        "bad needs Python code (posix.system) to be opened, which topolens never runs; if you trust it, ",
    ),
    (truncated, "bad is a truncated or damaged safetensors file; copy or download it again"),
    (object_array, "array 'x' of bad holds pickled Python objects, which topolens never opens; save plain arrays"),
    (shard_elsewhere, "bad names the shard '../../etc/passwd' outside its own directory; refused"),
    (with_nan, "layer stem.conv has 1 NaN weights of 72; train again or load another checkpoint"),
    (
        no_convolution,
        "the network has no 2D convolution larger than 1x1; its 1 tensors are for instance fc.weight (8, 8)",
    ),
    (only_1x1, "larger than 1x1; left out: 1, the first conv (1x1 kernels have no spatial shape)"),
]


@pytest.mark.parametrize(("make", "sentence"), CASES, ids=[make.__name__ for make, _ in CASES])
def test_one_sentence_and_nothing_written(in_tmp, make, sentence):
    make()
    before = sorted(in_tmp.rglob("*"))
    result = CliRunner().invoke(app, ["report", "bad"])
    assert result.exit_code == 1
    assert result.stderr.startswith("topolens: error: ")
    assert sentence in result.stderr
    assert result.stderr.count("\n") == 1
    assert result.stdout == ""
    assert sorted(in_tmp.rglob("*")) == before


def test_unknown_layer_is_refused_with_a_suggestion(weights, in_tmp):
    result = CliRunner().invoke(app, ["report", weights, "--layers", "cnov"])
    assert (result.exit_code, result.stderr) == (1, "topolens: error: no layer is called 'cnov'; nearest: conv\n")
    assert [path.name for path in in_tmp.iterdir()] == [weights]


@pytest.mark.parametrize("place", ["net.safetensors", "net.safetensors/deeper/still"])
def test_output_in_the_way_of_a_file_is_refused_before_the_work(weights, place):
    content = Path(weights).read_bytes()
    result = CliRunner().invoke(app, ["report", weights, "-o", place])
    assert result.exit_code == 1
    assert f"the report cannot go to {place}: " in result.stderr
    assert "is a file; choose another directory with -o\n" in result.stderr
    assert result.stderr.count("\n") == 1
    assert Path(weights).read_bytes() == content


def test_old_report_stays_when_a_new_one_fails(weights):
    CliRunner().invoke(app, ["report", weights])
    old = Path("topolens-report/report.html").read_bytes()
    text()
    assert CliRunner().invoke(app, ["report", "bad"]).exit_code == 1
    assert Path("topolens-report/report.html").read_bytes() == old


def test_debug_shows_the_traceback(in_tmp):
    empty()
    command = [sys.executable, "-m", "topolens", "report", "bad"]
    shown = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, "TOPOLENS_DEBUG": "1"}
    )
    assert "Traceback" in shown.stderr
    plain = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (plain.returncode, plain.stderr) == (1, "topolens: error: bad is empty; copy or download it again\n")


def test_interrupt_leaves_no_half_report(in_tmp):
    save_file({"conv.weight": torch.randn(256, 256, 3, 3)}, "large.safetensors")
    # where the tests themselves run in the background of a shell, Ctrl-C is ignored and this must undo it
    heed = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    code = f"{heed}; from topolens.cli import main; main()"
    run = subprocess.Popen(
        [sys.executable, "-c", code, "report", "large.safetensors", "-o", "out"], stderr=subprocess.PIPE, text=True
    )
    assert "conv: filter space" in run.stderr.readline()
    time.sleep(0.5)
    run.send_signal(signal.SIGINT)
    _, stderr = run.communicate(timeout=300)
    assert run.returncode == 130
    assert stderr.splitlines()[-1] == "topolens: interrupted; nothing was written"
    assert "Traceback" not in stderr
    assert sorted(path.name for path in in_tmp.iterdir()) == ["large.safetensors"]
