"""Layers on graphs against scipy and gudhi, and the figures of extended persistence on MUTAG."""

from pathlib import Path

import gudhi
import numpy as np
import pytest
import torch
from scipy.linalg import expm
from scipy.sparse.csgraph import laplacian

import topolens as tl
from graph_layers import random_graphs
from topolens.layers import heat_kernel_signature, laplacian_spectrum, lower_stars, vertex_intervals


def test_signature_is_the_diagonal_of_the_heat_kernel() -> None:
    sizes = [1, 9, 30, 4]
    _, edges, batch = random_graphs(sizes)
    times = torch.tensor([0.1, 1.0, 10.0], dtype=torch.float64)
    found = heat_kernel_signature(laplacian_spectrum(edges, batch, dtype=torch.float64), times)
    for item, n in enumerate(sizes):
        own, first = batch == item, sum(sizes[:item])
        adjacency = np.zeros((n, n))
        adjacency[tuple((edges[:, own[edges[0]]] - first).numpy())] = 1
        matrix = laplacian(adjacency, normed=True)
        expected = np.stack([np.diag(expm(-t * matrix)) for t in times.tolist()], 1)
        assert np.allclose(found[own], expected, atol=1e-12)


def test_vertex_intervals_are_those_of_gudhi() -> None:
    values, edges, _ = random_graphs([40], degree=5)
    bars = vertex_intervals(values, edges)
    for k in range(values.shape[1]):
        heights = values[:, k].numpy()
        tree = gudhi.SimplexTree()
        tree.insert_batch(np.arange(40)[None], heights)
        tree.insert_batch(edges.numpy(), heights[edges.numpy()].max(0))
        tree.compute_persistence(persistence_dim_max=True)
        merged = bars.components[:, k][~bars.essential[:, k]].numpy()
        merged = merged[merged[:, 0] < merged[:, 1]]
        expected = tree.persistence_intervals_in_dimension(0)
        assert np.allclose(sorted(merged.tolist()), sorted(expected[np.isfinite(expected[:, 1])].tolist()))
        loops = np.repeat(heights, bars.counts[:, k].long().numpy())
        assert np.allclose(sorted(loops), sorted(tree.persistence_intervals_in_dimension(1)[:, 0]))


def gudhi_totals(values: np.ndarray, edges: np.ndarray) -> list[float]:
    """Total persistence of the four kinds of extended bars of one graph."""
    tree = gudhi.SimplexTree()
    tree.insert_batch(np.arange(len(values))[None], values)
    tree.insert_batch(edges, values[edges].max(0))
    tree.extend_filtration()
    return [sum(abs(birth - death) for _, (birth, death) in kind) for kind in tree.extended_persistence()]


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("time", "expected"),
    [(10.0, (95.1532, 24.3021, 28.5221, 23.1725)), (0.1, (1.3673, 0.3905, 0.3797, 0.3081))],
)
def test_mutag(time: float, expected: tuple[float, ...], data_folder: Path) -> None:
    """Total persistence of Ord0, Rel1, Ext0 and Ext1 over all 188 graphs."""
    with np.load(data_folder / "graphs_tu.npz") as data:
        sizes, counts = (torch.from_numpy(data[f"MUTAG__num_{of}"]).long() for of in ("nodes", "edges"))
        local = torch.from_numpy(data["MUTAG__edges"]).long()
    edges = (local + (sizes.cumsum(0) - sizes).repeat_interleave(counts)[:, None]).T
    batch = torch.arange(len(sizes)).repeat_interleave(sizes)
    spectrum = laplacian_spectrum(edges, batch, dtype=torch.float64)
    values = heat_kernel_signature(spectrum, torch.tensor([time], dtype=torch.float64))
    found = tl.extended_persistence(lower_stars(values, edges, batch))
    totals = [float(d.persistence.sum()) for d in found]
    ends = [part.T.numpy() for part in local.split(counts.tolist())]
    parts = [part.numpy() for part in values[:, 0].split(sizes.tolist())]
    assert totals == pytest.approx(np.sum([gudhi_totals(*one) for one in zip(parts, ends, strict=True)], 0), abs=1e-9)
    assert totals == pytest.approx(expected, abs=1e-4)
    assert (len(found.ext0), len(found.ext1)) == (188, 538)
