"""Jobs: two tabs, reload, cancel, a process that is killed, a server that starts again."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from explorer_runs import digits_run
from topolens.explorer import jobs
from topolens.explorer.jobs import Jobs
from topolens.explorer.listening import Listening
from topolens.explorer.store import Run

Opened = Callable[[Listening], httpx.Client]
SLOW = {"settings": {"layer": "l2"}, "resolutions": list(range(20, 32)), "gains": [float(gain) for gain in range(2, 8)]}


def followed(client: httpx.Client, job: str) -> list[dict]:
    """What is said of a job until it is over."""
    with client.stream("GET", f"/api/jobs/{job}/events") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        return [json.loads(line[6:]) for line in answer.iter_lines() if line.startswith("data: ")]


def running(client: httpx.Client, job: str) -> dict:
    """The job, once a process is at it."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        state = next(each for each in client.get("/api/jobs").json() if each["job"] == job)
        if state["what"] not in ("waiting", "starting"):
            return state
        time.sleep(0.05)
    raise AssertionError(f"nobody took up {state}")


def test_a_graph_is_made_once_for_two_tabs(client_of: Opened, busy: Listening) -> None:
    tabs = client_of(busy), client_of(busy)
    settings = {"layer": "l2", "clusterer": {"kind": "first_gap"}, "cover": {"kind": "uniform", "resolution": 8}}
    jobs = {tab.post("/api/graphs", json=settings).json()["job"] for tab in tabs}
    assert len(jobs) == 1
    said = [followed(tab, next(iter(jobs))) for tab in tabs]
    assert [states[-1]["state"] for states in said] == ["done", "done"]
    assert [state["done"] for state in said[0]] == sorted(state["done"] for state in said[0])
    key = said[0][-1]["result"]
    assert tabs[1].post("/api/graphs", json=settings).json() == {"graph": key}
    document = tabs[0].get(f"/api/graphs/{key}").json()
    assert document["settings"]["cover"] == {
        "kind": "uniform", "resolution": [8, 8], "gain": [3.0, 3.0], "convention": "spanning",
    }  # fmt: skip
    assert tabs[1].get("/api/graphs").json()[0]["key"] == key


def test_a_job_is_cancelled_and_the_next_one_done(client_of: Opened, busy: Listening) -> None:
    client = client_of(busy)
    job = client.post("/api/grid", json=SLOW).json()["job"]
    assert running(client, job)["state"] == "running"
    cancelled = client.delete(f"/api/jobs/{job}").json()
    assert cancelled["state"] == "cancelled"
    assert followed(client, job)[-1]["state"] == "cancelled"
    assert client.get(f"/api/grid/{job[1:]}").status_code == 404
    assert not list(busy.run.folder.rglob("*.part"))
    small = {"settings": {"layer": "l2"}, "resolutions": [4], "gains": [2.0]}
    done = followed(client, client.post("/api/grid", json=small).json()["job"])[-1]
    assert done["state"] == "done"
    assert client.get(f"/api/grid/{done['result']}").json()["nodes"][0][0] > 4


def test_a_process_that_is_killed_fails_its_job_and_nothing_else(client_of: Opened, busy: Listening) -> None:
    client = client_of(busy)
    job = client.post("/api/grid", json=SLOW).json()["job"]
    running(client, job)
    os.kill(busy.jobs._workers[0]._process.pid, signal.SIGKILL)
    end = followed(client, job)[-1]
    assert end["state"] == "failed"
    assert "memory" in end["error"]
    again = followed(client, client.get("/api/diagrams/l3").json()["job"])[-1]
    assert again["state"] == "done"
    document = client.get("/api/diagrams/l3").json()
    assert document["format"] == "topolens.diagram/1"
    assert document["points"] == 8


def test_what_cannot_be_made_says_why(client_of: Opened, busy: Listening) -> None:
    client = client_of(busy)
    settings = {"layer": "l2", "lenses": [{"kind": "column", "column": "hole"}]}
    end = followed(client, client.post("/api/graphs", json=settings).json()["job"])[-1]
    assert end["state"] == "failed"
    assert "no finite number at 1 of 300 points" in end["error"]


def test_a_server_that_was_ended_takes_its_jobs_up_again(run: Run) -> None:
    first = Jobs(run, workers=0)
    job = first.submit("0" * 20, {"task": "grid"}, "a grid", None)
    first.close()
    second = Jobs(run, workers=0)
    assert [(each["job"], each["state"]) for each in second.all()] == [(job, "waiting")]
    assert second.cancel(job)["state"] == "cancelled"
    assert Jobs(run, workers=0).all() == []


def test_threads_of_a_process_sleep_unless_they_are_told_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    assert jobs._environment()["OMP_WAIT_POLICY"] == "PASSIVE"
    monkeypatch.setenv("OMP_WAIT_POLICY", "ACTIVE")
    assert jobs._environment()["OMP_WAIT_POLICY"] == "ACTIVE"


def test_a_server_killed_during_a_run_loses_nothing(tmp_path: Path) -> None:
    run = digits_run(tmp_path / "run")
    key = None
    for beginning in (True, False):
        command = [sys.executable, "-m", "topolens", "explore", str(run.folder), "--no-browser", "-q"]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        url = server.stdout.readline().strip()
        client = httpx.Client(base_url=url.partition("/?")[0], timeout=60, transport=httpx.HTTPTransport(retries=20))
        client.get(url)
        if beginning:
            client.put("/api/groups", json=[{"name": "kept", "space": "samples", "rows": [1]}])
            key = followed(client, client.post("/api/graphs", json={"layer": "l2"}).json()["job"])[-1]["result"]
            job = client.post("/api/grid", json=SLOW).json()["job"]
            running(client, job)
            server.kill()
            server.wait()
        else:
            assert client.get("/api/groups").json()[0]["name"] == "kept"
            assert client.get(f"/api/graphs/{key}").json()["key"] == key
            assert running(client, job)["request"]["task"] == "grid"
            client.delete(f"/api/jobs/{job}")
            server.send_signal(signal.SIGINT)
            assert server.wait(timeout=30) == 0


def test_a_port_in_use_gives_way_to_the_next(idle: Listening, run: Run) -> None:
    second = Listening(run, port=idle.port, workers=0)
    assert second.port > idle.port
    assert second.taken == idle.port
    second.close()
