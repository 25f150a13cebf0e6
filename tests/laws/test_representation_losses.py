"""Laws of the losses of representations: textbook trees, motions, scales, order of the points, batch = one by one."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from topolens.engines.boruvka import spanning_tree
from topolens.losses import connectivity, rtd, topological_autoencoder, topological_densification
from topolens.losses.clouds import distances, trees

SEEDS = st.integers(0, 10_000)


def clouds(seed: int, batch: int = 1, ties: bool = False) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    n = 2 + seed % 9
    x = torch.randn(batch, n, 3, generator=generator, dtype=torch.float64)
    z = torch.randn(batch, n, 2, generator=generator, dtype=torch.float64)
    return (x.round(), z.round()) if ties else (x, z)


def tree(d: np.ndarray) -> list[tuple[int, int]]:
    """Kruskal's algorithm as in the books, edges ordered by (length, number)."""
    n, parent, chosen = len(d), list(range(len(d))), []
    edges = [(i, j) for i in range(n) for j in range(i)]
    for i, j in sorted(edges, key=lambda e: (d[e], e[0] * (e[0] - 1) // 2 + e[1])):
        a, b = parent[i], parent[j]
        if a != b:
            parent = [a if p == b else p for p in parent]
            chosen.append((i, j))
    return chosen


def pairwise(x: Tensor, norm: float = 2) -> np.ndarray:
    return np.array([[float((a - b).norm(p=norm)) for b in x] for a in x])


@given(SEEDS, st.booleans())
@settings(max_examples=40, deadline=None)
def test_topological_autoencoder_is_that_of_textbook_trees(seed: int, ties: bool) -> None:
    x, z = (cloud[0] for cloud in clouds(seed, ties=ties))
    a, b = pairwise(x), pairwise(z)
    a, b = a / (a.max() or 1), b / 1.7
    wanted = sum((a[e] - b[e]) ** 2 for e in tree(a)) + sum((a[e] - b[e]) ** 2 for e in tree(b))
    assert float(topological_autoencoder(x, z, 1.7)) == pytest.approx(wanted / len(x), abs=1e-12)


@given(SEEDS, st.booleans())
@settings(max_examples=40, deadline=None)
def test_the_engines_trees_are_those_of_other_devices(seed: int, ties: bool) -> None:
    """Same edges with the same ties; with points that coincide the engine has too few bars, and hands over."""
    x, _ = clouds(seed, 3, ties)
    _, i, j = trees(x)
    found = [set(zip(*ends, strict=True)) for ends in zip(i.tolist(), j.tolist(), strict=True)]
    other = spanning_tree(distances(x))[0]
    assert found == [{tuple(edge) for edge in item} for item in other.tolist()]
    assert found == [set(tree(pairwise(cloud))) for cloud in x]


@given(SEEDS, st.sampled_from([1.0, 2.0, 3.0, float("inf")]))
@settings(max_examples=40, deadline=None)
def test_connectivity_is_that_of_textbook_trees(seed: int, norm: float) -> None:
    z = clouds(seed)[0][0]
    d = pairwise(z, norm)
    wanted = sum(abs(d[e] - 0.9) for e in tree(d))
    assert float(connectivity(z, 0.9, norm=norm)) == pytest.approx(wanted)
    assert float(topological_densification(z, torch.zeros(len(z)).long(), 0.9, norm=norm)) == pytest.approx(wanted)


@given(SEEDS, st.booleans())
@settings(max_examples=25, deadline=None)
def test_a_batch_is_its_clouds_one_by_one(seed: int, ties: bool) -> None:
    x, z = clouds(seed, 3, ties)
    for loss in (
        lambda x, z: topological_autoencoder(x, z, 2.0, normalise_latent="max", squared=False, reduction="none"),
        lambda x, z: topological_autoencoder(x, z, normalise="cube", terms="latent", reduction="none"),
        lambda x, z: rtd(x, z, reduction="none", card=3),
        lambda x, z: connectivity(z, branches=2, reduction="none"),
    ):
        together = loss(x, z)
        torch.testing.assert_close(together, torch.cat([loss(x[i], z[i]) for i in range(3)]), rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(topological_autoencoder(x, z), topological_autoencoder(x, z, reduction="none").mean())


@given(SEEDS)
@settings(max_examples=25, deadline=None)
def test_motions_and_scales(seed: int) -> None:
    """Translations and rotations change nothing; a common scale comes out; that of the data goes with "max"."""
    x, z = clouds(seed)
    turn = torch.linalg.qr(torch.randn(3, 3, generator=torch.Generator().manual_seed(seed)).double()).Q
    close = {"rtol": 1e-9, "atol": 1e-12}
    for loss in (topological_autoencoder, rtd):
        value = loss(x, z)
        torch.testing.assert_close(loss(x @ turn + 5, z - 7), value, **close)
        torch.testing.assert_close(loss(3 * x, z), value, **close)
        torch.testing.assert_close(loss(x, 3 * z, 3.0), value, **close)
    plain = topological_autoencoder(x, z, normalise=None)
    torch.testing.assert_close(topological_autoencoder(2 * x, 2 * z, normalise=None), 4 * plain, **close)
    torch.testing.assert_close(rtd(2 * x, 2 * z, normalise=None), 2 * rtd(x, z, normalise=None), **close)
    torch.testing.assert_close(connectivity(2 * z, 1.0), 2 * connectivity(z, 0.5), **close)


@given(SEEDS)
@settings(max_examples=25, deadline=None)
def test_equal_clouds_cost_nothing_and_others_are_symmetric(seed: int) -> None:
    x, z = clouds(seed)
    assert float(topological_autoencoder(x, 3 * x, 3.0, normalise=None)) == pytest.approx(0, abs=1e-25)
    assert float(rtd(x, x, normalise=None)) == 0
    for loss in (topological_autoencoder, rtd):
        torch.testing.assert_close(loss(x, z, normalise=None), loss(z, x, normalise=None), rtol=1e-12, atol=0)
        assert float(loss(x, z)) >= 0


@given(SEEDS)
@settings(max_examples=25, deadline=None)
def test_the_order_of_the_points_is_no_matter(seed: int) -> None:
    x, z = clouds(seed)
    order = torch.randperm(x.shape[1], generator=torch.Generator().manual_seed(seed))
    for loss in (topological_autoencoder, rtd):
        torch.testing.assert_close(loss(x[:, order], z[:, order]), loss(x, z), rtol=1e-9, atol=1e-12)
    labels = torch.arange(x.shape[1]) % 3
    value = topological_densification(x[0], labels, 1.0, reduction="none")
    mixed = topological_densification(x[0, order], labels[order], 1.0, reduction="none")
    torch.testing.assert_close(mixed, value, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("seed", range(12))
def test_one_way_divergence_to_a_point_is_the_length_of_the_tree(seed: int) -> None:
    """Where all latent points fall together, what lives is the data's components: the bars of its tree."""
    x, z = clouds(seed)
    d = pairwise(x[0])
    total = rtd(x, 0 * z, symmetric=False, card=None, normalise=None)
    assert float(total) == pytest.approx(sum(d[e] for e in tree(d)))


@pytest.mark.parametrize("seed", range(6))
def test_divergence_is_that_of_an_explicit_complex(seed: int) -> None:
    """Bars of dimension 1 by reducing the whole boundary matrix over Z/2, for n up to 5."""
    x, z = (cloud[0, :5] for cloud in clouds(3 + seed))
    a, b = pairwise(x), pairwise(z)
    low = np.minimum(a, b)
    m = np.block([[np.zeros_like(a), a], [a, low]])
    assert float(rtd(x, z, symmetric=False, card=None, normalise=None)) == pytest.approx(bars_of_dim_1(m), abs=1e-9)


def bars_of_dim_1(m: np.ndarray) -> float:
    """Sum of the lengths of all bars of dimension 1 of a Rips filtration."""
    cells = [c for k in (1, 2, 3) for c in itertools.combinations(range(len(m)), k)]
    value = {c: max((m[i, j] for i, j in itertools.combinations(c, 2)), default=0) for c in cells}
    cells.sort(key=lambda c: (value[c], len(c), c))
    place = {c: p for p, c in enumerate(cells)}
    columns: dict[int, set[int]] = {}
    total = 0.0
    for c in cells:
        column = {place[f] for f in itertools.combinations(c, len(c) - 1)} if len(c) > 1 else set()
        while column and max(column) in columns:
            column = column ^ columns[max(column)]
        if column:
            columns[max(column)] = column
            if len(c) == 3:
                total += value[c] - value[cells[max(column)]]
    return total
