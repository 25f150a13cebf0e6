"""How the space of filters changes over training: the same quantities at every checkpoint."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from torch import Tensor

from topolens.analyses.filter_measures import Effort
from topolens.analyses.filter_space import filter_space
from topolens.analyses.finding import Figure, Finding, Number, Series, Table
from topolens.analyses.method_card import MethodCard
from topolens.analyses.provenance import Cost

QUESTION = "When does the circle of rotating edges appear during training, and does it settle?"
VERDICTS = ("settles", "comes and goes", "breaks up", "never appears", "too few filters")
CARD = MethodCard(
    definition="The space of a layer's filters at every checkpoint of one run, each held against the same nulls: when "
    "its loops come, and whether they stay over the last third of the run.",
    source='"A look at the topology of convolutional neural networks", 2018, figures 8 and 13; the words are ours.',
    neuron_permutation="the filters stay the same; landmarks and subsamples are drawn anew",
    relu_rescaling="unchanged: filters are normalised",
    verdicts=VERDICTS,
    caveats=("Checkpoints far apart hide what happens between them; the verdict is of those that were given.",),
)


def filter_training(
    weights: Mapping[int, Tensor],
    k: int = 100,
    p: float = 0.3,
    seed: int = 0,
    *,
    landmarks: int = 100,
    subject: str = "weight",
    effort: Effort | None = None,
    progress: Callable[[float], None] | None = None,
) -> Finding:
    """How a layer's space of filters changes over the checkpoints of one run.

    Args:
        weights: Training step to convolution weights (out, in, h, w), at least two steps, all of one shape.
        k, p, seed, landmarks, subject, effort: As in `filter_space`; sweep and Mapper are left out here.
        progress: Called with the share done, from 0 to 1.

    Returns:
        A Finding "filter_training" with the curves in `series` and one of the verdicts `settles` (a loop at the last
        third of the checkpoints), `comes and goes` (a loop at the last one and gaps before), `breaks up` (loops
        before, none at the last), `never appears`, `too few filters`.

    Raises:
        ValueError: If there are fewer than two checkpoints.

    Cost: one `filter_space` without sweep, Mapper graph and twins per checkpoint; the nulls are shared.
    Source: "A look at the topology of convolutional neural networks", 2018, figures 8 and 13.
    """
    if len(weights) < 2:
        raise ValueError(f"weights must hold at least two checkpoints, got {len(weights)}; for one use filter_space")
    lean = replace(effort or Effort(), sweep=False, graph=False, twins=1)
    steps = sorted(weights)
    with Cost() as cost:
        findings = []
        for index, step in enumerate(steps):
            findings.append(filter_space(weights[step], k, p, seed, landmarks=landmarks, subject=subject, effort=lean))
            if progress is not None:
                progress((index + 1) / len(steps))
    parameters = {"k": k, "p": p, "landmarks": landmarks, "steps": steps, **lean.__dict__}
    provenance = cost.provenance(seed, tuple(weights[steps[0]].shape), parameters)
    if any(finding.verdict == "too few filters" for finding in findings):
        return Finding(
            "filter_training", subject, QUESTION, findings[-1].answer, "too few filters", provenance=provenance
        )
    return _finding(subject, steps, findings, provenance)


def _finding(subject: str, steps: list[int], findings: list[Finding], provenance: Mapping[str, object]) -> Finding:
    def column(name: str) -> tuple[float | None, ...]:
        return tuple(f.numbers[name].value if name in f.numbers else None for f in findings)

    null = max(f.numbers["null_max"].value or 0.0 for f in findings)
    loops = [int(f.numbers["b1"].value or 0) > 0 for f in findings]
    verdict = _verdict(loops)
    bands = {"longest H1 bar": tuple(f.numbers["top_bar"].interval or (0.0, 0.0) for f in findings)}
    bars = Series(
        "Longest and second H1 bar over training; grey is the range of the nulls, bands are 5-95 % over draws.",
        "training step",
        tuple(float(step) for step in steps),
        {"longest H1 bar": column("top_bar"), "second H1 bar": column("second_bar")},
        {**bands, "null": tuple((0.0, null) for _ in steps)},
    )
    shape = Series(
        "How evenly the longest loop is filled (entropy) and how well it follows edge orientation.",
        "training step",
        tuple(float(step) for step in steps),
        {
            "occupancy entropy": column("occupancy_entropy"),
            "orientation correlation": column("orientation_correlation"),
        },
    )
    rows = tuple(
        (
            step,
            f.verdict,
            *(f.numbers[name].value for name in ("top_bar", "second_bar", "null_max")),
            *(
                f.numbers[name].value if name in f.numbers else None
                for name in ("occupancy_entropy", "largest_gap_degrees")
            ),
        )
        for step, f in zip(steps, findings, strict=True)
    )
    best = max(range(len(steps)), key=lambda i: findings[i].numbers["top_bar"].value or 0.0)
    return Finding(
        name="filter_training",
        subject=subject,
        question=QUESTION,
        answer=_answer(verdict, steps, findings, best, null),
        verdict=verdict,
        numbers={
            "top_bar": replace(findings[-1].numbers["top_bar"], meaning="longest H1 bar at the last step"),
            "best_bar": replace(
                findings[best].numbers["top_bar"], meaning=f"longest H1 bar over training, at step {steps[best]:,}"
            ),
            "first_step": Number(steps[loops.index(True)] if any(loops) else None, "first checkpoint with a loop"),
            "share_with_loop": Number(sum(loops) / len(loops), "share of checkpoints with a loop"),
            "null_max": findings[-1].numbers["null_max"],
        },
        tables={
            "checkpoints": Table(
                "Each checkpoint",
                ("step", "verdict", "longest bar", "second bar", "longest null", "entropy", "widest gap"),
                rows,
            )
        },
        series={"bars": bars, "shape": shape},
        figures=_pictures(steps, findings, best),
        provenance=provenance,
    )


def _verdict(loops: list[bool]) -> str:
    if not any(loops):
        return "never appears"
    if not loops[-1]:
        return "breaks up"
    return "settles" if all(loops[-max(len(loops) // 3, 1) :]) else "comes and goes"


def _answer(verdict: str, steps: list[int], findings: list[Finding], best: int, null: float) -> str:
    def bar(index: int) -> str:
        return f"{findings[index].numbers['top_bar'].value:.2f} ({findings[index].verdict})"

    head = {
        "settles": "A loop appears and stays",
        "comes and goes": "A loop comes and goes",
        "breaks up": "A loop appears and breaks up again",
        "never appears": "No loop appears",
    }[verdict]
    return (
        f"{head}: the longest bar is {bar(0)} at step {steps[0]:,}, largest with {bar(best)} at step {steps[best]:,}, "
        f"and {bar(-1)} at step {steps[-1]:,}, against {null:.2f} for the longest of the nulls."
    )


def _pictures(steps: list[int], findings: list[Finding], best: int) -> dict[str, Figure]:
    """Filters along the circle where the loop is longest and at the end."""
    shown = {
        f"filters_at_step_{steps[i]}": findings[i].figures.get("filters_along_circle") for i in (best, len(steps) - 1)
    }
    return {
        name: replace(figure, caption=f"Step {name.rsplit('_', 1)[1]}. {figure.caption}")
        for name, figure in shown.items()
        if figure
    }
