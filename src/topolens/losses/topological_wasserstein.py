"""The loss of Hu et al.: how far the bars of a probability map are from those of the truth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

from topolens.distances.matching import matched_costs, matching
from topolens.distances.wasserstein import least_sum
from topolens.losses.class_bars import Levels, check_levels, class_bars, leading, mask_counts, sums
from topolens.losses.class_maps import Activation, Reduction, check_reduction, class_maps, reduced
from topolens.losses.map_loss import MapLoss
from topolens.losses.patch_cuts import cuts
from topolens.losses.precision import without_autocast

Assignment = Literal["persistence", "wasserstein"]
ASSIGNMENTS = ("persistence", "wasserstein")


@without_autocast
def topological_wasserstein(
    logits: Tensor,
    target: Tensor,
    *,
    activation: Activation | None = "auto",
    include_background: bool = False,
    reduction: Reduction = "mean",
    construction: str = "V",
    frame: float | None = None,
    dims: Sequence[int] | None = None,
    assignment: Assignment = "persistence",
    threshold: float = 0.0,
    patch: int | Sequence[int] | None = None,
    crops: int | None = None,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Squared distance of the bars of each class's probability to those of its target.

    As the level falls from 1 to 0, pieces and holes appear at their birth and vanish at their death. Those of a mask
    last from 1 to 0: as many bars of the prediction are drawn to (1, 0), the others to the diagonal, (b + d) / 2 each.

    Args:
        logits: As `class_maps` takes them: (batch, channels, h, w) or (batch, channels, d, h, w).
        target: Class numbers or one map per channel; masks, or maps between 0 and 1.
        activation: "auto", "sigmoid", "softmax", "one_vs_max", or None for probabilities.
        include_background: Whether channel 0 of several counts.
        reduction: "mean", "sum" or "none".
        construction: "V" (pieces hang together through sides) or "T" (also through corners), as in `cubical`.
        frame: Level of a border around each map or patch: 1 joins what reaches the border, 0 sets it apart, None: no
            border.
        dims: Dimensions that count: 0 pieces, 1 loops, in volumes 2 voids; None: all.
        assignment: Which bars are drawn to those of the mask: "persistence" (the longest, as in the paper) or
            "wasserstein" (those that make the sum least). The latter is the distance itself, and takes any target, but
            gives up what is far from whole: a ring with a gap below about 0.3 is levelled, not closed.
        threshold: Unmatched bars of the prediction that are no longer than this are left alone.
        patch: Sides of the patches that are compared each for itself; None: the whole map.
        crops: Number of patches at random places; None: patches side by side, the last one moved back into the map.
        generator: On the CPU, where the places come from; None: torch's own.

    Returns:
        The reduced loss, or with "none" shape (batch, classes): the mean over patches of the sum over bars. A bar of
        the target that is matched with none counts 1/2, as in the 2-Wasserstein distance, whose square this is under
        "wasserstein". 0 for a class without pixels.

    Raises:
        ValueError: If a shape or setting is wrong, logits contain NaN, or "persistence" meets a target between 0 and 1.
        TypeError: If `logits` is no floating-point tensor, or `target` no tensor.

    Gradients: two pixels of each bar, birth and death, go up or down: the peak of a missing piece and the weakest pixel
        of a broken loop go up, the inside of a missing hole goes down; a false piece or hole is levelled. None where
        the prediction is constant. Combine it with Dice or cross-entropy: it does not say where structures belong.
    Cost: that of the bars of both maps; with soft targets an exact matching, cubic in bars.
    Source: "Topology-preserving deep image segmentation", 2019; the piece that never dies takes part, and loops do.
        All bars of a mask are equal, so the least sum is a sort by what each saves, "urgency" elsewhere.

    Example:
        >>> p = torch.tensor([[[[0.9, 0.1, 0.6]]]])           # the second piece is drawn to 1, the gap to 0
        >>> topological_wasserstein(p, torch.tensor([[[1, 0, 1]]]), activation=None)
        tensor(0.1800)
    """
    check_reduction(reduction)
    if assignment not in ASSIGNMENTS:
        raise ValueError(f"assignment must be 'persistence' or 'wasserstein', got {assignment!r}")
    maps = class_maps(logits, target, activation, include_background)
    how = check_levels(logits.ndim - 2, construction, frame, dims)
    prediction, truth = cuts(maps, patch, crops, generator)
    kept = prediction.shape[:3]
    prediction, truth = prediction.flatten(0, 2), truth.flatten(0, 2)
    if bool(((truth == 0) | (truth == 1)).all()):
        values = _to_mask(prediction, truth, how, assignment, threshold)
    elif assignment == "persistence":
        raise ValueError("target must hold only 0 and 1 for assignment='persistence'; use 'wasserstein' for soft ones")
    else:
        values = _to_map(prediction, truth, how, threshold)
    return reduced(values.view(kept).mean(2), reduction)


def _to_mask(prediction: Tensor, mask: Tensor, how: Levels, assignment: Assignment, threshold: float) -> Tensor:
    """Distances of maps (n, *S) to masks, whose bars all go from 1 to 0."""
    d, wanted = class_bars(prediction, how), mask_counts(mask, how)
    birth, death = d.intervals.unbind(1)
    to_corner, to_diagonal = (1 - birth).square() + death.square(), (birth - death).square() / 2
    # Matching a bar saves its own way to the diagonal and that of its partner.
    saved = (to_diagonal + 0.5 - to_corner).detach()
    # Of equally long bars the brighter one leads, whichever way the map lies.
    length = ((birth - death).double() + 1e-9 * birth).detach()
    matched = leading(saved if assignment == "wasserstein" else length, d, wanted)
    if assignment == "wasserstein":
        matched &= saved > 0
    ignored = (birth - death).detach() <= threshold
    costs = torch.where(matched, to_corner, to_diagonal.masked_fill(ignored, 0.0))
    missing = wanted.sum(1) - torch.bincount(d.batch[matched], minlength=len(mask))
    return sums(costs, d) + missing / 2


def _to_map(prediction: Tensor, truth: Tensor, how: Levels, threshold: float) -> Tensor:
    """Distances of maps (n, *S) to maps between 0 and 1, by exact matching."""
    x, y = class_bars(prediction, how), class_bars(truth, how)
    found = matching(x, y, len(prediction), 2.0, least_sum(2.0))
    costs = matched_costs(x, y, found, 2.0).square()
    alone = (found.x_rows >= 0) & (found.y_rows < 0)
    alone[alone.clone()] = x.persistence.detach()[found.x_rows[alone]] <= threshold
    return costs.new_zeros(len(prediction)).index_add(0, found.item, costs.masked_fill(alone, 0.0))


class TopologicalWassersteinLoss(MapLoss):
    """`topological_wasserstein` with its settings.

    Args:
        activation: As there, and so are all others.
        include_background: Whether channel 0 of several counts.
        reduction: "mean", "sum" or "none".
        construction: "V" or "T".
        frame: Level of a border around each map or patch.
        dims: Dimensions that count.
        assignment: "persistence" or "wasserstein".
        threshold: Shorter unmatched bars are left alone.
        patch: Sides of the patches.
        crops: Number of patches at random places.
        generator: Where these come from.

    Example:
        >>> loss = TopologicalWassersteinLoss(patch=64, threshold=0.03)
        >>> float(loss(torch.full((1, 1, 8, 8), -30.0), torch.zeros(1, 8, 8))) < 1e-12
        True
    """

    def __init__(
        self,
        *,
        activation: Activation | None = "auto",
        include_background: bool = False,
        reduction: Reduction = "mean",
        construction: str = "V",
        frame: float | None = None,
        dims: Sequence[int] | None = None,
        assignment: Assignment = "persistence",
        threshold: float = 0.0,
        patch: int | Sequence[int] | None = None,
        crops: int | None = None,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__(
            activation=activation,
            include_background=include_background,
            reduction=reduction,
            construction=construction,
            frame=frame,
            dims=dims,
            assignment=assignment,
            threshold=threshold,
            patch=patch,
            crops=crops,
            generator=generator,
        )

    def forward(self, logits: Tensor, target: Tensor) -> Tensor:
        """The function of the same name."""
        return topological_wasserstein(logits, target, **self.settings)
