"""The server on a port of this machine, and the address that opens it."""

from __future__ import annotations

import contextlib
import secrets
import socket
import threading
import webbrowser
from pathlib import Path
from typing import Any

from topolens.explorer.jobs import Jobs
from topolens.explorer.store import Run

PORT = 8650
TRIES = 100


class Listening:
    """A server of a run, which listens on 127.0.0.1 until it is closed.

    Args:
        run: What is shown.
        port: Which port; where it is in use, the next free one.
        page: Folder of the built page; None: that of the package.
        workers: Processes that make graphs.

    Raises:
        OSError: If a hundred ports in a row are in use.
    """

    def __init__(self, run: Run, port: int = PORT, page: Path | None = None, workers: int = 1) -> None:
        self.run, self.token = run, secrets.token_urlsafe(24)
        self.socket, self.taken = _bound(port)
        self.port: int = self.socket.getsockname()[1]
        self.jobs = Jobs(run, workers)
        from topolens.explorer.server import application  # while the processes load what they need

        self._app = application(run, self.jobs, self.token, self.port, page)
        self._server: Any = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """The address that opens the page; whoever has it may look."""
        return f"http://127.0.0.1:{self.port}/?token={self.token}"

    def serve(self) -> None:
        """Answer until interrupted."""
        try:
            with contextlib.suppress(KeyboardInterrupt):
                self._made().run(sockets=[self.socket])
        finally:
            self.close()

    def start(self) -> Listening:
        """Answer in a thread of its own."""
        server = self._made()
        self._thread = threading.Thread(target=server.run, kwargs={"sockets": [self.socket]}, daemon=True)
        self._thread.start()
        return self

    def open_browser(self) -> None:
        """Show the page, where there is a browser."""
        with contextlib.suppress(webbrowser.Error, OSError):
            webbrowser.open(self.url)

    def close(self) -> None:
        """Stop answering, and end the processes."""
        if self._server is not None:
            self._server.should_exit = True
        if self._thread is not None:
            self._thread.join(timeout=5)
        self.jobs.close()
        self.socket.close()

    def _made(self) -> Any:
        import uvicorn

        # No access log: it would print the token. Open streams of events must not hold up the end.
        config = uvicorn.Config(
            self._app, log_level="warning", access_log=False, timeout_graceful_shutdown=1, lifespan="off",
            server_header=False,
        )  # fmt: skip
        self._server = uvicorn.Server(config)
        return self._server


def _bound(port: int) -> tuple[socket.socket, int | None]:
    """A listening socket, and the port that was wanted where it is in use."""
    for number in range(port, min(port + TRIES, 65536)):
        tried = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            if hasattr(socket, "SO_EXCLUSIVEADDRUSE"):  # else Windows lets two servers share a port
                tried.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
            else:
                tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind(("127.0.0.1", number))
            tried.listen(128)
            return tried, (port if number != port else None)
        except OSError:
            tried.close()
    raise OSError(f"ports {port} to {port + TRIES - 1} are all in use; name another one with --port")
