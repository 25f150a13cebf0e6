"""The explorer in a notebook cell: the selection that Python and the page share."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from explorer_runs import built_page, digits_run
from topolens.explorer import export
from topolens.explorer.store import Run
from topolens.explorer.widget import checked_selection, widget_of

POINTS = {"samples": 5, "filters:l0": 2}


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setattr(export, "PAGE", built_page(tmp_path / "built"))
    return digits_run(tmp_path / "run", samples=30, layers="out")


@pytest.mark.parametrize(
    "rows", [[3, 0, 3], (0, 3), np.array([3, 0], np.int32), torch.tensor([0, 3]), range(0, 4, 3)], ids=type
)
def test_rows_of_any_kind_become_a_rising_list(rows: object) -> None:
    assert checked_selection({"space": "samples", "rows": rows}, POINTS) == {"space": "samples", "rows": [0, 3]}


def test_no_rows_are_a_selection() -> None:
    assert checked_selection({"space": "filters:l0", "rows": []}, POINTS)["rows"] == []


@pytest.mark.parametrize(
    "given",
    [
        None, [1, 2], {"rows": [1]}, {"space": "samples", "rows": [1], "more": 1}, {"space": "other", "rows": [1]},
        {"space": "samples", "rows": [5]}, {"space": "samples", "rows": [-1]}, {"space": "samples", "rows": [0.5]},
        {"space": "samples", "rows": [True]}, {"space": "samples", "rows": [[1]]}, {"space": "filters:l0", "rows": [2]},
    ],
    ids=repr,
)  # fmt: skip
def test_other_selections_are_refused(given: object) -> None:
    with pytest.raises(ValueError, match="selection must be"):
        checked_selection(given, POINTS)


def test_without_anywidget_it_says_what_to_install(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "anywidget", None)
    from topolens.explorer.widget import _view_class

    _view_class.cache_clear()
    with pytest.raises(ImportError, match=r"pip install 'topolens\[notebook\]'"):
        widget_of(run, "http://127.0.0.1:1/", 400)


def test_the_selection_goes_both_ways(run: Run) -> None:
    pytest.importorskip("anywidget", reason="needs anywidget (pip install 'topolens[notebook]')")
    import traitlets

    view = widget_of(run, "http://127.0.0.1:1/", 400)
    state = view.get_state()
    assert state["page"] == export.page_of(run)
    assert (state["url"], state["height"]) == ("http://127.0.0.1:1/", 400)
    assert view.selection == {"space": "samples", "rows": []}
    seen = []
    view.observe(lambda change: seen.append(change["new"]["rows"]), "selection")
    view.set_state({"selection": {"space": "samples", "rows": [4, 2]}})  # as a message of the page does
    view.selection = {"space": "samples", "rows": np.arange(3)}
    assert seen == [[2, 4], [0, 1, 2]]
    assert view.get_state()["selection"] == {"space": "samples", "rows": [0, 1, 2]}
    with pytest.raises(traitlets.TraitError, match="whole rows from 0 to 29"):
        view.selection = {"space": "samples", "rows": [30]}
    assert view.selection["rows"] == [0, 1, 2]
