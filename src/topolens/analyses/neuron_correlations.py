"""Neurons as points at 1 - absolute correlation: do clusters and cycles of likeness say more than a histogram does?"""

from __future__ import annotations

from topolens.analyses.finding import Finding
from topolens.analyses.method_card import MethodCard
from topolens.analyses.neuron_compared import FEWEST_NEURONS, VERDICTS, Settings, compare, is_defined
from topolens.analyses.neuron_layers import Activations, neurons_of
from topolens.analyses.neuron_words import (
    answer_of,
    counts_of,
    not_defined_of,
    numbers_of,
    series_of,
    tables_of,
    warnings_of,
)
from topolens.analyses.provenance import Cost

QUESTION = "Do correlations between neurons have structure that their histogram does not show?"

CARD = MethodCard(
    definition="Rips bars of neurons at 1 - |Pearson's correlation|, and means, deviations and entropy of their "
    "births, deaths, lengths and middles, held against the same correlations dealt to other pairs, columns shuffled, "
    "random directions of the same spectrum and Gaussians of the same covariance.",
    source="Predicting the generalization gap in neural networks using topological data analysis, 2024, sections 3 "
    "and 4; Computing the testing error without a testing set, 2020, section 3. Ours are the nulls, the intervals and "
    "the verdict; bars are not turned into a prediction of the generalisation gap, which takes a zoo of networks "
    "trained to the same loss.",
    neuron_permutation="unchanged, also which neurons are drawn",
    relu_rescaling="unchanged with stratified or uniform sampling; importance sampling draws other neurons",
    verdicts=VERDICTS,
    caveats=(
        "Bars are a function of the pairwise correlations: they tell how pairs fit together, nothing of higher order.",
        "The same histogram dealt to other pairs is seldom the correlations of anything, so a real layer hardly ever "
        "passes for it, and dealt so it has long loops of its own. Loops are therefore counted against nulls that are "
        "correlations: shuffled columns and random directions of the same spectrum, at 1.25 times their longest.",
        "One direction that all neurons share is structure by this rule already: neurons that follow it closely are "
        "alike to all others, which correlations dealt to other pairs do not show.",
        "Untrained networks have such structure too, from their data; compare the numbers with an untrained twin's.",
        "Data of two dominant directions makes a loop by itself, since lines in a plane form a circle.",
        "Numbers of two networks compare only for the same samples and number of neurons.",
        "In a published comparison of 16 networks training accuracy explained the gap better than these bars did.",
    ),
)


def neuron_correlations(
    activations: Activations,
    untrained: Activations | None = None,
    *,
    seed: int = 0,
    subject: str = "model",
    neurons: int = 300,
    sampling: str = "stratified",
    nulls: int = 19,
    draws: int = 10,
    budget: float = 60.0,
) -> Finding:
    """What the correlations between neurons look like, and whether their histogram alone would look the same.

    Four numbers (mean absolute correlation, mean merge in H0, longest bar and total length in H1) are held together
    against each null, as one test. A network whose neurons pass for shuffled ones is `as independent neurons`; else one
    that
    passes for its own correlations dealt to other pairs is `explained by the correlation histogram`; else there is
    `structure beyond the correlation histogram`. Constant neurons are left out and counted.

    Args:
        activations: Shape (samples, neurons), or layer to such a tensor, of the same samples: layers are pooled.
        untrained: The same of an untrained twin, as a reference.
        seed: Draws neurons, nulls and subsamples; the same seed gives the same finding.
        subject: Name of the layer or network, for the text.
        neurons: At most so many are looked at.
        sampling: How they are drawn, see `sample_neurons`: "stratified", "importance" as published, or "uniform".
        nulls: Of each kind, at least 19 for a verdict at the level of 5 %.
        draws: Subsamples of samples, and again of neurons, for the intervals.
        budget: Seconds for all diagrams by an estimate made beforehand; where they would take longer all are cut off
            at one scale.

    Returns:
        A Finding "neuron_correlations" with one of the verdicts `structure beyond the correlation histogram`,
        `explained by the correlation histogram`, `as independent neurons`, `not defined`. It does not predict the
        generalisation gap.

    Raises:
        TypeError: If something is no floating-point tensor.
        ValueError: If a shape is wrong, an entry is NaN or infinite, there is no layer, layers have different samples,
            or an argument is out of range.

    Cost: about 3 nulls + 2 draws + 10 diagrams of `neurons` points, and as many matrices of correlations: 10 seconds
        for 300 neurons and 1,000 samples, 2 minutes for 1,000 neurons, on one core of a busy machine.
    Source: "Predicting the generalization gap in neural networks using topological data analysis", 2024, sections 3
        and 4. Ours are the nulls, the intervals and the verdict.
    """
    if neurons < FEWEST_NEURONS or nulls < 1 or draws < 2 or not budget > 0:
        raise ValueError(
            f"there must be {FEWEST_NEURONS} neurons, 1 null and 2 draws at least and a budget above 0, got "
            f"neurons={neurons}, nulls={nulls}, draws={draws}, budget={budget}"
        )
    found = neurons_of("activations", activations)
    twin = None if untrained is None else neurons_of("untrained", untrained)
    how = Settings(neurons, sampling, nulls, draws, budget, seed)
    with Cost() as cost:
        compared = compare(found, twin, how) if is_defined(found) else None
    parameters = {name: value for name, value in how.__dict__.items() if name != "seed"}
    if compared is None:
        return Finding(
            "neuron_correlations",
            subject,
            QUESTION,
            not_defined_of(found),
            "not defined",
            counts_of(found),
            provenance=cost.provenance(seed, (found.samples, found.total), parameters),
        )
    parameters |= {"max_scale": compared.scale, "expected_seconds_per_diagram": compared.seconds_each}
    return Finding(
        name="neuron_correlations",
        subject=subject,
        question=QUESTION,
        answer=answer_of(compared),
        verdict=compared.verdict,
        numbers=numbers_of(compared, found),
        tables=tables_of(compared, found, twin, how),
        series=series_of(compared),
        diagrams={"neurons": compared.own.diagrams},
        references={
            f"{what}, {kind}": tuple(one.values[what] for one in group)
            for kind, group in compared.nulls.items()
            for what in ("mean_correlation", "h0_mean_death", "h1_longest", "h1_total")
        },
        warnings=warnings_of(compared, found, how),
        provenance=cost.provenance(seed, (found.samples, found.total), parameters),
    )
