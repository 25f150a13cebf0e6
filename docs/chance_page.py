"""Writes docs/chance.md: how often each analysis claims something of what chance alone has made.

python docs/chance_page.py
"""

from __future__ import annotations

from collections.abc import Mapping

from result_pages import DOCS, table
from scipy.stats import binomtest

from topolens.studies.chance import CHANCES, claims_of

SEEDS = 100
INTRODUCTION = """# Chance

How often each analysis says more of chance than there is; the level of every verdict is 5 %. The interval is Clopper
and Pearson's at 95 %. Made by `docs/chance_page.py`; the data are in `topolens.studies.chance`, and
`tests/laws/test_false_positives.py` keeps the rates at their level.
"""


def write(counts: Mapping[tuple[str, str], tuple[int, int]]) -> None:
    """The page of claims and seeds by analysis and data; what was not counted is left out."""
    rows = []
    for chance in CHANCES:
        if (chance.analysis, chance.data) not in counts:
            continue
        claims, seeds = counts[chance.analysis, chance.data]
        low, high = binomtest(claims, seeds).proportion_ci(0.95)
        wrong = ", ".join(f"`{claim}`" for claim in chance.claims)
        rows.append((chance.analysis, chance.data, wrong, f"{claims} of {seeds}", f"{low:.1%} to {high:.1%}"))
    lines = [INTRODUCTION, *table(("analysis", "given", "wrong would be", "said", "95 %"), rows)]
    (DOCS / "chance.md").write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")


if __name__ == "__main__":
    write({(chance.analysis, chance.data): (claims_of(chance, SEEDS), SEEDS) for chance in CHANCES})
