"""Features of weighted graphs and digraphs, and how long they last: steady, ranging and coherent persistence."""

from topolens.graph_features.coherent import (
    CoherentPersistence,
    CoherentSampling,
    blocks,
    clique_communities,
    coherent,
    components,
    edge_blocks,
)
from topolens.graph_features.degree_intervals import degree_intervals
from topolens.graph_features.edge_set_features import eulerian_edge_set, matching, maximal_matching
from topolens.graph_features.feature import Feature
from topolens.graph_features.growth import Sublevel
from topolens.graph_features.persistence_function import HomologyPersistence, PersistenceFunction, homology
from topolens.graph_features.pixel_graph import pixel_graph, window_graph
from topolens.graph_features.steady import FeaturePersistence, ranging, steady
from topolens.graph_features.vertex_features import (
    articulation,
    degree_window,
    hub,
    in_triangle,
    k_core,
    on_cycle,
    sink,
    source,
)
from topolens.graph_features.vertex_set_features import (
    clique,
    dominating_set,
    eulerian_vertex_set,
    independent_set,
    maximal_clique,
    vertex_cover,
)
from topolens.graph_features.weighted_graph import WeightedGraph, weighted_graph

__all__ = [
    "CoherentPersistence",
    "CoherentSampling",
    "Feature",
    "FeaturePersistence",
    "HomologyPersistence",
    "PersistenceFunction",
    "Sublevel",
    "WeightedGraph",
    "articulation",
    "blocks",
    "clique",
    "clique_communities",
    "coherent",
    "components",
    "degree_intervals",
    "degree_window",
    "dominating_set",
    "edge_blocks",
    "eulerian_edge_set",
    "eulerian_vertex_set",
    "homology",
    "hub",
    "in_triangle",
    "independent_set",
    "k_core",
    "matching",
    "maximal_clique",
    "maximal_matching",
    "on_cycle",
    "pixel_graph",
    "ranging",
    "sink",
    "source",
    "steady",
    "vertex_cover",
    "weighted_graph",
    "window_graph",
]
