"""Layers that stand on persistence: functions of tensors or `Diagrams`, each with its thin Module."""

from topolens.layers.leap_pool import LEAPPool2d, leap_pool
from topolens.layers.ordinal_pool import OrdinalPool2d, ordinal_pool
from topolens.layers.persistence_conv import PersistenceConv2d
from topolens.layers.persistence_filter import (
    PersistenceFilter1d,
    PersistenceFilter2d,
    PersistenceFilter3d,
    persistence_filter,
)
from topolens.layers.persistence_pool import (
    PersistencePool1d,
    PersistencePool2d,
    PersistencePool3d,
    persistence_pool,
)
from topolens.layers.soft_windows import (
    SoftPersistenceFilter1d,
    SoftPersistenceFilter2d,
    SoftPersistenceFilter3d,
    soft_persistence_filter,
)

__all__ = [
    "LEAPPool2d",
    "OrdinalPool2d",
    "PersistenceConv2d",
    "PersistenceFilter1d",
    "PersistenceFilter2d",
    "PersistenceFilter3d",
    "PersistencePool1d",
    "PersistencePool2d",
    "PersistencePool3d",
    "SoftPersistenceFilter1d",
    "SoftPersistenceFilter2d",
    "SoftPersistenceFilter3d",
    "leap_pool",
    "ordinal_pool",
    "persistence_filter",
    "persistence_pool",
    "soft_persistence_filter",
]
