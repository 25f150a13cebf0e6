"""Tensors and diagrams become findings here. `ANALYSES` is the table of contents of the report, commands and docs."""

from topolens.analyses.filter_measures import Effort
from topolens.analyses.filter_space import filter_space
from topolens.analyses.filter_training import filter_training
from topolens.analyses.finding import Figure, Finding, Number, Series, Table
from topolens.analyses.method_card import MethodCard
from topolens.analyses.neuron_correlations import CARD as NEURON_CORRELATIONS
from topolens.analyses.neuron_correlations import neuron_correlations
from topolens.analyses.neuron_redundancy import CARD as NEURON_REDUNDANCY
from topolens.analyses.neuron_redundancy import neuron_redundancy

ANALYSES = (filter_space, filter_training, neuron_correlations, neuron_redundancy)

# What a reader should know of each method, by the name of the analysis.
CARDS: dict[str, MethodCard] = {
    "neuron_correlations": NEURON_CORRELATIONS,
    "neuron_redundancy": NEURON_REDUNDANCY,
}

__all__ = [
    "ANALYSES",
    "CARDS",
    "Effort",
    "Figure",
    "Finding",
    "MethodCard",
    "Number",
    "Series",
    "Table",
    "filter_space",
    "filter_training",
    "neuron_correlations",
    "neuron_redundancy",
]
