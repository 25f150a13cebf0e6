"""Coverage: how many points lie in no node, and why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from topolens.engines.compiled import cell_nearest
from topolens.mapper.cover import Cover
from topolens.mapper.density_clusters import FAILED, NOISE, SMALL
from topolens.mapper.metric import PRECOMPUTED

POLICIES = ("drop", "singletons", "nearest")
OUTSIDE = -4  # of points in no box of the cover
CURES = {
    "dbscan": "raise eps or lower min_samples",
    "hdbscan": "lower min_cluster_size and min_samples",
}
SMALLER = "lower resolution or raise gain, so that boxes hold more points"


class Coverage(NamedTuple):
    """How many points a graph shows, and what became of the others; the counts add up to `points`."""

    points: int
    in_nodes: int
    noise: int  # in boxes, but noise in all of them
    too_few: int  # only in boxes with too few points for the clusterer
    failed: int  # only in boxes where the clusterer failed
    outside: int  # in no set of the cover
    small: int  # in nodes that were left out for their size
    sentence: str


def coverage_of(inside: np.ndarray, fate: np.ndarray, settings: Mapping[str, Any]) -> Coverage:
    """The report for points that lie in a node or not, with what the clusterer said of each."""
    lost = {name: int((~inside & (fate == code)).sum()) for name, code in REASONS}
    found = Coverage(len(inside), int(inside.sum()), **lost, sentence="")
    return found._replace(sentence=_sentence(found, settings))


REASONS = (("noise", NOISE), ("too_few", SMALL), ("failed", FAILED), ("outside", OUTSIDE), ("small", 0))


def _sentence(found: Coverage, settings: Mapping[str, Any]) -> str:
    clusters = str(settings.get("clusters", "the clusterer"))
    words = {
        "noise": f"noise of {clusters}",
        "too_few": "in boxes with too few points",
        "failed": f"in boxes where {clusters} failed",
        "outside": "outside the cover",
        "small": f"in nodes of fewer than {settings.get('min_size')} points",
    }
    lost = [(getattr(found, name), words[name]) for name, _ in REASONS if getattr(found, name)]
    if not lost:
        return f"all {found.points:,} points lie in a node" if found.points else "there are no points"
    many = f"{found.points - found.in_nodes:,} of {found.points:,} points lie in no node: "
    which = lost[0][1] if len(lost) == 1 else ", ".join(f"{count:,} {word}" for count, word in lost)
    return many + which + ("" if found.in_nodes else f"; {_cure(found, clusters)}")


def _cure(found: Coverage, clusters: str) -> str:
    """What to change where nothing is left."""
    if found.noise >= max(found.too_few, found.failed):
        return CURES.get(clusters.partition("(")[0], SMALLER) + ', or pass noise="nearest" or noise="singletons"'
    return SMALLER if found.too_few >= found.failed else "look at the clusterer's message in the log"


def settled(cloud: Tensor, boxes: Cover, labels: np.ndarray, policy: str, metric: str | None) -> np.ndarray:
    """Labels of the memberships once the noise policy is applied: below 0 only what still belongs nowhere."""
    lost = labels < 0
    if policy == "drop" or not lost.any():
        return labels
    offsets = boxes.offsets.numpy()
    box = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    if policy == "singletons":
        top = np.maximum.reduceat(labels.clip(-1), offsets[:-1]) + 1
        within = np.cumsum(lost) - (np.cumsum(lost) - lost)[offsets[:-1]][box] - 1
        return np.where(lost, top[box] + within, labels)
    nearest = _nearest(cloud, boxes, lost, box, metric)
    return np.where(lost, np.where(nearest >= 0, labels[nearest], labels), labels)


def _nearest(cloud: Tensor, boxes: Cover, lost: np.ndarray, box: np.ndarray, metric: str | None) -> np.ndarray:
    """For each lost membership the place of the nearest kept one of its box; -1 elsewhere and where there is none."""
    count = len(boxes.offsets) - 1
    kept, places = ~lost, np.full(len(lost), -1)
    members = boxes.members.numpy()
    if metric == PRECOMPUTED:
        matrix = cloud.numpy()
        for c in np.unique(box[lost]):
            own = slice(*boxes.offsets[c : c + 2].tolist())
            there, gone = np.flatnonzero(kept[own]) + own.start, np.flatnonzero(lost[own]) + own.start
            if len(there):
                places[gone] = there[matrix[members[gone]][:, members[there]].argmin(1)]
        return places
    starts = [torch.from_numpy(np.append(0, np.bincount(box[x], minlength=count).cumsum())) for x in (kept, lost)]
    rows = [torch.from_numpy(members[x]) for x in (kept, lost)]
    found = cell_nearest(cloud, rows[0], starts[0], cloud, rows[1], starts[1]).numpy()
    places[lost] = np.where(found >= 0, np.append(np.flatnonzero(kept), -1)[found], -1)
    return places
