"""Runs on a cluster give what runs here give, and a worker that dies costs its task alone."""

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from small_zoo import SMALL, stripes
from topolens import _optional
from topolens.runs.spread import spread
from topolens.studies.gap_features import Protocol
from topolens.studies.gap_members import measured_zoo
from topolens.studies.grid_zoo import Trained, make_zoo


def plain(found: list[Trained]) -> list[object]:
    return [(each.member, {**each.outcome, "seconds": 0}) for each in found]


def test_two_workers_of_dask_and_one_is_killed(tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed", reason="dask.distributed is not installed")
    serial = make_zoo(SMALL, stripes(), tmp_path / "serial")
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        with distributed.Client(cluster) as client:
            pids = list(client.run(os.getpid).values())
        assert len(set(pids)) == 2
        members = tmp_path / "spread" / "members"

        def kill() -> None:
            deadline = time.monotonic() + 60
            while not list(members.glob("*.safetensors")) and time.monotonic() < deadline:
                time.sleep(0.01)
            os.kill(pids[0], signal.SIGKILL)

        thread = threading.Thread(target=kill)
        thread.start()
        with spread("dask", cluster.scheduler_address):
            found = make_zoo(SMALL, stripes(), tmp_path / "spread", workers=-1)
            thread.join()
            measured = measured_zoo(
                tmp_path / "spread", found[:2], stripes(), Protocol(40, 20, 2), cache=tmp_path / "cache", workers=-1
            )
    assert plain(found) == plain(serial)
    here = measured_zoo(tmp_path / "serial", serial[:2], stripes(), Protocol(40, 20, 2), cache=tmp_path / "here")
    for ours, theirs in zip(measured, here, strict=True):
        ours["outcome"] = theirs["outcome"]
        assert ours == theirs


def test_ray(tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="ray is not installed")
    serial = make_zoo(SMALL, stripes(), tmp_path / "serial")
    with spread("ray"):
        assert plain(make_zoo(SMALL, stripes(), tmp_path / "spread", workers=-1)) == plain(serial)


def test_what_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_optional, "DASK_WAIT", "1s")
    with pytest.raises(ValueError, match="must be one of local, dask, ray"), spread("slurm"):
        pass
    with pytest.raises(ValueError, match="goes with the backend dask or ray"), spread("local", "tcp://here:1"):
        pass
    pytest.importorskip("distributed", reason="dask.distributed is not installed")
    with pytest.raises(ValueError, match="no scheduler of dask answers"), spread("dask", "tcp://127.0.0.1:9"):
        pass
    with pytest.raises(ValueError, match="no scheduler of dask answers"), spread("dask", "nonsense://x"):
        pass
