"""Tensors and diagrams become findings here. `ANALYSES` is the table of contents of the report, commands and docs."""

from topolens.analyses.filter_measures import Effort
from topolens.analyses.filter_space import filter_space
from topolens.analyses.filter_training import filter_training
from topolens.analyses.finding import Figure, Finding, Number, Series, Table
from topolens.analyses.method_card import MethodCard
from topolens.analyses.model_summary import CARD as MODEL_SUMMARY
from topolens.analyses.model_summary import model_summary

ANALYSES = (model_summary, filter_space, filter_training)

# What a reader should know of each method, by the name of the analysis.
CARDS: dict[str, MethodCard] = {
    "model_summary": MODEL_SUMMARY,
}
from topolens.analyses.weight_spectra import CARD as _WEIGHT_SPECTRA
from topolens.analyses.weight_spectra import weight_spectra
from topolens.analyses.weight_topology import CARD as _WEIGHT_TOPOLOGY
from topolens.analyses.weight_topology import weight_topology

ANALYSES = (filter_space, filter_training, weight_topology, weight_spectra)

# What a reader should know of each method, by the name of the analysis.
CARDS: dict[str, MethodCard] = {"weight_topology": _WEIGHT_TOPOLOGY, "weight_spectra": _WEIGHT_SPECTRA}

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
    "model_summary",
    "weight_spectra",
    "weight_topology",
]
