"""The explorer: a run of a network, a small server on this machine, and a page that shows it."""

from topolens.explorer.explore import Explorer, explore

__all__ = ["Explorer", "explore"]
