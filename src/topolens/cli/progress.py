"""Progress on stderr: a bar with the time that is left, or plain lines where there is no terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeRemainingColumn

Tell = Callable[[float, float, str], None]


@contextmanager
def shown_progress(quiet: bool) -> Iterator[Tell]:
    """A function (done, total, message) that shows how far the work is; a falling `done` starts a new bar."""
    console = Console(stderr=True, highlight=False)
    if quiet:
        yield lambda done, total, message: None
    elif not console.is_terminal:
        yield _plain_lines(console)
    else:
        columns = (TextColumn("{task.description}", markup=False), BarColumn(), TaskProgressColumn())
        with Progress(*columns, TimeRemainingColumn(), console=console, transient=True) as bars:
            yield _bar(bars)


def _bar(bars: Progress) -> Tell:
    task: TaskID | None = None
    last = 0.0

    def tell(done: float, total: float, message: str) -> None:
        nonlocal task, last
        if task is None or done < last:
            if task is not None:
                bars.remove_task(task)
            task = bars.add_task(message, total=total)
        bars.update(task, completed=done, total=total, description=message)
        last = done

    return tell


def _plain_lines(console: Console) -> Tell:
    last = ("", 0)

    def tell(done: float, total: float, message: str) -> None:
        nonlocal last
        tenths = int(10 * done / total) if total > 0 else 0
        if (message, tenths) != last:
            console.print(f"{10 * tenths:3d} % of about {total:.0f} s  {message}", markup=False, soft_wrap=True)
            last = (message, tenths)

    return tell
