"""Topological losses: what a network should be told about the shape of what it draws."""

from topolens.losses.scheduled import Scheduled, ramp

__all__ = ["Scheduled", "ramp"]
