"""Images as graphs: the figure of the source, and G^k_{m,n} from its definition against order statistics."""

import pytest
import torch
from torch import Tensor

from topolens import graph_features as gf

IMAGE = torch.tensor([[3.0, 1.0, 4.0], [1.0, 5.0, 9.0], [2.0, 6.0, 5.0]])


def windows(image: Tensor, k: int, adjacency: int) -> list[list[float]]:
    """Sorted intensities around each pixel, without what lies outside."""
    height, width = image.shape
    out = []
    for y in range(height):
        for x in range(width):
            near = [
                float(image[r, c])
                for r in range(height)
                for c in range(width)
                if (max(abs(r - y), abs(c - x)) if adjacency == 8 else abs(r - y) + abs(c - x)) <= k
            ]
            out.append(sorted(near))
    return out


@pytest.mark.parametrize("adjacency", [4, 8])
@pytest.mark.parametrize("k", [1, 2])
@pytest.mark.parametrize("window", [(0, 1), (0, 3), (1, 4), (2, 3), (2, 5), (4, 9), (3, None)])
def test_the_window_filter_is_a_difference_of_order_statistics(
    adjacency: int, k: int, window: tuple[int, int | None]
) -> None:
    """From the (m + 1)-th smallest pixel of the window to the n-th; images with many ties."""
    m, n = window
    generator = torch.Generator().manual_seed(10 * k + m)
    images = torch.randint(4, (2, 4, 5), generator=generator).double()
    found = gf.steady(gf.window_graph(images, k, adjacency=adjacency), gf.degree_window(m, n))
    bars = {x: tuple(bar) for x, bar in zip(found.objects, found.diagram().intervals.tolist(), strict=True)}
    for b, image in enumerate(images):
        for v, near in enumerate(windows(image, k, adjacency)):
            birth = near[m] if m < len(near) else float("inf")
            death = near[n - 1] if n is not None and n <= len(near) else float("inf")
            assert bars.get(40 * b + v, (0.0, 0.0)) == ((birth, death) if birth < death else (0.0, 0.0))
    assert found.stable


def test_whole_windows_give_the_closed_form_everywhere() -> None:
    """The middle of 5 x 5 pixels, of 3 x 3 pixels: sorted[n - 1] - sorted[m]."""
    image = torch.rand(5, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    found = gf.steady(gf.window_graph(image[None]), gf.degree_window(2, 7))
    length = dict(zip(found.objects, found.diagram().persistence.tolist(), strict=True))
    for y in range(1, 4):
        for x in range(1, 4):
            near = image[y - 1 : y + 2, x - 1 : x + 2].flatten().sort().values
            assert length[5 * y + x] == near[6] - near[2]


def test_pixels_with_their_neighbours() -> None:
    """In a row of three with distance 1 there are two edges, with distance 2 three."""
    row = torch.tensor([[[3.0, 1.0, 2.0]]])
    for k, weight, wanted in ((1, "max", [2.0, 3.0]), (1, "min", [1.0, 1.0]), (2, "max", [2.0, 3.0, 3.0])):
        graph = gf.pixel_graph(row, k, weight=weight)
        assert sorted(graph.source[3:].tolist()) == wanted
    square = torch.arange(4.0).reshape(1, 2, 2)
    edges = {a: gf.pixel_graph(square, adjacency=a).graphs.edge_index.T.tolist() for a in (4, 8)}
    assert sorted(edges[4]) == [[0, 1], [0, 2], [1, 3], [2, 3]]
    assert sorted(edges[8]) == [[0, 1], [0, 2], [0, 3], [1, 2], [1, 3], [2, 3]]


def test_hubs_of_a_patch() -> None:
    """As in Figure 3 of the source, by hand.

    At 1 the two pixels of value 1 are joined to all their neighbours, five each, but to each other too: no hub. By 4
    the middle has five neighbours as well; at 5, its own value, it is joined to all eight.
    """
    found = gf.steady(gf.pixel_graph(IMAGE[None], weight="min"), gf.hub())
    bars = {x: bar for x, *bar in zip(found.objects, *found.diagram().intervals.T.tolist(), strict=True)}
    assert bars == {4: [5.0, float("inf")]}


def test_nothing() -> None:
    for shape in ((0, 3, 3), (2, 0, 3), (1, 1, 1)):
        for graph in (gf.pixel_graph(torch.zeros(shape)), gf.window_graph(torch.zeros(shape))):
            assert len(gf.steady(graph, gf.hub()).diagram()) == 0


@pytest.mark.parametrize("make", [gf.pixel_graph, gf.window_graph])
def test_refused(make) -> None:
    with pytest.raises(ValueError, match=r"for one image pass image\[None\]"):
        make(IMAGE)
    with pytest.raises(TypeError, match="images must be a floating-point tensor"):
        make(IMAGE[None].long())
    with pytest.raises(ValueError, match="k must be an integer of at least 1, got 0"):
        make(IMAGE[None], 0)
    with pytest.raises(ValueError, match="adjacency must be 4 or 8, got 6"):
        make(IMAGE[None], adjacency=6)
    with pytest.raises(ValueError, match="contains NaN"):
        make(IMAGE[None] * float("nan"))
    with pytest.raises(ValueError, match='weight must be "max" or "min"'):
        gf.pixel_graph(IMAGE[None], weight="mean")
