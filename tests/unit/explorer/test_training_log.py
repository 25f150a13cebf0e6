"""Curves out of the log of a training run, while it is written."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from topolens.explorer.packed import packed, unpacked
from topolens.explorer.store import Run
from topolens.explorer.training_log import read_log, training_document
from topolens.report import Watch


def write(path: Path, *entries: object) -> None:
    with path.open("a") as file:
        file.writelines(entry if isinstance(entry, str) else json.dumps(entry) + "\n" for entry in entries)


def test_what_a_watch_writes_is_read(tmp_path: Path) -> None:
    path, model = tmp_path / "deep" / "training.jsonl", nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
    watch = Watch((torch.rand(20, 4), torch.arange(20) % 2), log=path)
    assert training_document(path) == {"series": [], "running": False}
    for step in (0, 10):
        watch(step, model)
    found = training_document(path)
    assert found["running"] is True
    series = {each["name"]: each for each in found["series"]}
    assert list(series)[:2] == ["neural_persistence", "accuracy"]
    assert unpacked(series["accuracy"]["steps"]).tolist() == [0, 10]
    assert unpacked(series["accuracy"]["values"]).tolist() == pytest.approx([e["accuracy"] for e in watch.history])
    run = Run(tmp_path / "deep")
    assert run.document()["training"] is True
    assert "a training log but no layers" in run.document()["notice"]


def test_a_run_taken_up_again_writes_its_future_anew(tmp_path: Path) -> None:
    path = tmp_path / "training.jsonl"
    write(path, {"step": 0, "loss": 3.0}, {"step": 1, "loss": 2.0}, {"step": 2, "loss": 1.0})
    write(path, {"step": 1, "loss": 1.5}, '{"step": 2, "lo')
    assert read_log(path) == [{"step": 0, "loss": 3.0}, {"step": 1, "loss": 1.5}]


def test_lines_that_are_no_checks_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "training.jsonl"
    write(path, "not json\n", "[1]\n", {"step": "x"}, {"step": 4, "accuracy": None, "loss": 1.0, "note": "hello"})
    found = training_document(path)
    assert [each["name"] for each in found["series"]] == ["accuracy", "loss", "note"]
    assert [len(unpacked(each["values"])) for each in found["series"]] == [0, 1, 0]


def test_training_counts_as_over_when_it_falls_silent(tmp_path: Path) -> None:
    path = tmp_path / "training.jsonl"
    write(path, *({"step": step, "time": 1000.0 + 100 * step, "loss": 1.0} for step in range(3)))
    assert training_document(path, now=1200 + 499)["running"] is True
    assert training_document(path, now=1200 + 501)["running"] is False


def test_packed_arrays_come_back() -> None:
    values = [0.5, float("nan"), -1e30]
    assert unpacked(packed(values, "f32")).tolist()[::2] == [0.5, pytest.approx(-1e30)]
    for wrong in ({}, {"dtype": "f64", "data": ""}, {"dtype": "u8", "data": "?"}, None):
        with pytest.raises(ValueError, match="a packed array must be"):
            unpacked(wrong)


def test_steps_of_numpy_are_written_like_others(tmp_path: Path) -> None:
    watch = Watch(log=tmp_path / "log.jsonl")
    for step in np.arange(2, 5, 2):
        watch(step, nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2)))
    assert [entry["step"] for entry in read_log(tmp_path / "log.jsonl")] == [2, 4]
