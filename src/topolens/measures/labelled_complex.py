"""The boundary between classes as a complex: same-label points are joined where they meet points of another label."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from topolens._checks import check_dim, check_finite_points, check_tensor
from topolens.diagrams import Diagrams
from topolens.filtrations import lower_star, rips
from topolens.measures.neighbour_votes import neighbour_graph
from topolens.persistence import persistence

BLOCK = 20_000_000  # entries of the sums over three points held at once


class DecisionRegions(NamedTuple):
    """Pieces of the region of each class.

    Args:
        classes: The classes, rising, shape (classes,).
        bars: For each class (a batch item) the pieces of its samples, in falling order of `heights`: born where a
            piece lies deepest in its region, dying where it meets an older one; what never meets one never dies.
    """

    classes: Tensor
    bars: Diagrams

    def pieces(self, least: float = 0.4) -> list[int]:
        """Pieces of each class that rise this far above the boundary and above where they meet an older piece.

        Args:
            least: How far, in the unit of the heights.
        """
        lived = [item.intervals[:, 0] - item.intervals[:, 1].clamp_min(0) for item in self.bars]
        return [int((height >= least).sum()) for height in lived]


def labelled_distances(points: Tensor, labels: Tensor, *, k: int | None = None) -> Tensor:
    """Where each edge of the labelled Vietoris-Rips complex enters, shape (samples, samples).

    Points of different labels are joined at their distance. Points i, j of one label are joined where both reach one
    point z of another: min over z of max(d(i, z), d(j, z)).

    Args:
        points: Shape (samples, d).
        labels: Shape (samples,), whole numbers; true labels or predictions.
        k: Scale distances locally: d(i, j) / sqrt(s_i s_j), with s the distance to the k-th nearest point of another
            label. None: plain distances.

    Returns:
        Symmetric, float64, zero on the diagonal, for `rips(distances=...)`; infinite nowhere.

    Raises:
        ValueError: If shapes do not fit, points are not finite, labels are of one class only, or a point has fewer than
            k points of another label, or k of them at distance 0.

    Cost: O(samples^3 / classes) in blocks; 400 samples take a tenth of a second.
    Source: "Topological data analysis of decision boundaries with application to model selection", 2019, section 3.
        There scales run over a grid and neighbours are capped; here each edge enters where it first appears.
    """
    check_finite_points(check_tensor("points", points, ("samples", "d")))
    place = _places(labels, len(points))
    x = points.detach().to("cpu", torch.float64)
    distances = torch.cdist(x, x, compute_mode="donot_use_mm_for_euclid_dist")
    other = place[:, None] != place
    if not bool(other.any()):
        raise ValueError("labels must be of at least 2 classes, got one; there is no boundary")
    if k is not None:
        distances = _scaled(distances, other, k)
    reach = distances.masked_fill(~other, torch.inf)
    out = distances.clone()
    for label in range(int(place.max()) + 1):
        own = (place == label).nonzero().ravel()
        near = reach[own][:, place != label]
        met = near.new_empty(len(own), len(own))
        block = max(1, BLOCK // max(near.numel(), 1))
        for start in range(0, len(own), block):
            met[start : start + block] = torch.maximum(near[start : start + block, None], near).amin(2)
        out[own[:, None], own] = met
    return out.fill_diagonal_(0.0)


def labelled_persistence(points: Tensor, labels: Tensor, *, k: int | None = None, max_dim: int = 1) -> Diagrams:
    """Bars of the labelled Vietoris-Rips complex: pieces of the boundary between classes, and holes in it.

    Args:
        points: Shape (samples, d).
        labels: Shape (samples,), whole numbers; or (draws, samples) for several labellings of the same points, a batch
            item each.
        k: As in `labelled_distances`.
        max_dim: Largest homology dimension.

    Raises:
        ValueError: As `labelled_distances`, or if max_dim is no whole number of at least 0.

    Cost: that of `labelled_distances` and of a Rips filtration of as many points.
    Source: "Topological data analysis of decision boundaries with application to model selection", 2019.
    """
    check_dim(max_dim)
    each = labels[None] if labels.ndim == 1 else labels
    distances = torch.stack([labelled_distances(points, one, k=k) for one in each])
    return persistence(rips(distances=distances), max_dim=max_dim)


def decision_regions(neighbours: Tensor, labels: Tensor, heights: Tensor | None = None) -> DecisionRegions:
    """The pieces of which the region of each class consists.

    On the graph of nearest samples, the samples of one label enter in falling order of their height; pieces are born at
    peaks and die where they meet.

    Args:
        neighbours: Nearest samples of each sample, shape (samples, k), from `nearest_samples`.
        labels: Shape (samples,), whole numbers; predictions for the regions of a model.
        heights: How deep a sample lies within its region, shape (samples,), 0 at the boundary: for instance the margin
            between the two largest probabilities. Default: the share of its label among its neighbours and theirs minus
            the largest share of another label, in [-1, 1].

    Raises:
        ValueError: If shapes do not fit or heights contain NaN.

    Cost: one pass over the graph.
    Source: ours, after "Persistence-based clustering in Riemannian manifolds", 2013, with margins in place of density.
    """
    graph = neighbour_graph(neighbours)
    place = _places(labels, len(neighbours))
    if heights is None:
        heights = _margin(neighbours, place)
    x = check_finite_points(check_tensor("heights", heights, ("samples",))).detach().to("cpu", torch.float64)
    if len(x) != len(neighbours):
        raise ValueError(f"heights must hold a number for each of {len(neighbours)} samples, got {len(x)}")
    row, column = (torch.from_numpy(ends).long() for ends in graph.nonzero())
    kept = (row < column) & (place[row] == place[column])
    order = place.argsort(stable=True)
    number = torch.empty_like(order).index_copy(0, order, torch.arange(len(order)))
    edges = number[torch.stack([row[kept], column[kept]])]
    filtration = lower_star(x[order], edges, batch=place[order], superlevel=True)
    bars = persistence(filtration, max_dim=0)
    return DecisionRegions(labels.detach().cpu().unique(), bars)


def _places(labels: Tensor, samples: int) -> Tensor:
    """The place of each label among the classes that occur."""
    if labels.shape != (samples,) or labels.is_floating_point() or not samples:
        raise ValueError(
            f"labels must hold a whole number for each of {samples} samples, at least one, got {labels.dtype} of shape "
            f"{tuple(labels.shape)}"
        )
    return labels.detach().cpu().unique(return_inverse=True)[1]


def _scaled(distances: Tensor, other: Tensor, k: int) -> Tensor:
    if k < 1 or int(other.sum(1).min()) < k:
        raise ValueError(f"each point needs k={k} >= 1 points of another label, one has {int(other.sum(1).min())}")
    local = distances.masked_fill(~other, torch.inf).kthvalue(k, dim=1).values
    if not bool((local > 0).all()):
        raise ValueError(f"a point lies on {k} points of another label; take a larger k or plain distances")
    return distances / (local[:, None] * local).sqrt()


def _margin(neighbours: Tensor, place: Tensor) -> Tensor:
    near = neighbours.detach().cpu()
    same = torch.nn.functional.one_hot(place).double()
    near_and_self = torch.cat([torch.arange(len(near))[:, None], near], 1)
    share = same[near_and_self].mean(1)[near_and_self].mean(1)
    own = share.gather(1, place[:, None])
    return (own - share.masked_fill(same.bool(), 0.0).amax(1, keepdim=True)).ravel()
