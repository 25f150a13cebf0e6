"""Many small graphs as one batch."""

import torch

from topolens.filtrations import LowerStar, lower_star

Graph = tuple[list[float], list[tuple[int, int]]]  # vertex values, edges


def packed(graphs: list[Graph], superlevel: bool = False) -> LowerStar:
    """One filtration, item by item."""
    values: list[float] = []
    edges: list[tuple[int, int]] = []
    batch: list[int] = []
    for item, (own, ends) in enumerate(graphs):
        edges += [(a + len(values), b + len(values)) for a, b in ends]
        values += own
        batch += [item] * len(own)
    ends_of_all = torch.tensor(edges, dtype=torch.int64).reshape(-1, 2).T
    return lower_star(
        torch.tensor(values, dtype=torch.float64), ends_of_all, torch.tensor(batch), superlevel=superlevel
    )
