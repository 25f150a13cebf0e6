"""Tensors become filtrations here: `rips`, `cubical`, `lower_star`, `alpha` and their kin."""

from topolens.filtrations.alpha import Alpha, alpha, weak_alpha
from topolens.filtrations.base import Filtration
from topolens.filtrations.cubical import Cubical, cubical
from topolens.filtrations.edge_weighted import EdgeWeighted, edge_weighted
from topolens.filtrations.lower_star import LowerStar, lower_star
from topolens.filtrations.rips import Rips, rips
from topolens.filtrations.weighted_rips import WeightedRips, weighted_rips
from topolens.filtrations.witness import Witness, witness

__all__ = [
    "Alpha",
    "Cubical",
    "EdgeWeighted",
    "Filtration",
    "LowerStar",
    "Rips",
    "WeightedRips",
    "Witness",
    "alpha",
    "cubical",
    "edge_weighted",
    "lower_star",
    "rips",
    "weak_alpha",
    "weighted_rips",
    "witness",
]
