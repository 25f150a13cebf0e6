"""Tensors and diagrams become findings here. `ANALYSES` is the table of contents of the report, commands and docs."""

from topolens.analyses.attention import CARD as ATTENTION
from topolens.analyses.attention import attention
from topolens.analyses.class_structure import CARD as CLASS_STRUCTURE
from topolens.analyses.class_structure import class_structure
from topolens.analyses.class_topology import CARD as CLASS_TOPOLOGY
from topolens.analyses.class_topology import class_topology
from topolens.analyses.decision_boundary import CARD as DECISION_BOUNDARY
from topolens.analyses.decision_boundary import decision_boundary
from topolens.analyses.filter_measures import Effort
from topolens.analyses.filter_space import CARD as FILTER_SPACE
from topolens.analyses.filter_space import filter_space
from topolens.analyses.filter_training import CARD as FILTER_TRAINING
from topolens.analyses.filter_training import filter_training
from topolens.analyses.finding import Figure, Finding, Number, Series, Table
from topolens.analyses.information_plane import CARD as INFORMATION_PLANE
from topolens.analyses.information_plane import information_plane
from topolens.analyses.intrinsic_dimension import CARD as INTRINSIC_DIMENSION
from topolens.analyses.intrinsic_dimension import intrinsic_dimension
from topolens.analyses.layer_pairs import RTDRounds
from topolens.analyses.layer_similarity import CARD as LAYER_SIMILARITY
from topolens.analyses.layer_similarity import layer_similarity
from topolens.analyses.method_card import MethodCard
from topolens.analyses.model_difference import CARD as MODEL_DIFFERENCE
from topolens.analyses.model_difference import model_difference
from topolens.analyses.model_summary import CARD as MODEL_SUMMARY
from topolens.analyses.model_summary import model_summary
from topolens.analyses.neuron_correlations import CARD as NEURON_CORRELATIONS
from topolens.analyses.neuron_correlations import neuron_correlations
from topolens.analyses.neuron_redundancy import CARD as NEURON_REDUNDANCY
from topolens.analyses.neuron_redundancy import neuron_redundancy
from topolens.analyses.suspicious_samples import CARD as SUSPICIOUS_SAMPLES
from topolens.analyses.suspicious_samples import suspicious_samples
from topolens.analyses.training import CARD as TRAINING
from topolens.analyses.training import training
from topolens.analyses.trajectory import CARD as TRAJECTORY
from topolens.analyses.trajectory import trajectory
from topolens.analyses.trust import CARD as TRUST
from topolens.analyses.trust import Answers, trust
from topolens.analyses.weight_spectra import CARD as WEIGHT_SPECTRA
from topolens.analyses.weight_spectra import weight_spectra
from topolens.analyses.weight_topology import CARD as WEIGHT_TOPOLOGY
from topolens.analyses.weight_topology import weight_topology

# Each analysis with what a reader should know of its method, in the order of the report.
_CARDED = (
    (model_summary, MODEL_SUMMARY),
    (weight_topology, WEIGHT_TOPOLOGY),
    (weight_spectra, WEIGHT_SPECTRA),
    (intrinsic_dimension, INTRINSIC_DIMENSION),
    (class_structure, CLASS_STRUCTURE),
    (class_topology, CLASS_TOPOLOGY),
    (layer_similarity, LAYER_SIMILARITY),
    (model_difference, MODEL_DIFFERENCE),
    (information_plane, INFORMATION_PLANE),
    (neuron_correlations, NEURON_CORRELATIONS),
    (neuron_redundancy, NEURON_REDUNDANCY),
    (decision_boundary, DECISION_BOUNDARY),
    (suspicious_samples, SUSPICIOUS_SAMPLES),
    (trust, TRUST),
    (training, TRAINING),
    (trajectory, TRAJECTORY),
    (attention, ATTENTION),
    (filter_space, FILTER_SPACE),
    (filter_training, FILTER_TRAINING),
)
ANALYSES = tuple(analysis for analysis, _ in _CARDED)
CARDS: dict[str, MethodCard] = {analysis.__name__: card for analysis, card in _CARDED}

__all__ = [
    "ANALYSES",
    "Answers",
    "CARDS",
    "Effort",
    "Figure",
    "Finding",
    "MethodCard",
    "Number",
    "RTDRounds",
    "Series",
    "Table",
    "attention",
    "class_structure",
    "class_topology",
    "decision_boundary",
    "filter_space",
    "filter_training",
    "information_plane",
    "intrinsic_dimension",
    "layer_similarity",
    "model_difference",
    "model_summary",
    "neuron_correlations",
    "neuron_redundancy",
    "suspicious_samples",
    "training",
    "trajectory",
    "trust",
    "weight_spectra",
    "weight_topology",
]
