"""No analysis claims anything of what chance has made, more often than the 5 % it states.

By default a few seeds of each; TOPOLENS_EXHAUSTIVE=1 runs a hundred.
"""

import os

import pytest
from scipy.stats import binom

from topolens.analyses import ANALYSES
from topolens.studies.chance import CHANCES, LEVEL, Chance, claims_of

SEEDS = 100 if os.environ.get("TOPOLENS_EXHAUSTIVE") else 12
DEAR = {"intrinsic_dimension": 4, "filter_space": 2, "filter_training": 1}  # seeds of what takes half a second each


@pytest.mark.parametrize("chance", CHANCES, ids=lambda chance: f"{chance.analysis}: {chance.data}")
def test_chance_is_seldom_taken_for_more(chance: Chance) -> None:
    """A rate of 5 % exceeds the bound in one of a hundred draws of seeds; these are always the same."""
    seeds = SEEDS if SEEDS == 100 else min(SEEDS, DEAR.get(chance.analysis, SEEDS))
    assert claims_of(chance, seeds) <= binom.ppf(0.99, seeds, LEVEL)


def test_every_analysis_has_its_turn() -> None:
    assert {chance.analysis for chance in CHANCES} == {analysis.__name__ for analysis in ANALYSES}


@pytest.mark.parametrize("chance", CHANCES, ids=lambda chance: f"{chance.analysis}: {chance.data}")
def test_claims_are_verdicts_of_the_analysis(chance: Chance) -> None:
    """A verdict that was renamed would never be counted."""
    analysis = next(one for one in ANALYSES if one.__name__ == chance.analysis)
    said = " ".join((analysis.__doc__ or "").split())
    missing = [claim for claim in chance.claims if f"`{claim}`" not in said]
    assert not missing or chance.analysis == "filter_space"  # its verdicts stand in its module
