"""Numbers of clouds, weights and layers, without a verdict: analyses hold them against nulls and say what they mean."""

from topolens.measures.attention_graphs import attention_bar_sums, attention_barcodes
from topolens.measures.class_gap import ClassGap, persistent_class_gap
from topolens.measures.neural_collapse import NeuralCollapse, neural_collapse
from topolens.measures.neural_persistence import (
    NeuralPersistence,
    deep_graph_persistence,
    neural_persistence,
    persistence_plateau,
)
from topolens.measures.spanning_forest import MagnitudePruning, magnitude_pruning_bound, spanning_tree_weights
from topolens.measures.trajectory import lifetime_sum, loss_distance, magnitude
from topolens.measures.weight_spectrum import WeightSpectrum, weight_spectrum

__all__ = [
    "ClassGap",
    "MagnitudePruning",
    "NeuralCollapse",
    "NeuralPersistence",
    "WeightSpectrum",
    "attention_bar_sums",
    "attention_barcodes",
    "deep_graph_persistence",
    "lifetime_sum",
    "loss_distance",
    "magnitude",
    "magnitude_pruning_bound",
    "neural_collapse",
    "neural_persistence",
    "persistence_plateau",
    "persistent_class_gap",
    "spanning_tree_weights",
    "weight_spectrum",
]
