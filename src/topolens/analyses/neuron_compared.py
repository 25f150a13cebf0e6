"""A network's correlations beside their nulls, its untrained twin and draws of other samples and neurons."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from topolens.analyses.neuron_bars import (
    HISTOGRAM,
    SHUFFLED,
    SPECTRUM,
    Seen,
    distances_of,
    drawn,
    nulls_of,
    over_neurons,
    over_samples,
    scale_within,
    seen,
)
from topolens.analyses.neuron_layers import Neurons
from topolens.sampling import joint_p_value

FEWEST_SAMPLES, FEWEST_NEURONS = 10, 5
LEVEL = 0.05
# Of 180 low-rank layers without a loop one had a bar 1.25 times as long as all nulls; rings have 1.3 to 1.4 times.
LOOP_MARGIN = 1.25
VERDICTS = (
    "structure beyond the correlation histogram",
    "explained by the correlation histogram",
    "as independent neurons",
    "not defined",
)


@dataclass(frozen=True)
class Settings:
    """How `neuron_correlations` looks; its Args say what each is."""

    neurons: int
    sampling: str
    nulls: int
    draws: int
    budget: float
    seed: int


@dataclass(frozen=True)
class Compared:
    """A network's correlations and all they are held against.

    Args:
        x: The neurons looked at, shape (samples, neurons), standardised.
        own: What they give.
        nulls: What each null gives, by its kind.
        intervals: Of each number over subsamples of the samples.
        draws: The numbers of other draws of neurons.
        untrained: What the untrained twin gives.
        p_histogram, p_independent: Of the joint tests.
        scale: Where bars were cut off to keep to the budget; None: nowhere.
        seconds_each: Expected of the dearest diagram.
    """

    x: Tensor
    own: Seen
    nulls: dict[str, list[Seen]]
    intervals: dict[str, tuple[float, float]]
    draws: list[dict[str, float]]
    untrained: Seen | None
    p_histogram: float
    p_independent: float
    scale: float | None
    seconds_each: float

    @property
    def verdict(self) -> str:
        """One of `VERDICTS`, but for "not defined"."""
        if self.p_independent > LEVEL:
            return VERDICTS[2]
        return VERDICTS[1] if self.p_histogram > LEVEL else VERDICTS[0]

    @property
    def loops(self) -> int:
        """H1 bars 1.25 times as long as the longest of shuffled columns and of random directions of the same spectrum.

        The same numbers dealt to other pairs keep to no geometry and have long bars everywhere; a Gaussian of the same
        covariance has the loop itself.
        """
        bars = self.own.diagrams.of_dim(1)
        ends = bars.intervals[:, 1].clamp(max=1.0 if self.scale is None else self.scale)
        return int((ends - bars.intervals[:, 0] > LOOP_MARGIN * self.longest(SHUFFLED, SPECTRUM)).sum())

    def longest(self, *kinds: str) -> float:
        """The longest H1 bar of these nulls."""
        return max(one.values["h1_longest"] for kind in kinds for one in self.nulls[kind])


def is_defined(found: Neurons) -> bool:
    """Whether there are samples and varying neurons enough for a correlation and a loop."""
    return found.samples >= FEWEST_SAMPLES and found.varying >= FEWEST_NEURONS


def compare(found: Neurons, twin: Neurons | None, how: Settings) -> Compared:
    """All that is to be said of a network's correlations, before it is said."""
    x = drawn(found.layers, how.neurons, how.sampling, how.seed)
    scale, expected = scale_within(x, how.budget / (3 * how.nulls + 2 * how.draws + 10), how.seed)
    own, nulls = seen(distances_of(x), scale), nulls_of(x, how.nulls, scale, how.seed)
    untrained = None
    if twin is not None and is_defined(twin):
        untrained = seen(distances_of(drawn(twin.layers, how.neurons, how.sampling, how.seed)), scale)
    return Compared(
        x,
        own,
        nulls,
        over_samples(x, scale, how.draws, how.seed),
        over_neurons(found.layers, how.neurons, how.sampling, scale, how.draws, how.seed),
        untrained,
        joint_p_value(own.tested, [one.tested for one in nulls[HISTOGRAM]]),
        joint_p_value(own.tested, [one.tested for one in nulls[SHUFFLED]]),
        scale,
        expected,
    )
