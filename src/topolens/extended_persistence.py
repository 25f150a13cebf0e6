"""Extended persistence: graphs go in, and every feature comes back as a finite bar."""

from typing import NamedTuple

import torch

from topolens.diagrams import Diagrams
from topolens.engines import Pairs
from topolens.engines.compiled import extended_graph_pairs
from topolens.filtrations.base import Filtration
from topolens.filtrations.lower_star import LowerStar


class ExtendedDiagrams(NamedTuple):
    """The four diagrams of extended persistence, each a batch of one diagram per graph.

    A graph is swept upwards through its sublevel sets, then downwards relative to its superlevel sets. For a
    superlevel filtration the two sweeps change direction, and "above" below reads "under".

    Args:
        ord0: Downward branches (dim 0): from a local minimum up to where it joins an older branch.
        rel1: Upward branches (dim 1): from a local maximum down to where it joins another; births above deaths.
        ext0: Components (dim 0): from the minimum to the maximum of each.
        ext1: Loops (dim 1): from the highest down to the lowest value of each; births above deaths.
    """

    ord0: Diagrams
    rel1: Diagrams
    ext0: Diagrams
    ext1: Diagrams


def extended_persistence(filtration: Filtration) -> ExtendedDiagrams:
    """Extended persistence diagrams of a batch of graphs with values on their vertices.

    Homology of growing sublevel sets, then of the whole graph relative to growing superlevel sets: each class that
    is born also dies, so components and loops get finite bars.

    Args:
        filtration: What `lower_star` returns, a batch of B graphs.

    Returns:
        Four batches of B diagrams; cells are vertices, an edge standing for its later end on the way up and for the
        earlier one on the way down. Bars of zero persistence are left out of `ord0` and `rel1`; `ext0` keeps one bar
        per component and `ext1` one per independent loop, whatever their length.

    Raises:
        TypeError: If the filtration is of another kind than `lower_star`.
        ValueError: If a vertex never enters, since then nothing could be swept back over it.

    Gradients: flow to the two vertices of each bar, of any order; which vertices these are is locally constant, and a
        choice (by row) where values tie.
    Cost: O(vertices log vertices + edges) in practice; each edge follows a path in a merge tree, which is short.
    Source: "Extending persistence using Poincaré and Lefschetz duality", 2009. The loops are paired in a merge tree
        instead of by matrix reduction.

    Example:
        >>> import topolens as tl
        >>> square = tl.lower_star(torch.tensor([0.0, 1.0, 3.0, 2.0]), torch.tensor([[0, 1, 2, 3], [1, 2, 3, 0]]))
        >>> d = tl.extended_persistence(square)
        >>> d.ext0.intervals, d.ext1.intervals          # one component and one loop, both from 0 to 3
        (tensor([[0., 3.]]), tensor([[3., 0.]]))
    """
    if not isinstance(filtration, LowerStar):
        raise TypeError(
            "extended persistence needs a graph with values on its vertices, as lower_star gives it, got "
            f"{type(filtration).__name__}"
        )
    if torch.isinf(filtration.values).any():
        vertex = int(torch.isinf(filtration.values).nonzero()[0])
        raise ValueError(
            f"every vertex must enter, but vertex {vertex} has an infinite value; leave it out or clamp it"
        )
    graphs = filtration.graphs
    found = extended_graph_pairs(filtration.values, graphs.edge_index, graphs.offsets)
    return ExtendedDiagrams(*(_diagrams(filtration, pairs) for pairs in found))


def _diagrams(filtration: LowerStar, pairs: Pairs) -> Diagrams:
    dim, batch, cells = (torch.from_numpy(x).to(filtration.values.device) for x in pairs)
    return Diagrams(filtration.at(batch[:, None], cells), dim, batch, cells, filtration.batch_size)
