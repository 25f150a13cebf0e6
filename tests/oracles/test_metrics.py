"""Metrics of masks against gudhi, scikit-image, published numbers, and their definitions spelled out."""

from functools import cache
from itertools import permutations, product
from pathlib import Path

import gudhi
import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist
from skimage.measure import euler_number
from torch import Tensor

from topolens import metrics as m
from topolens.metrics.components import DUAL, connected_components

KINDS = [(2, 4), (2, 8), (3, 6), (3, 26)]
SHAPES = {2: (7, 9), 3: (4, 5, 6)}


def random_masks(sides: int, count: int, seed: int, share: float = 0.6) -> Tensor:
    noise = torch.rand(count, *SHAPES[sides], generator=torch.Generator().manual_seed(seed))
    return noise < share


def all_small() -> Tensor:
    """All masks of 3 x 3 pixels; mask i has pixel k if bit k of i is set."""
    return (torch.arange(512)[:, None] >> torch.arange(9)).bitwise_and(1).bool().reshape(-1, 3, 3)


@pytest.mark.parametrize(("sides", "connectivity"), KINDS)
def test_betti_numbers_are_those_of_gudhi(sides: int, connectivity: int) -> None:
    masks = random_masks(sides, 60, seed=connectivity)
    kind = "vertices" if connectivity in (4, 6) else "top_dimensional_cells"
    expected = []
    for mask in masks:
        bars = gudhi.CubicalComplex(**{kind: 1.0 - mask.double().numpy()}).persistence(homology_coeff_field=2)
        expected.append([sum(k == dim and birth == 0 for k, (birth, _) in bars) for dim in range(sides)])
    assert m.betti_numbers(masks, connectivity=connectivity).tolist() == expected


@pytest.mark.parametrize(("sides", "connectivity"), KINDS)
def test_euler_characteristics_are_those_of_scikit_image(sides: int, connectivity: int) -> None:
    masks = random_masks(sides, 60, seed=connectivity)
    expected = [euler_number(mask.numpy(), connectivity=1 if connectivity in (4, 6) else sides) for mask in masks]
    assert m.euler_characteristic(masks, connectivity=connectivity).tolist() == expected


@pytest.mark.real_data
def test_published_betti_numbers_of_topomortar(data_folder: Path) -> None:
    with np.load(data_folder / "topomortar_labels.npz") as data:
        masks = torch.from_numpy(np.unpackbits(data["test_accurate"], axis=2))
        published = torch.from_numpy(data["test_betti"]).long()
    assert torch.equal(m.betti_numbers(masks, connectivity=8), published)
    assert (m.betti_numbers(masks, connectivity=4) != published).any(1).sum() == 17
    assert torch.equal(m.euler_characteristic(masks, connectivity=8), published[:, 0] - published[:, 1])


Columns = list[int]  # bit sets: bit i of column j is set if cell i is in the boundary of cell j


def reduced(columns: Columns) -> tuple[Columns, Columns]:
    """A basis of the span of columns, and one of the sums of them that vanish (as bit sets of column numbers)."""
    pivots: dict[int, tuple[int, int]] = {}
    kernel = []
    for number, column in enumerate(columns):
        members = 1 << number
        while column and column.bit_length() in pivots:
            other, others = pivots[column.bit_length()]
            column, members = column ^ other, members ^ others
        if column:
            pivots[column.bit_length()] = (column, members)
        else:
            kernel.append(members)
    return [column for column, _ in pivots.values()], kernel


def cubes(mask: np.ndarray, closed: bool) -> list[list[tuple[int, ...]]]:
    """Cubes by dimension in doubled coordinates: pixels are squares with all faces (closed), or corners of squares."""
    by_dim: list[list[tuple[int, ...]]] = [[] for _ in range(mask.ndim + 1)]
    for cube in product(*(range(2 * size + 1) for size in mask.shape)):
        near = product(*({(x - 1) // 2, x // 2} if closed else {x // 2, (x + 1) // 2} for x in cube))
        held = [all(0 <= p < size for p, size in zip(q, mask.shape, strict=True)) and mask[q] for q in near]
        if any(held) if closed else all(held):
            by_dim[sum(x % 2 for x in cube)].append(cube)
    return by_dim


def boundary(cube: tuple[int, ...], number: dict[tuple[int, ...], int]) -> int:
    faces = 0
    for axis, x in enumerate(cube):
        for step in (-1, 1) if x % 2 else ():
            faces ^= 1 << number[(*cube[:axis], x + step, *cube[axis + 1 :])]
    return faces


def diu_by_linear_algebra(one: np.ndarray, other: np.ndarray, connectivity: int) -> list[int]:
    """Kernel and cokernel of H(intersection) -> H(union) over Z/2, from cycles and boundaries."""
    closed = connectivity in (8, 26)
    inner, outer = cubes(one & other, closed), cubes(one | other, closed)
    number = {cube: i for layer in outer for i, cube in enumerate(layer)}
    found = []
    for dim in range(one.ndim):
        borders = [[boundary(c, number) for c in layers[dim + 1]] for layers in (inner, outer)]
        cycles = []
        for layers in (inner, outer):
            _, kernel = reduced([boundary(c, number) if dim else 0 for c in layers[dim]])
            place = [1 << number[c] for c in layers[dim]]
            cycles.append([sum(bit for i, bit in enumerate(place) if members >> i & 1) for members in kernel])
        filled = [len(reduced(x)[0]) for x in borders]
        rank = len(reduced(borders[1] + cycles[0])[0]) - filled[1]
        found.append(len(cycles[0]) - filled[0] - rank + len(cycles[1]) - filled[1] - rank)
    return found


@pytest.mark.parametrize(("sides", "connectivity"), KINDS)
def test_diu_is_that_of_linear_algebra(sides: int, connectivity: int) -> None:
    shape = (4, 5) if sides == 2 else (3, 3, 2)
    generator = torch.Generator().manual_seed(connectivity)
    one, other = torch.rand(2, 80, *shape, generator=generator) < 0.7
    expected = [diu_by_linear_algebra(p.numpy(), y.numpy(), connectivity) for p, y in zip(one, other, strict=True)]
    assert m.diu(one, other, connectivity=connectivity).tolist() == expected
    assert all(sum(x[dim] for x in expected) for dim in range(sides - (sides == 3)))


def inside(inner: Tensor, outer: Tensor, connectivity: int) -> tuple[Tensor, Tensor, Tensor]:
    """Components of inner, of outer, and of outer with one of inner within, item by item."""
    small, large = connected_components(inner, connectivity), connected_components(outer, connectivity)
    slots = torch.zeros(len(inner), 1 + int(large.counts.max()))
    slots.scatter_(1, torch.where(inner, large.labels, 0).flatten(1), 1)
    return small.counts, large.counts, slots[:, 1:].sum(1).long()


@pytest.mark.parametrize("connectivity", [4, 8])
def test_diu_of_all_small_pairs_from_components(connectivity: int) -> None:
    """Ranks in dimension 1 are, by duality, those of the components of the two backgrounds."""
    masks = all_small()
    i, j = torch.cartesian_prod(torch.arange(512), torch.arange(512)).T
    nested = torch.where((i & j) == i)[0]  # all intersections within all unions: 3^9 of them
    inner, outer = masks[i[nested]], masks[j[nested]]
    a, b, rank = inside(inner, outer, connectivity)
    grounds = (~torch.nn.functional.pad(x, (1, 1, 1, 1)) for x in (outer, inner))
    c, d, corank = inside(*grounds, DUAL[connectivity])
    expected = torch.stack([a + b - 2 * rank, c + d - 2 * corank], 1)
    assert len(expected) == 3**9
    assert torch.equal(m.diu(inner, outer, connectivity=connectivity), expected)
    table = torch.zeros(512, 512, 2, dtype=torch.int64)
    table[i[nested], j[nested]] = expected
    assert torch.equal(m.diu(masks[i], masks[j], connectivity=connectivity), table[i & j, i | j])


def flooded(mask: np.ndarray, connectivity: int) -> list[frozenset[tuple[int, int]]]:
    """Components as sets of pixels, by walking from neighbour to neighbour."""
    left = {tuple(map(int, pixel)) for pixel in np.argwhere(mask)}
    steps = [s for s in product((-1, 0, 1), repeat=2) if any(s) and (connectivity == 8 or 0 in s)]
    found = []
    while left:
        queue = [left.pop()]
        component = set(queue)
        while queue:
            x, y = queue.pop()
            near = {(x + a, y + b) for a, b in steps} & left
            left -= near
            component |= near
            queue += near
        found.append(frozenset(component))
    return found


def holes(mask: np.ndarray, connectivity: int) -> list[frozenset[tuple[int, int]]]:
    return [x for x in flooded(~np.pad(mask, 1), DUAL[connectivity]) if (0, 0) not in x]


Parts = tuple[list[frozenset[tuple[int, int]]], list[frozenset[tuple[int, int]]]]


def matching_by_definition(p: Parts, y: Parts, union: Parts) -> list[int]:
    """Unpaired components and holes, with the best pairing of holes found by trying."""
    shared = sum(any(c & a for a in p[0]) and any(c & b for b in y[0]) for c in union[0])
    fits = [[any(h & a and h & b for h in union[1]) for b in y[1]] for a in p[1]]
    rows, columns = len(p[1]), len(y[1])
    if rows > columns:
        fits, rows, columns = [list(x) for x in zip(*fits, strict=True)] or [[]] * columns, columns, rows
    tries = permutations(range(columns), rows)
    best = max(sum(fits[i][j] for i, j in enumerate(order)) for order in tries) if rows else 0
    return [len(p[0]) + len(y[0]) - 2 * shared, len(p[1]) + len(y[1]) - 2 * best]


@pytest.mark.parametrize("connectivity", [4, 8])
def test_matching_errors_of_all_small_pairs(connectivity: int) -> None:
    masks = all_small()
    parts = [(flooded(x, connectivity), holes(x, connectivity)) for x in masks.numpy()]
    i, j = torch.cartesian_prod(torch.arange(512), torch.arange(512)).T
    found = m.betti_matching_error(masks[i], masks[j], connectivity=connectivity)
    some = range(0, len(i), 23)
    expected = [matching_by_definition(parts[i[k]], parts[j[k]], parts[i[k] | j[k]]) for k in some]
    assert found[some].tolist() == expected
    by_index = m.betti_matching_error(masks[i], masks[j], connectivity=connectivity, ties="index")
    assert (found[:, 1] <= by_index[:, 1]).all()


@pytest.mark.parametrize("connectivity", [4, 8])
def test_matching_errors_by_definition(connectivity: int) -> None:
    """Pictures of many holes, some of which share more than one hole of the union."""
    generator = torch.Generator().manual_seed(connectivity)
    one, other = torch.rand(2, 150, 6, 9, generator=generator) < 0.75
    one[:, 2:4, 2:6] = False  # one large hole, cut by the other
    found = m.betti_matching_error(one, other, connectivity=connectivity).tolist()
    for p, y, errors in zip(one.numpy(), other.numpy(), found, strict=True):
        parts = ((flooded(x, connectivity), holes(x, connectivity)) for x in (p, y, p | y))
        assert errors == matching_by_definition(*parts)


@cache
def segmentation_like(sides: int) -> tuple[Tensor, Tensor]:
    """Smooth blobs, and the same with some pixels turned over."""
    generator = torch.Generator().manual_seed(sides)
    shape = (1, 1, 40, 48) if sides == 2 else (1, 1, 14, 12, 16)
    pool = torch.nn.functional.avg_pool2d if sides == 2 else torch.nn.functional.avg_pool3d
    noise = torch.randn(100 if sides == 2 else 30, *shape[1:], generator=generator)
    target = pool(noise, 5 if sides == 2 else 3, 1)[:, 0] > 0
    flips = torch.rand(target.shape, generator=generator) < 0.02
    return target ^ flips, target


@pytest.mark.parametrize(("sides", "connectivity"), KINDS)
def test_ties_hardly_matter_where_segmentations_are_alike(sides: int, connectivity: int) -> None:
    one, other = segmentation_like(sides)
    canonical, by_index = (
        m.betti_matching_error(one, other, connectivity=connectivity, ties=t) for t in ("canonical", "index")
    )
    assert (canonical[:, -1] <= by_index[:, -1]).all()
    assert (canonical == by_index).all(1).float().mean() >= 0.95
    if sides == 3:
        assert torch.equal(canonical[:, 1], by_index[:, 1])
        assert canonical[:, 1].any()


@pytest.mark.parametrize("sides", [2, 3])
def test_surface_distances_pixel_by_pixel(sides: int) -> None:
    spacing = (0.7, 1.0, 2.5)[:sides]
    masks = random_masks(sides, 20, seed=3, share=0.3)
    one, other = masks[:10], masks[10:]
    found = m.surface_distances(one, other, spacing=spacing, axes=sides)
    for p, y, percentile, mean in zip(one.numpy(), other.numpy(), *found, strict=True):
        points = []
        for x in (p, y):
            framed = np.pad(x, 1)
            steps = [np.roll(framed, s, axis) for axis in range(sides) for s in (1, -1)]
            points.append(np.argwhere(framed & ~np.logical_and.reduce(steps)) * spacing)
        table = cdist(*points)
        distances = np.concatenate([table.min(1), table.min(0)])
        assert float(percentile) == pytest.approx(np.percentile(distances, 95), rel=1e-6)
        assert float(mean) == pytest.approx(distances.mean(), rel=1e-6)


@pytest.mark.parametrize("ignore", [True, False])
@pytest.mark.parametrize(("sides", "connectivity"), KINDS)
def test_segments_pixel_by_pixel(sides: int, connectivity: int, ignore: bool) -> None:
    masks = random_masks(sides, 20, seed=5, share=0.5)
    one, other = masks[:10], masks[10:]
    settings = {"connectivity": connectivity, "ignore_background": ignore}
    information, rand = m.variation_of_information(one, other, **settings), m.adapted_rand_error(one, other, **settings)
    for k in range(10):
        p, y = (connected_components(x[k : k + 1], connectivity).labels.flatten() for x in (one, other))
        p, y = (x[y > 0] if ignore else x for x in (p, y))
        together = [(p[:, None] == p) & (y[:, None] == y), p[:, None] == p, y[:, None] == y]
        both, in_p, in_y = (x.double().mean(1) for x in together)
        assert information[k].tolist() == pytest.approx(
            [float((in_y / both).log2().mean()), float((in_p / both).log2().mean())], abs=1e-6
        )
        pairs = [float(x.sum()) - len(p) for x in together]
        assert rand[k].item() == pytest.approx(1 - 2 * pairs[0] / (pairs[1] + pairs[2]), abs=1e-6)
