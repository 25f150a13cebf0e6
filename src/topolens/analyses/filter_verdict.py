"""The rule by which a space of filters gets its verdict. See decision 0006."""

from __future__ import annotations

import statistics

from topolens.analyses.filter_measures import Measured

VERDICTS = ("circle", "several loops", "clusters on a cycle", "no structure", "too few filters")
MARGIN = 2.5  # a loop's median bar must be this much longer than the longest bar of any null or untrained twin
SHARE = 0.25  # and this long beside the longest one: a well-sampled surface has many short bars that no null has
EVEN_ENTROPY = 0.93  # an even circle fills its 36 bins at least to this entropy
WIDEST_GAP = 30.0  # and leaves no wider gap, in degrees


def loop_count(measured: Measured) -> int:
    """Loops: bars that stand out of all nulls and twins in nearly every draw, and beside the longest bar."""
    longest_reference = max(reference.top for reference in (*measured.nulls, *measured.twins))
    typical, low = measured.repeats.quantile(0.5, dim=0), measured.repeats.quantile(0.05, dim=0)
    stands_out = (typical > MARGIN * longest_reference) & (low > longest_reference)
    return int((stands_out & (typical >= SHARE * typical[0])).sum())


def typical_bars(measured: Measured) -> list[float]:
    """The longest headline bars in falling order, each the median over draws."""
    return measured.repeats.quantile(0.5, dim=0).tolist()


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
