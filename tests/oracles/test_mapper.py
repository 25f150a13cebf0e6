"""Memberships and graphs of other Mapper programs on fixed inputs, their parameters converted."""

import importlib
from collections import Counter
from functools import partial
from itertools import combinations

import numpy as np
import pytest
import torch
from sklearn.cluster import DBSCAN, AgglomerativeClustering

from topolens.mapper import cover, dbscan, mapper, pca, peer_settings, single_linkage

POINTS = torch.randn(400, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
LENS = pca(POINTS, 2)
EPS, LEAST = 1.0, 4
DENSE = partial(dbscan, eps=EPS, min_samples=LEAST)
PARAMETERS = [(5, 0.3), (8, 0.5), (10, 0.6)]  # no interval ends at the least or the largest value


def ours(program, intervals, overlap, clusters=DENSE, lens=LENS):
    return mapper(POINTS, lens, metric=None, clusters=clusters, **peer_settings(program, intervals, overlap))


def sets_of(graph):
    return Counter(frozenset(graph.members(i).tolist()) for i in range(len(graph)))


def weights_of(sets):
    """How often each number of shared points occurs on an edge: what does not depend on how nodes are named."""
    return Counter(len(a & b) for a, b in combinations(sets.elements(), 2) if a & b)


def agree(graph, theirs):
    assert sets_of(graph) == theirs
    assert Counter(graph.weights.tolist()) == weights_of(theirs)


@pytest.mark.parametrize(("intervals", "overlap"), PARAMETERS)
@pytest.mark.parametrize("linkage", [False, True])
def test_kepler_mapper(intervals, overlap, linkage):
    km = pytest.importorskip("kmapper", reason="the oracle is kepler-mapper")
    theirs = (
        AgglomerativeClustering(None, linkage="single", distance_threshold=EPS)
        if linkage
        else DBSCAN(EPS, min_samples=LEAST)
    )
    if linkage:  # it asks the clusterer for a number of clusters, and skips boxes with fewer points
        theirs.get_params = lambda deep=True: {"min_samples": 2}
    graph = km.KeplerMapper(verbose=0).map(
        LENS.numpy(), POINTS.numpy(), clusterer=theirs, cover=km.Cover(intervals, overlap)
    )
    found = Counter(frozenset(map(int, members)) for members in graph["nodes"].values())
    clusters = partial(single_linkage, height=EPS) if linkage else DENSE
    made = ours("kepler-mapper", intervals, overlap, clusters)
    if linkage:
        cells = cover(LENS, **peer_settings("kepler-mapper", intervals, overlap))
        alone = cells.members[cells.offsets[:-1][cells.offsets.diff() == 1]].tolist()
        agree(made, found + Counter(frozenset([row]) for row in alone))
    else:
        agree(made, found)


@pytest.mark.parametrize(("intervals", "overlap"), PARAMETERS)
def test_zen_mapper(intervals, overlap):
    zen = pytest.importorskip("zen_mapper", reason="the oracle is zen-mapper")
    adapters, covers = pytest.importorskip("zen_mapper.adapters"), pytest.importorskip("zen_mapper.cover")
    # A point that is alone in its set is a node there, whatever the clusterer says.
    result = zen.mapper(
        POINTS.numpy(),
        LENS.numpy(),
        cover_scheme=covers.Width_Balanced_Cover(intervals, overlap),
        clusterer=adapters.sk_learn(DBSCAN(EPS, min_samples=LEAST)),
        dim=2 if intervals == 5 else 1,
    )
    found = Counter(frozenset(map(int, members)) for members in result.nodes if len(members) > 1)
    made = ours("zen-mapper", intervals, overlap)
    agree(made, found)
    if intervals == 5:
        assert len(list(result.nerve[2])) == len(made.triangles)


def tda_covers():
    """Its covers, if its compiled distance is right: with numba 0.68 the larger of two differences comes out wrong."""
    covers = pytest.importorskip("tdamapper.cover", reason="the oracle is tda-mapper")
    distance = importlib.import_module("tdamapper.utils.metrics").chebyshev()
    if distance(np.array([0.0, 0.0]), np.array([0.25, 0.5])) != 0.5:
        pytest.skip("tda-mapper's maximum distance is wrong with this numba")
    return covers


@pytest.mark.parametrize(("intervals", "overlap"), PARAMETERS[:2])
def test_tda_mapper(intervals, overlap):
    core, covers = pytest.importorskip("tdamapper.core", reason="the oracle is tda-mapper"), tda_covers()
    graph = core.mapper_graph(
        POINTS.numpy(),
        LENS.numpy(),
        covers.CubicalCover(n_intervals=intervals, overlap_frac=overlap, algorithm="standard"),
        DBSCAN(EPS, min_samples=1),  # its points come in another order, which border points would notice
    )
    found = Counter(frozenset(map(int, data["ids"])) for _, data in graph.nodes(data=True))
    made = ours("tda-mapper", intervals, overlap, partial(single_linkage, height=EPS))
    # It makes boxes only where the cell in the middle holds a point.
    settings = peer_settings("tda-mapper", intervals, overlap)
    middle = set(cover(LENS, settings["resolution"], 1.0, "cell").cells.tolist())
    kept = Counter(frozenset(made.members(i).tolist()) for i in range(len(made)) if int(made.cell[i]) in middle)
    assert found == kept


@pytest.mark.parametrize(("intervals", "overlap"), PARAMETERS[:1])
def test_gudhi(intervals, overlap):
    module = pytest.importorskip("gudhi.cover_complex", reason="the oracle is GUDHI, which needs networkx here")
    theirs = module.MapperComplex(
        resolutions=np.array([intervals] * 2), gains=np.array([overlap] * 2), clustering=DBSCAN(EPS, min_samples=LEAST)
    )
    theirs.fit(POINTS.numpy(), filters=LENS.numpy(), colors=LENS.numpy())
    found = Counter(frozenset(map(int, x["indices"])) for x in theirs.node_info_.values() if len(x["indices"]) > 1)
    agree(ours("gudhi", intervals, overlap), found)


def test_half_of_the_volume_is_what_tda_mapper_takes_for_itself():
    covers = tda_covers()
    theirs = covers.CubicalCover(n_intervals=6, algorithm="standard")
    sets = {frozenset(map(int, ids)) for ids in theirs.apply(LENS.numpy())}
    boxes = cover(LENS, **peer_settings("tda-mapper", 6, None, lenses=2))
    ends = boxes.offsets.tolist()
    mine = {frozenset(boxes.members[a:b].tolist()) for a, b in zip(ends[:-1], ends[1:], strict=True)}
    assert sets <= mine
    assert len(sets) >= 0.8 * len(mine)
