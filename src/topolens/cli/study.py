"""What all studies as commands share: checked folder, workers, progress, and the report told at the end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from topolens.cli.errors import one_sentence
from topolens.cli.options import processes
from topolens.cli.output import check_directory, tell_study
from topolens.cli.progress import Tell, shown_progress

if TYPE_CHECKING:
    from topolens.report import Report


@dataclass
class Study:
    """A study that is being run.

    Args:
        directory: Where its report goes.
        workers: Processes.
        progress: What it calls as it gets on.
        report: What came of it, to be set by whoever runs it.
    """

    directory: Path
    workers: int
    progress: Tell
    report: Report | None = None

    @property
    def runs(self) -> dict[str, Any]:
        """Options of a study that keeps its finished runs, under a path that workers elsewhere find too."""
        work = self.directory.absolute() / "runs"
        return {"work": work, "workers": self.workers, "progress": self.progress}


@contextmanager
def study(
    directory: Path, quiet: bool, workers: int = 0, backend: str = "local", address: str | None = None
) -> Iterator[Study]:
    """Runs what stands inside with progress and workers, then saves and tells its `report`; errors are one sentence."""
    with one_sentence():
        check_directory(directory)
        from topolens.runs.spread import spread

        with shown_progress(quiet) as progress, spread(backend, address):
            run = Study(directory, processes(workers, backend), progress)
            yield run
        if run.report is not None:
            tell_study(run.report, directory, quiet)
