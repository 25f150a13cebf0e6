"""The explorer within report.html, in a real Chromium: from a file, without a network."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from explorer_runs import digits, digits_network
from topolens.analyses import model_summary
from topolens.explorer.embedding import embedded_page, embedding
from topolens.explorer.recording import Plan
from topolens.report.report import Report
from web.browser import untroubled

GRAPH = "canvas[role=application][aria-roledescription=graph]"


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> str:
    images, labels = digits()
    finding = model_summary({"conv": images.flatten(1)[:50]}, None, None)
    plan = Plan({"weights": digits_network()}, [0], (images, labels), tuple(map(str, range(10))), samples=200)
    page, told = embedded_page(embedding(plan), Report((finding,)), lambda *each: None)
    return Report((finding,), {"explorer": told}).save(tmp_path_factory.mktemp("report"), page).as_uri()


@pytest.fixture
def page(browser: Any, file: str) -> Iterator[Any]:
    """The report; fails on any request but that of the file itself, any error and any refused resource."""
    with untroubled(browser, file, 1440, 1000) as context:
        page = context.new_page()
        page.goto(file)
        page.locator("#explorer").scroll_into_view_if_needed()
        yield page


def test_a_click_on_a_node_lights_up_its_samples(page: Any) -> None:
    frame = page.frame_locator("#explorer-frame")
    frame.get_by_text("0 samples selected").wait_for()
    frame.locator(GRAPH).focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    chosen = frame.get_by_text(re.compile(r"[1-9]\d* samples? selected"))
    chosen.wait_for()
    before = chosen.inner_text()
    frame.get_by_role("tab", name="Samples").click()
    assert frame.get_by_text(re.compile(r"[1-9]\d* samples? selected")).inner_text() == before
    frame.get_by_role("tab", name="Network").click()
    frame.locator(".findings article").first.wait_for()


def test_the_mouse_selects_as_well(page: Any) -> None:
    frame = page.frame_locator("#explorer-frame")
    frame.locator(GRAPH).wait_for()
    box = frame.locator(GRAPH).bounding_box()
    page.keyboard.down("Shift")
    page.mouse.move(box["x"] + 5, box["y"] + 30)
    page.mouse.down()
    for x, y in ((0.99, 0.06), (0.99, 0.99), (0.01, 0.99), (0.01, 0.1)):
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=5)
    page.mouse.up()
    page.keyboard.up("Shift")
    chosen = frame.get_by_text(re.compile(r"[1-9]\d* samples selected"))
    chosen.wait_for()
    assert chosen.inner_text() == "200 samples selected"


def test_it_fills_the_screen_and_stays_out_of_print(page: Any) -> None:
    page.locator("#explorer-full").click()
    page.wait_for_function("document.fullscreenElement === document.getElementById('explorer-frame')")
    page.evaluate("document.exitFullscreen()")
    page.emulate_media(media="print")
    assert not page.locator("#explorer").is_visible()
    assert page.locator("#finding-1").is_visible()


def test_without_scripts_the_findings_stand(browser: Any, file: str) -> None:
    context = browser.new_context(java_script_enabled=False, offline=True)
    page = context.new_page()
    page.goto(file)
    assert page.locator("#finding-1").is_visible()
    assert not page.locator("#explorer-frame").is_visible()
    assert page.get_by_text("This part of the page needs scripts.").is_visible()
    context.close()
