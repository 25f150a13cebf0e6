"""The page on a trained network, with its server, in a real Chromium: path, loop, cancel, history and comparison.

The network has learnt scikit-learn's digits, and MNIST where the data sets are here.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra
from torch import Tensor, nn

from explorer_runs import digits
from web.digits_document import PAGE, unpacked

pytest.importorskip("topolens.explorer.listening", reason="needs the explorer's server")

GRAPH = "canvas[role=application][aria-roledescription=graph]"
SAMPLES = 900


def trained(images: Tensor, labels: Tensor, seed: int = 0) -> nn.Sequential:
    """A small network that has learnt these images."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        wide = 8 * (images.shape[-1] // 2) ** 2
        parts = [nn.Conv2d(1, 8, 3, stride=2, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(wide, 32), nn.ReLU()]
        names = ("conv", "relu", "flat", "hidden", "active", "out")
        net = nn.Sequential(OrderedDict(zip(names, [*parts, nn.Linear(32, 10)], strict=True)))
        optimiser = torch.optim.Adam(net.parameters(), 5e-3)
        for _ in range(8):
            for rows in torch.randperm(len(images)).split(64):
                optimiser.zero_grad()
                nn.functional.cross_entropy(net(images[rows]), labels[rows]).backward()
                optimiser.step()
    return net.eval()


@pytest.fixture(scope="module", params=["digits", pytest.param("mnist", marks=pytest.mark.real_data)])
def served(
    request: pytest.FixtureRequest, data_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Any]:
    from topolens.explorer.listening import Listening
    from topolens.explorer.recording import Plan, make_run

    if request.param == "digits":
        images, labels = digits()
    else:
        with np.load(data_folder / "mnist.npz") as found:
            images, labels = torch.tensor(found["x_train"][:4000]), torch.tensor(found["y_train"][:4000]).long()
        images = images[:, None].float() / 255
    net = trained(images, labels)
    right = (net(images).argmax(1) == labels).float().mean()
    assert right > 0.95
    plan = Plan({"trained": net}, [0], (images, labels), [str(i) for i in range(10)], ["hidden", "out"], SAMPLES)
    server = Listening(make_run(plan, tmp_path_factory.mktemp("trained") / "run"), page=PAGE, workers=1).start()
    yield server
    server.close()


@pytest.fixture
def page(browser: Any, served: Any) -> Iterator[Any]:
    """The layer `hidden` with a graph of 12 intervals, made if it is not there."""
    context = browser.new_context(viewport={"width": 1360, "height": 860}, reduced_motion="reduce")
    faults: list[str] = []
    context.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    context.on("weberror", lambda error: faults.append(str(error.error)))
    page = context.new_page()
    page.goto(served.url)
    page.get_by_label("Layer", exact=True).select_option(label="hidden")
    page.locator(GRAPH).wait_for()
    run_mapper(page, 12)
    yield page
    context.close()
    assert faults == []


def run_mapper(page: Any, intervals: int) -> None:
    field = page.get_by_label("intervals", exact=True)
    field.fill(str(intervals))
    field.press("Tab")
    page.locator(".estimate", has_text="nodes").wait_for()
    with page.expect_response(lambda answer: "/api/graphs/" in answer.url and answer.request.method == "GET"):
        page.get_by_role("button", name="Run").click()
    page.locator(".title b", has_text=f"{intervals} x {intervals}").wait_for()
    page.keyboard.press("Escape")


class Shown:
    """The graph on the screen, as the server has it."""

    def __init__(self, page: Any, key: str = "") -> None:
        self.key = key or page.url.partition("graph=")[2].partition("&")[0]
        self.home = page.url.partition("#")[0]
        self.document = page.request.get(f"{self.home}api/graphs/{self.key}").json()
        nodes, edges, members = (self.document[part] for part in ("nodes", "edges", "members"))
        self.size, self.a, self.b = (unpacked(held) for held in (nodes["size"], edges["a"], edges["b"]))
        self.shared = unpacked(edges["shared"])
        self.place = np.column_stack([unpacked(nodes["x"]), unpacked(nodes["y"])])
        self.members = np.split(unpacked(members["rows"]), unpacked(members["offsets"])[1:-1])

    def rows(self, nodes: Any) -> set[int]:
        return set().union(*(self.members[node].tolist() for node in nodes))

    def labels(self, page: Any) -> np.ndarray:
        return unpacked(page.request.get(f"{self.home}api/columns/samples/label").json()["values"]).astype(int)

    def lonely(self) -> np.ndarray:
        """Nodes that no other node is drawn near to, nor the legend or a hint above."""
        gap = np.linalg.norm(self.place[:, None] - self.place[None], axis=-1) + 9 * np.eye(len(self.place))
        return np.flatnonzero((gap.min(1) > 0.05) & (np.abs(self.place).max(1) < 0.85))

    def click(self, page: Any, node: int) -> None:
        box = page.locator(GRAPH).bounding_box()
        scale = min(box["width"], box["height"]) / 2 - 28
        x, y = (float(at) * scale for at in self.place[node])
        page.mouse.click(box["x"] + box["width"] / 2 + x, box["y"] + box["height"] / 2 - y)

    def lengths(self) -> csr_matrix:
        """An edge is as long as its ends differ."""
        jaccard = self.shared / (self.size[self.a] + self.size[self.b] - self.shared)
        return csr_matrix((1 - jaccard + 1e-6, (self.a, self.b)), shape=(len(self.size),) * 2)


def selected(page: Any) -> int:
    return int(page.locator(".tray .count b").inner_text().replace(",", ""))


def test_the_path_tool_finds_the_shortest_way(page: Any) -> None:
    shown = Shown(page)
    far, before = dijkstra(shown.lengths(), directed=False, return_predecessors=True)
    lonely = shown.lonely()
    between = np.where(np.isfinite(far), far, -1)[np.ix_(lonely, lonely)]
    start, end = lonely[list(np.unravel_index(between.argmax(), between.shape))].tolist()
    way = [end]
    while way[0] != start:
        way.insert(0, int(before[start, way[0]]))
    assert len(way) > 3
    page.keyboard.press("p")
    shown.click(page, start)
    page.locator(".hint", has_text=f"From node {start}:").wait_for()
    shown.click(page, end)
    titles = page.locator("section[aria-label=Path] li button").evaluate_all("all => all.map(each => each.title)")
    assert [int(title.split()[1].rstrip(":")) for title in titles] == way
    assert selected(page) == len(shown.rows(way))


def test_the_loop_tool_goes_round_a_loop_of_the_stability_analysis(page: Any) -> None:
    page.get_by_role("button", name="Measure stability").click()
    page.locator("option[value='@confidence']").wait_for(state="attached", timeout=120_000)
    shown = Shown(page)
    loops = sorted((loop["nodes"] for loop in shown.document["confidence"]["loops"]), key=len)
    inside = [int(node) for node in shown.lonely() if any(node in loop for loop in loops)]
    outside = [int(node) for node in shown.lonely() if not any(node in loop for loop in loops)]
    assert inside
    assert outside
    page.keyboard.press("o")
    shown.click(page, inside[0])
    smallest = next(loop for loop in loops if inside[0] in loop)
    assert selected(page) == len(shown.rows(smallest))
    way = page.url.partition("path=")[2].partition("&")[0].split(".")
    assert way[-1] == "round"
    assert sorted(map(int, way[:-1])) == sorted(smallest)
    shown.click(page, outside[0])
    page.locator(".messages", has_text="no loop passes through this node").wait_for()


def test_a_run_of_mapper_is_cancelled_and_another_one_made(page: Any, served: Any) -> None:
    before = page.locator(".history li").count()
    page.get_by_label("intervals", exact=True).fill("150")
    page.get_by_label("gain", exact=True).fill("5")
    page.get_by_label("gain", exact=True).press("Tab")
    page.get_by_role("button", name="Run").click()
    page.get_by_label("Progress of Mapper").wait_for()
    (job,) = [job for job in served.jobs.all() if job["state"] in ("waiting", "running")]
    page.locator(".run").get_by_role("button", name="Cancel").click()
    page.locator(".messages", has_text="Mapper was cancelled").wait_for()
    assert served.jobs.get(job["job"]).state == "cancelled"
    page.reload()
    page.locator(GRAPH).wait_for()
    assert page.locator(".jobs").count() == 0
    assert page.locator(".history li").count() == before
    page.get_by_label("gain", exact=True).fill("2")
    run_mapper(page, 5)
    assert page.locator(".history li").count() == before + 1


def test_history_goes_back_to_an_earlier_graph_and_its_parameters(page: Any) -> None:
    first = Shown(page)
    run_mapper(page, 9)
    later = Shown(page)
    assert later.key != first.key
    page.locator(".history li", has_text="12 x 12").locator("button").first.click()
    page.locator(".title b", has_text="12 x 12").wait_for()
    assert page.get_by_label("intervals", exact=True).input_value() == "12"
    assert page.locator(".status span").first.inner_text() == f"{len(first.size)} nodes"
    assert f"graph={first.key}" in page.url
    page.reload()
    page.locator(".title b", has_text="12 x 12").wait_for()


def test_two_graphs_are_compared_and_a_flow_selects_its_samples(page: Any) -> None:
    run_mapper(page, 9)
    b = Shown(page)
    page.locator(".history li", has_text="12 x 12").locator("button").first.click()
    page.locator(".title b", has_text="12 x 12").wait_for()
    a = Shown(page)
    page.locator(".history li", has_text="9 x 9").locator("button.b").click()
    page.locator(GRAPH).nth(1).wait_for()
    cells = page.locator(".below table tbody tr").first.locator("td").all_inner_texts()
    assert cells == [str(len(a.size)), str(len(b.size))]
    label = a.labels(page)
    groups = [[int(np.bincount(label[rows], minlength=10).argmax()) for rows in each.members] for each in (a, b)]
    flow = page.locator("svg path[role=button]").first
    origin, goal = (int(word) for word in flow.get_attribute("aria-label").split(" from ")[1].split(" to "))
    flow.dispatch_event("click")
    held = [
        each.rows([node for node, group in enumerate(found) if group == wanted])
        for each, found, wanted in ((a, groups[0], origin), (b, groups[1], goal))
    ]
    assert selected(page) == len(held[0] & held[1]) > 0
