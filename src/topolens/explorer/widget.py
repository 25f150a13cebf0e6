"""The explorer in a notebook cell, its selection shared with Python."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from importlib import resources
from typing import Any

import numpy as np

from topolens._optional import anywidget
from topolens.explorer.export import page_of
from topolens.explorer.store import Run


def widget_of(run: Run, url: str, height: int) -> Any:
    """A widget that shows the run as it stands now.

    Args:
        run: The run.
        url: Of the live page, to which it has a link.
        height: Of the page, in pixels.

    Returns:
        An `anywidget.AnyWidget` with the trait `selection`, `{"space": id, "rows": [row, ...]}`.

    Raises:
        ImportError: anywidget is not installed.
        ValueError: If the page was not built.
    """
    points = {space["id"]: space["points"] for space in run.manifest["spaces"]}
    return _view_class()(points, page=page_of(run), url=url, height=height)


def checked_selection(given: Any, points: Mapping[str, int]) -> dict[str, Any]:
    """A selection as the page takes it, rows in their order.

    Args:
        given: `{"space": id, "rows": rows}`, rows as any array or list of whole numbers.
        points: How many rows each space has.

    Raises:
        ValueError: If it is anything else.

    Example:
        >>> checked_selection({"space": "samples", "rows": [2, 0]}, {"samples": 3})
        {'space': 'samples', 'rows': [0, 2]}
    """
    wanted = 'selection must be {"space": id, "rows": [row, ...]}'
    if not isinstance(given, Mapping) or set(given) != {"space", "rows"}:
        raise ValueError(f"{wanted}, got {given!r}")
    if given["space"] not in points:
        raise ValueError(f"{wanted} with a space among {', '.join(points)}, got {given['space']!r}")
    rows, most = np.asarray(given["rows"]), points[given["space"]]
    whole = rows.ndim == 1 and (not rows.size or rows.dtype.kind in "iu")
    if not whole or (rows.size and (rows.min() < 0 or rows.max() >= most)):
        raise ValueError(f"{wanted} with whole rows from 0 to {most - 1}, got {given['rows']!r}")
    return {"space": given["space"], "rows": [int(row) for row in np.unique(rows)]}


@functools.cache
def _view_class() -> type:
    """Made when it is asked for, as anywidget is optional."""
    base = anywidget().AnyWidget
    import traitlets  # comes with anywidget

    class ExplorerView(base):  # type: ignore[valid-type,misc]
        """The page in a frame; `selection` is what is selected in it, and selects in it what it is set to."""

        _esm = resources.files("topolens.explorer").joinpath("widget.js").read_text(encoding="utf-8")
        page = traitlets.Unicode().tag(sync=True)
        url = traitlets.Unicode().tag(sync=True)
        height = traitlets.Int().tag(sync=True)
        selection = traitlets.Dict().tag(sync=True)

        def __init__(self, points: Mapping[str, int], **traits: Any) -> None:
            self._points = points
            super().__init__(selection={"space": next(iter(points)), "rows": []}, **traits)

        @traitlets.validate("selection")
        def _valid(self, proposal: Any) -> dict[str, Any]:
            try:
                return checked_selection(proposal["value"], self._points)
            except ValueError as error:
                raise traitlets.TraitError(str(error)) from None

    return ExplorerView
