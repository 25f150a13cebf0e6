"""Tensors and diagrams become findings here. `ANALYSES` is the table of contents of the report, commands and docs."""

from topolens.analyses.filter_measures import Effort
from topolens.analyses.filter_space import filter_space
from topolens.analyses.filter_training import filter_training
from topolens.analyses.finding import Figure, Finding, Number, Series, Table

ANALYSES = (filter_space, filter_training)

__all__ = ["ANALYSES", "Effort", "Figure", "Finding", "Number", "Series", "Table", "filter_space", "filter_training"]
