"""Jobs: requests that take a while, done one after the other by processes that can be ended."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from topolens.explorer.store import NotFoundError, Run

OVER = ("done", "failed", "cancelled")
KEPT = 100  # finished jobs that are remembered


@dataclass
class Job:
    """A request and how far it is."""

    id: str
    request: Mapping[str, Any]
    title: str
    expected_seconds: float | None
    state: str = "waiting"
    done: float = 0.0
    what: str = "waiting"
    result: str | None = None
    error: str | None = None
    started: float = field(default_factory=time.time)

    def document(self) -> dict[str, Any]:
        """As the page reads it."""
        return {
            "job": self.id, "request": dict(self.request), "title": self.title, "state": self.state,
            "done": round(self.done, 3), "expected_seconds": self.expected_seconds, "what": self.what,
            "result": self.result, "error": self.error,
        }  # fmt: skip


class Jobs:
    """A line of jobs and the processes that do them.

    A job is noted in the run until it is over, so that a server that was killed takes it up again when it starts.

    Args:
        run: The run.
        workers: Processes at a time.
    """

    def __init__(self, run: Run, workers: int = 1) -> None:
        self.run, self._lock = run, threading.RLock()
        self._jobs: dict[str, Job] = {}
        self._closed = False
        self._workers = [_Worker(run.folder, self._heard) for _ in range(workers)]
        for request in run.pending():
            self.submit(request["job"][1:], request["request"], request["title"], request["expected_seconds"])

    def submit(self, key: str, request: Mapping[str, Any], title: str, expected: float | None) -> str:
        """Puts a request into the line; one that is in it already is not put in twice.

        Args:
            key: Of the result it will have.
            request: What `work.do` takes.
            title: A few words.
            expected: Seconds.

        Returns:
            The id of the job.
        """
        name = f"j{key}"
        with self._lock:
            known = self._jobs.get(name)
            if known is not None and known.state not in OVER:
                return name
            self._jobs.pop(name, None)  # an old one goes to the end of the line
            self._jobs[name] = Job(name, dict(request), title, expected)
            note = {"job": name, "request": dict(request), "title": title, "expected_seconds": expected}
            self.run.remember(name, note)
            self._hand_out()
        return name

    def get(self, name: str) -> Job:
        """The job of this id.

        Raises:
            NotFoundError: If there is none.
        """
        with self._lock:
            if name not in self._jobs:
                raise NotFoundError(f"there is no job {name!r}; GET /api/jobs lists them")
            return self._jobs[name]

    def all(self) -> list[dict[str, Any]]:
        """All jobs, newest first."""
        with self._lock:
            return [job.document() for job in reversed(self._jobs.values())]

    def cancel(self, name: str) -> dict[str, Any]:
        """Ends a job; the process that is at it is killed, and another one takes its place."""
        with self._lock:
            job = self.get(name)
            if job.state not in OVER:
                self._end(job, state="cancelled", what="cancelled")
                for place, worker in enumerate(self._workers):
                    if worker.job == name:
                        worker.kill()
                        self._workers[place] = _Worker(self.run.folder, self._heard)
                self._hand_out()
            return job.document()

    def close(self) -> None:
        """Ends all processes; jobs that are not over stay noted in the run."""
        with self._lock:
            self._closed = True
            for worker in self._workers:
                worker.kill()

    def _hand_out(self) -> None:
        waiting = (job for job in self._jobs.values() if job.state == "waiting")
        for place, worker in enumerate(self._workers):
            if worker.job is not None:
                continue
            if (job := next(waiting, None)) is None:
                return
            if not worker.is_alive():
                self._workers[place] = worker = _Worker(self.run.folder, self._heard)
            job.state, job.what, job.started = "running", "starting", time.time()
            worker.give(job)

    def _heard(self, worker: _Worker, said: Mapping[str, Any] | None) -> None:
        """What a worker says; None: it ended."""
        with self._lock:
            if self._closed or worker not in self._workers or worker.job is None:
                return
            job = self._jobs[worker.job]
            if said is None:
                worker.job = None
                self._end(job, state="failed", error="the process that was at it ended; there may be too little memory")
            elif "result" in said:
                worker.job = None
                self._end(job, state="done", done=1.0, what="done", result=said["result"])
            elif "error" in said:
                worker.job = None
                self._end(job, state="failed", error=said["error"], what="failed")
            else:
                job.done, job.what = float(said["done"]), str(said["what"])
            self._hand_out()

    def _end(self, job: Job, **changes: Any) -> None:
        for name, value in changes.items():
            setattr(job, name, value)
        self.run.forget(job.id)
        over = [name for name, each in self._jobs.items() if each.state in OVER]
        for name in over[:-KEPT]:
            del self._jobs[name]


class _Worker:
    """One process, and the thread that listens to it."""

    def __init__(self, folder: Path, heard: Callable[[_Worker, Mapping[str, Any] | None], None]) -> None:
        self.job: str | None = None
        self._process = subprocess.Popen(
            [sys.executable, "-m", "topolens.explorer.worker", str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env=_environment(),
        )
        self._heard = heard
        threading.Thread(target=self._listen, daemon=True).start()

    def is_alive(self) -> bool:
        """Whether it can be given work."""
        return self._process.poll() is None

    def give(self, job: Job) -> None:
        """Send a job; a process that has just ended fails it."""
        assert self._process.stdin is not None
        self.job = job.id
        try:
            self._process.stdin.write(json.dumps({"job": job.id, **job.request}) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            threading.Thread(target=self._heard, args=(self, None), daemon=True).start()

    def kill(self) -> None:
        """End the process at once."""
        self._process.kill()
        self._process.wait()
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.close()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as answers:
            for line in answers:
                self._heard(self, json.loads(line))
        self._heard(self, None)


def _environment() -> dict[str, str]:
    """Our own, with the places we import from; never the working directory, where a file may be called json.py.

    Threads that wait for others sleep: by default they spin, and take the processor from the browser and the server.
    """
    places = os.pathsep.join(place for place in sys.path if place)
    return {"OMP_WAIT_POLICY": "PASSIVE", **os.environ, "PYTHONPATH": places, "PYTHONSAFEPATH": "1"}
