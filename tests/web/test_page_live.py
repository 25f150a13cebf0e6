"""The explorer's page asking a server: the answers are the contract's, given by the test in the server's place."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest

from web.digits_document import PAGE, digits_document

ORIGIN = "http://127.0.0.1:8765"
POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'"
NUMBER = {"min": 0, "max": 200, "choices": [], "help": ""}
FORM = {
    "lenses": [
        {
            "kind": "pca",
            "label": "principal component",
            "help": "",
            "fields": [
                {"name": "component", "label": "component", "type": "int", "default": 1, "per_lens": False, **NUMBER}
            ],
        },
        {
            "kind": "column",
            "label": "column",
            "help": "",
            "fields": [
                {"name": "column", "label": "column", "type": "column", "default": None, "per_lens": False, **NUMBER}
            ],
        },
    ],
    "covers": [
        {
            "kind": "uniform",
            "label": "uniform",
            "help": "",
            "fields": [
                {"name": "resolution", "label": "intervals", "type": "int", "default": 20, "per_lens": True, **NUMBER},
                {"name": "gain", "label": "gain", "type": "float", "default": 2.0, "per_lens": True, **NUMBER},
                {
                    "name": "convention",
                    "label": "convention",
                    "type": "choice",
                    "default": "spanning",
                    "per_lens": False,
                    **NUMBER,
                    "choices": ["spanning", "cell"],
                },
            ],
        }
    ],
    "clusterers": [
        {
            "kind": "first_gap",
            "label": "first gap",
            "help": "",
            "fields": [{"name": "bins", "label": "bins", "type": "int", "default": 10, "per_lens": False, **NUMBER}],
        }
    ],
    "general": [{"name": "seed", "label": "seed", "type": "int", "default": 0, "per_lens": False, **NUMBER}],
}


class Server:
    """Answers as the contract says, keeps what was asked, and refuses what it is told to."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self.asked: list[tuple[str, str, Any]] = []
        self.made = ["g0"]
        self.job = "done"
        self.measured = True
        self.refuse = ""
        self.jobs: list[dict[str, Any]] = []

    def handle(self, route: Any) -> None:
        request = route.request
        path = request.url.removeprefix(ORIGIN).split("?")[0]
        body = json.loads(request.post_data) if request.post_data else None
        self.asked.append((request.method, request.url.removeprefix(ORIGIN), body))
        kind, answer = self.answer(request.method, path.removeprefix("/"), body)
        status = 200
        if self.refuse and path.endswith("estimate"):
            status, kind, answer = 422, "application/json", json.dumps({"detail": self.refuse})
        route.fulfill(status=status, body=answer, headers={"content-type": kind, "content-security-policy": POLICY})

    def answer(self, method: str, path: str, body: Any) -> tuple[str, Any]:
        files = {
            "": ("text/html", "index.html"),
            "app.js": ("text/javascript", "app.js"),
            "app.css": ("text/css", "app.css"),
        }
        if path in files:
            return files[path][0], (PAGE / files[path][1]).read_text()
        if path.startswith("api/tiles/"):
            data = self.document["tiles"][path.removeprefix("api/tiles/").removesuffix(".png")]
            return "image/png", base64.b64decode(data.partition(",")[2])
        if path == "api/jobs/j1/events" or path == "api/training/events":
            return (
                "text/event-stream",
                f"data: {json.dumps(self.state() if 'jobs' in path else self.document['training'])}\n\n",
            )
        return "application/json", json.dumps(self.content(method, path.removeprefix("api/"), body))

    def state(self) -> dict[str, Any]:
        done = self.job == "done"
        return {
            "state": self.job,
            "done": 1.0 if done else 0.4,
            "expected_seconds": 1.2,
            "what": "clustering",
            "result": "g2" if done else None,
            "error": "no memory; lower the gain" if self.job == "failed" else None,
            "title": "trust in the larger graph",
        }

    def content(self, method: str, path: str, body: Any) -> Any:
        graphs = self.document["graphs"]
        if method == "POST" and path == "graphs":
            self.made = ["g2", *(key for key in self.made if key != "g2")]
            return {"job": "j1"}
        if path == "graphs":
            return [
                {
                    "key": key,
                    "title": graphs[key]["title"],
                    "settings": graphs[key]["settings"],
                    "nodes": graphs[key]["nodes"]["count"],
                    "edges": 9,
                    "created": "",
                }
                for key in self.made
            ]
        if path.startswith("columns/"):
            space, column = path.split("/")[1:]
            checkpoint = self.asked[-1][1].partition("checkpoint=")[2]
            return self.document["columns"][f"{space}/{column}/{checkpoint}".rstrip("/")]
        if method == "DELETE":
            return None
        if path.endswith("/stability"):
            return {"job": "j1"}
        if path.startswith("graphs/") and method == "GET":
            return graphs[path.split("/")[1]] | ({} if self.measured else {"confidence": None})
        return {
            "run": self.document["run"] | {"live": True},
            "settings": FORM,
            "groups": [],
            "findings": {"findings": []},
            "training": self.document["training"],
            "jobs": self.jobs,
            "graphs/estimate": {"seconds": 0.4, "memory_mb": 80, "nodes": 900, "warning": None},
        }[path]


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return digits_document(big=0)


@pytest.fixture
def live(browser: Any, document: dict[str, Any]) -> Iterator[tuple[Any, Server]]:
    context = browser.new_context(viewport={"width": 1360, "height": 860}, reduced_motion="reduce")
    server = Server(document)
    strangers: list[str] = []
    refused: list[str] = []
    context.on(
        "request",
        lambda request: strangers.append(request.url) if not request.url.startswith((ORIGIN, "data:")) else None,
    )
    context.on(
        "console", lambda message: refused.append(message.text) if "Content Security Policy" in message.text else None
    )
    context.route("**/*", server.handle)
    page = context.new_page()
    page.goto(f"{ORIGIN}/")
    page.locator("button[type=submit]").wait_for()
    yield page, server
    context.close()
    assert strangers == []
    assert refused == []


def test_a_change_is_estimated_and_run(live: tuple[Any, Server]) -> None:
    page, server = live
    page.get_by_label("intervals", exact=True).fill("14")
    page.get_by_label("intervals", exact=True).press("Enter")
    page.locator(".estimate", has_text="≈ 0.400 s · 80 MB · 900 nodes").wait_for()
    page.get_by_role("button", name="Run").click()
    page.locator(".title b", has_text="8 x 8").wait_for()
    made = [body for method, path, body in server.asked if method == "POST" and path == "/api/graphs"]
    assert made[0]["cover"] == {"kind": "uniform", "resolution": [14, 14], "gain": [2.0, 2.0], "convention": "spanning"}
    assert made[0]["layer"] == "l1"
    assert "graph=g2" in page.url
    assert page.locator(".history li").count() == 2


def test_what_was_edited_during_a_run_stays(live: tuple[Any, Server]) -> None:
    page, server = live
    server.job = "running"
    page.get_by_role("button", name="Run").click()
    page.get_by_label("Progress of Mapper").wait_for()
    field = page.get_by_label("intervals", exact=True)
    field.fill("17")
    field.press("Tab")
    server.job = "done"
    page.locator(".title b", has_text="8 x 8").wait_for(timeout=15_000)
    assert field.input_value() == "17"
    page.locator(".history li button", has_text="12 x 12").click()
    page.locator(".title b", has_text="12 x 12").wait_for()
    assert field.input_value() == "12"
    page.locator(".history li button", has_text="8 x 8").click()
    page.locator(".title b", has_text="8 x 8").wait_for()
    assert field.input_value() == "8"


def test_a_third_lens_gets_a_third_number(live: tuple[Any, Server]) -> None:
    page, server = live
    page.get_by_role("button", name="+ lens").click()
    page.get_by_label("Lens 3", exact=True).select_option("column")
    page.locator("form label", has_text="column").locator("select").select_option("loss")
    page.get_by_role("button", name="Run").click()
    page.locator(".title b", has_text="8 x 8").wait_for()
    made = [body for method, path, body in server.asked if method == "POST" and path == "/api/graphs"]
    assert made[0]["lenses"][2] == {"kind": "column", "column": "loss"}
    assert made[0]["cover"]["resolution"] == [12, 12, 12]


def test_a_running_job_shows_and_is_cancelled(live: tuple[Any, Server]) -> None:
    page, server = live
    server.job = "running"
    page.get_by_role("button", name="Run").click()
    page.locator(".run", has_text="clustering, about 1.20 s").wait_for()
    assert page.locator(".run progress").get_attribute("value") == "0.4"
    server.job = "cancelled"
    page.locator(".run").get_by_role("button", name="Cancel").click()
    page.locator(".messages", has_text="Mapper was cancelled").wait_for(timeout=15_000)
    assert ("DELETE", "/api/jobs/j1", None) in server.asked


def test_a_job_shows_beside_its_own_graph_and_in_the_list_of_all(live: tuple[Any, Server]) -> None:
    page, server = live
    server.job, server.measured, server.made = "running", False, ["g0", "g2"]
    page.reload()
    page.get_by_role("button", name="Measure stability").click()
    progress = page.get_by_label("Progress of the stability")
    progress.wait_for()
    page.locator(".history li button", has_text="8 x 8").click()
    page.locator(".title b", has_text="8 x 8").wait_for()
    assert progress.count() == 0
    assert page.get_by_role("button", name="Measure stability").count() == 1
    page.keyboard.press("4")  # another screen
    page.locator(".jobs summary", has_text="1 job").click()
    job = page.get_by_role("list", name="Jobs").locator("li")
    assert "trust in the larger graph" in job.inner_text()
    server.job = "cancelled"
    job.get_by_role("button").click()
    page.locator(".messages", has_text="Stability was cancelled").wait_for(timeout=15_000)
    assert ("DELETE", "/api/jobs/j1", None) in server.asked
    assert page.locator(".jobs").count() == 0


def test_a_reloaded_tab_binds_a_job_to_its_graph(live: tuple[Any, Server]) -> None:
    page, server = live
    server.job, server.measured, server.made = "running", False, ["g0", "g2"]
    server.jobs = [server.state() | {"job": "j1", "request": {"task": "stability", "graph": "g2", "resamples": 50}}]
    page.reload()
    page.locator(".jobs summary").wait_for()
    assert page.get_by_label("Progress of the stability").count() == 0  # g0 is shown
    page.locator(".history li button", has_text="8 x 8").click()
    page.get_by_label("Progress of the stability").wait_for()


def test_a_graph_of_another_layer_does_not_push_itself_forward(live: tuple[Any, Server]) -> None:
    page, server = live
    server.job = "running"
    page.get_by_role("button", name="Run").click()
    page.get_by_label("Progress of Mapper").wait_for()
    page.get_by_label("Layer", exact=True).select_option(label="pixels")
    page.get_by_label("Progress of Mapper").wait_for(state="detached")
    server.job = "done"
    page.locator(".messages", has_text="it stands in the history").wait_for(timeout=15_000)
    assert page.get_by_label("Layer", exact=True).input_value() == "l0"
    assert page.locator(".history li").count() == 2


def test_what_goes_wrong_is_said(live: tuple[Any, Server]) -> None:
    page, server = live
    server.job = "failed"
    page.get_by_role("button", name="Run").click()
    page.locator(".messages", has_text="no memory; lower the gain").wait_for()
    server.refuse = "gain must be a number from 1 to 10, got 99"
    page.get_by_label("gain", exact=True).fill("99")
    page.get_by_label("gain", exact=True).press("Tab")
    page.locator(".estimate.bad", has_text="gain must be a number from 1 to 10").wait_for()
    assert page.get_by_role("button", name="Run").is_disabled()


def test_groups_are_kept_by_the_server(live: tuple[Any, Server]) -> None:
    page, server = live
    page.locator(".legend button").first.click()
    page.get_by_label("Name of the group").fill("zeros")
    page.get_by_label("Name of the group").press("Enter")
    page.locator(".tray li", has_text="zeros").wait_for()
    page.wait_for_timeout(300)
    (kept,) = [body for method, path, body in server.asked if method == "PUT" and path == "/api/groups"]
    assert kept[0]["name"] == "zeros"
    assert len(kept[0]["rows"]) == 178
