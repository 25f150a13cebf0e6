"""
Compiled kernels: flat arrays in, integers out. Use the Python rooms, not this module.
"""

from typing import Annotated, overload

import numpy
from numpy.typing import NDArray


@overload
def rips_pairs(values: Annotated[NDArray[numpy.float32], dict(shape=(None, None), order='C', device='cpu', writable=False)], n: int, max_dim: int, field: int, max_scale: float, threads: int) -> tuple: ...

@overload
def rips_pairs(values: Annotated[NDArray[numpy.float64], dict(shape=(None, None), order='C', device='cpu', writable=False)], n: int, max_dim: int, field: int, max_scale: float, threads: int) -> tuple:
    """
    Pairs (dim, batch, birth cell, death cell) of Rips filtrations given by cell values (B, C).
    """

@overload
def rips_pairs_sparse(vertices: Annotated[NDArray[numpy.float32], dict(shape=(None,), order='C', device='cpu', writable=False)], ends: Annotated[NDArray[numpy.int64], dict(shape=(None, None), order='C', device='cpu', writable=False)], values: Annotated[NDArray[numpy.float32], dict(shape=(None,), order='C', device='cpu', writable=False)], max_dim: int, field: int, threads: int) -> tuple: ...

@overload
def rips_pairs_sparse(vertices: Annotated[NDArray[numpy.float64], dict(shape=(None,), order='C', device='cpu', writable=False)], ends: Annotated[NDArray[numpy.int64], dict(shape=(None, None), order='C', device='cpu', writable=False)], values: Annotated[NDArray[numpy.float64], dict(shape=(None,), order='C', device='cpu', writable=False)], max_dim: int, field: int, threads: int) -> tuple:
    """
    Pairs (dim, batch, birth cell, death cell) of one flag complex given by vertex values (n,) and edges: ends (E, 2), values (E,). Edge e is cell n + e.
    """

@overload
def rips_cost(values: Annotated[NDArray[numpy.float32], dict(shape=(None,), order='C', device='cpu', writable=False)], n: int, max_dim: int, scales: Annotated[NDArray[numpy.float64], dict(shape=(None,), order='C', device='cpu', writable=False)]) -> tuple[NDArray[numpy.float64], NDArray[numpy.float64], NDArray[numpy.float64], NDArray[numpy.float64], NDArray[numpy.float64]]: ...

@overload
def rips_cost(values: Annotated[NDArray[numpy.float64], dict(shape=(None,), order='C', device='cpu', writable=False)], n: int, max_dim: int, scales: Annotated[NDArray[numpy.float64], dict(shape=(None,), order='C', device='cpu', writable=False)]) -> tuple[NDArray[numpy.float64], NDArray[numpy.float64], NDArray[numpy.float64], NDArray[numpy.float64], NDArray[numpy.float64]]:
    """
    Estimates for one item at each of several scales: (simplices (S, max_dim + 2) by dimension, openers (S,), relations (S,), seconds (S,), bytes (S,)). One thread; they never fall as the scale rises.
    """

@overload
def rips_cocycles(values: Annotated[NDArray[numpy.float32], dict(shape=(None,), order='C', device='cpu', writable=False)], n: int, field: int, max_scale: float) -> tuple[NDArray[numpy.int64], NDArray[numpy.int64], NDArray[numpy.int64], NDArray[numpy.int64], NDArray[numpy.int64]]: ...

@overload
def rips_cocycles(values: Annotated[NDArray[numpy.float64], dict(shape=(None,), order='C', device='cpu', writable=False)], n: int, field: int, max_scale: float) -> tuple[NDArray[numpy.int64], NDArray[numpy.int64], NDArray[numpy.int64], NDArray[numpy.int64], NDArray[numpy.int64]]:
    """
    Degree-1 bars of one item with cocycles: (birth, death, offsets, edges, coefficients). Edge (i > j) runs from j to i.
    """

@overload
def spanning_tree(distances: Annotated[NDArray[numpy.float32], dict(shape=(None, None, None), order='C', device='cpu', writable=False)], threads: int) -> NDArray[numpy.int64]: ...

@overload
def spanning_tree(distances: Annotated[NDArray[numpy.float64], dict(shape=(None, None, None), order='C', device='cpu', writable=False)], threads: int) -> NDArray[numpy.int64]:
    """
    Minimum spanning trees (B, n - 1, 2) of symmetric matrices (B, n, n), edges in rising order.
    """

@overload
def spanning_tree_points(points: Annotated[NDArray[numpy.float32], dict(shape=(None, None, None), order='C', device='cpu', writable=False)], threads: int) -> NDArray[numpy.int64]: ...

@overload
def spanning_tree_points(points: Annotated[NDArray[numpy.float64], dict(shape=(None, None, None), order='C', device='cpu', writable=False)], threads: int) -> NDArray[numpy.int64]:
    """
    Euclidean minimum spanning trees (B, n - 1, 2) of points (B, n, d), edges in rising order.
    """

@overload
def cubical_pairs(images: Annotated[NDArray[numpy.float32], dict(shape=(None, None, None), order='C', device='cpu', writable=False)], construction: str, max_dim: int, threads: int = 1) -> tuple: ...

@overload
def cubical_pairs(images: Annotated[NDArray[numpy.float64], dict(shape=(None, None, None), order='C', device='cpu', writable=False)], construction: str, max_dim: int, threads: int = 1) -> tuple: ...

@overload
def lower_star_pairs(values: Annotated[NDArray[numpy.float32], dict(shape=(None,), order='C', device='cpu', writable=False)], edges: Annotated[NDArray[numpy.int64], dict(shape=(None, None), order='C', device='cpu', writable=False)], offsets: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)], max_dim: int, threads: int = 1) -> tuple: ...

@overload
def lower_star_pairs(values: Annotated[NDArray[numpy.float64], dict(shape=(None,), order='C', device='cpu', writable=False)], edges: Annotated[NDArray[numpy.int64], dict(shape=(None, None), order='C', device='cpu', writable=False)], offsets: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)], max_dim: int, threads: int = 1) -> tuple: ...

@overload
def witness_edges(distances: Annotated[NDArray[numpy.float32], dict(shape=(None, None), order='C', device='cpu', writable=False)], slack: Annotated[NDArray[numpy.float32], dict(shape=(None,), order='C', device='cpu', writable=False)], threads: int = 1) -> NDArray[numpy.int64]: ...

@overload
def witness_edges(distances: Annotated[NDArray[numpy.float64], dict(shape=(None, None), order='C', device='cpu', writable=False)], slack: Annotated[NDArray[numpy.float64], dict(shape=(None,), order='C', device='cpu', writable=False)], threads: int = 1) -> NDArray[numpy.int64]: ...

@overload
def kth_neighbour(points: Annotated[NDArray[numpy.float32], dict(shape=(None, None), order='C', device='cpu', writable=False)], k: int, threads: int = 1) -> NDArray[numpy.float32]: ...

@overload
def kth_neighbour(points: Annotated[NDArray[numpy.float64], dict(shape=(None, None), order='C', device='cpu', writable=False)], k: int, threads: int = 1) -> NDArray[numpy.float64]: ...

@overload
def maxmin(points: Annotated[NDArray[numpy.float32], dict(shape=(None, None), order='C', device='cpu', writable=False)], count: int, start: int = 0, threads: int = 1) -> NDArray[numpy.int64]: ...

@overload
def maxmin(points: Annotated[NDArray[numpy.float64], dict(shape=(None, None), order='C', device='cpu', writable=False)], count: int, start: int = 0, threads: int = 1) -> NDArray[numpy.int64]: ...

@overload
def cell_clusters(points: Annotated[NDArray[numpy.float32], dict(shape=(None, None), order='C', device='cpu', writable=False)], members: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)], offsets: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)], bins: int = 10, threads: int = 1) -> NDArray[numpy.int64]: ...

@overload
def cell_clusters(points: Annotated[NDArray[numpy.float64], dict(shape=(None, None), order='C', device='cpu', writable=False)], members: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)], offsets: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)], bins: int = 10, threads: int = 1) -> NDArray[numpy.int64]: ...

def reduce_boundary(offsets: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)], rows: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)], coefficients: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)], dims: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)], field: int = 2) -> NDArray[numpy.int64]: ...
