"""What of the explorer goes into the page of a report: its price before, the page after."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from topolens.cli.progress import Tell
    from topolens.explorer.embedding import Embedding
    from topolens.report.report import Report

SHARE = 0.1  # of a budget


def foreseen(networks: Mapping[int, Any], budget: float | None, **plan: Any) -> Embedding | str:
    """What will be embedded, or why nothing will.

    Args:
        networks: By training step.
        budget: Seconds of report and page together; None: no limit.
        plan: What else a `recording.Plan` has.
    """
    from topolens.explorer.embedding import embedding
    from topolens.explorer.recording import Plan

    steps = sorted(networks)
    named = {"weights" if len(steps) == 1 else f"step {step}": networks[step] for step in steps}
    try:
        return embedding(Plan(named, steps, **plan), None if budget is None or math.isinf(budget) else SHARE * budget)
    except (ValueError, RuntimeError) as error:
        return str(error)


def with_page(report: Report, found: Embedding | str, progress: Tell) -> tuple[Report, str]:
    """The report, which says what was embedded or why nothing was, and the page; a failure costs no finding."""
    if isinstance(found, str):
        return _telling(report, {"left_out": found}, 0.0), ""
    from topolens.explorer.embedding import embedded_page

    try:
        page, told = embedded_page(found, report, progress)
    except (ValueError, RuntimeError, OSError) as error:
        return _telling(report, {"left_out": str(error)}, found.seconds), ""
    return _telling(report, told, found.seconds), page


def _telling(report: Report, told: Mapping[str, Any], predicted: float) -> Report:
    made = dict(report.provenance)
    budget = {**made["budget"], "predicted": made["budget"]["predicted"] + predicted}
    if budget["seconds"] is not None:
        budget["seconds"] += predicted  # of which the report had what the page left
    return replace(report, provenance={**made, "budget": budget, "explorer": told})
