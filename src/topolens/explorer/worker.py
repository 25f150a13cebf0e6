"""A worker process: requests come in as lines of JSON, progress and results go out as such.

Started by `jobs`, as `python -m topolens.explorer.worker FOLDER`. It ends when its input does, even in the middle of
work: a server that was killed leaves nothing running, and half a result is never in its place.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
from typing import Any, TextIO

from topolens.explorer.store import NotFoundError, Run
from topolens.explorer.work import do


def main(folder: str) -> None:
    """Serve requests until the input ends."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what code of others prints must not stand among the answers
    requests: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(sys.stdin, requests), daemon=True).start()
    import topolens.explorer.diagrams
    import topolens.explorer.graphs  # noqa: F401  loaded before the first request, which then need not wait

    while True:
        _answer(folder, requests.get(), answers)


def _listen(source: TextIO, requests: queue.SimpleQueue[dict[str, Any]]) -> None:
    for line in source:
        requests.put(json.loads(line))
    os._exit(0)


def _answer(folder: str, request: dict[str, Any], answers: TextIO) -> None:
    def say(**content: Any) -> None:
        answers.write(json.dumps({"job": request["job"], **content}) + "\n")
        answers.flush()

    try:
        result = do(Run(folder), request, lambda done, what: say(done=done, what=what))
        say(result=result)
    except MemoryError:
        say(error="there is not enough memory; lower the gain, raise the intervals, or record fewer samples")
    except (ValueError, NotFoundError) as error:
        say(error=" ".join(str(error).split()))
    except Exception as error:  # whatever else happens must not end the worker in silence
        text = f"{type(error).__name__}: {' '.join(str(error).split())}"
        say(error=f"{text}; this is a fault of topolens, please report it")


if __name__ == "__main__":
    main(sys.argv[1])
