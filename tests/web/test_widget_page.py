"""The notebook's widget in a real Chromium: a small page plays the notebook, its model a plain object."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib import resources
from typing import Any

import pytest

from web.browser import untroubled
from web.digits_document import digits_document, offline_page

GRAPH = "canvas[role=application][aria-roledescription=graph]"
HOST = """<!doctype html><meta charset="utf-8"><body><div id="cell"></div><div id="other"></div>
<script type="application/json" id="state">STATE</script>
<script type="module">
SCRIPT
const state = JSON.parse(document.getElementById("state").textContent), listeners = new Set();
window.saved = [];
window.model = {
  get: (name) => state[name],
  set(name, value) {
    if (JSON.stringify(state[name]) === JSON.stringify(value)) return;
    state[name] = value;
    for (const listener of [...listeners]) listener();
  },
  save_changes: () => window.saved.push(JSON.stringify(state.selection)),
  on: (name, listener) => name === "change:selection" && listeners.add(listener),
  off: (name, listener) => listeners.delete(listener),
};
window.leave = render({ model: window.model, el: document.getElementById("cell") });
render({ model: window.model, el: document.getElementById("other") });
window.listening = () => listeners.size;
</script>"""


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> str:
    script = resources.files("topolens.explorer").joinpath("widget.js").read_text(encoding="utf-8")
    page = offline_page(digits_document())
    selection = {"space": "samples", "rows": [1, 4]}
    state = {"page": page, "url": "http://127.0.0.1:1/?token=a", "height": 600, "selection": selection}
    path = tmp_path_factory.mktemp("notebook") / "cell.html"
    text = json.dumps(state).replace("<", "\\u003c")
    path.write_text(HOST.replace("SCRIPT", script.replace("export default", "")).replace("STATE", text))
    return path.as_uri()


@pytest.fixture
def page(browser: Any, file: str) -> Iterator[Any]:
    """Two views of one widget, what was selected before shown in both; fails on errors and foreign requests."""
    with untroubled(browser, file, 1360, 1300) as context:
        page = context.new_page()
        page.goto(file)
        for cell in ("#cell", "#other"):
            frame = page.frame_locator(f"{cell} iframe")
            frame.locator(GRAPH).first.wait_for()
            frame.get_by_text("2 samples selected").wait_for()
        yield page


def selection(page: Any) -> dict[str, Any]:
    return page.evaluate("model.get('selection')")


def test_what_python_selects_lights_up_in_every_view(page: Any) -> None:
    assert page.evaluate("saved") == []
    page.evaluate("model.set('selection', {space: 'samples', rows: [0, 2, 3, 7, 9]})")
    for cell in ("#cell", "#other"):
        page.frame_locator(f"{cell} iframe").get_by_text("5 samples selected").wait_for()
    assert page.evaluate("saved") == []  # nothing comes back as an echo


def test_a_lasso_in_the_page_is_told_to_python_and_to_the_other_view(page: Any) -> None:
    frame = page.frame_locator("#cell iframe")
    box = frame.locator(GRAPH).first.bounding_box()
    page.keyboard.down("Shift")
    page.mouse.move(box["x"] + 5, box["y"] + 30)
    page.mouse.down()
    for x, y in ((0.99, 0.06), (0.99, 0.99), (0.01, 0.99), (0.01, 0.1)):
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=5)
    page.mouse.up()
    page.keyboard.up("Shift")
    page.wait_for_function("saved.length === 1")
    chosen = selection(page)
    assert chosen["space"] == "samples"
    assert len(chosen["rows"]) > 10
    assert chosen["rows"] == sorted(set(chosen["rows"]))
    said = f"{len(chosen['rows']):,} samples selected"
    page.frame_locator("#other iframe").get_by_text(said).wait_for()
    frame.get_by_label("Undo").click()
    frame.get_by_text("2 samples selected").wait_for()
    page.wait_for_function("saved.length === 2")
    assert selection(page)["rows"] == [1, 4]


def test_messages_of_others_and_nonsense_change_nothing(page: Any) -> None:
    page.evaluate("window.postMessage({topolens: 'selection', space: 'samples', rows: [5]}, '*')")
    page.evaluate(
        """() => {
          const frame = document.querySelector("#cell iframe").contentWindow;
          const ask = (space, rows) => frame.postMessage({topolens: "select", space, rows}, "*");
          for (const rows of [[10 ** 9], ["1"], "all", null]) ask("samples", rows);
          ask("<b>", [1]);
        }"""
    )
    ask = "window.parent.frames[0].postMessage({topolens: 'select', space: 'samples', rows: [5]}, '*')"
    page.frames[2].evaluate(ask)  # a frame beside it is no host
    page.wait_for_timeout(300)
    assert page.evaluate("saved") == []
    assert selection(page) == {"space": "samples", "rows": [1, 4]}
    assert page.frame_locator("#cell iframe").get_by_text("2 samples selected").is_visible()


def test_a_view_that_is_left_listens_no_more(page: Any) -> None:
    page.evaluate("leave()")
    assert page.evaluate("listening()") == 1
    link = page.locator("#cell a")
    assert link.get_attribute("href") == "http://127.0.0.1:1/?token=a"
    assert link.get_attribute("rel") == "noopener"
