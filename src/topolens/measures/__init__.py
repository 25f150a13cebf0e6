"""Numbers of clouds, weights and layers, without a verdict: analyses hold them against nulls and say what they mean."""

from topolens.measures.class_gap import ClassGap, persistent_class_gap
from topolens.measures.neural_collapse import NeuralCollapse, neural_collapse

__all__ = ["ClassGap", "NeuralCollapse", "neural_collapse", "persistent_class_gap"]
