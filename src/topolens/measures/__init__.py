"""Numbers of clouds, weights and layers, without a verdict: analyses hold them against nulls and say what they mean."""

from topolens.measures.class_gap import ClassGap, persistent_class_gap
from topolens.measures.class_separation import ClassSeparation, class_separation
from topolens.measures.dimension import PHDimension, TwoNN, ph_dimension, two_nn_dimension
from topolens.measures.hop_betti import HopBetti, hop_betti_curves
from topolens.measures.neural_collapse import NeuralCollapse, neural_collapse

__all__ = [
    "ClassGap",
    "ClassSeparation",
    "HopBetti",
    "NeuralCollapse",
    "PHDimension",
    "TwoNN",
    "class_separation",
    "hop_betti_curves",
    "neural_collapse",
    "persistent_class_gap",
    "ph_dimension",
    "two_nn_dimension",
]
