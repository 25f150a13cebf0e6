"""Tensors become filtrations here: `rips`, `cubical`, `lower_star`, `edge_weighted`, `witness`, `weighted_rips`."""

from topolens.filtrations.base import Filtration
from topolens.filtrations.cubical import Cubical, cubical
from topolens.filtrations.edge_weighted import EdgeWeighted, edge_weighted
from topolens.filtrations.lower_star import LowerStar, lower_star
from topolens.filtrations.rips import Rips, rips
from topolens.filtrations.weighted_rips import WeightedRips, weighted_rips
from topolens.filtrations.witness import Witness, witness

__all__ = [
    "Cubical",
    "EdgeWeighted",
    "Filtration",
    "LowerStar",
    "Rips",
    "WeightedRips",
    "Witness",
    "cubical",
    "edge_weighted",
    "lower_star",
    "rips",
    "weighted_rips",
    "witness",
]
