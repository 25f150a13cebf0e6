"""The page: complete, escaped, silent on the network, and every number beside its reference."""

import copy
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from topolens.analyses import CARDS
from topolens.analyses.finding import Figure, Finding, Number, Series, Table
from topolens.report import html as module
from topolens.report.html import TONES, duration, embedded, html_of, interval, number
from topolens.report.report import Report

NASTY = "<script>alert(1)</script></script><!--\"'&\u2028{{ 7 * 7 }}"
VOID = {"meta", "link", "br", "img", "hr", "input", "col"}


class Page(HTMLParser):
    """Checks nesting while it collects attributes, ids and text."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.scripts: list[str] = []
        self.words = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs) -> None:
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs) -> None:
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data) -> None:
        if self.open and self.open[-1] == "script":
            self.scripts.append(data)
        elif not self.open or self.open[-1] != "style":
            self.words += data


@pytest.fixture(scope="module")
def text(report: Report) -> str:
    return report.html()


@pytest.fixture(scope="module")
def page(text: str) -> Page:
    return Page(text)


@pytest.fixture
def nasty(finding: Finding) -> Report:
    number = Number(1.0, NASTY, (0.0, 2.0), NASTY, 0.5, NASTY, 0.1)
    figure = Figure("nulls", NASTY, {"observed": 1.0, "groups": {NASTY: [0.1]}, "quantity": NASTY})
    sentences = dict.fromkeys(("name", "subject", "question", "answer", "verdict"), NASTY)
    bad = Finding(
        **sentences, numbers={NASTY: number}, tables=finding.tables, figures={NASTY: figure},
        references={NASTY: (0.5,)}, warnings=(NASTY,), provenance={NASTY: NASTY},
    )  # fmt: skip
    texts = ("command", "created", "seed", "threads")
    lists = ("warnings", "references")
    return Report(
        (bad,),
        {**dict.fromkeys(texts, NASTY), **{key: [NASTY] for key in lists}, "model": {"source": NASTY, NASTY: NASTY},
         "skipped": [{"layer": NASTY, "reason": NASTY}], "budget": {"seconds": 3, "cut": [NASTY]}},
    )  # fmt: skip


def test_tags_are_balanced(page: Page) -> None:
    assert page.open == []


def test_ids_are_unique_and_links_inside_the_page_lead_somewhere(page: Page) -> None:
    ids = [value for _, name, value in page.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    targets = {value[1:] for _, name, value in page.attributes if name == "href" and value.startswith("#")}
    assert targets <= set(ids)


def test_nothing_is_loaded_from_anywhere(text: str, page: Page) -> None:
    for tag, name, value in page.attributes:
        if name in ("src", "href", "xlink:href", "srcset", "poster", "action") and tag != "a":
            assert value.startswith(("data:", "#")), (tag, name, value[:80])
    assert "@import" not in text
    assert not re.search(r"url\((?!#)", text)
    links = [
        value for tag, name, value in page.attributes if tag == "a" and name == "href" and not value.startswith("#")
    ]
    assert links == ["https://arxiv.org/abs/1810.03234"]
    policy = next(value for tag, name, value in page.attributes if name == "content" and "default-src" in value)
    assert "default-src 'none'" in policy


def test_the_only_script_is_the_one_the_policy_allows(page: Page) -> None:
    import base64
    import hashlib

    policy = next(value for _, name, value in page.attributes if name == "content" and "default-src" in value)
    digest = base64.b64encode(hashlib.sha256(page.scripts[1].encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy
    assert len(page.scripts) == 2
    assert not [name for _, name, _ in page.attributes if name.startswith("on")]


def test_page_is_a_function_of_the_json(report: Report, text: str) -> None:
    assert html_of(json.loads(json.dumps(report.to_json()))) == text


def test_json_inside_is_the_report(report: Report, page: Page) -> None:
    assert json.loads(page.scripts[0]) == report.to_json()


def test_every_text_is_escaped(nasty: Report) -> None:
    text = nasty.html()
    page = Page(text)
    assert page.open == []
    assert len(page.scripts) == 2
    assert json.loads(page.scripts[0]) == nasty.to_json()
    assert text.count("<script") == 2
    assert "<!--" not in text
    assert page.words.count("<script>alert(1)</script></script><!--\"'&\u2028{{ 7 * 7 }}") >= 12


def test_embedded_json_cannot_end_its_element() -> None:
    text = embedded({"</script>": "<!-- <script> &amp; \u2028\u2029"})
    assert not re.search(r"[<>&\u2028\u2029]", text)
    assert json.loads(text) == {"</script>": "<!-- <script> &amp; \u2028\u2029"}
    with pytest.raises(ValueError):
        embedded({"x": float("nan")})


def test_section_begins_with_question_verdict_answer_and_has_all_parts(text: str) -> None:
    section = text[text.index('id="finding-1"') : text.index('id="finding-2"')]
    order = ["Do this layer", "badge found", "One circle:", 'class="numbers', 'class="hero"', 'class="pictures"']
    order += ["Read with care", "Diagrams and references in full", "Settings, versions and cost"]
    places = [section.index(part) for part in order]
    assert places == sorted(places)
    assert section.count("<svg") == 10 + 1 + 2
    assert "could not be drawn" not in text


def test_numbers_stand_beside_their_references(text: str) -> None:
    row = re.search(r"<tr>\s*<th scope=\"row\">length of the longest H1 bar.*?</tr>", text, re.DOTALL)
    cells = [re.sub(r"<[^>]*>", "", cell) for cell in re.findall(r"<td.*?</td>", row[0])]
    assert cells == ["0.684", "0.643 to 0.705", "0.0712", "maximum of 20 Gaussian nulls", "0.0476"]


def test_summary_has_a_row_for_every_layer(text: str, report: Report) -> None:
    summary = text[text.index('id="summary"') : text.index('id="finding-1"')]
    for place, finding in enumerate(report.findings, 1):
        assert f'<a href="#finding-{place}">{finding.subject}</a>' in summary
    assert summary.count('<rect class="above"') == 2
    assert summary.count('<rect class="below"') == 1
    assert "The sweep over (k, p) was left out of features.6." in summary
    assert "a 1 x 1 convolution has no spatial filter" in summary


def test_pictures_have_words(page: Page) -> None:
    labels = [value for tag, name, value in page.attributes if tag == "svg" and name == "aria-label"]
    roles = [value for tag, name, value in page.attributes if tag == "svg" and name == "role"]
    hidden = [value for tag, name, value in page.attributes if tag == "svg" and name == "aria-hidden"]
    assert (
        len(labels)
        == len(roles)
        == sum(1 for tag, name, _ in page.attributes if tag == "svg" and name == "viewbox") - len(hidden)
    )
    assert all(label.startswith("features.") for label in labels)


def test_reads_in_the_dark_on_paper_and_on_a_phone(text: str) -> None:
    for rule in ("prefers-color-scheme: dark", "@media print", "max-width: 46rem", 'name="viewport"'):
        assert rule in text


def test_sizes(text: str) -> None:
    section = text[text.index('id="finding-1"') : text.index('id="finding-2"')]
    assert len(section) < 800_000
    assert len(text) < 4_000_000


def test_absent_provenance_and_no_finding() -> None:
    page = Page(Report((), {}).html())
    assert "No layer was analysed." in page.words
    assert "The topology of a network" in page.words


def test_a_picture_that_cannot_be_drawn_costs_only_itself(finding: Finding, caplog: pytest.LogCaptureFixture) -> None:
    spoilt = replace(
        finding, figures={"x": Figure("pie", "a pie", {}), "y": finding.figures["nulls"]}, series={}, diagrams={}
    )
    text = Report((spoilt,)).html()
    assert "This picture could not be drawn: figure.kind must be one of" in text
    assert text.count('<svg role="img"') == 1
    assert "picture left out" in caplog.text


def test_the_json_is_not_changed(report: Report) -> None:
    data = report.to_json()
    before = copy.deepcopy(data)
    html_of(data)
    assert data == before


def test_tones_are_of_verdicts_that_there_are() -> None:
    assert {*CARDS["filter_space"].verdicts, *CARDS["filter_training"].verdicts} <= set(TONES)
    assert set(TONES) <= {verdict for card in CARDS.values() for verdict in card.verdicts}


def test_long_tables_and_lists_of_numbers_wait_to_be_opened() -> None:
    numbers = {f"n{i}": Number(i, f"number {i}") for i in range(20)}
    rows = tuple((f"layer {i}", i) for i in range(30))
    finding = Finding("trust", "model", "?", "!", "not defined", numbers, {"t": Table("Layers", ("layer", "n"), rows)})
    page = Report((finding,)).html()
    assert "<summary>8 more numbers</summary>" in page
    assert "<summary>Layers: 30 rows</summary>" in page
    assert page.index("number 11") < page.index("8 more numbers") < page.index("number 12")
    short = Report((replace(finding, numbers={}, tables={"t": Table("Layers", ("layer", "n"), rows[:24])}),)).html()
    assert "<caption>Layers</caption>" in short


def test_only_curves_with_a_null_are_said_to_have_one() -> None:
    series = Series("Curve.", "step", (0.0, 1.0), {"a": (0.1, 0.2)}, {"a": ((0.0, 0.2), (0.1, 0.3))})
    finding = Finding("trust", "model", "?", "!", "not defined", series={"s": series})
    assert "above the grey band" not in Report((finding,)).html()
    series = replace(series, bands={"null": ((0.0, 0.2), (0.1, 0.3))})
    assert "above the grey band" in Report((replace(finding, series={"s": series}),)).html()


def test_templates_are_in_the_package() -> None:
    folder = Path(module.__file__).parent / "templates"
    assert {path.name for path in folder.iterdir()} == {
        "finding.html", "glossary.html", "parts.html", "report.css", "report.html", "report.js"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "–"), (3, "3"), (12345, "12\u202f345"), (0.5, "0.500"), (-0.25, "−0.250"), (1234.5, "1\u202f234"),
     (2.0, "2"), (0.0, "0"), (0.00012, "1.20e−04"), (99.96, "100"), ("a", "a"), (True, "yes")],
)  # fmt: skip
def test_number(value: object, text: str) -> None:
    assert number(value) == text


def test_interval_and_duration() -> None:
    assert interval([1.0, 2.0]) == "1 to 2"
    assert interval([2.0, 2.9]) == "2.00 to 2.90"
    assert interval([0.1, None]) == "0.100 to –"
    assert [duration(s) for s in (0.5, 3.26, 59, 60, 74.2, 3600, 3725)] == [
        "0.50 s", "3.3 s", "59 s", "1 min", "1 min 14 s", "1 h", "1 h 2 min"
    ]  # fmt: skip


def test_a_page_of_the_explorer_stands_in_a_frame_that_may_do_little(report: Report) -> None:
    inner = f"<html><head><meta content=\"script-src 'sha256-abc='\"></head><body title='\"'>{NASTY}</body></html>"
    text = report.html(inner)
    page = Page(text)
    frame = {name: value for tag, name, value in page.attributes if tag == "iframe"}
    assert frame["srcdoc"] == inner
    assert frame["sandbox"] == "allow-scripts allow-downloads"
    policy = next(value for tag, name, value in page.attributes if tag == "meta" and value.startswith("default-src"))
    assert policy.endswith("' 'sha256-abc='")
    assert "connect-src" not in policy


def test_without_it_the_page_says_why_or_nothing(report: Report) -> None:
    assert "explorer" not in Page(report.html()).words
    left_out = {**report.provenance, "explorer": {"left_out": "the page was not built <b>"}}
    page = Page(replace(report, provenance=left_out).html())
    assert "This page has no interactive Mapper graphs: the page was not built <b>." in page.words
    assert all(tag != "iframe" for tag, _, _ in page.attributes)
