"""Numbers of clouds, weights and layers, without a verdict: analyses hold them against nulls and say what they mean."""

from topolens.measures.class_gap import ClassGap, persistent_class_gap
from topolens.measures.neural_collapse import NeuralCollapse, neural_collapse
from topolens.measures.trajectory import lifetime_sum, loss_distance, magnitude

__all__ = [
    "ClassGap",
    "NeuralCollapse",
    "lifetime_sum",
    "loss_distance",
    "magnitude",
    "neural_collapse",
    "persistent_class_gap",
]
