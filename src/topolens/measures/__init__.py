"""Numbers of clouds, weights and layers, without a verdict: analyses hold them against nulls and say what they mean."""

from topolens.measures.class_gap import ClassGap, persistent_class_gap
from topolens.measures.neural_collapse import NeuralCollapse, neural_collapse
from topolens.measures.neuron_correlations import (
    BarSummary,
    bar_summary,
    correlation_dissimilarity,
    correlation_persistence,
    neuron_correlation,
    varying_neurons,
)
from topolens.measures.neuron_sampling import sample_neurons
from topolens.measures.redundancy import (
    Dendrogram,
    PruneCandidate,
    prune_candidates,
    redundancy_dendrogram,
    redundant_clusters,
)

__all__ = [
    "BarSummary",
    "ClassGap",
    "Dendrogram",
    "NeuralCollapse",
    "PruneCandidate",
    "bar_summary",
    "correlation_dissimilarity",
    "correlation_persistence",
    "neural_collapse",
    "neuron_correlation",
    "persistent_class_gap",
    "prune_candidates",
    "redundancy_dendrogram",
    "redundant_clusters",
    "sample_neurons",
    "varying_neurons",
]
