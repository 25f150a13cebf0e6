"""Mapper against the textbook, written out in sets, and on shapes whose graph everybody knows."""

from functools import partial
from itertools import combinations, product

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from topolens.mapper import betti_numbers, connected, dbscan, mapper, single_linkage
from topolens.shapes import filter_model


def textbook(points, lens, resolution, gain, cluster):
    """Nodes as sets in order, and how many points each pair and triple of them shares: definitions only."""
    low, high = lens.min(0), lens.max(0)
    step = (high - low) / (resolution - 1 + gain)
    nodes = []
    for box in product(range(resolution), repeat=lens.shape[1]):
        start = low + np.array(box) * step
        slack = 1e-9 * (high - low)
        inside = np.flatnonzero(((lens >= start - slack) & (lens <= start + gain * step + slack)).all(1))
        nodes += sorted(cluster(points, inside.tolist()), key=min)
    pairs = {(i, j): len(nodes[i] & nodes[j]) for i, j in combinations(range(len(nodes)), 2) if nodes[i] & nodes[j]}
    triples = [[i, j, k] for i, j, k in combinations(range(len(nodes)), 3) if nodes[i] & nodes[j] & nodes[k]]
    return nodes, pairs, triples


def chains(points, rows, scale):
    """Rows within the scale of each other, directly or through others."""
    left, groups = set(rows), []
    while left:
        group, border = set(), [min(left)]
        while border:
            row = border.pop()
            if row not in left:
                continue
            left.remove(row)
            group.add(row)
            border += [other for other in left if np.linalg.norm(points[row] - points[other]) <= scale]
        groups.append(group)
    return groups


def density_groups(points, rows, eps, least):
    """DBSCAN by its definition: components of core points, each with the strays that see it first."""
    near = {a: [b for b in rows if np.linalg.norm(points[a] - points[b]) <= eps] for a in rows}
    core = [a for a in rows if len(near[a]) >= least]
    groups = sorted(chains(points, core, eps), key=min)
    for row in rows:
        if row not in core:
            for group in groups:
                if any(other in group for other in near[row] if other in core):
                    group.add(row)
                    break
    return groups


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 10**6), n=st.integers(1, 40), lenses=st.integers(1, 2), resolution=st.integers(1, 5),
    gain=st.sampled_from([1.0, 1.5, 2.0, 3.7]), kind=st.sampled_from(["chains", "dense"]),
)  # fmt: skip
def test_mapper_is_the_textbook_s(seed, n, lenses, resolution, gain, kind):
    points = torch.randn(n, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    if kind == "chains":
        ours, theirs = partial(single_linkage, height=0.9), partial(chains, scale=0.9)
    else:
        ours, theirs = partial(dbscan, eps=1.0, min_samples=3), partial(density_groups, eps=1.0, least=3)
    graph = mapper(points, points[:, :lenses], resolution, gain, metric=None, clusters=ours)
    array = points.numpy()
    nodes, pairs, triples = textbook(array, array[:, :lenses], resolution if n > 1 else 1, gain, theirs)
    assert [set(graph.members(i).tolist()) for i in range(len(graph))] == nodes
    assert {
        tuple(edge): weight for edge, weight in zip(graph.edges.tolist(), graph.weights.tolist(), strict=True)
    } == pairs
    assert graph.triangles.tolist() == triples
    assert graph.left_out.in_nodes == len(set().union(*nodes))


def arc(n, turns=1.0):
    angle = torch.linspace(0, 2 * torch.pi * turns, n + 1)[:-1]
    return torch.stack([angle.cos(), angle.sin()], 1)


def degrees(graph):
    return np.bincount(graph.edges.ravel(), minlength=len(graph))


NEAR = partial(connected, scale=0.2)


def test_circle():
    circle = arc(300)
    graph = mapper(circle, circle[:, :1], 8, 1.5, metric=None, clusters=NEAR)
    assert betti_numbers(graph) == (1, 1)
    assert (degrees(graph) == 2).all()


def test_letter_y():
    along = torch.linspace(0, 1, 120)
    stem = torch.stack([0 * along, -along], 1)
    arms = [torch.stack([side * along, along], 1) for side in (-1.0, 1.0)]
    letter = torch.cat([stem, *arms])
    graph = mapper(letter, letter[:, 1:], 10, 1.5, metric=None, clusters=partial(connected, scale=0.05))
    assert betti_numbers(graph) == (1, 0)
    assert sorted(degrees(graph).tolist()).count(1) == 3  # three tips
    assert degrees(graph).max() == 3  # one fork


def test_figure_eight():
    circle = arc(300)
    eight = torch.cat([circle + torch.tensor([0.0, 1.0]), circle - torch.tensor([0.0, 1.0])])
    graph = mapper(eight, eight[:, 1:], 12, 1.5, metric=None, clusters=NEAR)
    assert betti_numbers(graph) == (1, 2)


def test_sections_of_a_torus():
    u, v = torch.rand(2, 6000, generator=torch.Generator().manual_seed(0)) * 2 * torch.pi
    ring = 2 + 0.7 * v.cos()
    torus = torch.stack([ring * u.cos(), ring * u.sin(), 0.7 * v.sin()], 1)
    rule = partial(connected, scale=0.45)
    # Lying, its sections are two rings, one within the other; standing, one, two beside each other, one: a loop each.
    lying, standing = (mapper(torus, torus[:, [k]], 8, 1.5, metric=None, clusters=rule) for k in (2, 0))
    assert betti_numbers(lying) == betti_numbers(standing) == (1, 1)
    assert np.bincount(lying.cell).tolist() == [1, *[2] * 6, 1]
    # By the angle round its hole every piece is a tube: the nodes close up.
    angle = torch.stack([u.cos(), u.sin()], 1)
    assert betti_numbers(mapper(torus, angle, 6, 1.5, metric=None, clusters=rule), min_size=2) == (1, 1)


@pytest.mark.parametrize(("name", "n", "loops"), [("primary_circle", 1920, 1), ("three_circles", 4000, 5)])
@pytest.mark.parametrize("clusters", ["connected", partial(dbscan, eps=1.2)])
@pytest.mark.parametrize("cover", ["uniform", "quantile"])
def test_filter_models_have_one_and_five_loops(name, n, loops, clusters, cover):
    filters = filter_model(name, n=n, noise=0.08, seed=0)
    assert betti_numbers(mapper(filters, clusters=clusters, cover=cover), min_size=5) == (1, loops)


@pytest.mark.parametrize("factor", [1e-3, 1.0, 1e4])
def test_the_unit_of_the_points_does_not_matter(factor):
    points = torch.randn(300, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    one, two = (mapper(x, resolution=6, gain=2.0, metric=None, clusters="dbscan") for x in (points, points * factor))
    assert np.array_equal(one.membership.toarray(), two.membership.toarray())


@pytest.mark.parametrize("clusters", ["first_gap", "connected", "dbscan"])
def test_the_order_of_the_points_does_not_matter(clusters):
    points = torch.randn(250, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(4))
    order = torch.randperm(250, generator=torch.Generator().manual_seed(5))
    # Scales are judged by 1,000 points of the cloud: here by all of them.
    one, two = (mapper(x, x[:, :2], 5, 2.0, metric=None, clusters=clusters) for x in (points, points[order]))
    sets = {frozenset(one.members(i).tolist()) for i in range(len(one))}
    if clusters == "dbscan":  # a border point joins the cluster that comes first, which order decides
        cores = sorted(map(len, sets))
        assert sum(cores) == two.membership.nnz
        return
    assert sets == {frozenset(order[two.members(i)].tolist()) for i in range(len(two))}
