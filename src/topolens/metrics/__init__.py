"""Topological metrics of masks: how many pieces, loops and voids there are, and which of them are wrong."""

__all__: list[str] = []
