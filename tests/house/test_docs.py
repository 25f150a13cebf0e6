"""The documentation says what the code does: examples run, no public name is missing, figures are those measured."""

import doctest
import importlib
import json
import re
from pathlib import Path

import pytest

import topolens as tl

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
ROOMS = (
    "analyses", "distances", "filtrations", "graph_features", "layers", "losses", "mapper", "measures", "metrics",
    "probes", "report", "sampling", "vectorizations",
)  # fmt: skip
pytestmark = pytest.mark.skipif(not DOCS.is_dir(), reason="the documentation is not beside the tests")


@pytest.mark.parametrize("page", ["start.md", "concepts.md"])
def test_examples_of_a_page_give_what_they_show(page: str) -> None:
    blocks = re.findall(r"```python\n(.*?)```", (DOCS / page).read_text(encoding="utf-8"), flags=re.DOTALL)
    session = "\n".join(block for block in blocks if ">>>" in block)
    parsed = doctest.DocTestParser().get_doctest(session, {}, page, page, 0)
    said: list[str] = []
    outcome = doctest.DocTestRunner(verbose=False).run(parsed, out=said.append)
    assert outcome.failed == 0, "".join(said)


def test_every_public_name_is_in_the_reference() -> None:
    text = "\n".join(page.read_text(encoding="utf-8") for page in sorted((DOCS / "reference").glob("*.md")))
    public = set(tl.__all__)
    for room in ROOMS:
        public |= set(importlib.import_module(f"topolens.{room}").__all__)
    absent = sorted(name for name in public if not re.search(rf"\b{re.escape(name)}\b", text))
    assert absent == []


def test_the_page_of_benchmarks_is_that_of_the_results(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT))
    page = importlib.import_module("benchmarks.page")
    data = json.loads(page.RESULTS.read_text(encoding="utf-8"))
    assert page.PAGE.read_text(encoding="utf-8") == page.page(data, page.others()), "run python -m benchmarks.page"
