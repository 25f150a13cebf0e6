"""topolens shows, measures and shapes the topology of neural networks."""

__version__ = "0.1.0"

from topolens import analyses, coordinates, probes, sampling, shapes
from topolens.diagrams import Diagrams
from topolens.filtrations import Filtration, cubical, lower_star, rips, witness
from topolens.persistence import persistence

# The next two bind functions over the rooms of the same name.
from topolens.mapper import MapperGraph, mapper  # isort: skip
from topolens.analyses import Finding

from topolens.report import Report, report, training_report  # isort: skip

__all__ = [
    "Diagrams",
    "Filtration",
    "Finding",
    "MapperGraph",
    "Report",
    "analyses",
    "coordinates",
    "cubical",
    "lower_star",
    "mapper",
    "persistence",
    "probes",
    "report",
    "rips",
    "sampling",
    "shapes",
    "training_report",
    "witness",
]
