"""Image persistence and the matching of bars by hand."""

import pytest
import torch

from topolens.engines.compiled import matched_bars
from topolens.filtrations import cubical, lower_star
from topolens.image_persistence import image_persistence

INF = float("inf")

# Likelihood and ground truth of the example in "Topologically faithful image segmentation via induced matching of
# persistence barcodes".
LIKELIHOOD = torch.tensor(
    [
        [0.89, 0.85, 0.79, 0.15, 0.11, 0.05, 0.09],
        [0.81, 0.05, 0.91, 0.09, 0.03, 0.21, 0.13],
        [0.95, 0.89, 0.94, 0.02, 0.18, 0.12, 0.23],
        [0.19, 0.12, 0.05, 0.14, 0.08, 0.22, 0.16],
        [0.25, 0.01, 0.12, 0.23, 0.98, 0.92, 0.81],
        [0.11, 0.04, 0.09, 0.14, 0.91, 0.04, 0.79],
        [0.05, 0.16, 0.23, 0.17, 0.81, 0.83, 0.99],
    ],
    dtype=torch.float64,
)
TRUTH = torch.zeros(7, 7, dtype=torch.float64)
TRUTH[:3, :3] = TRUTH[4:, 4:] = 1
TRUTH[1, 1] = TRUTH[5, 5] = 0


def test_births_are_of_the_inner_and_deaths_of_the_outer() -> None:
    inner, outer = torch.tensor([[[0.0, 2.0, 1.0]]]), torch.tensor([[[0.0, 1.5, 0.5]]])
    d = image_persistence(cubical(inner), cubical(outer))
    assert d.intervals.tolist() == [[0.0, INF], [1.0, 1.5]]
    assert d.cells.tolist() == [[0, -1], [2, 1]]


def test_what_dies_before_it_is_born_is_no_bar() -> None:
    inner, outer = torch.tensor([[[0.0, 2.0, 1.0]]]), torch.tensor([[[0.0, 0.5, 0.5]]])
    assert image_persistence(cubical(inner), cubical(outer)).intervals.tolist() == [[0.0, INF]]


def test_a_loop_that_is_filled_earlier_in_the_outer() -> None:
    ring = torch.tensor([[[0.0, 0.0, 0.0], [0.0, 5.0, 0.0], [0.0, 0.0, 1.0]]])
    filled = ring.clone()
    filled[0, 1, 1] = 3
    for construction, birth in (("V", 8), ("T", 7)):
        d = image_persistence(*(cubical(x, construction=construction) for x in (ring, filled))).of_dim(1)
        assert d.cells.tolist() == [[birth, 4]]
        assert d.intervals.tolist() == [[float(ring.flatten()[birth]), 3.0]]


def test_a_void_that_is_filled_earlier_in_the_outer() -> None:
    """A ball in a shell that closes with a corner (T) or the last of the voxels around the sides (V)."""
    shell = torch.zeros(1, 3, 3, 3)
    shell[0, 1, 1, 1], shell[0, 2, 2, 2], shell[0, 2, 1, 1] = 5, 1, 0.5
    filled = shell.clone()
    filled[0, 1, 1, 1] = 3
    for construction, birth in (("V", 26), ("T", 22)):
        pair = (cubical(x, construction=construction, axes=3) for x in (shell, filled))
        d = image_persistence(*pair, max_dim=2)
        assert d.of_dim(2).cells.tolist() == [[birth, 13]]
        assert d.of_dim(2).intervals.tolist() == [[float(shell.flatten()[birth]), 3.0]]
        assert len(d.of_dim(1)) == 0


def test_a_loop_in_a_volume_that_is_filled_earlier_in_the_outer() -> None:
    ring = torch.full((1, 3, 3, 3), 9.0)
    ring[0, 1] = torch.tensor([[0.0, 0.0, 0.0], [0.0, 5.0, 0.0], [0.0, 1.0, 0.0]])
    filled = ring.clone()
    filled[0, 1, 1, 1] = 3
    for construction in "VT":
        d = image_persistence(*(cubical(x, construction=construction, axes=3) for x in (ring, filled))).of_dim(1)
        assert d.cells.tolist() == [[16, 13]]
        assert d.intervals.tolist() == [[1.0, 3.0]]


def test_superlevel() -> None:
    inner, outer = torch.tensor([[[3.0, 1.0, 2.0]]]), torch.tensor([[[3.0, 1.5, 2.5]]])
    d = image_persistence(cubical(inner, superlevel=True), cubical(outer, superlevel=True))
    assert d.intervals.tolist() == [[3.0, -INF], [2.0, 1.5]]


def test_pixels_that_never_enter() -> None:
    inner, outer = torch.tensor([[[0.0, INF, 1.0]]]), torch.tensor([[[0.0, INF, 0.0]]])
    assert image_persistence(cubical(inner), cubical(outer)).intervals.tolist() == [[0.0, INF], [1.0, INF]]
    assert len(image_persistence(cubical(inner), cubical(outer), max_dim=0)) == 2


def test_the_published_example_of_a_matching() -> None:
    f, g = -LIKELIHOOD[None], -TRUTH[None]
    found = matched_bars(f, g, torch.minimum(f, g), "V", 1)
    both = (found.first[:, 0] >= 0) & (found.second[:, 0] >= 0)
    finite = both & (found.first[:, 1] >= 0)
    pixels = [tuple(divmod(int(p), 7) for p in bar) for bar in found.first[finite]]
    assert pixels == [((2, 0), (0, 5)), ((0, 2), (1, 1)), ((5, 6), (5, 5))]
    assert found.dim[finite].tolist() == [0, 1, 1]
    assert [int((found.first[found.dim == k, 0] >= 0).sum()) for k in (0, 1)] == [10, 4]
    assert (both | (found.second[:, 0] < 0)).all()  # no bar of the truth stands alone


@pytest.mark.parametrize(
    ("outer", "message"),
    [
        (cubical(torch.zeros(1, 3, 2)), "must agree in shape, construction and direction"),
        (cubical(torch.zeros(1, 2, 3), construction="T"), "must agree in shape, construction and direction"),
        (cubical(torch.zeros(1, 2, 3), superlevel=True), "must agree in shape, construction and direction"),
        (
            cubical(torch.tensor([[[0.0, 0.0, 0.0], [0.0, 1.0, 0.0]]])),
            r"inner must lie in outer, but pixel \(1, 1\) of item 0 enters inner first; exchange the two",
        ),
    ],
)
def test_refused(outer: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        image_persistence(cubical(torch.zeros(1, 2, 3)), outer)  # type: ignore[arg-type]


def test_refused_kinds() -> None:
    graph = lower_star(torch.zeros(2), torch.tensor([[0], [1]]))
    with pytest.raises(TypeError, match="inner must be a cubical filtration of images or volumes, got LowerStar"):
        image_persistence(graph, cubical(torch.zeros(1, 2, 3)))
    with pytest.raises(TypeError, match="outer must be a cubical filtration of images or volumes, got LowerStar"):
        image_persistence(cubical(torch.zeros(1, 2, 3)), graph)
    with pytest.raises(TypeError, match="inner must be a cubical filtration of images or volumes, got signals"):
        image_persistence(cubical(torch.zeros(1, 2)), cubical(torch.zeros(1, 2)))


def test_refused_volumes() -> None:
    volumes = torch.zeros(2, 2, 3, 4)
    later = volumes.clone()
    later[1, 0, 2, 3] = 1
    with pytest.raises(ValueError, match=r"pixel \(0, 2, 3\) of item 1 enters inner first"):
        image_persistence(cubical(volumes, axes=3), cubical(later, axes=3))
    with pytest.raises(ValueError, match="must agree in shape, construction and direction"):
        image_persistence(cubical(volumes, axes=3), cubical(volumes, axes=2))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_gpu_equals_cpu() -> None:
    one, other = torch.rand(2, 3, 12, 9, dtype=torch.float64)
    outer = torch.minimum(one, other)
    here = image_persistence(cubical(one), cubical(outer))
    there = image_persistence(cubical(one.cuda()), cubical(outer.cuda()))
    assert there.intervals.device.type == "cuda"
    assert torch.equal(there.cells.cpu(), here.cells)
