"""The index of Modules is complete."""

from topolens import layers, losses, nn
from topolens.losses import 

__all__ = [
]
