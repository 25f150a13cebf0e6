"""The explorer's page in a real Chromium, without its server: real clicks and keys on the offline file."""

from __future__ import annotations

import json
import statistics
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from scipy.stats import false_discovery_control, hypergeom

from web.browser import untroubled
from web.digits_document import column, digits_document, offline_page, packed, unpacked

SCRIPT = '<img src=x onerror="window.hacked = true"><script>window.hacked = true</script>'
GRAPH = "canvas[role=application][aria-roledescription=graph]"
WIDE, HIGH = 1360, 860


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    names = [str(digit) for digit in range(10)]
    names[7] = SCRIPT
    document = digits_document(names=names)
    many = [f"class {each}" for each in range(60)]
    document["run"]["spaces"][0]["columns"].append(column("many", "category", many))
    rows = np.arange(len(unpacked(document["columns"]["samples/label"]["values"])))
    document["columns"]["samples/many"] = {"values": packed(59 - np.sqrt(2 * rows).astype(int))}  # 59 is the rarest
    return document


@pytest.fixture(scope="module")
def file(document: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("page") / "page.html"
    path.write_text(offline_page(document))
    return path.as_uri()


@pytest.fixture
def opened(browser: Any, file: str) -> Iterator[Callable[[str], Any]]:
    """Opens the offline page at a hash; fails on any request elsewhere, any error and any refused resource."""
    with untroubled(browser, file, WIDE, HIGH) as context:

        def at(view: str = "", wait: str = GRAPH) -> Any:
            page = context.new_page()
            page.goto(f"{file}#{view}")
            page.locator(wait).first.wait_for()
            return page

        yield at


def place_of(page: Any, document: dict[str, Any], key: str, node: int) -> tuple[float, float]:
    """Where a node is drawn before any zoom."""
    box = page.locator(GRAPH).first.bounding_box()
    nodes = document["graphs"][key]["nodes"]
    scale = min(box["width"], box["height"]) / 2 - 28
    return (
        box["x"] + box["width"] / 2 + float(unpacked(nodes["x"])[node]) * scale,
        box["y"] + box["height"] / 2 - float(unpacked(nodes["y"])[node]) * scale,
    )


def members(document: dict[str, Any], key: str, node: int) -> np.ndarray:
    lists = document["graphs"][key]["members"]
    offsets = unpacked(lists["offsets"])
    return unpacked(lists["rows"])[offsets[node] : offsets[node + 1]]


def selected(page: Any) -> int:
    return int(page.locator(".tray .count b").inner_text().replace(",", ""))


def lonely_nodes(document: dict[str, Any], key: str) -> list[int]:
    """Nodes, largest first, that no other node is drawn near to."""
    nodes = document["graphs"][key]["nodes"]
    place = np.column_stack([unpacked(nodes["x"]), unpacked(nodes["y"])])
    gap = np.linalg.norm(place[:, None] - place[None], axis=-1) + 9 * np.eye(len(place))
    size = unpacked(nodes["size"])
    return [int(node) for node in np.argsort(-size, kind="stable") if gap[node].min() > 0.06]


class TestMapper:
    def test_a_click_selects_a_node_and_undo_brings_back(self, opened: Any, document: dict[str, Any]) -> None:
        page = opened("graph=g0")
        first, second = lonely_nodes(document, "g0")[:2]
        page.mouse.click(*place_of(page, document, "g0", first))
        assert selected(page) == len(members(document, "g0", first))
        page.keyboard.down("Shift")
        page.mouse.click(*place_of(page, document, "g0", second))
        page.keyboard.up("Shift")
        both = len(np.union1d(members(document, "g0", first), members(document, "g0", second)))
        assert selected(page) == both
        page.keyboard.press("Control+z")
        assert selected(page) == len(members(document, "g0", first))
        page.keyboard.press("Control+Shift+z")
        assert selected(page) == both
        page.keyboard.press("Escape")
        assert selected(page) == 0

    def test_p_values_are_hypergeometric_and_corrected(self, opened: Any, document: dict[str, Any]) -> None:
        page = opened("graph=g0")
        node = lonely_nodes(document, "g0")[0]
        page.mouse.click(*place_of(page, document, "g0", node))
        label = unpacked(document["columns"]["samples/label"]["values"]).astype(int)
        here, everywhere = np.bincount(label[members(document, "g0", node)], minlength=10), np.bincount(label)
        p = false_discovery_control(hypergeom.sf(here - 1, len(label), everywhere, here.sum()))
        best = int(p.argmin())
        first = page.locator(".right table tbody tr").first
        cells = first.locator("td").all_inner_texts()
        assert cells[0] == f"{here[best]}/{everywhere[best]}"
        assert float(cells[-1]) == pytest.approx(p[best], rel=0.5)

    def test_a_lasso_round_everything_selects_everything(self, opened: Any) -> None:
        page = opened("graph=g0")
        box = page.locator(GRAPH).bounding_box()
        page.keyboard.press("l")
        corners = [(0.01, 0.01), (0.99, 0.01), (0.99, 0.99), (0.01, 0.99), (0.01, 0.02)]
        at = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in corners]
        page.mouse.move(*at[0])
        page.mouse.down()
        for x, y in at[1:]:
            page.mouse.move(x, y, steps=4)
        page.mouse.up()
        # Nodes of one point were dropped, and with them the points that lie in no other node.
        assert 1700 < selected(page) <= 1797
        page.keyboard.press("i")
        assert selected(page) < 97

    def test_keys_walk_from_node_to_node(self, opened: Any) -> None:
        page = opened("graph=g1")
        page.locator(GRAPH).focus()
        page.keyboard.press("ArrowRight")
        said = page.locator(".host p[aria-live]").inner_text()
        assert said.startswith("node 0,")
        page.keyboard.press("ArrowRight")
        page.keyboard.press("Enter")
        assert page.locator(".host p[aria-live]").inner_text() != said
        assert selected(page) > 0
        outline = page.locator(GRAPH).evaluate("element => getComputedStyle(element).outlineStyle")
        assert outline != "none"

    def test_the_tip_shows_typical_samples(self, opened: Any, document: dict[str, Any]) -> None:
        page = opened("graph=g0")
        node = lonely_nodes(document, "g0")[0]
        page.mouse.move(*place_of(page, document, "g0", node))
        page.locator(".tip", has_text=f"node {node}").wait_for()
        page.wait_for_timeout(500)
        shades = page.evaluate("""() => {
            const tiles = document.querySelector('.tip canvas');
            const { data } = tiles.getContext('2d').getImageData(0, 0, tiles.width, tiles.height);
            return new Set(data.filter((_, i) => i % 4 == 0 && data[i + 3] == 255)).size;
        }""")
        assert shades > 10  # not the one colour that stands in for a picture

    def test_path_between_two_nodes(self, opened: Any, document: dict[str, Any]) -> None:
        page = opened("graph=g1")
        page.keyboard.press("p")
        for node in lonely_nodes(document, "g1")[:2]:
            page.mouse.click(*place_of(page, document, "g1", node))
        steps = page.locator("section[aria-label=Path] li").count()
        assert steps >= 2
        assert selected(page) > 0
        page.keyboard.press("2")
        page.locator(".gallery").wait_for()
        page.keyboard.press("1")  # tool and path are still there, also after a reload
        for _ in range(2):
            page.locator("section[aria-label=Path] li").first.wait_for()
            assert page.locator("section[aria-label=Path] li").count() == steps
            assert page.locator("button[aria-pressed=true]", has_text="Path").count() == 1
            page.reload()
        page.locator(".history li", has_text="12 x 12").locator("button").first.click()
        page.locator(".title b", has_text="12 x 12").wait_for()
        assert page.locator("section[aria-label=Path]").count() == 0  # it was a path of another graph

    def test_a_loop_of_the_stability_analysis_lights_up(self, opened: Any, document: dict[str, Any]) -> None:
        page = opened("graph=g0")
        page.locator("button.feature", has_text="loop").click()
        nodes = document["graphs"]["g0"]["confidence"]["loops"][0]["nodes"]
        rows = set().union(*(members(document, "g0", node).tolist() for node in nodes))
        assert selected(page) == len(rows)

    def test_sliders_hide_edges_and_the_address_keeps_it(self, opened: Any) -> None:
        page = opened("graph=g0")
        before = page.locator(".status span").nth(1).inner_text()
        slider = page.get_by_label("Least Jaccard index of an edge")
        slider.focus()
        for _ in range(10):
            page.keyboard.press("ArrowRight")
        assert " of " in page.locator(".status span").nth(1).inner_text()
        assert " of " not in before
        assert "jaccard=0.1" in page.url
        page.reload()
        page.locator(GRAPH).wait_for()
        assert " of " in page.locator(".status span").nth(1).inner_text()

    def test_the_table_says_what_is_drawn(self, opened: Any, document: dict[str, Any]) -> None:
        page = opened("graph=g1")
        page.keyboard.press("t")
        rows = page.locator("section[aria-label='Nodes as a table'] tbody tr")
        sizes = np.sort(unpacked(document["graphs"]["g1"]["nodes"]["size"]))[::-1]
        assert [int(rows.nth(i).locator("td").first.inner_text()) for i in range(5)] == sizes[:5].tolist()

    def test_many_classes_are_listed_by_frequency_in_different_colours(self, opened: Any) -> None:
        page = opened("graph=g0&colour=many")
        names = page.locator(".legend button").all_inner_texts()
        assert len(names) == 24
        assert "class 59" not in names
        assert names[0] in ("class 0", "class 1", "class 2", "class 3")  # of 57 to 60 samples, in several nodes each
        assert page.locator(".legend").inner_text().endswith("and 36 more; of 60 colours many are close")
        colours = page.locator(".legend i").evaluate_all("all => all.map(i => getComputedStyle(i).backgroundColor)")
        assert len(set(colours)) == 24

    def test_text_of_the_data_is_never_markup(self, opened: Any) -> None:
        page = opened("graph=g0")
        assert page.locator(".legend button", has_text=SCRIPT).count() == 1
        page.locator(".legend button", has_text=SCRIPT).click()
        assert selected(page) == 179
        page.keyboard.press("2")
        page.keyboard.press("1")
        assert page.evaluate("window.hacked") is None
        assert page.locator("img").count() == 0


class TestScreens:
    def test_one_selection_on_all_of_them(self, opened: Any, document: dict[str, Any]) -> None:
        page = opened("graph=g0")
        page.keyboard.press("3")
        bar = page.locator("svg g.bar").nth(2)
        bar.focus()
        page.keyboard.press("Enter")
        count = selected(page)
        assert count > 0
        page.keyboard.press("2")
        page.get_by_label("only the selection").check()
        assert page.locator(".gallery .toolbar b").inner_text() == str(count)
        page.keyboard.press("6")
        page.locator(GRAPH).nth(1).wait_for()
        assert selected(page) == count
        page.locator("svg path[role=button]").first.dispatch_event("click")
        assert selected(page) != count

    def test_filters_of_the_gallery(self, opened: Any, document: dict[str, Any]) -> None:
        page = opened("screen=samples", wait=".gallery")
        page.get_by_label("only wrong predictions").check()
        label = unpacked(document["columns"]["samples/label"]["values"])
        guess = unpacked(document["columns"]["samples/prediction/c1"]["values"])
        page.locator(".gallery .toolbar b", has_text=str(int((label != guess).sum()))).wait_for()
        page.get_by_label("Add a filter").select_option("label")
        page.locator(".filter .classes button", has_text="3").click()
        page.get_by_role("button", name="Select these").click()
        assert selected(page) == int(((label != guess) & (label == 3)).sum())

    def test_network_and_training(self, opened: Any) -> None:
        page = opened("screen=network", wait=".strip")
        assert page.locator(".strip li").count() == 3
        slider = page.locator(".slider input")
        slider.focus()
        page.keyboard.press("ArrowLeft")
        assert page.locator(".slider b").inner_text() == "epoch 2"
        page.keyboard.press("5")
        assert page.locator("figure").count() == 2

    def test_groups(self, opened: Any) -> None:
        page = opened("graph=g0")
        page.locator(".tray li button", has_text="first twenty").click()
        assert selected(page) == 20
        page.keyboard.press("g")
        page.keyboard.type("mine")
        page.keyboard.press("Enter")
        page.keyboard.press("Escape")
        page.locator(".tray li button", has_text="mine").click()
        assert selected(page) == 20

    def test_dark_and_print(self, opened: Any) -> None:
        page = opened("graph=g0")
        paper = "getComputedStyle(document.body).backgroundColor"
        page.keyboard.press("d")
        page.keyboard.press("d")
        assert page.evaluate(paper) == "rgb(20, 24, 28)"
        page.emulate_media(media="print")
        assert page.evaluate(paper) == "rgb(255, 255, 255)"
        assert not page.locator(".toolbar").first.is_visible()


def test_exports(opened: Any, document: dict[str, Any]) -> None:
    page = opened("graph=g0")
    page.locator(".tray li button", has_text="first twenty").click()
    files = {}
    for name in (
        "PNG of the graph",
        "SVG of the graph",
        "CSV of the selection",
        "CSV of the nodes",
        "GraphML",
        "JSON of the graph",
        "Python that makes it",
    ):
        page.locator("summary", has_text="Export").click()
        with page.expect_download() as download:
            page.get_by_role("button", name=name).click()
        files[name] = Path(download.value.path()).read_bytes()
    box = page.locator(GRAPH).bounding_box()
    wide, high = struct.unpack(">II", files["PNG of the graph"][16:24])
    drawn = ElementTree.fromstring(files["SVG of the graph"])
    assert wide == 2 * int(drawn.get("width"))
    assert abs(high - 2 * float(drawn.get("height"))) <= 1
    assert high > 2 * box["height"] + 100  # the legend stands below the picture
    texts = [text.text for text in drawn.findall(".//{*}text")]
    assert texts[0] == document["graphs"]["g0"]["title"]
    assert {"label", "0", SCRIPT, "points in node"} < set(texts)
    lines = files["CSV of the selection"].decode().splitlines()
    assert len(lines) == 21
    assert lines[0] == "sample,label,prediction,loss,entropy,confidence,many"
    count = document["graphs"]["g0"]["nodes"]["count"]
    assert len(files["CSV of the nodes"].decode().splitlines()) == count + 1
    graphml = ElementTree.fromstring(files["GraphML"])
    assert len(graphml.findall(".//{*}node")) == count
    assert len(json.loads(files["JSON of the graph"])["nodes"]) == count
    assert b"tl.mapper" in files["Python that makes it"]


@pytest.mark.parametrize("nodes", [5000, 20_000])
def test_large_graphs_move(browser: Any, nodes: int, tmp_path: Path) -> None:
    path = tmp_path / "large.html"
    path.write_text(offline_page(digits_document(big=nodes)))
    page = browser.new_page(viewport={"width": WIDE, "height": HIGH})
    page.goto(f"{path.as_uri()}#graph=big&colour=side")
    page.locator(GRAPH).wait_for()
    page.wait_for_timeout(300)
    box = page.locator(GRAPH).bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.evaluate("""() => { window.gaps = []; let last = 0;
        const step = now => { if (last) window.gaps.push(now - last); last = now; requestAnimationFrame(step); };
        requestAnimationFrame(step); }""")
    page.mouse.move(x, y)
    page.mouse.down()
    paces = []
    for step in range(40):
        page.mouse.move(x + 4 * step, y + 2 * step)
        paces.append(float(page.locator(GRAPH).get_attribute("data-pace")))
    page.mouse.up()
    gaps = page.evaluate("window.gaps")
    hover = page.evaluate(
        """async ([x, y]) => {
        const canvas = document.querySelector('canvas[aria-roledescription=graph]');
        const times = [];
        for (let i = 0; i < 60; i++) {
            const start = performance.now();
            const at = {clientX: x - 200 + 7 * i, clientY: y - 90 + 3 * i, bubbles: true};
            canvas.dispatchEvent(new PointerEvent('pointermove', at));
            await new Promise(requestAnimationFrame);
            times.push(performance.now() - start);
        }
        return times.sort((a, b) => a - b);
    }""",
        [x, y],
    )
    edges = page.locator(".status span").nth(1).inner_text()
    print(
        f"\n{edges}: drawing {statistics.median(paces):.1f} ms a frame (worst {max(paces):.1f}), "
        f"frames {statistics.median(gaps):.1f} ms apart; hover to next frame {hover[30]:.1f} ms (worst {hover[-1]:.1f})"
    )
    assert len(gaps) > 5
    assert page.locator(".status span").first.inner_text() == f"{nodes:,} nodes"
    page.close()
