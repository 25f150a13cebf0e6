"""Numbers of clouds, weights and layers, without a verdict: analyses hold them against nulls and say what they mean."""

from topolens.measures.auroc import auroc, auroc_draws
from topolens.measures.class_gap import ClassGap, persistent_class_gap
from topolens.measures.labelled_complex import (
    DecisionRegions,
    decision_regions,
    labelled_distances,
    labelled_persistence,
)
from topolens.measures.neighbour_votes import nearest_samples, neighbour_votes
from topolens.measures.neural_collapse import NeuralCollapse, neural_collapse
from topolens.measures.reeb_net import ReebNet, label_support, reeb_net
from topolens.measures.topological_uncertainty import (
    TreeMeans,
    activation_trees,
    topological_uncertainty,
    tree_means,
)

__all__ = [
    "ClassGap",
    "DecisionRegions",
    "NeuralCollapse",
    "ReebNet",
    "TreeMeans",
    "activation_trees",
    "auroc",
    "auroc_draws",
    "decision_regions",
    "label_support",
    "labelled_distances",
    "labelled_persistence",
    "nearest_samples",
    "neighbour_votes",
    "neural_collapse",
    "persistent_class_gap",
    "reeb_net",
    "topological_uncertainty",
    "tree_means",
]
