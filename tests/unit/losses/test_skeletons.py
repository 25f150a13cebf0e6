"""Skeletons, soft and topological: by hand, on thin and odd shapes, and what is refused."""

import numpy as np
import pytest
import torch
from scipy import ndimage

from topolens.losses import soft_skeleton, topological_skeleton
from topolens.losses.soft_skeleton import skeleton_and_steps
from topolens.losses.thinning import keeps_euler, removable, thinned

BAR = torch.nn.functional.pad(torch.ones(1, 1, 3, 9), (2, 2, 2, 2))


def picture(rows: str) -> torch.Tensor:
    return torch.tensor([[float(c == "#") for c in row] for row in rows.split()])[None, None]


def test_soft_skeleton_of_a_bar_is_its_middle_line_and_its_corners() -> None:
    assert torch.equal(soft_skeleton(BAR)[0, 0, :, 6], torch.tensor([0.0, 0, 0, 1, 0, 0, 0]))
    assert int(soft_skeleton(BAR, 0).sum()) == 0, "the bar is open: its corners come back with the square around them"
    assert torch.equal(soft_skeleton(BAR, 1), soft_skeleton(BAR))


def test_soft_skeleton_of_numbers_by_hand() -> None:
    x = torch.tensor([0.1, 0.9, 0.2, 0.8, 0.8, 0.3])[None, None, None]
    # erosion .1 .1 .2 .2 .3 .3, opening .1 .2 .2 .3 .3 .3
    expected = torch.tensor([0, 0.7, 0, 0.5, 0.5, 0])[None, None, None]
    torch.testing.assert_close(soft_skeleton(x, 0), expected)
    # second: erosion .1 .1 .1 .2 .2 .3, opening .1 .1 .2 .2 .3 .3: nothing is left
    torch.testing.assert_close(soft_skeleton(x, 1), expected)


@pytest.mark.parametrize("shape", [(7, 9), (5, 4, 6)])
def test_soft_skeleton_by_its_definition(shape: tuple[int, ...]) -> None:
    """Pixel by pixel: the least along the axes, the largest all around, and what opening removes."""
    cross = ndimage.generate_binary_structure(len(shape), 1)
    x = torch.rand(shape, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    image, expected = x.numpy(), None
    for _ in range(4):
        eroded = ndimage.grey_erosion(image, footprint=cross, mode="constant", cval=2)
        delta = np.maximum(image - ndimage.grey_dilation(eroded, size=3, mode="constant", cval=-1), 0)
        expected = delta if expected is None else expected + delta * (1 - expected)
        image = eroded
    torch.testing.assert_close(soft_skeleton(x[None, None], 3)[0, 0], torch.as_tensor(expected))


def test_steps_are_the_radius_along_the_axes() -> None:
    diamond = (torch.arange(11)[:, None] - 5).abs() + (torch.arange(11) - 5).abs() <= 3
    maps = torch.stack([diamond, torch.zeros(11, 11), torch.ones(11, 11)])[None]
    skeleton, steps = skeleton_and_steps(maps.float())
    assert steps.tolist() == [[4, 0, 0]]
    assert int(skeleton[0, 1].sum()) == int(skeleton[0, 2].sum()) == 0
    assert skeleton[0, 0, 5, 5] == 1


def test_each_map_has_its_own_iterations() -> None:
    x = torch.rand(2, 2, 8, 9)
    steps = torch.tensor([[0, 3], [1, 2]])
    together = soft_skeleton(x, steps)
    for item in range(2):
        for channel in range(2):
            alone = soft_skeleton(x[item, channel][None, None], int(steps[item, channel]))[0, 0]
            assert torch.equal(together[item, channel], alone)


@pytest.mark.parametrize(
    "shape", [(1, 1, 1, 7), (1, 2, 6, 1), (1, 1, 1, 1), (2, 1, 1, 4, 6), (0, 1, 4, 4), (1, 1, 0, 4)]
)
@pytest.mark.parametrize("skeleton", [soft_skeleton, topological_skeleton])
def test_thin_and_empty_shapes(shape: tuple[int, ...], skeleton: type[soft_skeleton]) -> None:  # type: ignore[valid-type]
    x = torch.rand(shape, requires_grad=True)
    out = skeleton(x)
    out.sum().backward()
    assert out.shape == x.shape
    assert torch.isfinite(out).all()
    assert torch.isfinite(x.grad).all()


def test_topological_skeleton_of_a_bar_of_a_ring_and_of_a_point() -> None:
    assert torch.equal(topological_skeleton(BAR, noise=0)[0, 0, :, 6], torch.tensor([0.0, 0, 0, 1, 0, 0, 0]))
    ring = picture("##### ##### ##.## ##### #####")
    lines = topological_skeleton(ring, noise=0)
    assert torch.equal(lines[..., 1:4, 1:4], torch.tensor([[[[0.0, 1, 0], [1, 0, 1], [0, 1, 0]]]]))
    point = picture("... .#. ...")
    assert torch.equal(topological_skeleton(point, noise=0), point)


def test_thinning_of_a_bar_round_by_round() -> None:
    bar = torch.nn.functional.pad(torch.ones(1, 1, 5, 9, dtype=torch.bool), (1, 1, 1, 1))
    sizes = [int(thinned(bar, rounds).sum()) for rounds in (0, 1, 2, 3)]
    assert sizes[0] == 45
    assert sizes == sorted(sizes, reverse=True)
    assert torch.equal(thinned(bar, 3), thinned(bar))


def test_topological_skeleton_of_a_hollow_cube_keeps_its_void() -> None:
    ball = torch.nn.functional.pad(torch.ones(1, 1, 5, 5, 5), [1] * 6)
    assert int(thinned(ball.bool()).sum()) == 17, "of a full cube the lines from the middle to its corners stay"
    ball[..., 3, 3, 3] = 0
    lines = thinned(ball.bool())
    assert int(lines.sum()) >= 6
    assert not lines[..., 3, 3, 3].any()
    assert ndimage.label(~lines[0, 0].numpy())[1] == 2


def test_simple_pixels_of_the_plane_by_hand() -> None:
    # neighbours in the order of rows; the pixel itself is left out
    def keeps(rows: str) -> bool:
        bits = [c == "#" for c in rows.replace(" ", "")]
        return bool(removable(torch.tensor([bits[:4] + bits[5:]]), 2))

    assert keeps("### .#. ...")
    assert keeps("##. ##. ...")
    assert keeps("### ### ###") is False, "an inner pixel would leave a hole"
    assert keeps("#.. .#. ...") is False, "the end of a line"
    assert keeps("#.. .#. ..#") is False, "a bridge"
    assert keeps("#.# .#. ...") is False, "a bridge"
    assert keeps(".#. ##. ...") is True, "a corner between neighbours that touch"


def test_in_space_one_component_must_be_left_too() -> None:
    """Where a bridge is lost and a tunnel opened, the Euler characteristic stays."""
    around = torch.rand(20000, 26, generator=torch.Generator().manual_seed(0)) < 0.4
    wrong = keeps_euler(around, 3) & ~removable(around, 3) & (around.sum(1) > 1)
    assert bool(wrong.any())


def test_noise_comes_from_the_generator() -> None:
    x = torch.rand(2, 1, 12, 12)
    first, second, other = (
        topological_skeleton(x, noise=2.0, generator=torch.Generator().manual_seed(seed)) for seed in (0, 0, 1)
    )
    assert torch.equal(first, second)
    assert not torch.equal(first, other)
    assert set(first.unique().tolist()) <= {0.0, 1.0}
    assert torch.equal(topological_skeleton(x, noise=0), topological_skeleton((x > 0.5).float()))


def test_gradient_of_the_topological_skeleton_is_that_of_the_sigmoid_on_it() -> None:
    x = torch.rand(1, 1, 9, 9, dtype=torch.float64, requires_grad=True)
    lines = topological_skeleton(x, noise=0, temperature=0.5)
    lines.sum().backward()
    p = x.detach()
    soft = (torch.logit(p) / 0.5).sigmoid()
    torch.testing.assert_close(x.grad, lines.detach() * soft * (1 - soft) / 0.5 / (p * (1 - p)))


def test_inputs_stay_as_they_are() -> None:
    x = torch.rand(1, 1, 8, 8)
    before = x.clone()
    soft_skeleton(x, 2)
    topological_skeleton(x)
    thinned(x > 0.5)
    assert torch.equal(x, before)


@pytest.mark.parametrize("skeleton", [soft_skeleton, topological_skeleton])
def test_refused(skeleton: type[soft_skeleton]) -> None:  # type: ignore[valid-type]
    with pytest.raises(ValueError, match=r"for one image pass x\[None, None\]"):
        skeleton(torch.zeros(4, 4))
    with pytest.raises(ValueError, match="x contains NaN"):
        skeleton(torch.full((1, 1, 3, 3), torch.nan))
    with pytest.raises(TypeError, match=r"x must be a torch.Tensor, got list"):
        skeleton([[0.0]])
    with pytest.raises(TypeError, match="floating-point"):
        skeleton(torch.zeros(1, 1, 3, 3, dtype=torch.int64))
    with pytest.raises(ValueError, match="iterations must be"):
        skeleton(torch.zeros(1, 1, 3, 3), -1)


def test_refused_settings() -> None:
    x = torch.zeros(1, 2, 3, 3)
    with pytest.raises(ValueError, match=r"iterations must have shape \(1, 2\) of the maps, got \(3,\)"):
        soft_skeleton(x, torch.tensor([1, 2, 3]))
    with pytest.raises(ValueError, match="iterations must be whole numbers"):
        soft_skeleton(x, 1.5)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="noise must not be negative"):
        topological_skeleton(x, noise=-1)
    with pytest.raises(ValueError, match="temperature must be above 0"):
        topological_skeleton(x, temperature=0)
    with pytest.raises(ValueError, match=r"x must lie between 0 and 1, got 0 to 2"):
        topological_skeleton(torch.tensor([[[[0.0, 2.0]]]]))
