"""Layers that stand on persistence: functions of tensors or `Diagrams`, each with its thin Module."""

from topolens.layers.persistence_filter import (
    PersistenceFilter1d,
    PersistenceFilter2d,
    PersistenceFilter3d,
    persistence_filter,
)

__all__ = ["PersistenceFilter1d", "PersistenceFilter2d", "PersistenceFilter3d", "persistence_filter"]
