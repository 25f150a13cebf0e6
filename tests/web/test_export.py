"""The exported page: one file, its data escaped, no request allowed."""

import base64
import hashlib
import json
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import httpx
import numpy as np
import pytest

from explorer_runs import PAGE, digits_run
from topolens.explorer.export import export_page, inlined, page_of
from topolens.explorer.graphs import make_graph
from topolens.explorer.listening import Listening
from topolens.explorer.packed import unpacked
from topolens.explorer.settings import complete
from topolens.explorer.store import Run

EVIL = ("</script><script>alert(1)</script>", "<!-- <script>", "<img src=x onerror=alert(1)>", *map(str, range(7)))


class Parts(HTMLParser):
    """Elements of a page as a browser reads them: the text of each script, and where things are loaded from."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.scripts: list[tuple[dict, str]] = []
        self.tags: list[str] = []
        self.loads: list[str] = []
        self.policy = ""
        self._inside = False
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list) -> None:
        given = dict(attrs)
        self.tags.append(tag)
        self.loads += [given[name] for name in ("src", "href", "srcset", "action") if name in given]
        if tag == "meta" and given.get("http-equiv") == "Content-Security-Policy":
            self.policy = given["content"]
        self._inside = tag == "script"
        if self._inside:
            self.scripts.append((given, ""))

    def handle_endtag(self, tag: str) -> None:
        self._inside = False

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.scripts[-1] = (self.scripts[-1][0], self.scripts[-1][1] + data)


@pytest.fixture(scope="module")
def evil(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run whose labels are scripts, with a graph."""
    run = digits_run(tmp_path_factory.mktemp("evil") / "run", samples=100, classes=EVIL)
    make_graph(run, complete(run, {"layer": "l2"}), lambda done, what: None)
    run.put_groups([{"name": EVIL[0], "space": "samples", "rows": [0]}])
    return run


def test_scripts_in_labels_stay_text(evil: Run, page: Path) -> None:
    parts = Parts(page_of(evil, page))
    (given, text), (_, code) = parts.scripts
    assert given == {"type": "application/json", "id": "topolens-data"}
    assert "<" not in text
    data = json.loads(text)
    assert data["run"]["spaces"][0]["columns"][0]["classes"] == list(EVIL)
    assert data["groups"][0]["name"] == EVIL[0]
    assert code == PAGE["app.js"].replace("<", "\\x3C")
    assert "img" not in parts.tags


def test_the_file_allows_its_own_script_alone_and_loads_nothing(evil: Run, page: Path) -> None:
    parts = Parts(page_of(evil, page))
    assert parts.loads == []
    assert "default-src 'none'" in parts.policy
    assert "connect-src" not in parts.policy
    digest = base64.b64encode(hashlib.sha256(parts.scripts[1][1].encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}';" in parts.policy


def test_the_file_holds_what_the_server_gives(evil: Run, page: Path, tmp_path: Path) -> None:
    written = export_page(evil, tmp_path / "page.html", page).read_text()
    data = json.loads(Parts(written).scripts[0][1])
    assert data["run"]["live"] is False
    assert sorted(data["graphs"]) == [head["key"] for head in data["history"]]
    loss = unpacked(data["columns"]["samples/loss/c0"]["values"])
    assert np.array_equal(loss, evil.column("samples", "loss", "c0")[1])
    assert data["tiles"]["samples/0"].startswith("data:image/png;base64,iVBOR")
    assert data["run"]["format"] == "topolens.run/1"


def test_a_page_that_names_what_is_not_there_is_refused(page: Path) -> None:
    with pytest.raises(ValueError, match="make page"):
        inlined(PAGE["index.html"].replace("app.js", "../secret.js"), page, {})


def test_without_a_built_page_the_server_says_what_to_do(run: Run, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    server = Listening(run, page=tmp_path / "empty", workers=0).start()
    with httpx.Client(base_url=f"http://127.0.0.1:{server.port}", follow_redirects=True) as client:
        assert "run <code>make page</code>" in client.get(server.url).text
    server.close()
    with pytest.raises(ValueError, match="run make page"):
        page_of(run, tmp_path / "empty")


def test_the_server_gives_the_same_file(
    client_of: Callable[[Listening], httpx.Client], idle: Listening, page: Path
) -> None:
    answer = client_of(idle).get("/api/export/page")
    assert answer.status_code == 200
    assert answer.headers["content-disposition"] == 'attachment; filename="digits.html"'
    assert answer.text == page_of(idle.run, page)
