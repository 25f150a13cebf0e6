"""Rankings of suspicious labels, on the labels there are, on shuffled ones, and on some changed on purpose."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from scipy.sparse import csr_matrix
from torch import Tensor

from topolens.measures.neighbour_votes import nearest_samples, one_hot, shares, vote_kernel
from topolens.measures.reeb_net import ReebNet, label_support, reeb_net
from topolens.sampling import shuffled_rows

OUTVOTED = 2 / 3  # share of the votes that another class must hold
NOISE = 0.05


class Setting(NamedTuple):
    """What stays the same while labels are shuffled or changed."""

    near: Tensor
    kernel: csr_matrix
    chances: Tensor | None
    net: ReebNet | None
    names: list[int]
    known: Tensor


def setting_of(features: Tensor, labels: Tensor, logits: Tensor | None, k: int) -> tuple[Setting, Tensor]:
    """The setting, and each label's place among the classes."""
    near = nearest_samples(features, k)
    known = (labels >= 0).nonzero().ravel()
    place = labels.long().clone()
    names, net, chances = list(range(logits.shape[1])) if logits is not None else [], None, None
    if logits is None:
        classes, inverse = labels[known].unique(return_inverse=True)
        place[known], names = inverse, classes.tolist()
    else:
        chances = logits.detach().to("cpu", torch.float64).softmax(1)
        net = reeb_net(near, chances)
    return Setting(near, vote_kernel(near), chances, net, names, known), place


def _votes(setting: Setting, place: Tensor) -> Tensor:
    return shares(setting.kernel @ one_hot(place, len(place), len(setting.names)))


def _nearest(setting: Setting, place: Tensor) -> Tensor:
    votes = torch.from_numpy(one_hot(place, len(place), len(setting.names)))
    return shares(votes[setting.near].sum(1).numpy())


def _reeb(setting: Setting, place: Tensor) -> Tensor:
    net = setting.net or reeb_net(setting.near, _nearest(setting, place))
    return label_support(net, place, len(setting.names))


def support_of(setting: Setting, place: Tensor, ranking: str) -> Tensor:
    """The share of each class among the labels around a sample, by the ranking that makes the list."""
    return _votes(setting, place) if ranking == "votes" else _reeb(setting, place)


def own_share(support: Tensor, place: Tensor) -> Tensor:
    """The support of the class at each sample's place; anything where that is -1."""
    return support.gather(1, place.clamp_min(0)[:, None]).ravel()


def rankings_of(setting: Setting, place: Tensor) -> dict[str, Tensor]:
    """Each way to rank: how suspicious it finds each sample, larger is worse; samples without a label come last."""
    kinds: dict[str, Callable[[Setting, Tensor], Tensor]] = {"votes": _votes, "reeb net": _reeb, "kNN": _nearest}
    out = {name: 1 - own_share(find(setting, place), place) for name, find in kinds.items()}
    if setting.chances is not None:
        out["loss"] = -own_share(setting.chances, place).clamp_min(1e-300).log()
    return {name: score.masked_fill(place < 0, -math.inf) for name, score in out.items()}


def outvoted(support: Tensor, place: Tensor) -> Tensor:
    """Which known labels stand against another class with two thirds of the votes."""
    top = support.max(1)
    return (top.values >= OUTVOTED) & (top.indices != place) & (place >= 0)


def shuffled_supports(setting: Setting, place: Tensor, ranking: str, nulls: int, seed: int) -> list[tuple[float, int]]:
    """Mean support and number of outvoted labels where the known labels are shuffled among their samples."""
    out = []
    for draw in range(nulls):
        mixed = place.clone()
        mixed[setting.known] = shuffled_rows(place[setting.known], seed + draw)
        support = support_of(setting, mixed, ranking)
        out.append((float(own_share(support, mixed)[setting.known].mean()), int(outvoted(support, mixed).sum())))
    return out


def changed_labels(setting: Setting, place: Tensor, ranking: str, draws: int, seed: int) -> dict[str, list[float]]:
    """Of labels changed on purpose: the share found by each ranking among as many first places, and that outvoted."""
    out: dict[str, list[float]] = {}
    count = max(1, round(NOISE * len(setting.known)))
    for draw in range(draws):
        generator = torch.Generator().manual_seed(seed + draw)
        rows = setting.known[torch.randperm(len(setting.known), generator=generator)[:count]]
        noisy = place.clone()
        others = len(setting.names)
        noisy[rows] = (noisy[rows] + torch.randint(1, others, (count,), generator=generator)) % others
        is_changed = torch.zeros(len(place), dtype=torch.bool).index_fill(0, rows, True)
        for name, score in rankings_of(setting, noisy).items():
            first = score.argsort(descending=True, stable=True)[:count]
            out.setdefault(name, []).append(float(is_changed[first].double().mean()))
        flagged = outvoted(support_of(setting, noisy, ranking), noisy)
        out.setdefault("outvoted", []).append(float(flagged[rows].double().mean()))
    return out


def most_suspicious(setting: Setting, place: Tensor, support: Tensor) -> Tensor:
    """Row numbers of the samples with a known label, least support first."""
    score = (1 - own_share(support, place)).masked_fill(place < 0, -math.inf)
    return score.argsort(descending=True, stable=True)[: len(setting.known)]
