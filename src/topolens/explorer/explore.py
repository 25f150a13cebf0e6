"""The explorer from Python: a network or a run in, a page that shows it out."""

from __future__ import annotations

import html
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch import Tensor, nn

from topolens.explorer.store import Run

if TYPE_CHECKING:
    from topolens.explorer.listening import Listening

MOST_INLINE = 30 * 2**20  # bytes of a page that a notebook is made to keep


class Explorer:
    """A run that is shown at an address of this machine.

    In a notebook it shows itself: the page as it stands, which stays in the notebook, and the address of the live one.

    Args:
        listening: The server.
    """

    def __init__(self, listening: Listening) -> None:
        self._listening = listening

    @property
    def url(self) -> str:
        """The address that opens the page; whoever on this machine has it may look."""
        return self._listening.url

    @property
    def run(self) -> Run:
        """What is shown."""
        return self._listening.run

    def export(self, path: str | Path) -> Path:
        """Writes the page with its data as one file, which opens offline.

        Raises:
            ValueError: If the page was not built.
        """
        from topolens.explorer.export import export_page

        return export_page(self.run, path)

    def widget(self, height: int = 720) -> Any:
        """The page as it stands, for a notebook cell, its selection shared with Python.

        Show it as the last line of a cell. `view.selection`, `{"space": "samples", "rows": [3, 14]}`, is what was
        selected in the page, and setting it selects the same there; `view.observe(function, "selection")` calls back.

        Args:
            height: Of the page, in pixels.

        Raises:
            ImportError: anywidget is not installed.
            ValueError: If the page was not built.
        """
        from topolens.explorer.widget import widget_of

        return widget_of(self.run, self.url, height)

    def close(self) -> None:
        """Stop showing it."""
        self._listening.close()

    def __repr__(self) -> str:
        return f"Explorer({self.run.folder.name!r} at {self.url})"

    def _repr_html_(self) -> str:
        from topolens.explorer.export import page_of

        link = f'<p><a href="{html.escape(self.url)}" target="_blank" rel="noopener">Open the live explorer</a></p>'
        try:
            page = page_of(self.run)
        except ValueError:
            return link
        if len(page) > MOST_INLINE:
            return link
        frame = '<iframe sandbox="allow-scripts allow-downloads" style="width:100%;height:720px;border:0"'
        return f'{link}{frame} srcdoc="{html.escape(page)}"></iframe>'


def explore(
    model: nn.Module | Mapping[str, Any] | str | Path,
    data: Any = None,
    *,
    layers: Any = None,
    samples: int = 2000,
    classes: tuple[str, ...] = (),
    columns: str | Path | None = None,
    folder: str | Path | None = None,
    seed: int = 0,
    port: int | None = None,
    browser: bool = False,
) -> Explorer:
    """A live page of a network's layers, served on this machine alone.

    Args:
        model: A network, checkpoints of one by name, a state_dict, or the folder of a run that was recorded before.
        data: Samples, with labels or without, in any form that `probes.record` takes; None: the filters alone.
        layers: Names, patterns or classes of the layers to record; None: all leaves.
        samples: How many samples, the first ones.
        classes: Names of the classes.
        columns: A CSV file with a row per sample: further columns to colour by.
        folder: Where the run is kept; None: a new folder among the temporary ones.
        seed: Of all draws.
        port: Where to listen; None, or where it is in use: the next free one.
        browser: Whether to open a browser.

    Returns:
        The server, which answers until `close` or the end of the program. In a notebook it shows the page.

    Raises:
        FileExistsError: If `folder` holds a run already.
        FileNotFoundError: If there is no such folder of a run.
        ValueError: If there is nothing to record, or the samples do not fit.
        RuntimeError: If the network fails; the layer is named.

    Cost: one forward pass; graphs are made when they are asked for, in a process beside this one.
    """
    from topolens.explorer.listening import PORT, Listening
    from topolens.explorer.recording import Plan, make_run

    if isinstance(model, (str, Path)):
        run = Run(model)
    else:
        plan = Plan(
            *_checkpoints(model), data, classes, layers, samples, None if columns is None else Path(columns),
            name=type(model).__name__ if isinstance(model, nn.Module) else "run", seed=seed,
        )  # fmt: skip
        run = make_run(plan, folder or tempfile.mkdtemp(prefix="topolens-run-"))
    shown = Listening(run, PORT if port is None else port).start()
    if browser:
        shown.open_browser()
    return Explorer(shown)


def _checkpoints(model: nn.Module | Mapping[str, Any]) -> tuple[dict[str, Any], list[int]]:
    """Networks by name, and their steps: their places."""
    is_state = isinstance(model, Mapping) and bool(model) and all(isinstance(x, Tensor) for x in model.values())
    if isinstance(model, nn.Module) or is_state:
        return {"weights": model}, [0]
    if not isinstance(model, Mapping) or not model:
        wanted = "a network, checkpoints by name, a state_dict or the folder of a run"
        raise ValueError(f"model must be {wanted}, got {type(model).__name__}")
    return {str(name): each for name, each in model.items()}, list(range(len(model)))
