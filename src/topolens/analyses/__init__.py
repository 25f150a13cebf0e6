"""Tensors and diagrams become findings here. `ANALYSES` is the table of contents of the report, commands and docs."""

from topolens.analyses.filter_measures import Effort
from topolens.analyses.filter_space import filter_space
from topolens.analyses.filter_training import filter_training
from topolens.analyses.finding import Figure, Finding, Number, Series, Table
from topolens.analyses.information_plane import CARD as INFORMATION_PLANE
from topolens.analyses.information_plane import information_plane
from topolens.analyses.layer_pairs import RTDRounds
from topolens.analyses.layer_similarity import CARD as LAYER_SIMILARITY
from topolens.analyses.layer_similarity import layer_similarity
from topolens.analyses.method_card import MethodCard
from topolens.analyses.model_difference import CARD as MODEL_DIFFERENCE
from topolens.analyses.model_difference import model_difference

ANALYSES = (filter_space, filter_training, layer_similarity, model_difference, information_plane)

# What a reader should know of each method, by the name of the analysis.
CARDS: dict[str, MethodCard] = {
    "layer_similarity": LAYER_SIMILARITY,
    "model_difference": MODEL_DIFFERENCE,
    "information_plane": INFORMATION_PLANE,
}

__all__ = [
    "ANALYSES",
    "CARDS",
    "Effort",
    "Figure",
    "Finding",
    "MethodCard",
    "Number",
    "RTDRounds",
    "Series",
    "Table",
    "filter_space",
    "filter_training",
    "information_plane",
    "layer_similarity",
    "model_difference",
]
