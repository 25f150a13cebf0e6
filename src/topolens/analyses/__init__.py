"""Tensors and diagrams become findings here. `ANALYSES` is the table of contents of the report, commands and docs."""

from topolens.analyses.attention import CARD as ATTENTION
from topolens.analyses.attention import attention
from topolens.analyses.filter_measures import Effort
from topolens.analyses.filter_space import filter_space
from topolens.analyses.filter_training import filter_training
from topolens.analyses.finding import Figure, Finding, Number, Series, Table
from topolens.analyses.method_card import MethodCard
from topolens.analyses.model_summary import CARD as MODEL_SUMMARY
from topolens.analyses.model_summary import model_summary
from topolens.analyses.training import CARD as TRAINING
from topolens.analyses.training import training
from topolens.analyses.trajectory import CARD as TRAJECTORY
from topolens.analyses.trajectory import trajectory
from topolens.analyses.weight_spectra import CARD as WEIGHT_SPECTRA
from topolens.analyses.weight_spectra import weight_spectra
from topolens.analyses.weight_topology import CARD as WEIGHT_TOPOLOGY
from topolens.analyses.weight_topology import weight_topology

ANALYSES = (
    model_summary,
    weight_topology,
    weight_spectra,
    filter_space,
    filter_training,
    training,
    trajectory,
    attention,
)

# What a reader should know of each method, by the name of the analysis.
CARDS: dict[str, MethodCard] = {
    "attention": ATTENTION,
    "model_summary": MODEL_SUMMARY,
    "weight_topology": WEIGHT_TOPOLOGY,
    "training": TRAINING,
    "trajectory": TRAJECTORY,
    "weight_spectra": WEIGHT_SPECTRA,
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
    "attention",
    "filter_space",
    "filter_training",
    "model_summary",
    "training",
    "trajectory",
    "weight_spectra",
    "weight_topology",
]
