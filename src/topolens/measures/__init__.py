"""Numbers of clouds, weights and layers, without a verdict: analyses hold them against nulls and say what they mean."""

from topolens.measures.attention_graphs import attention_bar_sums, attention_barcodes
from topolens.measures.auroc import auroc, auroc_draws
from topolens.measures.cka import cka
from topolens.measures.class_gap import ClassGap, persistent_class_gap
from topolens.measures.class_separation import ClassSeparation, class_separation
from topolens.measures.cross_barcode import MTopDivergence, cross_barcode, mtop_divergence
from topolens.measures.dimension import PHDimension, TwoNN, ph_dimension, two_nn_dimension
from topolens.measures.hop_betti import HopBetti, hop_betti_curves
from topolens.measures.imd import heat_trace, imd
from topolens.measures.information_plane import (
    BinnedInformation,
    KernelInformation,
    binned_information,
    kernel_information,
)
from topolens.measures.labelled_complex import (
    DecisionRegions,
    decision_regions,
    labelled_distances,
    labelled_persistence,
)
from topolens.measures.neighbour_votes import nearest_samples, neighbour_votes
from topolens.measures.neural_collapse import NeuralCollapse, neural_collapse
from topolens.measures.neural_persistence import (
    NeuralPersistence,
    deep_graph_persistence,
    neural_persistence,
    persistence_plateau,
)
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
from topolens.measures.reeb_net import ReebNet, label_support, reeb_net
from topolens.measures.rtd import RTD, RTDCost, rtd, rtd_barcode, rtd_cost
from topolens.measures.spanning_forest import MagnitudePruning, magnitude_pruning_bound, spanning_tree_weights
from topolens.measures.topological_uncertainty import TreeMeans, activation_trees, topological_uncertainty, tree_means
from topolens.measures.trajectory import lifetime_sum, loss_distance, magnitude
from topolens.measures.weight_spectrum import WeightSpectrum, weight_spectrum

__all__ = [
    "RTD",
    "BarSummary",
    "BinnedInformation",
    "ClassGap",
    "ClassSeparation",
    "DecisionRegions",
    "Dendrogram",
    "HopBetti",
    "KernelInformation",
    "MTopDivergence",
    "MagnitudePruning",
    "NeuralCollapse",
    "NeuralPersistence",
    "PHDimension",
    "PruneCandidate",
    "RTDCost",
    "ReebNet",
    "TreeMeans",
    "TwoNN",
    "WeightSpectrum",
    "activation_trees",
    "attention_bar_sums",
    "attention_barcodes",
    "auroc",
    "auroc_draws",
    "bar_summary",
    "binned_information",
    "cka",
    "class_separation",
    "correlation_dissimilarity",
    "correlation_persistence",
    "cross_barcode",
    "decision_regions",
    "deep_graph_persistence",
    "heat_trace",
    "hop_betti_curves",
    "imd",
    "kernel_information",
    "label_support",
    "labelled_distances",
    "labelled_persistence",
    "lifetime_sum",
    "loss_distance",
    "magnitude",
    "magnitude_pruning_bound",
    "mtop_divergence",
    "nearest_samples",
    "neighbour_votes",
    "neural_collapse",
    "neural_persistence",
    "neuron_correlation",
    "persistence_plateau",
    "persistent_class_gap",
    "ph_dimension",
    "prune_candidates",
    "redundancy_dendrogram",
    "redundant_clusters",
    "reeb_net",
    "rtd",
    "rtd_barcode",
    "rtd_cost",
    "sample_neurons",
    "spanning_tree_weights",
    "topological_uncertainty",
    "tree_means",
    "two_nn_dimension",
    "varying_neurons",
    "weight_spectrum",
]
