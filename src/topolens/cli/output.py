"""Where results go, and how they are told on the terminal."""

from __future__ import annotations

import json
import os
import shlex
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from topolens.analyses import Finding
    from topolens.report import Report

NOTES = 3  # warnings shown on the terminal; the page has them all
_COLOURS = {"circle": "green", "several loops": "cyan", "clusters on a cycle": "yellow", "settles": "green"}


def check_directory(path: Path) -> None:
    """Refuse, before anything is computed, a directory that cannot be made or written to. Leaves no trace.

    Raises:
        ValueError: A file is in the way, or the place may not be written to.
    """
    place = next(p for p in (path.absolute(), *path.absolute().parents) if p.exists())
    if not place.is_dir():
        raise ValueError(f"the report cannot go to {path}: {place} is a file; choose another directory with -o")
    try:
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError as error:
        reason = f"{place} cannot be written to ({error.strerror})"
        raise ValueError(f"the report cannot go to {path}: {reason}; choose another directory with -o") from None
    for name in ("report.html", "report.json"):
        if (path / name).is_dir():
            raise ValueError(f"the report cannot go to {path}: {path / name} is a directory; remove it first")


def tell_study(report: Report, directory: Path, quiet: bool) -> None:
    """Save the report of a study, and print what each of its findings says."""
    report = replace(report, provenance={**report.provenance, "command": _command()})
    page = report.save(directory)
    if not quiet:
        console = _console()
        for finding in report.findings:
            console.print(Text(f"{finding.subject}: {finding.verdict}", style="bold"))
            console.print(Text(finding.answer))
    typer.echo(str(page) if quiet else f"report: {page}")


def tell(report: Report, directory: Path | None, as_json: bool, quiet: bool, explorer: str = "") -> None:
    """Save the report if it has a place, with the explorer's page, and print what the user asked for."""
    report = replace(report, provenance={**report.provenance, "command": _command()})
    page = report.save(directory, explorer) if directory is not None else None
    if as_json:
        typer.echo(json.dumps(report.to_json(), allow_nan=False))
        return
    if not quiet:
        _print_findings(report.findings)
        _print_explorer(report.provenance.get("explorer") or {})
    typer.echo(str(page) if quiet else f"report: {page}")


def _print_explorer(made: Mapping[str, Any]) -> None:
    if made.get("graphs"):
        count = len(made["graphs"])
        size = f"{count} Mapper graph{'' if count == 1 else 's'}, {made['megabytes']} MB, {made['seconds']:.1f} s"
        typer.echo(f"in the page: {size}")
    elif made.get("left_out"):
        typer.echo(f"no interactive Mapper graphs in the page: {made['left_out']}")


def _command() -> str:
    """The command line as it was given, files without the folders they lie in."""
    words = [Path(w).name if os.sep in w and (Path(w).is_absolute() or Path(w).exists()) else w for w in sys.argv[1:]]
    return shlex.join(["topolens", *words])


def _console() -> Console:
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 120
    return console


def _print_findings(findings: tuple[Finding, ...]) -> None:
    """Those on filters as a table, all others as a sentence each."""
    filters = tuple(finding for finding in findings if finding.name.startswith("filter_"))
    console = _console()
    for finding in findings:
        if not finding.name.startswith("filter_"):
            title = finding.name.replace("_", " ") + ("" if finding.subject == "model" else f", {finding.subject}")
            console.print(Text(f"{title}: {finding.verdict}", style="bold"))
            console.print(Text(finding.answer))
    if filters:
        _print_table(filters, console)


def _print_table(findings: tuple[Finding, ...], console: Console) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("layer", "verdict", "top bar", "longest null", "p"):
        table.add_column(name, justify="left" if name in ("layer", "verdict") else "right", overflow="fold")
    for finding in findings:
        verdict = Text(finding.verdict, style=_COLOURS.get(finding.verdict, ""))
        when = ", over training" if finding.name == "filter_training" else ""
        table.add_row(Text(finding.subject + when), verdict, *_numbers(finding))
    console.print(table)
    notes = [f"{finding.subject}: {note}" for finding in findings for note in _notes(finding)]
    for note in notes[:NOTES]:
        console.print(Text(note, style="dim"), soft_wrap=True)
    if len(notes) > NOTES:
        console.print(Text(f"{len(notes) - NOTES} more notes stand in the report", style="dim"))


def _notes(finding: Finding) -> tuple[str, ...]:
    """What a reader of the table alone would miss."""
    return (finding.answer,) if finding.verdict == "too few filters" else finding.warnings


def _numbers(finding: Finding) -> tuple[str, str, str]:
    top, null = finding.numbers.get("top_bar"), finding.numbers.get("null_max")
    p = finding.numbers.get("p_value")
    p_value = p.value if p is not None else top.p_value if top is not None else None
    values = (top and top.value, null and null.value, p_value)
    return tuple("" if value is None else f"{value:.3f}" for value in values)  # type: ignore[return-value]
