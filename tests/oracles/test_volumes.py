"""Signals and volumes against GUDHI's and CubicalRipser's cubical complexes."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from bars import intervals
from topolens.filtrations import cubical
from topolens.persistence import persistence

Bars = list[list[tuple[float, float]]]
constructions = pytest.mark.parametrize("construction", ["V", "T"])


def of_gudhi(values: Tensor, construction: str) -> Bars:
    gudhi = pytest.importorskip("gudhi", reason="the oracle is GUDHI")
    key = "vertices" if construction == "V" else "top_dimensional_cells"
    complex_ = gudhi.CubicalComplex(**{key: values.double().numpy()})
    complex_.persistence(homology_coeff_field=2, min_persistence=0)
    found = [complex_.persistence_intervals_in_dimension(k) for k in range(3)]
    return [sorted(map(tuple, bars.tolist())) for bars in found]


def of_cripser(values: Tensor, construction: str) -> Bars:
    """Columns are dimension, birth, death, then the two voxels; the first axis of the array is the first coordinate."""
    cripser = pytest.importorskip("cripser", reason="the oracle is CubicalRipser")
    kernel = cripser.computePH if construction == "V" else cripser.computePH_T
    table = np.asarray(kernel(values.double().numpy(), maxdim=2))
    for dim, birth, death, *voxels in table:
        assert float(values[tuple(map(int, voxels[:3]))]) == birth
        assert death > values.max() or float(values[tuple(map(int, voxels[3:6]))]) == death
        assert dim in (0, 1, 2)
    table[table[:, 2] > float(values.max()), 2] = math.inf
    alive = table[table[:, 1] < table[:, 2]]
    return [sorted(map(tuple, alive[alive[:, 0] == k, 1:3].tolist())) for k in range(3)]


def ours(values: Tensor, construction: str) -> Bars:
    d = persistence(cubical(values[None], construction=construction, axes=values.ndim), max_dim=2)
    return [intervals(d, k) for k in range(3)]


def random_grids(count: int, sides: int, seed: int) -> list[Tensor]:
    """Unequal sides from 1 on, from two levels to all values different."""
    generator = torch.Generator().manual_seed(seed)
    most = {1: 40, 3: 8}[sides]
    grids = []
    for _ in range(count):
        shape = torch.randint(1, most + 1, (sides,), generator=generator).tolist()
        levels = [2, 3, 7, 10**6][int(torch.randint(4, (1,), generator=generator))]
        grids.append(torch.randint(levels, shape, generator=generator).double())
    return grids


@constructions
@pytest.mark.parametrize("sides", [1, 3])
def test_random_grids_against_gudhi(construction: str, sides: int) -> None:
    for values in random_grids(600, sides, seed=sides):
        assert ours(values, construction) == of_gudhi(values, construction)


@constructions
def test_random_volumes_against_cripser(construction: str) -> None:
    for values in random_grids(300, 3, seed=7):
        assert ours(values, construction) == of_cripser(values, construction)


@constructions
@pytest.mark.parametrize("smooth", [True, False])
def test_larger_volumes(construction: str, smooth: bool) -> None:
    ndimage = pytest.importorskip("scipy.ndimage")
    noise = np.random.default_rng(0).standard_normal((24, 30, 27))
    values = torch.from_numpy(ndimage.gaussian_filter(noise, 2) if smooth else noise)
    found = ours(values, construction)
    assert found == of_gudhi(values, construction)
    assert found == of_cripser(values, construction)
    assert min(map(len, found)) > 5


@constructions
@pytest.mark.parametrize("name", ["ramp", "waves", "wires", "binary", "distances"])
def test_structured_volumes(construction: str, name: str) -> None:
    """Flat steps, symmetric saddles, long loops, many ties."""
    z, y, x = np.indices((20, 36, 35)).astype(float)
    noise = np.random.default_rng(1).random(z.shape)
    values = {
        "ramp": z + y // 2,
        "waves": np.sin(z / 2) * np.sin(y / 3) + np.sin(x / 2),
        "wires": np.minimum(abs(z % 8 - 4) + abs(y % 8 - 4), abs(y % 8 - 4) + abs(x % 8 - 4)) + 1e-3 * noise,
        "binary": (noise < 0.3).astype(float),
        "distances": abs(np.sqrt((z - 9) ** 2 + (y - 15) ** 2 + (x - 20) ** 2) - 6).round(),
    }[name]
    assert ours(torch.from_numpy(values), construction) == of_gudhi(torch.from_numpy(values), construction)


@constructions
def test_frames_against_padding(construction: str) -> None:
    for values in random_grids(100, 3, seed=9):
        for frame in (-1.0, 1.0, 2.0**21):
            f = cubical(values[None], construction=construction, axes=3, frame=frame)
            d = persistence(f, max_dim=2)
            padded = torch.nn.functional.pad(values, (1,) * 6, value=frame)
            assert [intervals(d, k) for k in range(3)] == of_gudhi(padded, construction)
