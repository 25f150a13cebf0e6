"""Bars of a layer beside those of a null, each with the points that make it."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from scipy import sparse
from scipy.sparse.csgraph import connected_components, dijkstra
from torch import Tensor

from topolens.diagrams import Diagrams
from topolens.engines.edges import edge_ends
from topolens.explorer.packed import packed
from topolens.explorer.settings import key_of
from topolens.explorer.store import Run
from topolens.explorer.work import Tell
from topolens.filtrations import rips
from topolens.persistence import persistence
from topolens.sampling import gaussian_cloud, maxmin, null_p_value

SAMPLE = 1000  # points that landmarks are chosen from
LANDMARKS = 300
NULLS = 39
GENERATORS = 40  # longest bars of each dimension whose points are told
QUANTILE = 0.95


def diagram_key(layer: str, checkpoint: str, seed: int = 0) -> str:
    """The name of a diagram among the results."""
    return key_of({"diagram": layer, "checkpoint": checkpoint, "seed": seed})


def make_diagram(run: Run, layer: str, checkpoint: str, tell: Tell, seed: int = 0) -> str:
    """Makes the diagram of a layer, keeps its document in the run, and gives its key.

    Args:
        run: The run.
        layer, checkpoint: Ids.
        tell: Called as (share done, what is being done).
        seed: Draws the sample, the landmarks and the nulls.

    Raises:
        ValueError: If the layer has NaN or infinite values, or fewer than 4 different points.
    """
    tell(0.0, "landmarks")
    points = run.points(layer, checkpoint)
    rows = _sample(len(points), seed)
    cloud = torch.from_numpy(np.array(points[rows])).double()
    if not bool(torch.isfinite(cloud).all()):
        raise ValueError("the layer has NaN or infinite values; look at another one")
    marks = _landmarks(cloud, seed)
    found, tell_of = cloud[marks], run.layer(layer)
    tell(0.1, "bars")
    diagrams = persistence(rips(found[None]), max_dim=1)
    longest = _null_longest(cloud, len(marks), seed, tell)
    own = rows[marks.numpy()]
    bars = _bars(diagrams, found, own, longest)
    limits = {dim: float(np.quantile(values, QUANTILE)) for dim, values in longest.items()}
    key = diagram_key(layer, checkpoint, seed)
    document = {
        "format": "topolens.diagram/1", "layer": layer, "checkpoint": checkpoint, "points": len(own),
        "rows": packed(own, "i32"), "bars": bars, "null_persistence": {str(dim): limits[dim] for dim in limits},
        "null": f"longest bar of {NULLS} Gaussian clouds of the same covariance, {QUANTILE:.0%} quantile",
        "sentence": _sentence(bars, limits, len(own), tell_of["name"]),
    }  # fmt: skip
    run.keep("diagrams", key, document)
    return key


def _sample(n: int, seed: int) -> np.ndarray:
    draw = torch.randperm(n, generator=torch.Generator().manual_seed(seed))[:SAMPLE]
    return draw.sort().values.numpy()


def _landmarks(cloud: Tensor, seed: int) -> Tensor:
    distinct = len(torch.unique(cloud, dim=0))
    if distinct < 4:
        raise ValueError(f"the layer has {distinct} different points, too few for a diagram; look at another one")
    return maxmin(cloud[None], min(LANDMARKS, distinct), seed)[0].sort().values


def _null_longest(cloud: Tensor, marks: int, seed: int, tell: Tell) -> dict[int, list[float]]:
    """Longest finite bar of each dimension in each null, made like the layer: as many points, as many landmarks."""
    turned = torch.linalg.svd(cloud - cloud.mean(0), full_matrices=False)
    flat = turned.U * turned.S  # the same cloud in as few coordinates as it has, in which nulls are cheap
    found: dict[int, list[float]] = {0: [], 1: []}
    for number in range(NULLS):
        tell(0.2 + 0.7 * number / NULLS, "bars of nulls")
        null = gaussian_cloud(flat, seed + 1 + number)
        diagrams = persistence(rips(null[maxmin(null[None], marks, seed)[0]][None]), max_dim=1)
        for dim, values in found.items():
            values.append(float(diagrams.of_dim(dim).finite().longest(1)[0, 0]))
    return found


def _bars(diagrams: Diagrams, marks: Tensor, rows: np.ndarray, longest: dict[int, list[float]]) -> list[dict[str, Any]]:
    """All bars, longest first in each dimension; the first have the rows of the points that make them."""
    generator = Generators(marks)
    found = []
    for dim in (0, 1):
        own = diagrams.of_dim(dim)
        order = torch.argsort(own.persistence, descending=True, stable=True).tolist()
        for rank, bar in enumerate(order):
            birth, death = own.intervals[bar].tolist()
            cells = own.cells[bar].tolist()
            places = generator.of(dim, cells, birth, death) if rank < GENERATORS else []
            dies = death < float("inf")
            found.append(
                {
                    "dim": dim, "birth": birth, "death": death if dies else None, "rows": rows[places].tolist(),
                    "p": null_p_value(death - birth, longest[dim]) if dies else None,
                }
            )  # fmt: skip
    return found


class Generators:
    """The points that make a bar of the Rips filtration of a cloud.

    Of a loop: the edge that gives birth to it and the shortest way back along edges that were there before. Of a
    component: the smaller of the two that the edge of its death joins.

    Args:
        points: The cloud, shape (n, d).
    """

    def __init__(self, points: Tensor) -> None:
        # The engine's own lengths: those of another formula differ in the last digit, and edges change places.
        self.n = len(points)
        values = rips(points[None]).values[0][self.n :].numpy()
        rows, columns = np.tril_indices(self.n, -1)
        self.ends, self.lengths = (rows, columns), values

    def of(self, dim: int, cells: list[int], birth: float, death: float) -> list[int]:
        """Places of the points, in the order of the loop; none where the bar never dies and is a component."""
        if dim == 0:
            return [] if cells[1] < 0 else self._component(cells[1])
        return self._loop(cells[0])

    def _edge(self, cell: int) -> tuple[int, int]:
        i, j = edge_ends(torch.tensor([cell - self.n]))
        return int(i), int(j)

    def _before(self, cell: int) -> sparse.csr_array:
        """Edges that enter before this one: shorter, or as long and of a lower number."""
        edge = cell - self.n
        length = self.lengths[edge]
        early = (self.lengths < length) | ((self.lengths == length) & (np.arange(len(self.lengths)) < edge))
        # A length of 0 would be no edge at all in a sparse matrix.
        weights = np.maximum(self.lengths[early], 1e-300)
        graph = sparse.coo_array((weights, (self.ends[0][early], self.ends[1][early])), shape=(self.n, self.n))
        return graph.tocsr()

    def _loop(self, cell: int) -> list[int]:
        start, end = self._edge(cell)
        _, before = dijkstra(self._before(cell), directed=False, indices=start, return_predecessors=True)
        way = [end]
        while way[-1] != start:
            if before[way[-1]] < 0:
                return [start, end]
            way.append(int(before[way[-1]]))
        return way

    def _component(self, cell: int) -> list[int]:
        start, end = self._edge(cell)
        label = connected_components(self._before(cell), directed=False)[1]
        two = [np.flatnonzero(label == label[place]) for place in (start, end)]
        return min(two, key=len).tolist()


def _sentence(bars: list[dict[str, Any]], limits: dict[int, float], points: int, layer: str) -> str:
    loops = sum(b["dim"] == 1 and b["death"] is not None and b["death"] - b["birth"] > limits[1] for b in bars)
    parts = sum(b["dim"] == 0 and b["death"] is not None and b["death"] - b["birth"] > limits[0] for b in bars)
    said = [f"{loops or 'no'} loop{'' if loops == 1 else 's'}", f"{parts or 'no'} component{'' if parts == 1 else 's'}"]
    return (
        f"{layer}, {points} landmarks: {said[0]} and {said[1]} last longer than the longest bar of 95 % of the "
        "Gaussian clouds of the same covariance."
    )
