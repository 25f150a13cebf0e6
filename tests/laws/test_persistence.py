"""Laws of persistence that hold for every input: batches, symmetries, stability, counting, duality."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

import strategies
from bars import bottleneck, intervals, rows
from topolens.diagrams import Diagrams
from topolens.extended_persistence import extended_persistence
from topolens.filtrations import Filtration, cubical, edge_weighted, lower_star, rips, witness
from topolens.image_persistence import image_persistence
from topolens.persistence import persistence

constructions = st.sampled_from(["V", "T"])
INF = float("inf")


# Batch = one by one -------------------------------------------------------------------------------------------------


def one_by_one(whole: Diagrams, parts: list[Diagrams]) -> bool:
    together = Diagrams.cat(parts)
    return torch.equal(whole.intervals, together.intervals) and torch.equal(whole.cells, together.cells)


@given(strategies.clouds(batch=3), st.sampled_from([None, 1.5]))
def test_rips_batch(points: Tensor, max_scale: float | None) -> None:
    parts = [persistence(rips(points[i : i + 1], max_scale=max_scale)) for i in range(3)]
    assert one_by_one(persistence(rips(points, max_scale=max_scale)), parts)


@given(strategies.images(batch=3), constructions, st.booleans())
def test_cubical_batch(images: Tensor, construction: str, superlevel: bool) -> None:
    whole, *parts = (
        persistence(cubical(x, construction=construction, superlevel=superlevel)) for x in (images, *images[:, None])
    )
    assert one_by_one(whole, parts)


def nested(images: Tensor) -> tuple[Tensor, Tensor]:
    """Two halves of a batch, the first raised above the second."""
    one, other = images.chunk(2)
    return torch.maximum(one, other), other


NESTED = st.one_of(strategies.images(max_side=6, batch=4), strategies.grids(3, batch=4))


def of_grids(images: Tensor, construction: str, superlevel: bool = False) -> Filtration:
    return cubical(images, construction=construction, superlevel=superlevel, axes=images.ndim - 1)


@given(NESTED, constructions, st.booleans())
def test_image_persistence_batch(images: Tensor, construction: str, superlevel: bool) -> None:
    inner, outer = nested(images)
    inner, outer = (-inner, -outer) if superlevel else (inner, outer)

    def bars(f: Tensor, g: Tensor) -> Diagrams:
        return image_persistence(*(of_grids(x, construction, superlevel) for x in (f, g)), max_dim=2)

    assert one_by_one(bars(inner, outer), [bars(inner[i : i + 1], outer[i : i + 1]) for i in range(2)])


@given(strategies.clouds(batch=2), st.integers(0, 2))
def test_witness_batch(points: Tensor, nu: int) -> None:
    marks = torch.arange(0, points.shape[1], 2)
    nu = min(nu, len(marks))
    whole, *parts = (persistence(witness(x, landmarks=marks, nu=nu)) for x in (points, *points[:, None]))
    assert one_by_one(whole, parts)


@given(strategies.graphs(), strategies.graphs())
def test_lower_star_batch(one: tuple[Tensor, Tensor], other: tuple[Tensor, Tensor]) -> None:
    shift = len(one[0])
    item = torch.tensor([0] * shift + [1] * len(other[0]))
    whole = persistence(lower_star(torch.cat([one[0], other[0]]), torch.cat([one[1], other[1] + shift], 1), item))
    first, second = (persistence(lower_star(*g)) for g in (one, other))
    assert rows(whole[0]) == rows(first)
    assert rows(whole[1]) == rows(second)
    assert torch.equal(whole[0].cells, first.cells)
    assert torch.equal(whole[1].cells, torch.where(second.cells >= 0, second.cells + shift, second.cells))


@given(strategies.graphs(), strategies.graphs())
def test_extended_batch(one: tuple[Tensor, Tensor], other: tuple[Tensor, Tensor]) -> None:
    shift = len(one[0])
    item = torch.tensor([0] * shift + [1] * len(other[0]))
    whole = extended_persistence(
        lower_star(torch.cat([one[0], other[0]]), torch.cat([one[1], other[1] + shift], 1), item)
    )
    parts = (extended_persistence(lower_star(*g)) for g in (one, other))
    for together, first, second in zip(whole, *parts, strict=True):
        assert torch.equal(together.intervals, torch.cat([first.intervals, second.intervals]))
        assert torch.equal(together.cells, torch.cat([first.cells, second.cells + shift]))
        assert torch.equal(together.batch, torch.cat([first.batch, second.batch + 1]))


@given(strategies.weighted_graphs(), strategies.weighted_graphs())
def test_edge_weighted_batch(one: tuple[Tensor, Tensor, Tensor], other: tuple[Tensor, Tensor, Tensor]) -> None:
    """The edges of the two graphs stand in one list, those of the second first."""
    shift = len(one[0])
    whole = persistence(
        edge_weighted(
            torch.cat([other[1], one[1]]),
            torch.cat([other[2] + shift, one[2]], 1),
            vertex_values=torch.cat([one[0], other[0]]),
            batch=torch.tensor([0] * shift + [1] * len(other[0])),
        )
    )
    for item, (vertices, edges, ends) in zip(whole, (one, other), strict=True):
        assert rows(item) == rows(persistence(edge_weighted(edges, ends, vertex_values=vertices)))


@given(st.data(), constructions, st.booleans())
def test_volumes_and_signals_batch(data: st.DataObject, construction: str, superlevel: bool) -> None:
    for sides in (1, 3):
        batch = data.draw(strategies.grids(sides, max_side=4, batch=3))
        whole, *parts = (
            persistence(cubical(x, construction=construction, superlevel=superlevel, axes=sides), max_dim=2)
            for x in (batch, *batch[:, None])
        )
        assert one_by_one(whole, parts)


# Symmetries ---------------------------------------------------------------------------------------------------------


@given(strategies.clouds(), st.randoms(use_true_random=False))
def test_rips_does_not_care_for_the_order_of_points(points: Tensor, random) -> None:
    order = list(range(points.shape[1]))
    random.shuffle(order)
    assert rows(persistence(rips(points), max_dim=2)) == rows(persistence(rips(points[:, order]), max_dim=2))


@given(strategies.clouds(), st.integers(-3, 3))
def test_rips_does_not_care_for_translations_and_reflections(points: Tensor, shift: int) -> None:
    moved = shift - points.flip(2)
    assert rows(persistence(rips(points))) == rows(persistence(rips(moved)))


@given(strategies.graphs(), st.randoms(use_true_random=False))
def test_lower_star_does_not_care_for_the_order_of_vertices_and_edges(graph: tuple[Tensor, Tensor], random) -> None:
    values, edges = graph
    order = list(range(len(values)))
    random.shuffle(order)
    permuted = torch.empty_like(values).index_copy_(0, torch.tensor(order), values)
    moved = torch.tensor(order)[edges].flip(0, 1)
    assert rows(persistence(lower_star(values, edges))) == rows(persistence(lower_star(permuted, moved)))


@given(strategies.graphs(max_vertices=12), st.randoms(use_true_random=False))
def test_extended_persistence_does_not_care_for_the_order_of_vertices(graph: tuple[Tensor, Tensor], random) -> None:
    values, edges = graph
    order = list(range(len(values)))
    random.shuffle(order)
    permuted = torch.empty_like(values).index_copy_(0, torch.tensor(order), values)
    moved = torch.tensor(order)[edges].flip(0, 1)
    for one, other in zip(
        extended_persistence(lower_star(values, edges)), extended_persistence(lower_star(permuted, moved)), strict=True
    ):
        assert rows(one) == rows(other)


@given(strategies.graphs(max_vertices=12), st.booleans())
def test_turning_the_values_round_turns_extended_persistence_round(graph: tuple[Tensor, Tensor], up: bool) -> None:
    """Ord0 and Rel1 change places; Ext0 and Ext1 change their two ends."""
    values, edges = graph
    d, turned = (extended_persistence(lower_star(x, edges, superlevel=up)) for x in (values, -values))
    assert intervals(turned.ord0, 0) == mirrored(d.rel1, exchange=False)
    assert intervals(turned.rel1, 1) == mirrored(d.ord0, exchange=False)
    assert intervals(turned.ext0, 0) == mirrored(d.ext0, exchange=True)
    assert intervals(turned.ext1, 1) == mirrored(d.ext1, exchange=True)


def mirrored(d: Diagrams, exchange: bool) -> list[tuple[float, float]]:
    bars = -d.intervals.flip(1) if exchange else -d.intervals
    return sorted(map(tuple, bars.tolist()))


@given(strategies.graphs(max_vertices=12))
def test_extended_persistence_of_a_superlevel_filtration_is_that_of_minus_the_values(
    graph: tuple[Tensor, Tensor],
) -> None:
    values, edges = graph
    for up, down in zip(
        extended_persistence(lower_star(-values, edges)),
        extended_persistence(lower_star(values, edges, superlevel=True)),
        strict=True,
    ):
        assert torch.equal(up.cells, down.cells)
        assert torch.equal(up.intervals, -down.intervals)


@given(strategies.graphs(max_vertices=12))
def test_ordinary_bars_are_among_the_extended(graph: tuple[Tensor, Tensor]) -> None:
    f = lower_star(*graph)
    d, extended = persistence(f), extended_persistence(f)
    assert torch.equal(d.of_dim(0).finite().cells, extended.ord0.cells)
    assert torch.equal(d.of_dim(0).essential().cells[:, 0], extended.ext0.cells[:, 0])
    assert torch.equal(d.of_dim(1).cells[:, 0], extended.ext1.cells[:, 0])


@given(strategies.graphs())
def test_upper_stars_are_lower_stars_turned_round(graph: tuple[Tensor, Tensor]) -> None:
    values, edges = graph
    up, down = persistence(lower_star(-values, edges)), persistence(lower_star(values, edges, superlevel=True))
    assert torch.equal(up.cells, down.cells)
    assert torch.equal(up.intervals, -down.intervals)


@given(strategies.graphs())
def test_lower_stars_are_edge_weighted_with_the_later_end(graph: tuple[Tensor, Tensor]) -> None:
    values, edges = graph
    f = edge_weighted(values[edges].amax(0), edges, vertex_values=values)
    assert rows(persistence(f)) == rows(persistence(lower_star(values, edges)))


@given(strategies.images(), constructions)
def test_images_may_be_turned_and_mirrored(images: Tensor, construction: str) -> None:
    expected = rows(persistence(cubical(images, construction=construction)))
    for moved in (images.mT, images.flip(1), images.flip(2), images.rot90(1, (1, 2))):
        assert rows(persistence(cubical(moved, construction=construction))) == expected


@given(strategies.grids(3, max_side=4), constructions, st.permutations([1, 2, 3]), st.sampled_from([None, 0.0, 9.0]))
def test_volumes_may_be_turned_and_mirrored(
    volume: Tensor, construction: str, order: list[int], frame: float | None
) -> None:
    f = cubical(volume, construction=construction, axes=3, frame=frame)
    expected = rows(persistence(f, max_dim=2))
    for moved in (volume.permute(0, *order), volume.flip(1), volume.flip(2, 3)):
        g = cubical(moved, construction=construction, axes=3, frame=frame)
        assert rows(persistence(g, max_dim=2)) == expected


@given(strategies.clouds(), st.sampled_from([0.25, 2.0, 1024.0]))
def test_scaling_scales_the_bars_and_keeps_the_cells(points: Tensor, factor: float) -> None:
    d, scaled = persistence(rips(points)), persistence(rips(points * factor))
    assert torch.equal(scaled.cells, d.cells)
    assert torch.equal(scaled.intervals, d.intervals * factor)


@given(strategies.images(), constructions, st.integers(-4, 4))
def test_adding_a_number_shifts_the_bars(images: Tensor, construction: str, shift: int) -> None:
    d, moved = (persistence(cubical(x, construction=construction)) for x in (images, images + shift))
    assert torch.equal(moved.cells, d.cells)
    assert torch.equal(moved.intervals, d.intervals + shift)


@given(strategies.images(), constructions)
def test_superlevel_is_sublevel_turned_round(images: Tensor, construction: str) -> None:
    up = persistence(cubical(images, construction=construction))
    down = persistence(cubical(-images, construction=construction, superlevel=True))
    assert torch.equal(up.cells, down.cells)
    assert torch.equal(up.intervals, -down.intervals)


@given(strategies.clouds(), st.floats(0.5, 5.0))
def test_max_scale_only_cuts(points: Tensor, max_scale: float) -> None:
    """Bars born above the cut are gone, bars that would die above it live on, all others stay."""
    full, cut = persistence(rips(points), max_dim=2), persistence(rips(points, max_scale=max_scale), max_dim=2)
    kept = [(b, k, x, y if y <= max_scale else INF) for b, k, x, y in rows(full) if x <= max_scale]
    assert sorted(kept) == rows(cut)


@given(strategies.clouds(), st.integers(0, 2))
def test_lower_dims_do_not_depend_on_max_dim(points: Tensor, dim: int) -> None:
    f = rips(points)
    assert torch.equal(persistence(f, max_dim=2).of_dim(dim).cells, persistence(f, max_dim=dim).of_dim(dim).cells)


@given(strategies.clouds(max_points=7))
def test_all_points_as_their_own_witnesses_give_rips(points: Tensor) -> None:
    """With nu = 0 and every point a landmark, an edge's own end lets it in at its length, unless a third point
    lets it in earlier; so witness values lie between half the length (triangle inequality) and the length."""
    n = points.shape[1]
    f, g = witness(points, landmarks=torch.arange(n), nu=0), rips(points)
    assert (f.values <= g.values + 1e-12).all()
    assert (2 * f.values >= g.values - 1e-12).all()


@given(st.one_of(strategies.images(), strategies.grids(3)), constructions)
def test_an_image_in_itself_has_its_own_bars(images: Tensor, construction: str) -> None:
    f = of_grids(images, construction)
    d, image = persistence(f, max_dim=2), image_persistence(f, f, max_dim=2)
    assert torch.equal(image.cells, d.cells)
    assert torch.equal(image.intervals, d.intervals)


@given(NESTED, constructions)
def test_bars_of_the_image_are_bars_cut_short(images: Tensor, construction: str) -> None:
    """Each starts with a bar of the inner image and ends no later, and ends with a bar of the outer that is older."""
    inner, outer = (of_grids(x[:1], construction) for x in nested(images))
    through, d, e = image_persistence(inner, outer, 2), persistence(inner, max_dim=2), persistence(outer, max_dim=2)
    for dim in (0, 1, 2):
        bars = intervals(through, dim)
        for born in {b for b, _ in bars}:
            ends, own = ([x for b, x in side if b == born] for side in (bars, intervals(d, dim)))
            assert len(ends) <= len(own)
            assert all(x <= y for x, y in zip(sorted(ends, reverse=True), sorted(own, reverse=True), strict=False))
        for died in {x for _, x in bars}:
            starts, own = ([b for b, x in side if x == died] for side in (bars, intervals(e, dim)))
            assert len(starts) <= len(own)
            assert all(x >= y for x, y in zip(sorted(starts), sorted(own), strict=False))


@given(NESTED, constructions)
def test_image_persistence_may_be_turned_and_mirrored(images: Tensor, construction: str) -> None:
    def bars(f: Tensor, g: Tensor) -> list[tuple[int, int, float, float]]:
        return rows(image_persistence(*(of_grids(x, construction) for x in (f, g)), max_dim=2))

    inner, outer = nested(images)
    expected = bars(inner, outer)
    last = images.ndim - 1
    for axes in ((1,), (last,), (1, last)):
        assert bars(inner.flip(axes), outer.flip(axes)) == expected
    assert bars(inner.mT, outer.mT) == expected
    assert bars(inner.movedim(1, -1), outer.movedim(1, -1)) == expected


# Stability ----------------------------------------------------------------------------------------------------------


def is_stable(one: Filtration, other: Filtration, change: float) -> bool:
    a, b = persistence(one), persistence(other)
    return all(bottleneck(intervals(a, k), intervals(b, k)) <= change + 1e-9 for k in (0, 1))


@given(st.data(), constructions)
def test_cubical_is_stable(data: st.DataObject, construction: str) -> None:
    image = data.draw(strategies.images())
    noise = 0.1 * torch.tensor(
        data.draw(st.lists(st.integers(-9, 9), min_size=image.numel(), max_size=image.numel()))
    ).reshape(image.shape)
    f, g = (cubical(x, construction=construction) for x in (image, image + noise))
    assert is_stable(f, g, float(noise.abs().max()))


@given(st.data())
def test_rips_of_distances_is_stable(data: st.DataObject) -> None:
    one = data.draw(strategies.distances())
    n = one.shape[1]
    noise = torch.tensor(data.draw(st.lists(st.integers(0, 9), min_size=n * n, max_size=n * n))).reshape(1, n, n)
    noise = 0.1 * (noise.tril(-1) + noise.tril(-1).mT)
    assert is_stable(rips(distances=one), rips(distances=one + noise), float(noise.max()))


@given(st.data())
def test_rips_of_points_moves_twice_as_far_as_its_points(data: st.DataObject) -> None:
    points = data.draw(strategies.clouds())
    noise = 0.1 * torch.tensor(
        data.draw(st.lists(st.integers(-9, 9), min_size=points.numel(), max_size=points.numel()))
    ).reshape(points.shape)
    assert is_stable(rips(points), rips(points + noise), 2 * float(noise.norm(dim=2).max()))


@given(st.data())
def test_lower_star_is_stable(data: st.DataObject) -> None:
    values, edges = data.draw(strategies.graphs())
    noise = 0.1 * torch.tensor(data.draw(st.lists(st.integers(-9, 9), min_size=len(values), max_size=len(values))))
    assert is_stable(lower_star(values, edges), lower_star(values + noise, edges), float(noise.abs().max()))


@given(st.data())
def test_extended_persistence_is_stable(data: st.DataObject) -> None:
    values, edges = data.draw(strategies.graphs())
    noise = 0.1 * torch.tensor(data.draw(st.lists(st.integers(-9, 9), min_size=len(values), max_size=len(values))))
    change = float(noise.abs().max()) + 1e-9
    one, other = (extended_persistence(lower_star(x, edges)) for x in (values, values + noise))
    for d, e, dim in zip(one, other, (0, 1, 0, 1), strict=True):
        assert bottleneck(intervals(d, dim), intervals(e, dim)) <= change


# Counting -----------------------------------------------------------------------------------------------------------


def euler_agrees(f: Filtration, max_dim: int) -> bool:
    """At every level: cells counted with signs = bars alive counted with signs."""
    cells, d = f.explicit(0, max_dim), persistence(f, max_dim=max_dim)
    entry = [float(cells.values[s]) for s in cells.source]
    for level in sorted(set(entry)):
        chi = sum((-1) ** k for k, x in zip(cells.dim, entry, strict=True) if x <= level)
        alive = sum((-1) ** k for _, k, birth, death in rows(d) if birth <= level < death)
        if chi != alive:
            return False
    return True


@given(strategies.images(), constructions)
def test_euler_characteristic_of_images(images: Tensor, construction: str) -> None:
    assert euler_agrees(cubical(images, construction=construction), max_dim=1)


@given(strategies.grids(3, max_side=3), constructions, st.sampled_from([None, 0.0, 2.5]))
def test_euler_characteristic_of_volumes(volume: Tensor, construction: str, frame: float | None) -> None:
    assert euler_agrees(cubical(volume, construction=construction, axes=3, frame=frame), max_dim=2)


@given(strategies.graphs())
def test_euler_characteristic_of_graphs(graph: tuple[Tensor, Tensor]) -> None:
    assert euler_agrees(lower_star(*graph), max_dim=1)


@given(strategies.weighted_graphs())
def test_euler_characteristic_of_weighted_graphs(graph: tuple[Tensor, Tensor, Tensor]) -> None:
    vertex_values, edge_values, edges = graph
    assert euler_agrees(edge_weighted(edge_values, edges, vertex_values=vertex_values), max_dim=1)


@given(strategies.distances(max_points=6))
def test_euler_characteristic_of_flag_complexes(distances: Tensor) -> None:
    assert euler_agrees(rips(distances=distances), max_dim=max(distances.shape[1] - 1, 0))


@given(strategies.images(), constructions)
def test_images_are_connected_in_the_end_and_have_no_hole(images: Tensor, construction: str) -> None:
    essential = persistence(cubical(images, construction=construction)).essential()
    assert essential.intervals.tolist() == [[float(images.min()), INF]]
    assert essential.dim.tolist() == [0]


# Duality ------------------------------------------------------------------------------------------------------------


@given(strategies.images())
@pytest.mark.parametrize(("construction", "dual"), [("V", "T"), ("T", "V")])
def test_holes_are_the_components_of_the_background(construction: str, dual: str, images: Tensor) -> None:
    """Holes of the foreground are the bright components of the other construction, but for the one outside."""
    outside = 10.0
    framed = torch.nn.functional.pad(images, (1, 1, 1, 1), value=outside)
    here = persistence(cubical(images, construction=construction))
    there = persistence(cubical(framed, construction=dual, superlevel=True))
    background = there.of_dim(0).finite().intervals.flip(1)
    assert intervals(here, 1) == sorted(map(tuple, background.tolist()))
    rings = there.of_dim(1).intervals.flip(1).tolist()
    components = [(b, min(d, outside)) for b, d in intervals(here, 0)]
    assert sorted(map(tuple, rings)) == sorted(components)


@given(strategies.grids(3, max_side=4))
@pytest.mark.parametrize(("construction", "dual"), [("V", "T"), ("T", "V")])
def test_voids_are_the_components_of_the_background(construction: str, dual: str, volume: Tensor) -> None:
    """With the background's frame closed, dimension k of the one is dimension 2 - k of the other turned round."""
    outside = 10.0
    here = persistence(cubical(volume, construction=construction, axes=3), max_dim=2)
    there = persistence(cubical(volume, construction=dual, superlevel=True, axes=3, frame=outside), max_dim=2)
    for dim in (1, 2):
        background = there.of_dim(2 - dim).finite().intervals.flip(1)
        assert intervals(here, dim) == sorted(map(tuple, background.tolist()))
    voids = there.of_dim(2).intervals.flip(1).tolist()
    assert sorted(map(tuple, voids)) == sorted((b, min(d, outside)) for b, d in intervals(here, 0))


@given(strategies.images(max_side=6), constructions, st.sampled_from([-1.0, 2.0, 9.0]))
def test_a_frame_is_a_border_of_pixels(images: Tensor, construction: str, frame: float) -> None:
    framed = cubical(images, construction=construction, frame=frame)
    padded = cubical(torch.nn.functional.pad(images, (1, 1, 1, 1), value=frame), construction=construction)
    assert rows(persistence(framed)) == rows(persistence(padded))
