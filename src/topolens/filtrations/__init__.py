"""Tensors become filtrations here: `rips`, `cubical`, `lower_star`, `witness`."""

from topolens.filtrations.base import Filtration
from topolens.filtrations.cubical import Cubical, cubical
from topolens.filtrations.lower_star import LowerStar, lower_star
from topolens.filtrations.rips import Rips, rips
from topolens.filtrations.witness import Witness, witness

__all__ = ["Cubical", "Filtration", "LowerStar", "Rips", "Witness", "cubical", "lower_star", "rips", "witness"]
