"""Classes inside one another: containment, targets, losses by hand."""

import math

import pytest
import torch

from topolens.losses import (
    NestedCrossEntropyLoss,
    NestedDiceLoss,
    NestedHead,
    nested_cross_entropy,
    nested_dice,
    nested_labels,
    nested_logits,
    nested_target,
    topological_wasserstein,
)


@pytest.mark.parametrize("size", [(4, 5), (3, 4, 5)])
@pytest.mark.parametrize("per_pixel", [False, True])
def test_levels_lie_in_one_another(size: tuple, per_pixel: bool) -> None:
    torch.manual_seed(0)
    head = NestedHead(4, per_pixel=per_pixel)
    if head.gaps is not None:
        torch.nn.init.normal_(head.gaps, std=20)
    x = 100 * torch.randn(2, 4 if per_pixel else 1, *size)
    logits = head(x)
    assert logits.shape == (2, 4, *size)
    assert bool((logits.diff(dim=1) <= 0).all())
    labels = nested_labels(logits)
    assert torch.equal(nested_target(labels, 4), (logits > 0).float())


def test_thresholds_start_one_apart_and_learn() -> None:
    head = NestedHead(3)
    torch.testing.assert_close(head(torch.zeros(1, 1, 1, 1)).flatten(), torch.tensor([0.0, -1.0, -2.0]))
    nested_cross_entropy(head(torch.randn(1, 1, 5, 5)), torch.randint(4, (1, 5, 5))).backward()
    assert head.gaps.grad.abs().min() > 0
    assert list(NestedHead(3, per_pixel=True).parameters()) == []
    assert NestedHead(1)(torch.ones(1, 1, 2, 2)).tolist() == [[[[1.0, 1.0], [1.0, 1.0]]]]


def test_targets() -> None:
    classes = torch.tensor([[[0, 1, 2, 3]]])
    masks = nested_target(classes, 3)
    assert masks[0, :, 0].tolist() == [[0, 1, 1, 1], [0, 0, 1, 1], [0, 0, 0, 1]]
    assert torch.equal(nested_target(classes[:, None].float(), 3), masks)
    for wrong in (torch.tensor([[[4]]]), torch.tensor([[[-1]]]), torch.tensor([[[0.5]]])):
        with pytest.raises(ValueError, match="target must hold whole class numbers from 0 to 3"):
            nested_target(wrong, 3)


def test_losses_by_hand() -> None:
    logits = torch.tensor([[[[2.0, -1.0]], [[1.0, -3.0]]]])
    target = torch.tensor([[[2, 1]]])

    def bce(z: float, y: int) -> float:
        return math.log1p(math.exp(-z if y else z))

    each = nested_cross_entropy(logits, target, reduction="none")
    wanted = [[(bce(2, 1) + bce(-1, 1)) / 2, (bce(1, 1) + bce(-3, 0)) / 2]]
    torch.testing.assert_close(each, torch.tensor(wanted))
    p = logits.sigmoid().flatten().tolist()
    dice = [[1 - 2 * (p[0] + p[1]) / (p[0] + p[1] + 2), 1 - 2 * p[2] / (p[2] + p[3] + 1)]]
    found = nested_dice(logits, target, reduction="none", smooth=0)
    torch.testing.assert_close(found, torch.tensor(dice))
    assert NestedCrossEntropyLoss()(logits, target) == nested_cross_entropy(logits, target) == each.mean()
    assert NestedDiceLoss(smooth=0.5)(logits, target[:, None]) == nested_dice(logits, target, smooth=0.5)


def test_a_thin_volume_is_no_image() -> None:
    logits, target = torch.randn(2, 3, 1, 4, 5), torch.randint(4, (2, 1, 4, 5))
    assert nested_cross_entropy(logits, target) == nested_cross_entropy(logits, target[:, None])


def test_any_loss_of_masks_takes_the_levels() -> None:
    classes = torch.zeros(1, 7, 8, dtype=torch.int64)
    classes[0, 1:6, 1:7], classes[0, 3, 3] = 1, 2
    logits = torch.where(nested_target(classes, 2) > 0, 40.0, -40.0)
    settings = {"activation": "sigmoid", "include_background": True, "reduction": "none"}
    assert float(topological_wasserstein(logits, nested_target(classes, 2), **settings).max()) < 1e-12
    assert float(topological_wasserstein(logits, nested_target(classes.clamp(max=1), 2), **settings)[0, 1]) == 0.5


@pytest.mark.parametrize("loss", [nested_cross_entropy, nested_dice])
def test_finite_everywhere(loss: object) -> None:
    for logits in (torch.full((1, 2, 3, 3), 1e4), torch.full((1, 2, 3, 3), -1e4), torch.zeros(1, 2, 1, 7)):
        for target in (torch.zeros(1, *logits.shape[2:]), torch.full((1, *logits.shape[2:]), 2.0)):
            x = logits.clone().requires_grad_()
            loss(x, target).backward()
            assert bool(torch.isfinite(x.grad).all())
    assert loss(torch.zeros(0, 2, 3, 3), torch.zeros(0, 3, 3)) == 0
    assert loss(torch.zeros(1, 2, 0, 3), torch.zeros(1, 0, 3)) == 0
    assert float(nested_dice(torch.full((1, 2, 3, 3), -200.0), torch.zeros(1, 3, 3))) == 0
    assert loss(torch.randn(1, 2, 3, 3).half(), torch.zeros(1, 3, 3)).dtype == torch.float32


def test_gradients_are_those_of_the_differences() -> None:
    torch.manual_seed(0)
    x = torch.randn(2, 3, 2, 3, dtype=torch.float64, requires_grad=True)
    target = torch.randint(4, (2, 2, 3))
    assert torch.autograd.gradcheck(lambda x: nested_cross_entropy(nested_logits(x[:, :1], x[:, 1:]), target), x)
    assert torch.autograd.gradcheck(lambda x: nested_dice(nested_logits(x[:, :1], x[:, 1:]), target), x)


def test_refused() -> None:
    with pytest.raises(ValueError, match="levels must be a positive integer, got 0"):
        NestedHead(0)
    with pytest.raises(ValueError, match=r"x must have shape \(batch, 1, \*S\), got \(1, 2, 3, 3\)"):
        NestedHead(2)(torch.zeros(1, 2, 3, 3))
    with pytest.raises(ValueError, match="score must have shape"):
        nested_logits(torch.zeros(1, 2, 3, 3), torch.zeros(1))
    with pytest.raises(ValueError, match="gaps must have shape"):
        nested_logits(torch.zeros(1, 1, 3, 3), torch.zeros(1, 2, 3, 4))
    with pytest.raises(TypeError, match="score must be a floating-point tensor"):
        nested_logits(torch.zeros(1, 1, 3, 3, dtype=torch.int64), torch.zeros(1))
    with pytest.raises(ValueError, match="logits contains NaN"):
        nested_dice(torch.full((1, 2, 3, 3), torch.nan), torch.zeros(1, 3, 3))
    with pytest.raises(ValueError, match="target must have shape"):
        nested_dice(torch.zeros(1, 2, 3, 3), torch.zeros(1, 3, 4))
    with pytest.raises(TypeError, match=r"target must be a torch.Tensor"):
        nested_cross_entropy(torch.zeros(1, 2, 3, 3), [[0]])
