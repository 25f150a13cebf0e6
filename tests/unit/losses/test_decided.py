"""What is decided at each pixel, and cross-entropies that stay finite."""

import pytest
import torch

from topolens.losses.class_maps import probabilities
from topolens.losses.decided import cross_entropy_maps, decided

ACTIVATIONS = ["auto", "sigmoid", "softmax", "one_vs_max"]


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_classes_that_exclude_each_other_share_the_pixels(activation: str) -> None:
    logits = torch.randn(2, 4, 5, 3)
    masks = decided(logits, activation, include_background=True)  # type: ignore[arg-type]
    if activation == "sigmoid":
        assert torch.equal(masks, logits > 0)
    else:
        assert torch.equal(masks.long().argmax(1), logits.argmax(1))
        assert (masks.sum(1) == 1).all()
    assert torch.equal(decided(logits, activation), masks[:, 1:])  # type: ignore[arg-type]


def test_one_channel_needs_more_than_one_half() -> None:
    x = torch.tensor([[[[-1.0, 0.0, 0.3, 0.8]]]])
    assert decided(x).tolist() == [[[[False, False, True, True]]]]
    assert decided(x, None).tolist() == [[[[False, False, False, True]]]]
    assert decided(x.abs(), None, shift=torch.tensor([[0.3]])).tolist() == [[[[True, False, True, True]]]]


def test_shifts_are_those_of_probabilities() -> None:
    logits, shift = torch.randn(2, 3, 4, 5), torch.tensor([[0.0, 0.3, 0.0], [-0.2, 0.0, 0.0]])
    masks = decided(logits, shift=shift, include_background=True)
    assert torch.equal(masks.long().argmax(1), (logits.softmax(1) + shift[:, :, None, None]).argmax(1))


@pytest.mark.parametrize("activation", [*ACTIVATIONS, None])
@pytest.mark.parametrize("include_background", [False, True])
def test_cross_entropy_is_that_of_the_probabilities(activation: str | None, include_background: bool) -> None:
    logits = torch.randn(2, 3, 4, 5, dtype=torch.float64)
    logits = logits.softmax(1) if activation is None else logits
    classes = torch.randint(3, (2, 4, 5))
    p = probabilities(logits, activation)  # type: ignore[arg-type]
    truth = torch.nn.functional.one_hot(classes, 3).movedim(-1, 1).double()
    expected = torch.nn.functional.binary_cross_entropy(p, truth, reduction="none")
    found = cross_entropy_maps(logits, classes, activation, include_background)  # type: ignore[arg-type]
    torch.testing.assert_close(found, expected if include_background else expected[:, 1:])


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_confident_errors_keep_their_gradient(activation: str) -> None:
    logits = torch.tensor([60.0, -60.0]).view(1, 2, 1, 1).requires_grad_()
    entropy = cross_entropy_maps(logits, torch.ones(1, 1, 1, dtype=torch.int64), activation)  # type: ignore[arg-type]
    entropy.sum().backward()
    assert float(entropy.detach()) >= 60
    assert logits.grad is not None
    assert float(logits.grad[0, 1]) < -0.9


@pytest.mark.parametrize("activation", [*ACTIVATIONS, None])
def test_channels_that_are_masked_out_do_no_harm(activation: str | None) -> None:
    inf = torch.inf
    given = [[1.0, 0.0], [0.0, 1.0]] if activation is None else [[-inf, 0.5], [0.2, -inf], [inf, 0.0]]
    logits = torch.tensor(given).reshape(1, -1, 2, 1).movedim(1, 2).contiguous().requires_grad_()
    entropy = cross_entropy_maps(logits, torch.ones(1, *logits.shape[2:]).long(), activation, True)  # type: ignore[arg-type]
    entropy.clamp(max=1e6).sum().backward()
    assert not entropy.isnan().any()
    assert logits.grad is not None
    assert not logits.grad.isnan().any()
