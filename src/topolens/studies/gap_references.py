"""Numbers of a network that are not topological, against which those that are must hold: size, norms, margins ..."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence

import numpy as np
import torch
from sklearn.metrics import davies_bouldin_score
from torch import Tensor, nn

from topolens.studies.gap_features import QUANTILES
from topolens.studies.grid_networks import GridNetwork
from topolens.studies.grid_training import CHUNK, Outcome
from topolens.studies.network_grid import Member

PERTURBED = (0.1, 0.3, 0.5)  # of each weight's size
DRAWS = 5
# Points off for a change of the answer under each transformation, in the order of `_transformed`.
PENALTIES = (6, 1, 2, 3, 1, 12, 2)


def reference_rows(
    member: Member, model: GridNetwork, outcome: Outcome, images: Tensor, labels: Tensor, seed: int = 0
) -> dict[str, np.ndarray]:
    """All reference rows of one network, by name.

    Args:
        member: Its settings.
        model: The trained network.
        outcome: How its training went.
        images: Of the training set, shape (n, channels, height, width).
        labels: Shape (n,).
        seed: Of mixtures, perturbations and transformations.

    Source: "Fantastic generalization measures and where to find them", 2020, for norms, margins and sharpness. The
        three winners of the competition "Predicting generalization in deep learning", 2020, are made from their
        descriptions: Interpex, Always Generalize and BrAIn.
    """
    scores = answers(model, images)
    return {
        "constant": np.zeros(0),
        "size": np.array([math.log(sum(p.numel() for p in model.parameters())), member.depth, math.log(member.width)]),
        "hyper-parameters": np.array(
            [member.depth, math.log(member.width), member.dropout, member.weight_decay, math.log(member.batch_size)]
        ),
        "training loss and accuracy": np.array([float(outcome["train_loss"]), float(outcome["train_accuracy"])]),
        "epochs": np.array([math.log(float(outcome["epochs"]))]),
        "weight norms": weight_norms(model, images.shape[1:]),
        "margins": margins(scores, labels),
        "sharpness": sharpness(model, images, labels, seed),
        "Interpex": np.array([interpex(model, images, labels, seed)]),
        "Always Generalize": np.array([always_generalize(model, images, seed)]),
        "BrAIn": np.array([label_smoothness(model, images, labels, seed)]),
    }


@torch.no_grad()
def answers(model: nn.Module, images: Tensor) -> Tensor:
    """Scores of each class, shape (n, classes)."""
    return torch.cat([model(part) for part in images.split(CHUNK)])


def weight_norms(model: GridNetwork, shape: Sequence[int]) -> np.ndarray:
    """Logarithms of the Frobenius norm of all weights, the product of spectral norms, and the path norm.

    The path norm is the root of the sum over all paths of their squared weights' products.

    Args:
        model: The network.
        shape: Of an image.
    """
    weights = [layer.weight.detach() for layer in model.modules() if isinstance(layer, nn.Linear | nn.Conv2d)]
    frobenius = sum(float(w.square().sum()) for w in weights)
    spectral = sum(math.log(float(torch.linalg.matrix_norm(w.flatten(1), 2))) for w in weights)
    squared = copy.deepcopy(model)
    with torch.no_grad():
        for parameter in squared.parameters():
            parameter.copy_(parameter.square())
        for layer in squared.modules():
            if isinstance(layer, nn.Linear | nn.Conv2d) and layer.bias is not None:
                layer.bias.zero_()
        path = float(squared.double()(torch.ones(1, *shape, dtype=torch.float64)).sum())
    return np.array([math.log(frobenius) / 2, spectral, math.log(max(path, 1e-300)) / 2])


def margins(scores: Tensor, labels: Tensor) -> np.ndarray:
    """Quantiles of the score of the right class minus the largest other one, over the deviation of all scores."""
    right = scores.gather(1, labels[:, None])[:, 0]
    others = scores.scatter(1, labels[:, None], -math.inf).amax(1)
    return np.quantile(((right - others) / scores.std()).double().numpy(), QUANTILES)


@torch.no_grad()
def sharpness(model: nn.Module, images: Tensor, labels: Tensor, seed: int = 0) -> np.ndarray:
    """Mean rise of the cross-entropy where each weight moves by a normal share of its own size."""
    generator = torch.Generator().manual_seed(seed)
    before = float(nn.functional.cross_entropy(answers(model, images), labels))
    found = []
    for share in PERTURBED:
        rises = []
        for _ in range(DRAWS):
            moved = copy.deepcopy(model)
            for p in moved.parameters():
                p.mul_(1 + share * torch.randn(p.shape, generator=generator))
            rises.append(float(nn.functional.cross_entropy(answers(moved, images), labels)) - before)
        found.append(float(np.mean(rises)))
    return np.array(found)


def interpex(model: GridNetwork, images: Tensor, labels: Tensor, seed: int = 0) -> float:
    """Davies-Bouldin index of the first layer's features times the errors on mixtures of two images of one class."""
    mixed, mixed_labels = _mixtures(images, labels, seed)
    wrong = float((answers(model, mixed).argmax(1) != mixed_labels).double().mean())
    with torch.no_grad():
        features = _first(model, images)
    return float(davies_bouldin_score(features.numpy(), labels.numpy())) * wrong


@torch.no_grad()
def always_generalize(model: nn.Module, images: Tensor, seed: int = 0) -> float:
    """How much transformations of images that keep their class move the answer; a changed answer costs most."""
    generator = torch.Generator().manual_seed(seed)
    before = answers(model, images).softmax(1)
    total = torch.zeros(len(images))
    for moved, penalty in zip(_transformed(images, generator), PENALTIES, strict=True):
        after = answers(model, moved).softmax(1)
        same = after.argmax(1) == before.argmax(1)
        total += torch.where(same, (after.amax(1) - before.amax(1)).abs(), float(penalty))
    return float(total.mean())


def label_smoothness(model: GridNetwork, images: Tensor, labels: Tensor, seed: int = 0, most: int = 500) -> float:
    """How much labels change along the nearest-neighbour graph of the last hidden layer on mixed images, 0 to 1 or so.

    tr(Y^T L Y) / n for the normalised Laplacian L of the graph that joins each mixture with its nearest one, weighted
    by a Gaussian of their distance.
    """
    mixed, mixed_labels = _mixtures(images[:most], labels[:most], seed, beta=2.0)
    with torch.no_grad():
        features = nn.functional.normalize(_last(model, mixed).double(), dim=1)
    squared = torch.cdist(features, features).square().fill_diagonal_(math.inf)
    near, place = squared.min(1)
    finite = squared[torch.isfinite(squared)]
    weight = torch.exp(-near / (3 * finite.std()).clamp_min(1e-12))
    graph = torch.zeros_like(squared)
    graph[torch.arange(len(graph)), place] = weight
    graph = torch.maximum(graph, graph.T)
    degree = graph.sum(1).clamp_min(1e-12).rsqrt()
    laplacian = torch.eye(len(graph), dtype=graph.dtype) - degree[:, None] * graph * degree
    y = nn.functional.one_hot(mixed_labels).double()
    return float((y * (laplacian @ y)).sum() / len(y))


def _mixtures(images: Tensor, labels: Tensor, seed: int, beta: float | None = None) -> tuple[Tensor, Tensor]:
    """Each image mixed with another one of its class, half and half or by a Beta-distributed share."""
    generator = torch.Generator().manual_seed(seed)
    partner = torch.empty(len(labels), dtype=torch.int64)
    for label in labels.unique():
        rows = (labels == label).nonzero()[:, 0]
        partner[rows] = rows[torch.randperm(len(rows), generator=generator)]
    share: Tensor | float = 0.5
    if beta is not None:
        drawn = np.random.default_rng(seed).beta(beta, beta, (len(images), 1, 1, 1))
        share = torch.from_numpy(drawn).to(images)
    return share * images + (1 - share) * images[partner], labels


def _transformed(x: Tensor, generator: torch.Generator) -> list[Tensor]:
    """Mirrored, half the saturation, nine tenths of the middle, edges, brighter, both first, a square erased."""
    mirrored, grey = x.flip(3), x.mean(1, keepdim=True)
    h, w = x.shape[2:]
    top, left = round(h * 0.05), round(w * 0.05)
    cropped = torch.zeros_like(x)
    cropped[:, :, top : h - top, left : w - left] = x[:, :, top : h - top, left : w - left]
    kernel = torch.tensor([[1.0, 0, -1], [2, 0, -2], [1, 0, -1]])
    both = torch.stack([kernel, kernel.T])[:, None]
    edges = nn.functional.conv2d(grey, both, padding=1).square().sum(1, keepdim=True).sqrt().clamp(0, 1)
    erased, side = x.clone(), max(1, round(min(h, w) * 0.3))
    i = torch.randint(h - side + 1, (len(x),), generator=generator)
    j = torch.randint(w - side + 1, (len(x),), generator=generator)
    rows, columns = torch.arange(h), torch.arange(w)
    inside = ((rows >= i[:, None]) & (rows < i[:, None] + side))[:, None, :, None]
    inside = inside & ((columns >= j[:, None]) & (columns < j[:, None] + side))[:, None, None, :]
    erased = torch.where(inside, 0.0, erased)
    pale = (x + grey) / 2
    return [
        mirrored,
        pale,
        cropped,
        edges.expand_as(x),
        (x + 0.5).clamp(0, 1),
        (mirrored + mirrored.mean(1, keepdim=True)) / 2,
        erased,
    ]


def _first(model: GridNetwork, images: Tensor) -> Tensor:
    """Features after the first layer with weights, those of a convolution in blocks of 4 x 4."""
    layer = next(layer for layer in model.modules() if isinstance(layer, nn.Linear | nn.Conv2d))
    x = images.flatten(1) if isinstance(layer, nn.Linear) else images
    found = layer(x).relu()
    return found if found.ndim == 2 else nn.functional.max_pool2d(found, 4, ceil_mode=True).flatten(1)


def _last(model: GridNetwork, images: Tensor) -> Tensor:
    """What goes into the output layer."""
    kept: list[Tensor] = []
    hook = model.dense[-1].register_forward_pre_hook(lambda _, inputs: kept.append(inputs[0]))
    try:
        answers(model, images)
    finally:
        hook.remove()
    return torch.cat(kept)
