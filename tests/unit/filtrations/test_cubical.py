"""Cubical filtrations by hand: cells, values, refusals."""

from collections import Counter

import pytest
import torch

import nasty
from topolens.filtrations import cubical
from topolens.persistence import persistence

IMAGE = torch.tensor([[[0.0, 1.0, 2.0], [5.0, 4.0, 3.0]]])


def test_values_are_pixels_row_by_row() -> None:
    assert cubical(IMAGE).values.tolist() == [[0.0, 1.0, 2.0, 5.0, 4.0, 3.0]]
    assert cubical(IMAGE, superlevel=True).values.tolist() == [[0.0, -1.0, -2.0, -5.0, -4.0, -3.0]]


def test_at_is_in_the_users_units() -> None:
    f = cubical(IMAGE, superlevel=True)
    assert f.at(torch.tensor([0]), torch.tensor([3])).tolist() == [5.0]
    assert f.never == -float("inf")


def test_channels_are_items() -> None:
    images = torch.arange(2 * 3 * 4 * 5.0).reshape(2, 3, 4, 5)
    f = cubical(images)
    assert f.batch_size == 6
    assert torch.equal(f.values[1 * 3 + 2], images[1, 2].flatten())


def test_v_pixels_are_vertices() -> None:
    cells = cubical(IMAGE, construction="V").explicit(0, 1)
    assert Counter(cells.dim) == {0: 6, 1: 7, 2: 2}
    assert list(cells.source[:6]) == [0, 1, 2, 3, 4, 5]
    # The square at the left has pixels 0, 1, 3, 4; the last of them to enter is 3, of value 5.
    assert cells.source[-2:] == [3, 4]


def test_t_pixels_are_squares() -> None:
    cells = cubical(IMAGE, construction="T").explicit(0, 1)
    assert Counter(cells.dim) == {0: 12, 1: 17, 2: 6}
    assert list(cells.source[-6:]) == [0, 1, 2, 3, 4, 5]
    assert cells.source[0] == 0


@pytest.mark.parametrize("construction", ["V", "T"])
def test_the_boundary_of_a_boundary_is_nothing(construction: str) -> None:
    cells = cubical(IMAGE, construction=construction).explicit(0, 1)
    for faces in cells.boundary:
        total: Counter = Counter()
        for face, sign in faces:
            for vertex, other in cells.boundary[face]:
                total[vertex] += sign * other
        assert not any(total.values())


def test_faces_enter_no_later_than_their_cube() -> None:
    for construction in ("V", "T"):
        cells = cubical(nasty.IMAGES["non-square 4 x 9"], construction=construction).explicit(0, 1)
        key = [(cells.values[s], s) for s in cells.source]
        assert all(key[face] <= key[c] for c, faces in enumerate(cells.boundary) for face, _ in faces)


@pytest.mark.parametrize("name", nasty.REFUSED_IMAGES)
def test_refused_images(name: str) -> None:
    images, message = nasty.REFUSED_IMAGES[name]
    with pytest.raises(ValueError, match=message):
        cubical(images)


def test_a_pixel_that_never_enters_and_one_that_always_did() -> None:
    """+inf keeps a pixel out of a sublevel filtration, -inf out of a superlevel one; the others are refused."""
    image = torch.tensor([[[0.0, float("inf"), 1.0]]])
    for f in (cubical(image), cubical(-image, superlevel=True)):
        assert f.pairs(1, 2).cells.tolist() == [[0, -1], [2, -1]]
    with pytest.raises(ValueError, match="images contains inf, a birth at infinity"):
        cubical(image, superlevel=True)


def test_refused_construction_and_types() -> None:
    with pytest.raises(ValueError, match='construction must be "V" or "T", got \'v\''):
        cubical(IMAGE, construction="v")
    with pytest.raises(TypeError, match="images must be floating-point numbers or .*, got torch.int64; convert it"):
        cubical(torch.zeros(1, 2, 2, dtype=torch.int64))


# Axes and frames -----------------------------------------------------------------------------------------------------


def test_axes_are_counted_from_the_last() -> None:
    assert cubical(torch.zeros(3, 7)).shape == (7,)
    assert cubical(torch.zeros(3, 7, 5)).shape == (7, 5)
    assert cubical(torch.zeros(3, 7, 5), axes=1).batch_size == 21
    assert cubical(torch.zeros(2, 3, 7, 5)).batch_size == 6
    assert cubical(torch.zeros(2, 3, 7, 5), axes=3).shape == (3, 7, 5)
    f = cubical(torch.zeros(2, 4, 3, 7, 5))
    assert (f.batch_size, f.shape) == (8, (3, 7, 5))


@pytest.mark.parametrize(
    ("shape", "axes", "message"),
    [
        (
            (4, 4),
            2,
            r"images must have 3 or 4 axes for axes=2 .*, got shape \(4, 4\); for one image pass image\[None\]",
        ),
        ((2, 2, 2, 2, 2), 2, r"images must have 3 or 4 axes"),
        ((2, 2), 0, r"axes must be 1, 2 or 3 \(signals, images, volumes\), got 0"),
        ((2, 2, 2, 2, 2, 2), None, r"images must be a tensor of shape \(batch, \*sides\)"),
    ],
)
def test_refused_axes(shape: tuple[int, ...], axes: int | None, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        cubical(torch.zeros(shape), axes=axes)


def test_volumes_by_hand() -> None:
    """A shell of zeros around one voxel of 5: a void in both constructions, closed by the last voxel of the shell."""
    shell = torch.zeros(1, 3, 3, 3)
    shell[0, 1, 1, 1] = 5
    for construction, last in (("V", 26), ("T", 22)):  # T: the last of the six that share a side with the middle
        d = persistence(cubical(shell, construction=construction, axes=3), max_dim=2)
        assert d.cells.tolist() == [[0, -1], [last, 13]]
        assert d.of_dim(2).intervals.tolist() == [[0.0, 5.0]]


def test_a_frame_closes_what_runs_out_of_the_image() -> None:
    """Two lines across an image: with a frame of their own value they enclose the dark between them."""
    image = torch.tensor([[[1.0, 1.0, 1.0], [0.0, 0.0, 0.0], [1.0, 1.0, 1.0]]])
    assert len(persistence(cubical(image, superlevel=True)).of_dim(1)) == 0
    d = persistence(cubical(image, superlevel=True, frame=1.0))
    assert d.of_dim(1).intervals.tolist() == [[1.0, 0.0]]
    assert d.of_dim(1).cells.tolist() == [[9, 5]]
    assert d.of_dim(0).intervals.tolist() == [[1.0, -float("inf")]]


@pytest.mark.parametrize("frame", [float("nan"), float("inf"), -float("inf"), 1e39])
def test_a_frame_must_be_finite(frame: float) -> None:
    with pytest.raises(ValueError, match="frame must be a finite number, got"):
        cubical(IMAGE, frame=frame)


def test_a_frame_is_no_tensor() -> None:
    with pytest.raises(TypeError, match=r"frame must be a number or None, got a tensor; .* use frame.item\(\)"):
        cubical(IMAGE, frame=torch.tensor(1.0))  # type: ignore[arg-type]


def test_an_image_without_pixels_gets_no_frame() -> None:
    assert cubical(torch.zeros(2, 0, 3), frame=1.0).values.shape == (2, 0)
