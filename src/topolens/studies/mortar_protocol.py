"""How the study on TopoMortar was made, in sentences; where it departs from the paper is said."""

from __future__ import annotations

from topolens.studies.mortar_data import INSIDE, Mortar
from topolens.studies.mortar_losses import BASELINE, ROWS
from topolens.studies.mortar_published import DEFECTS, PAPER
from topolens.studies.mortar_training import Recipe

REFERENCES = [
    PAPER,
    "S. Holm: A simple sequentially rejective multiple test procedure, 1979.",
    "B. Efron, R. Tibshirani: An introduction to the bootstrap, 1993.",
]


def protocol(recipe: Recipe, seeds: int, data: Mortar) -> list[str]:
    """The sentences, for one recipe and part of the data."""
    inside = sum(group == INSIDE for group in data.groups)
    widths = ", ".join(str(width) for width in recipe.widths)
    optimiser = "SGD with Nesterov's momentum 0.99 and weight decay 3e-5" if recipe.sgd else "Adam"
    light = "turns and flips and " if recipe.turns else ""
    return [
        f"{seeds} seeds, which decide weights and crops. {len(data.train)} training images; tests on {inside} whole "
        f"images in distribution and {len(data.groups) - inside} of the six other groups, always told apart, as the "
        "authors ask. A mask is where the probability is above 1/2.",
        f"U-Net with {widths} channels, instance normalisation and leaky ReLU; {recipe.steps:,} steps of "
        f"{recipe.batch} crops of {recipe.side} x {recipe.side} pixels; {optimiser}, rate {recipe.rate:g}, falling to "
        "0 as (1 - step / steps)^0.9; gradients cut at norm 12; the last weights are tested. Images are standardised "
        f"by their own mean and spread. Crops: {light}other brightness (up to 25 %) and gamma (0.7 to 1.5) with "
        f"chance {recipe.light:g}.",
        "The paper: MONAI's DynUNet of 46 million parameters with six supervised levels, whole images, batches of 10, "
        "12,000 steps of SGD, ten augmentations, ten seeds, 350 test images. So compare ratios to "
        f"{BASELINE} and orders, not the errors themselves.",
        *(f"{name}: {row.told}." for name, row in ROWS.items()),
        f"Terms named as late come in after {recipe.late:.0%} of the steps and gain their weight over 5 %; up to there "
        f"such a row is {BASELINE} of the same seed, and shares its beginning. Their weights, of 0.03, 0.1 and 0.3 "
        "(for Topograph and warping 0.1, 0.3 and 1), are those with the fewest Betti matching errors on the 20 "
        "validation images after 500 steps on accurate labels from seed 0, and the same for all labels and sizes.",
        "RandHue is the authors': with chance 1/2 an image gets one random hue, its saturation and value are raised "
        "by up to 0.5. Self-distillation has three rounds of equal length on one schedule; after the first and second, "
        "labels become the network's probabilities on the images as they are. (In the authors' program labels change "
        "once, and the rate stays constant from the second round on.)",
        "B0 and B1 errors: differences of the numbers of pieces and loops, the foreground connected through corners. "
        "BM: Betti matching error, features of both masks that have no partner. DIU: features lost or gained between "
        "intersection and union. HD95 in pixels, both directions pooled.",
        "Intervals of errors are over seeds. Differences to "
        f"{BASELINE} are paired image by image and seed by seed; images are drawn again 10,000 times, within their "
        "groups, and p-values are Holm's over all rows and both counts. They speak of other images, not of other "
        "seeds: so the verdict asks that each seed gives the same sign as well. It looks at topological losses in "
        "distribution.",
        "Published figures are read from the tables of the authors' repository. Defective ports: "
        + "; ".join(f"{name}: {what.removeprefix('defective port: ')}" for name, what in DEFECTS.items())
        + ".",
    ]
