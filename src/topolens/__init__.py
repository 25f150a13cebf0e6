"""topolens shows, measures and shapes the topology of neural networks."""

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from topolens import (
        analyses,
        coordinates,
        distances,
        graph_features,
        layers,
        losses,
        measures,
        metrics,
        nn,
        probes,
        sampling,
        shapes,
        vectorizations,
    )
    from topolens.analyses import Finding
    from topolens.diagrams import Diagrams
    from topolens.explorer import explore  # type: ignore[no-redef]
    from topolens.extended_persistence import ExtendedDiagrams, extended_persistence
    from topolens.filtrations import (  # type: ignore[no-redef]
        Filtration,
        alpha,
        cubical,
        edge_weighted,
        lower_star,
        rips,
        weak_alpha,
        weighted_rips,
        witness,
    )
    from topolens.image_persistence import image_persistence
    from topolens.mapper import Mapper, MapperGraph, mapper  # type: ignore[no-redef]
    from topolens.persistence import persistence
    from topolens.report import Report, report, training_report  # type: ignore[no-redef]

__version__ = "0.1.0"

__all__ = [
    "Diagrams",
    "ExtendedDiagrams",
    "Filtration",
    "Finding",
    "Mapper",
    "MapperGraph",
    "Report",
    "alpha",
    "analyses",
    "coordinates",
    "cubical",
    "distances",
    "edge_weighted",
    "explore",
    "extended_persistence",
    "graph_features",
    "image_persistence",
    "layers",
    "losses",
    "lower_star",
    "mapper",
    "measures",
    "metrics",
    "nn",
    "persistence",
    "probes",
    "report",
    "rips",
    "sampling",
    "shapes",
    "training_report",
    "vectorizations",
    "weak_alpha",
    "weighted_rips",
    "witness",
]

# A name is imported when it is first used: `topolens --help` must not wait for torch.
_HOMES = {
    "Diagrams": "diagrams",
    "ExtendedDiagrams": "extended_persistence",
    "Filtration": "filtrations",
    "Finding": "analyses",
    "Mapper": "mapper",
    "MapperGraph": "mapper",
    "Report": "report",
    "alpha": "filtrations",
    "cubical": "filtrations",
    "edge_weighted": "filtrations",
    "explore": "explorer",
    "extended_persistence": "extended_persistence",
    "image_persistence": "image_persistence",
    "lower_star": "filtrations",
    "mapper": "mapper",
    "persistence": "persistence",
    "report": "report",
    "rips": "filtrations",
    "training_report": "report",
    "weak_alpha": "filtrations",
    "weighted_rips": "filtrations",
    "witness": "filtrations",
}


def _public(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'topolens' has no attribute {name!r}")
    room = import_module(f"topolens.{_HOMES.get(name, name)}")
    return getattr(room, name) if name in _HOMES else room


if not TYPE_CHECKING:
    __getattr__ = _public


def __dir__() -> list[str]:
    return [*__all__, "__version__"]


def _function_over_room(name: str) -> property:
    """A name that stays a function, although importing the room of the same name wants to bind the room to it."""
    return property(lambda self: _public(name), lambda self, room: None)


class _FrontDoor(ModuleType):
    extended_persistence = _function_over_room("extended_persistence")
    image_persistence = _function_over_room("image_persistence")
    mapper = _function_over_room("mapper")
    persistence = _function_over_room("persistence")
    report = _function_over_room("report")

    def __reduce__(self) -> tuple[Any, ...]:
        # Functions that use the module are sent to workers by value, which only takes modules of the plain class.
        return import_module, (__name__,)


sys.modules[__name__].__class__ = _FrontDoor
