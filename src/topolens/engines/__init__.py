"""Engines return integers only: which cell starts a bar and which cell ends it."""

from topolens.engines.pairs import Complex, Matches, Pairs, canonical, concatenate

__all__ = ["Complex", "Matches", "Pairs", "canonical", "concatenate"]
