"""topolens shows, measures and shapes the topology of neural networks."""

__version__ = "0.1.0"

from topolens import sampling, shapes
from topolens.diagrams import Diagrams
from topolens.filtrations import Filtration, cubical, lower_star, rips, witness
from topolens.persistence import persistence

__all__ = ["Diagrams", "Filtration", "cubical", "lower_star", "persistence", "rips", "sampling", "shapes", "witness"]
