"""Explicit flag complexes, for the reference engine."""

from itertools import combinations

import numpy as np

from topolens.engines import Complex


def flag_complex(values: np.ndarray, n: int, max_dim: int, max_scale: float) -> Complex:
    """All simplices of a flag complex up to dimension max_dim + 1 whose edges lie at or below max_scale."""

    def rank(cell: int) -> tuple[float, int]:
        return float(values[cell]), cell

    dims, source = [0] * n, list(range(n))
    boundary: list[list[tuple[int, int]]] = [[] for _ in range(n)]
    position: dict[tuple[int, ...], int] = {(v,): v for v in range(n)}
    for dim in range(1, max_dim + 2):
        for simplex in combinations(range(n), dim + 1):
            latest = max((n + b * (b - 1) // 2 + a for a, b in combinations(simplex, 2)), key=rank)
            if values[latest] > max_scale or np.isinf(values[latest]):
                continue
            faces = [simplex[:k] + simplex[k + 1 :] for k in range(dim + 1)]
            boundary.append([(position[face], (-1) ** k) for k, face in enumerate(faces)])
            position[simplex] = len(source)
            dims.append(dim)
            source.append(latest)
    return Complex(dims, source, boundary, values)
