"""Findings become a report here: one JSON file, and one HTML page that is a function of it."""

from topolens.report.build import report, training_report
from topolens.report.comparison import compare
from topolens.report.gates import Condition, Outcome, addresses, condition, outcome
from topolens.report.network import network_report
from topolens.report.report import Report
from topolens.report.watch import Watch

__all__ = [
    "Condition",
    "Outcome",
    "Report",
    "Watch",
    "addresses",
    "compare",
    "condition",
    "network_report",
    "outcome",
    "report",
    "training_report",
]
