"""MapperGraph: clusters of points, joined where they share points."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse
from torch import Tensor

from topolens.mapper.coverage import Coverage, coverage_of
from topolens.mapper.nerve import faces

if TYPE_CHECKING:
    import networkx


@dataclass(frozen=True, eq=False)
class MapperGraph:
    """The nerve of clustered cover sets, up to dimension 2.

    Nodes are numbered by cover set, within one by their first point. Everything follows from `membership`.

    Args:
        membership: Points by nodes, sparse boolean (n, nodes): which point lies in which cluster.
        edges: Pairs of nodes that share a point, shape (edges, 2), int64, each row rising, rows sorted.
        triangles: Triples of nodes that share a point, shape (triangles, 3), int64, likewise sorted.
        lens: Lens values of the points, shape (n, lenses).
        cell: Cover set each node came from, shape (nodes,), int64.
        settings: Parameters the graph was made with.
        fate: What became of each point, shape (n,): 0 where it was clustered, below 0 where not, for the reasons that
            `left_out` counts. None: all were clustered.

    Raises:
        ValueError: If the shapes do not fit together.

    Example:
        >>> import torch
        >>> from topolens.mapper import mapper
        >>> line = torch.tensor([[0.0], [1.0], [2.0], [3.0]])
        >>> graph = mapper(line, resolution=2, gain=2.0)
        >>> graph, graph.members(1).tolist(), graph.weights.tolist()
        (MapperGraph(points=4, nodes=2, edges=1, triangles=0), [1, 2, 3], [2])
    """

    membership: sparse.csr_array
    edges: np.ndarray
    triangles: np.ndarray
    lens: np.ndarray
    cell: np.ndarray
    settings: dict[str, Any]
    fate: np.ndarray | None = None

    def __post_init__(self) -> None:
        n, nodes = self.membership.shape
        got = (self.edges.shape[1:], self.triangles.shape[1:], self.lens.shape[:1], self.cell.shape)
        if got != ((2,), (3,), (n,), (nodes,)):
            raise ValueError(
                "edges, triangles, lens and cell need shapes (edges, 2), (triangles, 3), (n, lenses) and (nodes,), "
                f"got {self.edges.shape}, {self.triangles.shape}, {self.lens.shape} and {self.cell.shape}"
            )

    def __len__(self) -> int:
        """Number of nodes."""
        return self.membership.shape[1]

    def __repr__(self) -> str:
        return (
            f"MapperGraph(points={self.membership.shape[0]}, nodes={len(self)}, edges={len(self.edges)}, "
            f"triangles={len(self.triangles)})"
        )

    @cached_property
    def _by_node(self) -> sparse.csr_array:
        return self.membership.T.tocsr()

    @cached_property
    def sizes(self) -> np.ndarray:
        """Points of each node, shape (nodes,), int64."""
        return np.diff(self._by_node.indptr).astype(np.int64)

    @cached_property
    def weights(self) -> np.ndarray:
        """Points that the two ends of each edge share, shape (edges,), int64."""
        first, second = (self._by_node[self.edges[:, end]].astype(np.int64) for end in (0, 1))
        return np.asarray(first.multiply(second).sum(axis=1), dtype=np.int64).ravel()

    @property
    def jaccard(self) -> np.ndarray:
        """Shared points over all points of each edge's two ends, shape (edges,), in (0, 1]."""
        return self.weights / (self.sizes[self.edges].sum(axis=1) - self.weights)

    @property
    def coverage(self) -> float:
        """Share of the points that lie in a node: 1 unless points are noise or nodes were dropped."""
        n = self.membership.shape[0]
        return float((np.diff(self.membership.indptr) > 0).sum() / n) if n else 1.0

    @cached_property
    def left_out(self) -> Coverage:
        """How many points lie in no node and why, as counts and as a sentence."""
        inside = np.diff(self.membership.indptr) > 0
        return coverage_of(inside, np.zeros(len(inside)) if self.fate is None else self.fate, self.settings)

    @property
    def remarks(self) -> tuple[str, ...]:
        """What is unusual about the lens, the cover or the clusters, a sentence each, with what to change."""
        return tuple(self.settings.get("remarks", ()))

    def members(self, node: int) -> np.ndarray:
        """Rows of the points of one node, rising, int64."""
        if not 0 <= node < len(self):
            raise IndexError(f"node must lie in [0, {len(self)}), got {node}")
        start, end = self._by_node.indptr[node : node + 2]
        return self._by_node.indices[start:end].astype(np.int64)

    def node_means(self, values: Tensor | np.ndarray) -> np.ndarray:
        """Mean over the points of each node of any values (n, c), shape (nodes, c), float64."""
        array = values.detach().cpu().numpy() if isinstance(values, Tensor) else np.asarray(values)
        n = self.membership.shape[0]
        if array.ndim != 2 or len(array) != n:
            raise ValueError(
                f"values must have shape ({n}, c), got {array.shape}; for one value per point pass [:, None]"
            )
        return (self._by_node.astype(np.float64) @ array.astype(np.float64)) / self.sizes[:, None]

    def without_small(self, min_size: int) -> MapperGraph:
        """The graph on the nodes of at least `min_size` points; the others' points may be left uncovered."""
        keep = self.sizes >= min_size
        if keep.all():
            return self
        new = np.cumsum(keep) - 1
        return replace(
            self,
            membership=sparse.csr_array(self.membership[:, np.flatnonzero(keep)]),
            edges=new[self.edges[keep[self.edges].all(axis=1)]],
            triangles=new[self.triangles[keep[self.triangles].all(axis=1)]],
            cell=self.cell[keep],
            settings=self.settings | {"min_size": min_size},
        )

    def without_weak(self, min_shared: int) -> MapperGraph:
        """The graph with only the edges and triangles that share at least `min_shared` points."""
        return replace(
            self,
            edges=self.edges[self.weights >= min_shared],
            triangles=faces(self.membership, 3, min_shared),
            settings=self.settings | {"min_shared": min_shared},
        )

    def to_networkx(self) -> networkx.Graph:
        """An undirected networkx graph: nodes carry size, members, cell and lens; edges weight and jaccard."""
        try:
            import networkx as nx
        except ImportError as error:
            raise ImportError("to_networkx needs networkx; install it with pip install networkx") from error
        content = self.to_json()
        graph = nx.Graph(**content["graph"])
        graph.add_nodes_from((node.pop("id"), node) for node in content["nodes"])
        graph.add_edges_from((link.pop("source"), link.pop("target"), link) for link in content["links"])
        return graph

    def to_json(self, positions: np.ndarray | None = None) -> dict[str, Any]:
        """Plain node-link data: numbers, strings, lists and dicts only.

        Args:
            positions: Where to draw each node, shape (nodes, 2); kept as `x` and `y` where given.

        Returns:
            `nodes` (id, size, members, cell, lens, x, y), `links` (source, target, weight, jaccard), `triangles`,
            and `graph` with the settings: the keys that networkx and d3 expect.
        """
        lens, sizes, cells = self.node_means(self.lens).tolist(), self.sizes.tolist(), self.cell.tolist()
        nodes: list[dict[str, Any]] = [
            {"id": i, "size": sizes[i], "members": self.members(i).tolist(), "cell": cells[i], "lens": lens[i]}
            for i in range(len(self))
        ]
        if positions is not None:
            if positions.shape != (len(self), 2):
                raise ValueError(f"positions must have shape ({len(self)}, 2), got {positions.shape}")
            nodes = [node | {"x": x, "y": y} for node, (x, y) in zip(nodes, positions.tolist(), strict=True)]
        rows = zip(self.edges.tolist(), self.weights.tolist(), self.jaccard.tolist(), strict=True)
        return {
            "directed": False,
            "multigraph": False,
            "graph": dict(self.settings),
            "nodes": nodes,
            "links": [{"source": i, "target": j, "weight": w, "jaccard": jac} for (i, j), w, jac in rows],
            "triangles": self.triangles.tolist(),
        }


def lens_positions(graph: MapperGraph) -> np.ndarray:
    """Where to draw each node, shape (nodes, 2), float64: the mean of its first two lenses.

    With one lens the second coordinate sets the nodes of one cover set a unit apart, about 0.
    """
    means = graph.node_means(graph.lens)
    if means.shape[1] >= 2:
        return means[:, :2]
    _, first, inverse, counts = np.unique(graph.cell, return_index=True, return_inverse=True, return_counts=True)
    place = np.arange(len(graph)) - first[inverse] - (counts[inverse] - 1) / 2
    return np.column_stack([means[:, 0], place])
