"""Topological metrics of masks: how many pieces, loops and voids there are, and which of them are wrong."""

from topolens.metrics.simple_points import simple_points

__all__ = ["simple_points"]
