"""Logits and targets as maps of classes: shapes, activations, what is refused and what is warned of."""

import pytest
import torch

from topolens.losses.class_maps import class_maps, probabilities, reduced


def test_class_numbers_and_maps_say_the_same() -> None:
    logits = torch.randn(2, 3, 4, 5)
    classes = torch.randint(3, (2, 4, 5))
    maps = torch.nn.functional.one_hot(classes, 3).movedim(-1, 1)
    ways = [class_maps(logits, target) for target in (classes, classes[:, None], classes[:, None].float(), maps)]
    assert ways[0].probability.shape == ways[0].target.shape == (2, 2, 4, 5)
    assert all(torch.equal(way.target, maps[:, 1:].float()) for way in ways)
    assert class_maps(logits, classes, include_background=True).target.shape == (2, 3, 4, 5)


def test_one_channel_is_the_object() -> None:
    logits, mask = torch.randn(2, 1, 4, 5, 6), torch.rand(2, 4, 5, 6) > 0.5
    maps = class_maps(logits, mask)
    assert torch.equal(maps.probability, logits.sigmoid())
    assert torch.equal(maps.target[:, 0], mask.float())


def test_activations() -> None:
    x = torch.randn(2, 3, 4, 5, dtype=torch.float64)
    assert torch.equal(probabilities(x), x.softmax(1))
    assert torch.equal(probabilities(x, "sigmoid"), x.sigmoid())
    others = torch.stack([x[:, [1, 2]].amax(1), x[:, [0, 2]].amax(1), x[:, [0, 1]].amax(1)], 1)
    torch.testing.assert_close(probabilities(x, "one_vs_max"), torch.stack([x, others]).softmax(0)[0])
    assert torch.equal(probabilities(x, "one_vs_max").argmax(1), x.argmax(1))
    assert probabilities(x.half()).dtype == torch.float32
    tied = torch.zeros(1, 3, 1, 1)
    assert probabilities(tied, "one_vs_max").flatten().tolist() == [0.5] * 3


def test_reductions() -> None:
    values = torch.tensor([[1.0, 2.0], [3.0, 6.0]])
    assert reduced(values) == 3
    assert reduced(values, "sum") == 12
    assert reduced(values, "none") is values
    assert reduced(torch.zeros(0, 2)) == 0
    with pytest.raises(ValueError, match="reduction must be 'mean', 'sum' or 'none', got 'all'"):
        reduced(values, "all")  # type: ignore[arg-type]


def test_the_other_scale_is_warned_of() -> None:
    with pytest.warns(UserWarning, match="probabilities must lie between 0 and 1, got -2 to 3"):
        probabilities(torch.tensor([[[[-2.0, 3.0]]]]), None)
    with pytest.warns(UserWarning, match="logits look like probabilities"):
        probabilities(torch.randn(1, 3, 4, 4).softmax(1))
    with pytest.warns(UserWarning, match="logits look like probabilities"):
        probabilities(torch.rand(1, 1, 4, 4))


def test_what_may_well_be_logits_is_not_warned_of(recwarn: pytest.WarningsRecorder) -> None:
    probabilities(torch.zeros(1, 1, 4, 4))
    probabilities(torch.rand(1, 3, 4, 4), "softmax")
    probabilities(torch.rand(1, 1, 4, 4), None)
    assert not recwarn.list


@pytest.mark.parametrize(
    ("logits", "target", "message"),
    [
        (torch.zeros(4, 4), torch.zeros(4, 4), r"logits must have shape \(batch, channels, h, w\)"),
        (torch.zeros(1, 0, 4, 4), torch.zeros(1, 4, 4), "with a channel at least"),
        (torch.zeros(1, 3, 4, 4), torch.zeros(1, 2, 4, 4), r"target must have shape \(1, 1, 4, 4\) \(class numbers\)"),
        (torch.zeros(1, 3, 4, 4), torch.full((1, 4, 4), 3), "class numbers from 0 to 2, got 3 to 3"),
        (torch.zeros(1, 3, 4, 4), torch.full((1, 4, 4), 0.5), "whole class numbers"),
        (torch.zeros(1, 1, 4, 4), torch.full((1, 4, 4), 2), "between 0 and 1 .*class numbers need a channel"),
        (torch.full((1, 1, 4, 4), torch.nan), torch.zeros(1, 4, 4), "logits contains NaN"),
    ],
)
def test_refused(logits: torch.Tensor, target: torch.Tensor, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        class_maps(logits, target)


def test_wrong_types_are_refused() -> None:
    with pytest.raises(TypeError, match=r"logits must be a torch.Tensor, got list"):
        class_maps([[0.0]], torch.zeros(1))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="floating-point"):
        class_maps(torch.zeros(1, 1, 2, 2, dtype=torch.int64), torch.zeros(1, 2, 2))
    with pytest.raises(TypeError, match=r"target must be a torch.Tensor, got list"):
        class_maps(torch.zeros(1, 1, 2, 2), [[0.0]])  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="activation must be one of"):
        probabilities(torch.zeros(1, 1, 2, 2), "tanh")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="needs two channels"):
        probabilities(torch.zeros(1, 1, 2, 2), "one_vs_max")
