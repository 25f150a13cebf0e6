"""The rule by which a space of filters gets its verdict. See decision 0006."""

from __future__ import annotations

import statistics

from torch import Tensor

from topolens.analyses.filter_measures import Measured

VERDICTS = ("circle", "several loops", "clusters on a cycle", "no structure", "too few filters")
MARGIN = 1.5  # a loop must be this much longer than the longest bar of any null or untrained twin
SHARE = 0.25  # and this long beside the longest one: a well-sampled surface has many short bars that no null has
EVEN_ENTROPY = 0.93  # an even circle fills its 36 bins at least to this entropy
WIDEST_GAP = 30.0  # and leaves no wider gap, in degrees


def loop_counts(measured: Measured) -> Tensor:
    """Loops in each draw: bars that stand out of all nulls and twins, and beside the longest bar, shape (draws,)."""
    cut = MARGIN * max(reference.top for reference in (*measured.nulls, *measured.twins))
    return ((measured.repeats > cut) & (measured.repeats >= SHARE * measured.repeats[:, :1])).sum(1)


def loop_count(measured: Measured) -> int:
    """The median over draws of the number of loops."""
    return int(loop_counts(measured).median())


def typical_bars(measured: Measured) -> list[float]:
    """The longest headline bars in falling order, each the median over draws."""
    return measured.repeats.median(0).values.tolist()


def typical(measured: Measured, quantity: str) -> float:
    """The median over draws of a quantity of the longest loop, such as "entropy"."""
    return statistics.median(getattr(loop, quantity) for loop in measured.loop_repeats)


def verdict_of(measured: Measured) -> str:
    """The verdict: loops are counted, and a single one is a circle only if it is evenly filled."""
    loops = loop_count(measured)
    if loops == 0 or not measured.loop_repeats:
        return "no structure"
    if loops > 1:
        return "several loops"
    is_even = typical(measured, "entropy") >= EVEN_ENTROPY and typical(measured, "gap_degrees") < WIDEST_GAP
    return "circle" if is_even else "clusters on a cycle"
