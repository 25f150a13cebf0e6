"""A server of a small run, on a real port of this machine."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from explorer_runs import built_page, digits_run
from topolens.explorer.listening import Listening
from topolens.explorer.store import Run


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return digits_run(tmp_path_factory.mktemp("explorer") / "run")


@pytest.fixture(scope="session")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built_page(tmp_path_factory.mktemp("built") / "page")


@pytest.fixture(scope="session")
def idle(run: Run, page: Path) -> Iterator[Listening]:
    """A server whose jobs wait for ever: nobody does them."""
    server = Listening(run, page=page, workers=0).start()
    yield server
    server.close()


@pytest.fixture(scope="session")
def busy(tmp_path_factory: pytest.TempPathFactory, page: Path) -> Iterator[Listening]:
    """A server with a worker, and a run of its own."""
    server = Listening(digits_run(tmp_path_factory.mktemp("busy") / "run"), page=page, workers=1).start()
    yield server
    server.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium, for modules that import `web.browser`."""
    from web.browser import CHROMIUM, sync_api

    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def client_of() -> Iterator[Callable[[Listening], httpx.Client]]:
    """Browsers that have opened the printed address."""
    clients = []

    def opened(server: Listening) -> httpx.Client:
        client = httpx.Client(base_url=f"http://127.0.0.1:{server.port}", timeout=60)
        clients.append(client)
        assert client.get(server.url).status_code == 303
        return client

    yield opened
    for client in clients:
        client.close()
