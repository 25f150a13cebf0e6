"""Findings of a killed report are read, and nothing is that was made from something else."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from typer.testing import CliRunner

import topolens as tl
from topolens.analyses import filter_parts
from topolens.cli import app
from topolens.report import Report, network, network_report, training_report
from topolens.report.kept_findings import digest

ASKED = ["model_summary", "weight_topology", "class_structure"]
SMALL: dict[str, Any] = {"k": 5, "p": 0.5, "landmarks": 12}


def net(seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Conv2d(1, 64, 3), nn.ReLU(), nn.Flatten(), nn.Linear(256, 3))


def samples(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.rand(60, 1, 4, 4, generator=torch.Generator().manual_seed(seed)), torch.arange(60) % 3


def made(cache: Path | None, **changed: Any) -> Report:
    given = {"model": net(), "data": samples(), "only": ASKED, "seed": 0, "cache": cache, **changed}
    return network_report(given.pop("model"), given.pop("data"), **given)


def findings(report: Report) -> Any:
    return report.to_json()["findings"]


def test_a_killed_report_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = findings(made(None))

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setitem(network.PLAN, "class_structure", stop)  # type: ignore[arg-type]
        with pytest.raises(KeyboardInterrupt):
            made(tmp_path)
    kept = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    found = findings(made(tmp_path))
    for finding in (*found, *whole):
        finding["provenance"] = {name: finding["provenance"][name] for name in ("seed", "shape", "parameters")}
    assert found == whole
    assert {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}.items() >= kept.items()
    with monkeypatch.context() as patched:  # all is read now
        for name in ASKED:
            patched.setitem(network.PLAN, name, stop)  # type: ignore[arg-type]
        assert findings(made(tmp_path)) == findings(made(tmp_path, only=list(reversed(ASKED))))


OTHERS: dict[str, Callable[[], dict[str, Any]]] = {
    "weights": lambda: {"model": net(1)},
    "samples": lambda: {"data": samples(1)},
    "labels": lambda: {"data": (samples()[0], samples()[1].flip(0))},
    "twin": lambda: {"twin": net(2)},
    "checkpoints": lambda: {"checkpoints": {0: net(1), 1: net()}},
    "seed": lambda: {"seed": 1},
    "fewer samples": lambda: {"samples": 50},
}


@pytest.mark.parametrize("change", OTHERS)
def test_what_was_made_from_something_else_is_not_taken(tmp_path: Path, change: str) -> None:
    made(tmp_path, only=["model_summary"])
    made(tmp_path, only=["model_summary"])
    assert len(list(tmp_path.iterdir())) == 1
    made(tmp_path, only=["model_summary"], **OTHERS[change]())
    assert len(list(tmp_path.iterdir())) == 2


def test_another_version_or_a_broken_file_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = made(tmp_path, only=["model_summary"])
    (place,) = tmp_path.iterdir()
    whole = place.read_bytes()
    for broken in (whole[: len(whole) // 2], b"", b"[]", b'{"name": "model_summary"}', bytes(range(128, 256))):
        place.write_bytes(broken)
        assert made(tmp_path, only=["model_summary"]).findings[0].answer == first.findings[0].answer
        assert json.loads(place.read_bytes())["answer"] == first.findings[0].answer
    monkeypatch.setattr(tl, "__version__", "0.0.9")
    made(tmp_path, only=["model_summary"])
    assert len(list(tmp_path.iterdir())) == 2


def test_layers_and_checkpoints_of_filters_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = {0: net(1), 10: net()}
    first = findings(training_report(run, cache=tmp_path, **SMALL))
    assert len(list(tmp_path.iterdir())) == len(first) == 2
    filter_parts._remembered.clear()
    monkeypatch.setattr(filter_parts, "_made", None)  # nothing is measured
    assert findings(training_report(run, cache=tmp_path, **SMALL)) == first
    assert findings(tl.report(net(), cache=tmp_path, **SMALL)) == first[1:]
    with pytest.raises(TypeError):
        tl.report(net(), cache=tmp_path, **SMALL | {"k": 6})


def test_a_name_changes_with_any_number() -> None:
    x = torch.arange(6, dtype=torch.bfloat16)
    names = [digest(y) for y in (x, x.float(), x[:5], x.reshape(2, 3), -x, x.tolist(), {"a": x}, {"b": x}, [x], [x, 1])]
    assert len(set(names)) == len(names)
    assert digest(x.flip(0)) == digest(x.flip(0).clone())
    assert digest(x.float().numpy()) == digest(x.float())
    assert digest(np.array([])) != digest(None)
    assert digest(net()) == digest(net()) != digest(net(1))


def test_by_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save(net().state_dict(), "w.pt")
    words = ["report", "w.pt", "--k", "5", "--p", "0.5", "--landmarks", "12", "-q", "--cache", "kept"]
    for name in ("first", "second"):
        ran = CliRunner().invoke(app, [*words, "-o", name])
        assert ran.exit_code == 0, ran.output
    first, second = (json.loads((tmp_path / name / "report.json").read_text()) for name in ("first", "second"))
    assert first["findings"] == second["findings"]
    assert len(list(Path("kept").iterdir())) == 1
    Path("taken").write_text("")
    ran = CliRunner().invoke(app, [*words[:-1], "taken"])
    assert (ran.exit_code, len(ran.stderr.strip().splitlines())) == (1, 1)
