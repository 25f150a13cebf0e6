"""Published bars and counts: Ripser's and GUDHI's own examples, and graphs with known Betti numbers."""

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from bars import reference
from topolens.diagrams import Diagrams
from topolens.engines import Complex
from topolens.engines.reference import reference_pairs
from topolens.extended_persistence import extended_persistence
from topolens.filtrations import cubical, lower_star, rips
from topolens.persistence import persistence

pytestmark = pytest.mark.real_data


@pytest.fixture(scope="module")
def clouds(data_folder: Path) -> dict[str, np.ndarray]:
    with np.load(data_folder / "pointcloud_oracles.npz") as stored:
        return dict(stored)


def distances(lower: np.ndarray) -> torch.Tensor:
    """Distances (1, n, n) from the lower triangle row by row."""
    n = int((1 + np.sqrt(1 + 8 * len(lower))) / 2)
    square = np.zeros((1, n, n), dtype=np.float32)
    rows, columns = np.tril_indices(n, -1)
    square[:, rows, columns] = lower
    return torch.from_numpy(square + square.swapaxes(1, 2))


def sorted_bars(bars: np.ndarray) -> np.ndarray:
    return bars[np.lexsort(bars.astype(np.float64).T)]


def agrees(d: Diagrams, stored: dict[str, np.ndarray], name: str, max_dim: int) -> None:
    """The bars of every dimension equal the stored ones (which ripser.py rounds to float32)."""
    for k in range(max_dim + 1):
        expected = stored[f"{name}_H{k}"]
        found = d.of_dim(k).intervals.float().numpy()
        assert found.shape == expected.shape
        assert_allclose(sorted_bars(found), sorted_bars(expected), atol=2e-7)


@pytest.mark.parametrize(
    ("name", "field", "max_dim"),
    [
        ("projective_plane13", 2, 2),
        ("projective_plane13", 3, 2),
        ("random16", 2, 3),
        ("random20", 2, 3),
        ("sphere_3_192", 2, 1),
        ("rp2_600", 2, 1),
        ("rp2_600", 3, 1),
    ],
)
def test_ripsers_examples(clouds: dict[str, np.ndarray], name: str, field: int, max_dim: int) -> None:
    f = rips(distances=distances(clouds[f"{name}__lower"]))
    agrees(persistence(f, max_dim=max_dim, field=field), clouds, f"{name}__F{field}", max_dim)


def test_projective_plane_cell_by_cell(clouds: dict[str, np.ndarray]) -> None:
    f = rips(distances=distances(clouds["projective_plane13__lower"]))
    for field in (2, 3):
        found, expected = f.pairs(2, field), reference(f, 2, field)
        assert np.array_equal(found.cells, expected.cells)


def test_cyclo_octane(clouds: dict[str, np.ndarray]) -> None:
    points = torch.from_numpy(clouds["cyclo_octane__points_e4"][clouds["cyclo_octane__landmarks"]] / 1e4)
    agrees(persistence(rips(points[None]), max_dim=1), clouds, "cyclo_octane_lm400__F2", 1)


def test_rotations_up_to_a_scale(clouds: dict[str, np.ndarray]) -> None:
    points = torch.from_numpy(clouds["o3_1024__points"])
    d = persistence(rips(points[None], max_scale=1.8), max_dim=1)
    agrees(d, clouds, "o3_1024_t1.8__F2", 1)


def test_gudhis_torus(clouds: dict[str, np.ndarray]) -> None:
    """GUDHI's published output for tore3D_1307, six digits; two loops and one void never die below 0.25."""
    points = torch.from_numpy(clouds["tore3D_1307__points"])
    d = persistence(rips(points[None], max_scale=0.25), max_dim=2)
    published = clouds["tore3D_1307__published_rips_r0.25"]
    for k in range(3):
        found = [tuple(float(f"{x:.6g}") for x in bar) for bar in d.of_dim(k).intervals.tolist()]
        assert sorted(found) == sorted(map(tuple, published[published[:, 0] == k, 1:].tolist()))
    assert torch.bincount(d.essential().dim).tolist() == [1, 2, 1]


@pytest.mark.parametrize(("field", "betti"), [(2, [2, 2, 1]), (3, [2, 1, 0])])
def test_gudhis_klein_bottle_and_a_point(clouds: dict[str, np.ndarray], field: int, betti: list[int]) -> None:
    """Nine vertices, explicit simplices: the oracle itself, over two fields."""
    listed = sorted(
        (tuple(v for v in row if v >= 0) for row in clouds["klein9_plus_point__simplices"].tolist()), key=len
    )
    position = {simplex: index for index, simplex in enumerate(listed)}
    boundary = [
        [(position[s[:k] + s[k + 1 :]], (-1) ** k) for k in range(len(s))] if len(s) > 1 else [] for s in listed
    ]
    cells = Complex([len(s) - 1 for s in listed], range(len(listed)), boundary, np.arange(float(len(listed))))
    found = reference_pairs([cells], 2, field)
    assert [int(((found.dim == k) & (found.cells[:, 1] < 0)).sum()) for k in range(3)] == betti


@pytest.mark.parametrize("name", ["cora", "citeseer", "pubmed"])
def test_betti_numbers_of_citation_graphs(data_folder: Path, name: str) -> None:
    with np.load(data_folder / "graphs_planetoid.npz") as stored:
        edges = torch.from_numpy(stored[f"{name}__edges"].astype(np.int64)).T
        vertices, betti = len(stored[f"{name}__labels"]), stored[f"{name}__betti"].tolist()
    essential = persistence(lower_star(torch.zeros(vertices), edges)).essential()
    assert torch.bincount(essential.dim, minlength=2).tolist() == betti


def test_topomortars_published_betti_numbers(data_folder: Path) -> None:
    """Masks as images of 0 (mortar) and 1: 8-connected foreground is construction T."""
    with np.load(data_folder / "topomortar_labels.npz") as stored:
        masks = np.unpackbits(stored["test_accurate"][::7], axis=2)
        betti = stored["test_betti"][::7]
    images = torch.from_numpy(1.0 - masks)
    # Bars alive at 0: born at 0; without persistence of 1 there is no other value.
    d = persistence(cubical(images.float(), construction="T"))
    alive = d.intervals[:, 0] == 0
    found = [[int((alive & (d.batch == item) & (d.dim == k)).sum()) for k in (0, 1)] for item in range(len(betti))]
    assert found == betti.tolist()


@pytest.mark.parametrize(
    ("time", "total"), [(10.0, [95.1531, 24.3021, 28.5221, 23.1725]), (0.1, [1.3672, 0.3905, 0.3798, 0.3083])]
)
def test_extended_persistence_of_mutag(data_folder: Path, time: float, total: list[float]) -> None:
    """Heat kernel signatures as vertex values; total persistence of Ord0, Rel1, Ext0, Ext1 by GUDHI. Symmetric vertices
    have values that are equal up to rounding, so numbers of short bars say nothing."""
    with np.load(data_folder / "graphs_tu.npz") as stored:
        sizes, counts, edges = (stored[f"MUTAG__{name}"] for name in ("num_nodes", "num_edges", "edges"))
    ends = np.split(edges.astype(np.int64), np.cumsum(counts)[:-1])
    values = np.concatenate([heat_kernel_signature(int(n), e, time) for n, e in zip(sizes, ends, strict=True)])
    first = np.repeat(np.cumsum(sizes) - sizes, counts)
    batch = torch.from_numpy(np.repeat(np.arange(len(sizes)), sizes))
    f = lower_star(torch.from_numpy(values), torch.from_numpy(edges.astype(np.int64) + first[:, None]).T, batch)
    d = extended_persistence(f)
    assert [float(kind.persistence.sum()) for kind in d] == pytest.approx(total, abs=3e-4)
    assert (len(d.ext0), len(d.ext1)) == (188, 538)


def heat_kernel_signature(vertices: int, edges: np.ndarray, time: float) -> np.ndarray:
    """hks(v) = sum over eigenpairs of the normalised Laplacian of exp(-time * eigenvalue) * eigenvector(v)^2."""
    adjacency = np.zeros((vertices, vertices))
    adjacency[edges[:, 0], edges[:, 1]] = adjacency[edges[:, 1], edges[:, 0]] = 1
    scale = 1 / np.sqrt(np.maximum(adjacency.sum(0), 1))
    eigenvalues, vectors = np.linalg.eigh(np.eye(vertices) - scale[:, None] * adjacency * scale)
    return (np.exp(-time * eigenvalues) * vectors**2).sum(1)
