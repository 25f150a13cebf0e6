"""The compiled core refuses what it cannot take, with an error and never with a crash, and keeps no memory."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from topolens import _core
from topolens.filtrations import cubical, rips
from topolens.persistence import persistence

ACCEPTED = (ValueError, TypeError, OverflowError, MemoryError, IndexError)
ODD_INTEGERS = (-1, 0, 1, 2, 3, 7, 65536, 2**31 - 1, 2**31, 2**32, 2**62, -(2**63), 2**63 - 1)
ODD_FLOATS = (float("nan"), float("inf"), -float("inf"), -1.0, 0.0, 1e-300, 1e308)
ODD_TYPES = ("f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "?", "c8", "f2")


def square(rng: np.random.Generator, n: int) -> np.ndarray:
    x = rng.integers(0, 5, (2, n, n)).astype("f4")
    return np.ascontiguousarray(np.tril(x, -1) + np.tril(x, -1).transpose(0, 2, 1))


def pixels(rng: np.random.Generator, axes: int) -> np.ndarray:
    return rng.integers(0, 4, (2, *rng.integers(0, 6, axes))).astype("f4")


def masks(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    return tuple(rng.integers(0, 2, (2, 2, 1 + n % 2, n, n + 1)).astype(np.uint8))


def triangle(rng: np.random.Generator, n: int) -> np.ndarray:
    return np.concatenate([np.zeros(n), rng.integers(0, 5, n * (n - 1) // 2)]).astype("f4")


def ends(rng: np.random.Generator, edges: int, n: int) -> np.ndarray:
    return rng.integers(0, n, (edges, 2))


def windows(n: int) -> tuple[np.ndarray, ...]:
    """Places of four entries in planes of width n + 2, two ranks and three ranges."""
    return np.array([0, 1, n + 2, 2 * n + 6]), np.array([0, 3]), np.array([0, -1, 1]), np.array([1, 1, 0])


# One valid call of every function; n points, vertices or edges.
VALID: dict[str, Callable[[np.random.Generator, int], tuple[Any, ...]]] = {
    "cell_clusters": lambda r, n: (r.random((n, 3), "f4"), r.permutation(n), np.array([0, n // 2, n]), 10, 2),
    "cell_groups": lambda r, n: (r.random((n, 3), "f4"), r.permutation(n), np.array([0, n // 2, n]), 0.5, n % 3, 2),
    "cell_merges": lambda r, n: (r.random((n, 3), "f4"), r.permutation(n), np.array([0, n]), 2),
    "cell_nearest": lambda r, n: (
        r.random((n, 3), "f4"),
        r.permutation(n),
        np.array([0, n // 2, n]),
        r.random((2, 3), "f4"),
        np.array([0, 1]),
        np.array([0, 1, 2]),
        2,
    ),
    "components_of_distances": lambda r, n: (square(r, n), np.inf, 2),
    "components_of_points": lambda r, n: (r.random((2, n, 3), "f4"), 0.5, 2),
    "components_of_trees": lambda r, n: (
        np.stack([np.arange(n), np.arange(1, n + 1)], 1)[None],
        r.random((1, n), "f4"),
        np.inf,
        1,
    ),
    "cubical_pairs": lambda r, n: (pixels(r, 2), "VT"[n % 2], bool(n % 3), 1, 2),
    "cut_merges": lambda r, n: (
        r.random(2),
        np.array([0, 1]),
        np.array([1, 2]),
        np.array([0, 3]),
        np.array([0.5]),
    ),
    "edge_lengths": lambda r, n: (r.random((2, n, 3), "f4"), *(r.integers(0, k, 4) for k in (2, n, n))),
    "edge_weighted_pairs": lambda r, n: (
        np.zeros(n, "f4"),
        r.random(n, "f4"),
        ends(r, n, n).T.copy(),
        np.array([0, n]),
        1,
    ),
    "extended_graph_pairs": lambda r, n: (r.random(n, "f4"), ends(r, n, n).T.copy(), np.array([0, n]), 2),
    "homotopy_warp": lambda r, n: (*masks(r, n), n % 3 == 0, 2),
    "image_pairs": lambda r, n: ((x := pixels(r, 2)) + 1, x, "VT"[n % 2], 1, 2),
    "kth_neighbour": lambda r, n: (r.random((n + 1, 3), "f4"), 1, 2),
    "kth_neighbour_of": lambda r, n: (r.random((n + 1, 3), "f4"), 1, r.integers(0, n + 1, 3), 2),
    "lower_star_critical": lambda r, n: (
        r.random(n, "f4"),
        ends(r, n, n),
        r.integers(0, n, 3),
        r.random(3, "f4"),
        r.random(3, "f4"),
    ),
    "lower_star_pairs": lambda r, n: (r.random(n, "f4"), ends(r, n, n).T.copy(), np.array([0, n]), 1, 2),
    "matched_bars": lambda r, n: ((x := pixels(r, 2)) + 1, x + 2, x, "VT"[n % 2], 1, 2),
    "matched_volume_bars": lambda r, n: ((x := pixels(r, 3)) + 1, x + 2, x, "VT"[n % 2], 2, 2),
    "matrix_faults": lambda r, n: (square(r, n), 2),
    "maxmin": lambda r, n: (r.random((n + 1, 3), "f4"), 2, 0, 1),
    "rank_ranges": lambda r, n: (
        r.random((2, 1, 3, n + 2), "f4"),
        (1, 1, n),
        (1, 1, 1),
        *windows(n),
        bool(n % 2),
        n % 3 == 0,
        2,
    ),
    "rank_ranges_gather": lambda r, n: (
        r.random((2, 1, 3, n + 2), "f4"),
        r.integers(0, 4, (2, 2, 1, 1, n)).astype(np.uint8),
        r.random((2, 1, 3, n + 2), "f4") if n % 2 else None,
        (1, 1, 1),
        *windows(n),
        2,
    ),
    "rank_ranges_scatter": lambda r, n: (
        r.random((2, 3, 1, 1, n), "f4"),
        r.integers(0, 4, (2, 2, 1, 1, n)).astype(np.uint8),
        (1, 3, n + 2),
        r.random((2, 1, 3, n + 2), "f4") if n % 2 else None,
        (1, 1, 1),
        *windows(n),
        2,
    ),
    "refined_layout": lambda r, n: (
        r.random((2, 2)),
        np.array([0, 1, 2]),
        np.array([1, 0]),
        r.random(2),
        1.0,
        n,
        1.0,
        bool(n % 2),
        2,
    ),
    "reduce_boundary": lambda r, n: (
        np.array([0, 0, 0, 2]),
        np.array([0, 1]),
        np.array([1, 1]),
        np.array([0, 0, 1]),
        2,
    ),
    "rips_cocycles": lambda r, n: (triangle(r, n), n, 3, np.inf),
    "rips_cost": lambda r, n: (triangle(r, n), n, 1, np.array([1.0, 2.0])),
    "rips_critical": lambda r, n: (triangle(r, n), n, r.integers(0, n, 3), r.random(3, "f4")),
    "rips_pairs": lambda r, n: (triangle(r, n)[None], n, int(r.integers(0, 4)), 2, np.inf, 2),
    "rips_pairs_sparse": lambda r, n: (
        np.zeros(n, "f4"),
        np.stack([np.arange(1, n), np.arange(n - 1)], 1),
        r.random(n - 1, "f4"),
        2,
        2,
        1,
    ),
    "signal_pairs": lambda r, n: (pixels(r, 1), 2),
    "simple_points": lambda r, n: (masks(r, n)[0], n % 3 == 0, 2),
    "spanning_tree": lambda r, n: (square(r, n), 2),
    "spanning_tree_points": lambda r, n: (r.random((2, n, 3), "f4"), 2),
    "values_of_distances": lambda r, n: (square(r, n), 2),
    "values_of_points": lambda r, n: (r.random((2, n, 3), "f4"), 2),
    "volume_image_pairs": lambda r, n: ((x := pixels(r, 3)) + 1, x, "VT"[n % 2], 2, 2),
    "volume_pairs": lambda r, n: (pixels(r, 3), "VT"[n % 2], 2, 2),
    "witness_edges": lambda r, n: (r.random((4, n), "f4"), r.random(n, "f4"), 2),
    "wrong_regions": lambda r, n: (*(x[:, :1].copy() for x in masks(r, n)), n % 3 == 0, 2),
}


def mutated_array(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    kind = rng.integers(0, 7)
    if kind == 0:
        return x.astype(rng.choice(ODD_TYPES))
    if kind == 1:
        return x.reshape(-1) if rng.integers(2) else x[None]
    if kind == 2:
        return x[..., ::-1] if x.ndim else x
    if kind == 3:
        return np.ascontiguousarray(x[: rng.integers(0, len(x) + 1)]) if x.ndim else x
    if kind == 4:
        return np.zeros(tuple(rng.integers(0, 4, rng.integers(0, 6))), x.dtype)
    out = x.copy()
    if out.size and out.dtype.kind + str(out.dtype.itemsize) in ("i8", "f4", "f8"):
        place = rng.integers(0, out.size, rng.integers(1, 3))
        odd = np.array(ODD_INTEGERS if out.dtype.kind == "i" else ODD_FLOATS)
        with np.errstate(over="ignore"):
            out.reshape(-1)[place] = rng.choice(odd, len(place)).astype(out.dtype)
    return out


def mutated(x: Any, rng: np.random.Generator) -> Any:
    if isinstance(x, np.ndarray):
        return mutated_array(x, rng)
    if isinstance(x, bool | str):
        return [None, "", "v", 3][rng.integers(0, 4)]
    odd = ODD_FLOATS if isinstance(x, float) else ODD_INTEGERS
    return odd[rng.integers(0, len(odd))]


def fuzz(rounds: int) -> None:
    """Near-valid calls; prints each before it is made, so that the last line names a crash."""
    for name, valid in VALID.items():
        for seed in range(rounds):
            rng = np.random.default_rng(seed)
            arguments = list(valid(rng, int(rng.integers(1, 8))))
            for _ in range(seed % 3):
                k = rng.integers(0, len(arguments))
                arguments[k] = mutated(arguments[k], rng)
            print(name, seed, flush=True)
            try:
                getattr(_core, name)(*arguments)
            except ACCEPTED as error:
                if not str(error) or seed % 3 == 0:
                    raise RuntimeError(f"{name} refuses a valid call, or says nothing") from error


def grow(calls: int) -> None:
    """Prints by how many MB the process grows over many calls, after a tenth of them."""

    def resident() -> float:
        return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6

    torch.set_num_threads(1)
    before = 0.0
    image, cloud = torch.rand(2, 8, 9), torch.rand(2, 12, 2)
    for k in range(calls):
        for source, build in ((image, cubical), (cloud, rips)):
            x = source.clone().requires_grad_()
            persistence(build(x)).finite().persistence.sum().backward()
        if k == calls // 10:
            before = resident()
    print(resident() - before)


def child(code: str) -> subprocess.CompletedProcess[str]:
    """Runs a function of this file in a fresh process."""
    start = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); import test_bindings as t; {code}"
    return subprocess.run([sys.executable, "-c", start], capture_output=True, text=True, timeout=300, check=False)


def test_every_function_has_a_valid_call() -> None:
    assert sorted(VALID) == sorted(name for name in dir(_core) if not name.startswith("_"))


def test_no_call_crashes() -> None:
    done = child("t.fuzz(300)")
    assert done.returncode == 0, f"{done.stdout.splitlines()[-1:]} {done.stderr[-2000:]}"


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is read from /proc")
def test_ten_thousand_calls_keep_no_memory() -> None:
    done = child("t.grow(10_000)")
    assert done.returncode == 0, done.stderr[-2000:]
    assert float(done.stdout) < 8.0


def test_limits_stand_in_the_message() -> None:
    with pytest.raises(ValueError, match="at most 65,535 vertices, got 65536"):
        _core.rips_pairs(np.zeros((0, 65536 + 65536 * 65535 // 2), "f4"), 65536, 1, 2, 1.0, 1)
    with pytest.raises((ValueError, OverflowError), match=r"2\^31"):
        _core.cubical_pairs(np.zeros((0, 1 << 16, 1 << 16), "f4"), "V", False, 1, 1)
    with pytest.raises((ValueError, OverflowError), match=r"2\^31"):
        _core.volume_pairs(np.zeros((0, 1 << 11, 1 << 11, 1 << 11), "f4"), "V", 2, 1)
    with pytest.raises((ValueError, OverflowError), match="vertices|simpl"):
        _core.rips_pairs(np.zeros((0, 20_000 + 20_000 * 19_999 // 2), "f4"), 20_000, 9, 2, 1.0, 1)
