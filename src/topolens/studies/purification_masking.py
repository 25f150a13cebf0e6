"""Whether the attacks of the purification study bite, or gradients are masked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from topolens.analyses.finding import Finding, Number, Table
from topolens.sampling import holm
from topolens.studies.attacks import BPDA, EOT, EOT_BPDA, EPSILONS, FGSM, LARGE, LONG_PGD, NOISE, PGD
from topolens.studies.crossed_samples import Mean, difference, share
from topolens.studies.purification import ARMS, BARE, CLEAN, HARDENED, Results, values

MASKED, UNMASKED = "signs of masked gradients", "no sign of masked gradients"


def masking(found: Results, made: dict[str, Any]) -> Finding:
    """Whether a stronger attack ever leaves more, and whether nothing is left where nothing can be."""
    steps = list(_ladder(found))
    p_values = holm([mean.p_value for *_, mean in steps])
    rows, signs = [], []
    for (arm, weaker, stronger, size, mean), p in zip(steps, p_values, strict=True):
        wrong = bool(p < 0.05 and mean.mean > 0)
        signs += [f"{arm}: {stronger} leaves more than {weaker}"] if wrong else []
        rows.append((arm, weaker, stronger, size, round(mean.mean, 4), mean.span, "yes" if wrong else "no"))
    level, ends = chance(found), []
    for arm in ARMS:
        left = share(values(found, arm, PGD, LARGE))
        flats = [row["flat"] for row in found if (row["arm"], row["attack"]) == (arm, PGD)]
        ends.append((arm, left.told, round(level, 4), round(float(np.mean(flats)), 4)))
        signs += [f"{arm}: {left.mean:.3f} left at {LARGE:g}"] if left.interval[0] > level else []
        signs += [f"{arm}: no gradient at {np.mean(flats):.1%} of images"] if np.mean(flats) > 0.01 else []
    highest = max((share(values(found, arm, PGD, LARGE)).mean for arm in ARMS), default=0.0)
    odd = [row[4] for row in rows if row[4] > 0]
    above = f"{len(odd)} are above 0, by {max(odd, default=0.0):.3f} at most"
    columns = (
        "model",
        "weaker attack",
        "stronger attack",
        "largest change",
        "stronger minus weaker",
        "interval",
        "sign",
    )
    return Finding(
        name="reproduce_purification",
        subject=f"{found[0]['data']}, do the attacks bite",
        question="Does a stronger attack ever leave more accuracy than a weaker one, or an unbounded one any?",
        answer=("; ".join(signs) + "." if signs else
                f"No stronger attack leaves more beyond chance in {len(rows)} comparisons ({above}); "
                f"at {LARGE:g} at most {highest:.3f} is left, chance being {level:.3f}."),
        verdict=MASKED if signs else UNMASKED,
        numbers={"left": Number(highest, f"highest accuracy under PGD at {LARGE:g}", None, "", level, "chance")},
        tables={
            "ladder": Table("What stronger attacks leave more than weaker: above 0 is wrong", columns, tuple(rows)),
            "ends": Table(
                f"What PGD leaves at {LARGE:g}, where every image can be made any other, and flat gradients",
                ("model", f"accuracy at {LARGE:g}", "chance", "images with zero gradient"), tuple(ends)),
        },
        provenance=made,
    )  # fmt: skip


def _ladder(found: Results) -> Iterator[tuple[str, str, str, float, Mean]]:
    """Model, weaker and stronger attack, size, and what the stronger leaves more."""
    for arm in ARMS:
        pairs = [(NOISE, FGSM), (FGSM, PGD), (PGD, LONG_PGD), (BPDA, PGD), (PGD, EOT), (EOT_BPDA, EOT)]
        for weaker, stronger in pairs:
            for size in EPSILONS:
                low, high = (values(found, arm, attack, size) for attack in (weaker, stronger))
                if low.size and high.size:
                    yield arm, weaker, stronger, size, difference(high, low)
        for size in EPSILONS if arm not in (BARE, HARDENED) else ():
            known, unknown = values(found, arm, PGD, size), values(found, arm, PGD, size, BARE)
            yield arm, f"{PGD} on the classifier alone", PGD, size, difference(known, unknown)
        for smaller, larger in zip(EPSILONS, (*EPSILONS[1:], LARGE), strict=True):
            more, less = values(found, arm, PGD, larger), values(found, arm, PGD, smaller)
            yield arm, f"{PGD} at {smaller:g}", f"{PGD} at {larger:g}", larger, difference(more, less)


def chance(found: Results) -> float:
    """The accuracy of guessing."""
    return 1 / next(row["classes"] for row in found if row["attack"] == CLEAN)
