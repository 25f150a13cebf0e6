"""Classes inside one another, as a tumour's core in the whole of it: contained by construction."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, softplus

from topolens._checks import check_floating
from topolens.losses.class_maps import ClassMaps, Reduction, check_reduction, class_maps, reduced
from topolens.losses.precision import without_autocast


def nested_logits(score: Tensor, gaps: Tensor) -> Tensor:
    """Logits of the levels "at least class 1", "at least class 2" and so on, each at most the one before.

    Args:
        score: Logit of the first level, shape (batch, 1, *S).
        gaps: Steps down to the levels after it, before softplus: shape (levels - 1,), or (batch, levels - 1, *S) for
            steps that differ from pixel to pixel.

    Returns:
        Shape (batch, levels, *S). Each level set lies in the one before, whatever the threshold.

    Raises:
        TypeError: If `score` is no floating-point tensor.
        ValueError: If a shape is wrong.

    Example:
        >>> nested_logits(torch.tensor([[[[-1.0, 3.0]]]]), torch.tensor([0.5413])).squeeze()     # softplus(0.5413) = 1
        tensor([[-1.0000,  3.0000],
                [-2.0000,  2.0000]])
    """
    check_floating("score", score)
    if score.ndim < 3 or score.shape[1] != 1:
        raise ValueError(f"score must have shape (batch, 1, *S), got {tuple(score.shape)}")
    if gaps.ndim == 1:
        gaps = gaps.view(1, -1, *[1] * (score.ndim - 2))
    elif gaps.ndim != score.ndim or (len(gaps), *gaps.shape[2:]) != (len(score), *score.shape[2:]):
        raise ValueError(f"gaps must have shape (levels - 1,) or (batch, levels - 1, *S), got {tuple(gaps.shape)}")
    levels = [score]
    # One after the other: a parallel sum might round a later level above an earlier one.
    for step in softplus(gaps).to(score.dtype).split(1, 1) if gaps.shape[1] else ():
        levels.append(levels[-1] - step)
    return torch.cat(levels, 1)


def nested_target(target: Tensor, levels: int) -> Tensor:
    """Masks of the levels, shape (batch, levels, *S), of class numbers 0 to `levels`.

    Args:
        target: Shape (batch, *S) or (batch, 1, *S).
        levels: Number of classes without the background.

    Raises:
        ValueError: If an entry is no class number.

    Example:
        >>> nested_target(torch.tensor([[[0, 1, 2]]]), 2).squeeze()
        tensor([[0., 1., 1.],
                [0., 0., 1.]])
    """
    classes = target[:, 0] if target.ndim > 3 and target.shape[1] == 1 else target
    whole = bool((classes == classes.long()).all()) if classes.is_floating_point() else True
    if not whole or bool(((classes < 0) | (classes > levels)).any()):
        raise ValueError(f"target must hold whole class numbers from 0 to {levels}; check the number of levels")
    numbers = torch.arange(1, levels + 1, device=classes.device).view(-1, *[1] * (classes.ndim - 1))
    return (classes[:, None] >= numbers).float()


def nested_labels(logits: Tensor) -> Tensor:
    """Class numbers, shape (batch, *S), of what `nested_logits` gives as `logits`: the levels that are above 0.

    Example:
        >>> nested_labels(torch.tensor([[[[2.0, 1.0]], [[1.0, -1.0]]]]))
        tensor([[[2, 1]]])
    """
    return (logits > 0).sum(1)


@without_autocast
def nested_cross_entropy(logits: Tensor, target: Tensor, *, reduction: Reduction = "mean") -> Tensor:
    """Binary cross-entropy of each level, "at least class k", with its mask.

    Args:
        logits: What `nested_logits` or `NestedHead` gives, shape (batch, levels, h, w) or (batch, levels, d, h, w).
        target: Class numbers 0 to levels, shape (batch, *S) or (batch, 1, *S).
        reduction: "mean", "sum" or "none".

    Returns:
        The reduced loss, or with "none" the mean over pixels of each level, shape (batch, levels).

    Raises:
        ValueError: If a shape or class number is wrong, or logits contain NaN.
        TypeError: If `logits` is no floating-point tensor.

    Cost: a few passes over the logits.
    Source: "Hierarchical multi-class segmentation of glioma images using networks with multi-level activation
        function", 2018, with a threshold of its own for each level instead of equally spaced ones.

    Example:
        >>> nested_cross_entropy(torch.zeros(1, 2, 1, 2), torch.tensor([[[0, 2]]]))
        tensor(0.6931)
    """
    check_reduction(reduction)
    truth = _levels(logits, target).target
    found = binary_cross_entropy_with_logits(logits.to(truth.dtype), truth, reduction="none")
    return reduced(found.flatten(2).sum(2) / max(1, found[0, 0].numel() if len(found) else 1), reduction)


@without_autocast
def nested_dice(logits: Tensor, target: Tensor, *, reduction: Reduction = "mean", smooth: float = 1e-5) -> Tensor:
    """One minus the soft Dice coefficient of each level, "at least class k".

    Args:
        logits: What `nested_logits` or `NestedHead` gives, shape (batch, levels, h, w) or (batch, levels, d, h, w).
        target: Class numbers 0 to levels, shape (batch, *S) or (batch, 1, *S).
        reduction: "mean", "sum" or "none".
        smooth: Added above and below the line.

    Returns:
        The reduced loss, or with "none" shape (batch, levels). 0 where prediction and mask are both empty.

    Raises:
        ValueError: If a shape or class number is wrong, or logits contain NaN.
        TypeError: If `logits` is no floating-point tensor.

    Cost: a few passes over the logits.
    Source: "Multi-level activation for segmentation of hierarchically-nested classes", 2018.

    Example:
        >>> nested_dice(torch.tensor([[[[30.0, -30.0]], [[-30.0, -30.0]]]]), torch.tensor([[[1, 0]]])).round()
        tensor(0.)
    """
    check_reduction(reduction)
    p, y = _levels(logits, target)
    common, total = (p * y).flatten(2).sum(2), (p + y).flatten(2).sum(2)
    return reduced(1 - (2 * common + smooth) / (total + smooth), reduction)


def _levels(logits: Tensor, target: Tensor) -> ClassMaps:
    """Probability and mask of each level."""
    if not isinstance(target, Tensor) or not isinstance(logits, Tensor) or logits.ndim < 2:
        return class_maps(logits, target, "sigmoid")  # says what is wrong
    if target.shape == (len(logits), *logits.shape[2:]):
        target = target[:, None]
    return class_maps(logits, nested_target(target, logits.shape[1]), "sigmoid", include_background=True)


class NestedHead(nn.Module):
    """Last layer for classes inside one another: the logits of "at least class k", each level set in the one before.

    For a topological loss of every level, hand it these logits with `activation="sigmoid"`, `include_background=True`
    and `nested_target(target, levels)`.

    Args:
        levels: Number of classes without the background.
        per_pixel: The step from level to level is an input channel each, instead of one parameter for all pixels.

    Raises:
        ValueError: If `levels` is no positive integer.

    Example:
        >>> NestedHead(3)(torch.zeros(1, 1, 2, 2))[0, :, 0, 0]
        tensor([ 0., -1., -2.], grad_fn=<SelectBackward0>)
    """

    def __init__(self, levels: int, *, per_pixel: bool = False) -> None:
        super().__init__()
        if not isinstance(levels, int) or levels < 1:
            raise ValueError(f"levels must be a positive integer, got {levels!r}")
        self.levels, self.per_pixel = levels, per_pixel
        one = torch.ones(()).expm1().log()  # softplus of it is 1
        self.gaps = None if per_pixel else nn.Parameter(one.repeat(levels - 1))

    def forward(self, x: Tensor) -> Tensor:
        """Logits (batch, levels, *S) of scores (batch, 1, *S), or (batch, levels, *S) with steps of their own."""
        channels = self.levels if self.per_pixel else 1
        if x.ndim < 3 or x.shape[1] != channels:
            raise ValueError(f"x must have shape (batch, {channels}, *S), got {tuple(x.shape)}")
        return nested_logits(x[:, :1], x[:, 1:] if self.gaps is None else self.gaps)

    def extra_repr(self) -> str:
        """The settings."""
        return f"{self.levels}, per_pixel={self.per_pixel}"


class NestedCrossEntropyLoss(nn.Module):
    """`nested_cross_entropy` with its setting.

    Args:
        reduction: "mean", "sum" or "none".

    Example:
        >>> NestedCrossEntropyLoss()(torch.zeros(1, 2, 1, 2), torch.tensor([[[0, 2]]]))
        tensor(0.6931)
    """

    def __init__(self, *, reduction: Reduction = "mean") -> None:
        super().__init__()
        check_reduction(reduction)
        self.reduction: Reduction = reduction

    def forward(self, logits: Tensor, target: Tensor) -> Tensor:
        """The function of the same name."""
        return nested_cross_entropy(logits, target, reduction=self.reduction)

    def extra_repr(self) -> str:
        """The setting."""
        return f"reduction={self.reduction!r}"


class NestedDiceLoss(nn.Module):
    """`nested_dice` with its settings.

    Args:
        reduction: "mean", "sum" or "none".
        smooth: Added above and below the line.

    Example:
        >>> NestedDiceLoss()(torch.zeros(1, 2, 1, 2), torch.tensor([[[0, 2]]])).shape
        torch.Size([])
    """

    def __init__(self, *, reduction: Reduction = "mean", smooth: float = 1e-5) -> None:
        super().__init__()
        check_reduction(reduction)
        self.reduction: Reduction = reduction
        self.smooth = smooth

    def forward(self, logits: Tensor, target: Tensor) -> Tensor:
        """The function of the same name."""
        return nested_dice(logits, target, reduction=self.reduction, smooth=self.smooth)

    def extra_repr(self) -> str:
        """The settings."""
        return f"reduction={self.reduction!r}, smooth={self.smooth:g}"
