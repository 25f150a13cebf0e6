"""A report whose parts are made by several processes is the one that is made by one."""

import json
import os
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from joblib import parallel_config
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
from typer.testing import CliRunner

import topolens as tl
from topolens import _optional
from topolens.analyses import filter_parts
from topolens.cli import app
from topolens.report import Report, network_report
from topolens.report.network import PLAN
from topolens.runs.shared import Shared
from topolens.runs.spread import spread

ASKED = ["intrinsic_dimension", "class_structure", "weight_topology", "trust", "attention", "training"]
NETWORK = """
import torch
from torch import nn

class Net(nn.Sequential):
    pass

def net():
    torch.manual_seed(0)
    return Net(nn.Flatten(), nn.Linear(64, 10))
"""
COSTS = ("seconds", "peak_memory_mb", "created", "predicted", "analyses", "memory_mb")


def numbers(value: Any) -> Any:
    """A part of a report without what it cost."""
    if isinstance(value, dict):
        return {name: numbers(item) for name, item in value.items() if name not in COSTS}
    return [numbers(item) for item in value] if isinstance(value, list) else value


def made(progress: Callable[[float, float, str], None] | None = None) -> Any:
    """A report on filters and one on data, of a class that no other process can import, and a loader that shuffles."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second, self.last = nn.Conv2d(1, 6, 3), nn.Conv2d(6, 12, 3), nn.Linear(12, 3)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.last(self.second(self.first(x).relu()).relu().mean((2, 3)))

    torch.manual_seed(0)
    model, twin = Net(), Net()
    data = DataLoader(TensorDataset(torch.rand(90, 1, 8, 8), torch.arange(90) % 3), batch_size=16, shuffle=True)
    filter_parts._remembered.clear()
    filters = tl.report(model, k=5, p=0.5, landmarks=12, twin=twin, progress=progress)
    torch.manual_seed(1)
    layers = network_report(model, data, only=ASKED, twin=twin, checkpoints={0: twin, 1: model}, progress=progress)
    return [numbers(report.to_json()["findings"]) for report in (filters, layers)]


@pytest.fixture(scope="module")
def serial() -> Iterator[Any]:
    """The reports of one process of one thread, as workers have; with more threads last digits may differ."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield made()
    torch.set_num_threads(before)


def test_two_processes_here_give_the_same(serial: Any) -> None:
    told: list[tuple[float, float, str]] = []
    with parallel_config("loky", n_jobs=2, inner_max_num_threads=1):
        assert made(lambda *one: told.append(one)) == serial
    assert [finding["name"] for finding in serial[1]] == [name for name in PLAN if name in ASKED]
    whats = [what for *_, what in told]
    assert whats[-1] == "done"
    assert {name.replace("_", " ") for name in ASKED} < set(whats)
    filters = [done for done, _, what in told if what.startswith("second: ")]
    assert len(filters) > 40  # as parts of the layer are done
    assert filters == sorted(filters)


def test_threads_take_turns(serial: Any) -> None:
    """Hooks and torch's random state are shared by the threads of a process."""
    with parallel_config("threading", n_jobs=3):
        assert made() == serial


def test_two_workers_of_dask_and_one_is_killed(serial: Any) -> None:
    distributed = pytest.importorskip("distributed", reason="dask.distributed is not installed")
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        with distributed.Client(cluster) as client:
            pids = list(client.run(os.getpid).values())
        assert len(set(pids)) == 2
        killed = threading.Event()

        def kill(done: float, expected: float, what: str) -> None:
            if what.startswith("second: ") and not killed.is_set():  # in the middle of the filters
                killed.set()
                os.kill(pids[0], signal.SIGKILL)

        with spread("dask", cluster.scheduler_address, workers=-1):
            assert made(kill) == serial
    assert killed.is_set()


def test_what_cannot_be_sent_is_said() -> None:
    model = nn.Linear(4, 3)
    model.lock = threading.Lock()
    data = (torch.rand(30, 4), torch.arange(30) % 3)
    assert network_report(model, data, only=["model_summary"]).findings
    with parallel_config("loky", n_jobs=2), pytest.raises(ValueError, match=r"cannot be sent to other.*one worker"):
        network_report(model, data, only=["model_summary"])


def test_a_worker_that_sees_another_disk_says_what_to_set(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="a worker does not see .*gone; set TMPDIR to a folder"):
        Shared(None, tmp_path / "gone").get()


def test_what_is_left_is_told_from_the_prediction_until_an_analysis_is_done() -> None:
    told: list[tuple[float, float, str]] = []
    network_report(nn.Linear(4, 3), torch.rand(40, 4), only=["weight_topology"], progress=lambda *one: told.append(one))
    (_, predicted, _), (spent, expected, _), (_, end, last) = told
    assert expected - spent <= predicted
    assert (end, last) == (told[-1][0], "done")


def test_by_command(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The code of a network that lies in the folder where the command is given is found by its workers."""
    (tmp_path / "net_of_workers.py").write_text(NETWORK)
    monkeypatch.chdir(tmp_path)
    words = ["report", "--model", "net_of_workers:net", "--data", "digits", "--samples", "100", "--threads", "1",
             "--analyses", "model_summary,weight_spectra", "-q"]  # fmt: skip
    for name, more in {"one": [], "two": ["--workers", "2"]}.items():
        ran = CliRunner().invoke(app, [*words, "-o", name, *more])
        assert ran.exit_code == 0, ran.output
    one, two = (json.loads((tmp_path / name / "report.json").read_text()) for name in ("one", "two"))
    assert numbers(one["findings"]) == numbers(two["findings"])
    assert Report.load("two").findings[0].name == "model_summary"
    monkeypatch.setattr(_optional, "DASK_WAIT", "1s")
    for more, said in ((["--address", "tcp://127.0.0.1:9"], "an address goes with the backend dask or ray"),
                       (["--backend", "slurm"], "the backend must be one of local, dask, ray")):  # fmt: skip
        ran = CliRunner().invoke(app, [*words, *more])
        assert ran.exit_code == 1
        assert said in ran.stderr
    pytest.importorskip("distributed", reason="dask.distributed is not installed")
    ran = CliRunner().invoke(app, [*words, "--backend", "dask", "--address", "tcp://127.0.0.1:9"])
    assert (ran.exit_code, len(ran.stderr.strip().splitlines())) == (1, 1)
    assert "no scheduler of dask answers at tcp://127.0.0.1:9" in ran.stderr
