"""The explorer's page and server together, in a real Chromium: a click makes a graph, and nothing is lost."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from web.browser import CHROMIUM, sync_api
from web.digits_document import PAGE

pytest.importorskip("topolens.explorer.listening", reason="needs the explorer's server")

GRAPH = "canvas[aria-roledescription=graph]"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from explorer_runs import digits_run

    path = tmp_path_factory.mktemp("served") / "run"
    digits_run(path)
    return path


@pytest.fixture(scope="module")
def served(folder: Path) -> Iterator[Any]:
    from topolens.explorer.listening import Listening
    from topolens.explorer.store import Run

    server = Listening(Run(folder), page=PAGE, workers=1).start()
    yield server
    server.close()


@pytest.fixture
def context(served: Any) -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        context = browser.new_context(viewport={"width": 1360, "height": 860}, reduced_motion="reduce")
        strangers: list[str] = []
        faults: list[str] = []
        home = f"http://127.0.0.1:{served.port}/"
        near = (home, "data:", "blob:")
        context.on(
            "request", lambda request: strangers.append(request.url) if not request.url.startswith(near) else None
        )
        context.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
        context.on("weberror", lambda error: faults.append(str(error.error)))
        yield context
        browser.close()
        assert strangers == []
        assert faults == []


def test_a_layer_is_opened_changed_and_found_again(context: Any, served: Any) -> None:
    page = context.new_page()
    page.goto(served.url)
    page.get_by_label("Layer", exact=True).select_option(label="out")
    page.locator(GRAPH).wait_for()  # made unasked, as it takes no time
    page.get_by_label("intervals", exact=True).fill("7")
    page.get_by_label("intervals", exact=True).press("Tab")
    page.locator(".estimate", has_text="nodes").wait_for()
    page.get_by_role("button", name="Run").click()
    page.locator(".title b", has_text="7 x 7").wait_for()
    page.locator(".tray li").first.wait_for(state="detached")
    page.keyboard.press("Escape")
    page.locator(".legend button").first.click()
    page.get_by_label("Name of the group").fill("zeros")
    page.get_by_label("Name of the group").press("Enter")
    count = page.locator(".tray .count b").inner_text()

    page.reload()
    page.locator(".title b", has_text="7 x 7").wait_for()
    assert page.locator(".tray .count b").inner_text() == count

    other = context.new_page()
    other.goto(f"http://127.0.0.1:{served.port}/")
    other.locator(".tray li", has_text="zeros").wait_for()
    assert other.locator(".history li").count() == 2


def test_bars_light_up_samples(context: Any, served: Any) -> None:
    page = context.new_page()
    page.goto(served.url)
    page.get_by_label("Layer", exact=True).select_option(label="conv")
    page.keyboard.press("Escape")
    page.get_by_role("tab", name="Diagram").click()
    page.locator("svg g.bar").first.wait_for(timeout=60_000)
    page.locator("svg g.bar").nth(1).press("Enter")  # the first one never ends
    assert page.locator(".tray .count b").inner_text() != "0"


def test_the_exported_page_opens_without_a_server(context: Any, served: Any, tmp_path: Path) -> None:
    page = context.new_page()
    page.goto(served.url)
    page.get_by_label("Layer", exact=True).select_option(label="out")
    page.locator(GRAPH).wait_for()
    page.locator("summary", has_text="Export").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="This page as one offline file").click()
    path = tmp_path / "page.html"
    download.value.save_as(path)
    away = page.context.browser.new_context(offline=True)
    alone = away.new_page()
    asked: list[str] = []
    faults: list[str] = []
    alone.on("request", lambda request: asked.append(request.url))
    alone.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    alone.goto(path.as_uri())
    alone.locator(GRAPH).wait_for()
    alone.locator(".offline").wait_for()
    alone.locator(".legend button").first.click()
    assert alone.locator(".tray .count b").inner_text() != "0"
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []
    assert faults == []


def opened_graph(context: Any, url: str, layer: str = "out") -> Any:
    page = context.new_page()
    page.goto(url)
    page.get_by_label("Layer", exact=True).select_option(label=layer)
    page.locator(GRAPH).wait_for()
    return page


def test_stability_and_a_grid_are_measured_and_kept(context: Any, served: Any) -> None:
    page = opened_graph(context, served.url)
    page.get_by_role("button", name="Measure stability").click()
    page.locator("option[value='@confidence']").wait_for(state="attached", timeout=60_000)
    page.get_by_label("Colour by").select_option("@confidence")
    page.locator(".legend", has_text="confidence").wait_for()
    page.get_by_role("button", name="Make the grid").click()
    page.reload()  # the job goes on, and its result finds this tab again
    shown = page.get_by_label("Shown on the grid")
    shown.wait_for(timeout=60_000)
    assert shown.input_value() == "instability"
    cells = page.locator(".panel", has_text="Advice").locator("td")
    assert cells.count() == 30
    assert all(float(text) >= 0 for text in cells.all_inner_texts())
    page.get_by_label("intervals", exact=True).fill("6")
    page.get_by_label("intervals", exact=True).press("Tab")
    page.get_by_role("button", name="Run").click()
    page.locator(".title b", has_text="6 x 6").wait_for()
    assert cells.count() == 30  # the same grid advises both graphs


def test_curves_grow_while_the_log_does(context: Any, served: Any) -> None:
    page = context.new_page()
    page.goto(served.url)
    page.get_by_role("tab", name="Training").click()
    page.get_by_text("No curves yet").wait_for()
    for step in (0, 5, 10):
        with served.jobs.run.log.open("a") as log:
            log.write(json.dumps({"step": step, "time": time.time(), "accuracy": step / 20}) + "\n")
        page.locator("svg[aria-label^='accuracy']", has_text=f"step {step}").wait_for()
        page.locator(".live").wait_for()
    assert page.locator("figure").count() == 1


def test_a_tab_whose_server_is_gone_says_what_to_do(context: Any, served: Any, folder: Path) -> None:
    from topolens.explorer.listening import Listening
    from topolens.explorer.store import Run

    first = Listening(Run(folder), page=PAGE, workers=0).start()
    own = context.browser.new_context()  # a server that is away makes errors on the console
    page = opened_graph(own, first.url)
    page.locator(".legend button").first.click()
    count = page.locator(".tray .count b").inner_text()
    first.close()
    page.get_by_label("Name of the group").fill("while away")
    page.get_by_label("Name of the group").press("Enter")
    page.get_by_label("gain", exact=True).fill("2.5")
    page.get_by_label("gain", exact=True).press("Tab")
    page.get_by_role("alert").wait_for()
    said = page.get_by_role("alert").inner_text()
    assert "topolens explore" in said
    assert "open the address it prints" in said
    assert page.locator(".messages p").count() == 0  # it is said once
    elsewhere = Listening(Run(folder), port=first.port + 1, page=PAGE, workers=0).start()
    assert elsewhere.port != first.port
    page.wait_for_timeout(3500)
    assert page.get_by_role("alert").count() == 1  # another port is another server
    again = own.new_page()
    again.goto(elsewhere.url)
    again.locator(GRAPH).wait_for()
    again.goto(f"http://127.0.0.1:{elsewhere.port}/#{page.url.partition('#')[2]}")
    again.locator(".tray .count b", has_text=count).wait_for()  # the view is back
    elsewhere.close()
    back = Listening(Run(folder), port=first.port, page=PAGE, workers=0).start()
    page.wait_for_timeout(3500)
    assert page.get_by_role("alert").count() == 1  # it does not know this browser yet
    own.new_page().goto(back.url)
    page.get_by_role("alert").wait_for(state="detached")
    assert page.locator(".messages p").count() == 0
    assert [group["name"] for group in Run(folder).groups()][-1] == "while away"
    back.close()


def test_a_tab_outlives_its_server(context: Any, served: Any, folder: Path) -> None:
    from topolens.explorer.listening import Listening
    from topolens.explorer.store import Run

    opened_graph(context, served.url).close()  # the first graph is made by somebody
    idle = Listening(Run(folder), page=PAGE, workers=0).start()  # its job waits for ever, as if it took long
    own = context.browser.new_context()  # a server that is away makes errors on the console
    page = opened_graph(own, idle.url)
    page.get_by_label("intervals", exact=True).fill("9")
    page.get_by_label("intervals", exact=True).press("Tab")
    page.get_by_role("button", name="Run").click()
    page.get_by_label("Progress of Mapper").wait_for()
    idle.close()
    again = Listening(Run(folder), port=idle.port, page=PAGE, workers=1).start()
    assert again.port == idle.port
    own.new_page().goto(again.url)  # as the command does, which opens the new address
    page.locator(".title b", has_text="9 x 9").wait_for(timeout=60_000)
    assert page.locator(".messages p").count() == 0  # nobody was told of a job that failed
    again.close()
