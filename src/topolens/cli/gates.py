"""`--fail-if`: conditions that a command's exit code tells of, for a check before a merge."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from topolens.report import Condition, Report

HOLDS, CANNOT_BE_JUDGED = 3, 4


def conditions(texts: Sequence[str] | None) -> list[Condition]:
    """The conditions, read before anything is computed; one that is none is wrong usage."""
    if not texts:
        return []
    from topolens.report import condition

    try:
        return [condition(text) for text in texts]
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--fail-if") from None


def judge(report: Report, wanted: Sequence[Condition]) -> None:
    """Ends the command with code 3 if a condition holds, else with 4 if one cannot be judged; each has its sentence."""
    from topolens.report import outcome

    code = 0
    for one in wanted:
        try:
            found = outcome(report, one)
        except LookupError as error:
            typer.echo(f"topolens: --fail-if {one.text!r} cannot be judged: {error.args[0]}", err=True)
            code = code or CANNOT_BE_JUDGED
            continue
        if found.holds:
            told = ", ".join(f"{name} is {_said(found.values[name])}" for name in found.holds)
            typer.echo(f"topolens: --fail-if {one.text!r} holds: {told}", err=True)
            code = HOLDS
    if code:
        raise typer.Exit(code)


def _said(value: float | str) -> str:
    return repr(value) if isinstance(value, str) else f"{value:.7g}"
