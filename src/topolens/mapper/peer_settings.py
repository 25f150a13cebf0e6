"""Parameters of other Mapper programs, said in ours: they mean different lengths by the same overlap."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

CELL, SPANNING = "cell", "spanning"
CONVENTIONS = {
    "kepler-mapper": CELL,
    "gudhi": CELL,
    "tda-mapper": CELL,
    "giotto-tda": SPANNING,
    "zen-mapper": SPANNING,
    "mapper-interactive": SPANNING,
    "TDAmapper": SPANNING,
}


def peer_settings(
    program: str, intervals: int | Sequence[int], overlap: float | Sequence[float] | None, lenses: int = 1
) -> dict[str, Any]:
    """Resolution, gain and convention of `mapper` that make the same intervals as another program.

    Args:
        program: "kepler-mapper" (n_cubes, perc_overlap), "gudhi" (resolutions, gains), "tda-mapper" (n_intervals,
            overlap_frac), "giotto-tda" (n_intervals, overlap_frac), "zen-mapper" (n_elements, percent_overlap),
            "mapper-interactive", or "TDAmapper" in R.
        intervals: Its number of intervals, one number or one per lens.
        overlap: Its overlap, in [0, 1): the fraction of an interval that it shares with its neighbour. None, of
            tda-mapper only: half of a box's volume is shared.
        lenses: Number of lenses; needed where the overlap is None.

    Returns:
        `resolution`, `gain` and `convention`, to be passed on with `**`. Whether a border belongs to an interval may
        still differ: in giotto-tda and tda-mapper it does not, in gudhi the upper one does not.

    Raises:
        ValueError: If the program is unknown or the overlap lies outside [0, 1).

    Source: interval lengths as each program documents them or as its intervals were measured.

    Example:
        >>> peer_settings("kepler-mapper", 10, 0.5)
        {'resolution': 10, 'gain': 2.0, 'convention': 'cell'}
        >>> peer_settings("giotto-tda", [10, 5], 0.75)
        {'resolution': [10, 5], 'gain': 4.0, 'convention': 'spanning'}
    """
    if program not in CONVENTIONS:
        raise ValueError(f"program must be one of {', '.join(CONVENTIONS)}, got {program!r}")
    if overlap is None:
        if program != "tda-mapper":
            raise ValueError(f"overlap must be a number in [0, 1), got None; only tda-mapper chooses one for {lenses}")
        overlap = 1 - 1 / (2 - 0.5 ** (1 / lenses))
    several = isinstance(overlap, Sequence)
    shares = list(overlap) if isinstance(overlap, Sequence) else [overlap]
    for share in shares:
        if not 0 <= share < 1:
            raise ValueError(f"overlap must lie in [0, 1), got {share}")
    gains = [1 / (1 - share) for share in shares]
    return {
        "resolution": intervals if isinstance(intervals, int) else list(intervals),
        "gain": gains if several else gains[0],
        "convention": CONVENTIONS[program],
    }
