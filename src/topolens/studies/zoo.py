"""One tiny network of every family: what analyses must take, or say why not. Untrained, at most 50,000 parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from topolens.layers import PersistencePool2d
from topolens.studies.zoo_blocks import (
    AdaptivePiecewiseLinear,
    Add,
    Branches,
    Capsules,
    Causal,
    Detector,
    GraphConvolution,
    HatReLU,
    Hourglass,
    Hypernetwork,
    Recurrent,
    Siamese,
    SShapedReLU,
    TinyTransformer,
    TinyViT,
)

CLASSES = 3


class Member(NamedTuple):
    """A network of the zoo.

    Args:
        name: Short and unique.
        peculiar: What its family has that others do not.
        make: Makes the network, with whatever random state there is.
        samples: Gives so many samples for it, from a generator: a tensor, or several by the name of the argument.
        package: That its definition comes from, where that is not the zoo itself.
    """

    name: str
    peculiar: str
    make: Callable[[], nn.Module]
    samples: Callable[[int, torch.Generator], Tensor | Mapping[str, Tensor]]
    package: str = ""


def samples_of(member: Member, n: int = 60, seed: int = 0) -> Any:
    """Random samples with labels 0, 1 and 2 in turn, as `probes.batches` takes them; labels move numbers a little."""
    generator = torch.Generator().manual_seed(seed)
    x, labels = member.samples(n, generator), torch.arange(n) % CLASSES
    if isinstance(x, Mapping):
        return {**x, "labels": labels}
    if x.is_floating_point():
        x = x + 0.5 * labels.view(-1, *[1] * (x.ndim - 1))
    return x, labels


def network_of(member: Member, seed: int = 0) -> nn.Module:
    """The network under a seed, in evaluation mode; the global random state is put back."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return member.make().eval()


def _noise(*shape: int) -> Callable[[int, torch.Generator], Tensor]:
    return lambda n, generator: torch.randn(n, *shape, generator=generator)


def _tokens(n: int, generator: torch.Generator) -> Tensor:
    return torch.randint(20, (n, 10), generator=generator)


def _graphs(n: int, generator: torch.Generator) -> Tensor:
    edges = torch.rand(n, 7, 7, generator=generator).triu(1) > 0.6
    return torch.cat([torch.randn(n, 7, 5, generator=generator), (edges | edges.mT).float()], 2)


VECTOR, IMAGE, COLOUR, VOLUME, SERIES = _noise(4), _noise(1, 8, 8), _noise(3, 8, 8), _noise(1, 6, 6, 6), _noise(9, 4)


def _mlp(activation: Callable[[], nn.Module]) -> nn.Module:
    return nn.Sequential(nn.Linear(4, 8), activation(), nn.Linear(8, CLASSES))


def _head(channels: int) -> list[nn.Module]:
    return [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, CLASSES)]


def _conv(inner: int, outer: int, size: int = 3) -> nn.Module:
    return nn.Sequential(nn.Conv2d(inner, outer, size, padding=size // 2), nn.BatchNorm2d(outer), nn.ReLU())


def _separable(channels: int, dilation: int) -> nn.Module:
    deep = nn.Conv2d(channels, channels, 3, padding=dilation, dilation=dilation, groups=channels)
    return nn.Sequential(deep, nn.Conv2d(channels, channels, 1), nn.ReLU())


ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "logistic": nn.Sigmoid,
    "tanh": nn.Tanh,
    "leaky relu": nn.LeakyReLU,
    "elu": nn.ELU,
    "prelu": nn.PReLU,
    "srelu": lambda: SShapedReLU(8),
    "aplu": lambda: AdaptivePiecewiseLinear(8),
    "melu": lambda: HatReLU(8),
    "galu": lambda: HatReLU(8, gaussian=True),
    "softmax": lambda: nn.Softmax(1),
}
MEMBERS = (
    Member("perceptron", "one layer", lambda: nn.Linear(4, CLASSES), VECTOR),
    Member("mlp", "layers of bipartite weights", lambda: _mlp(nn.ReLU), VECTOR),
    Member("cnn", "shared weights, pooling", lambda: nn.Sequential(
        nn.Conv2d(1, 8, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 12, 3), nn.ReLU(), nn.Flatten(),
        nn.Linear(12, CLASSES)), IMAGE),
    Member("1x1", "convolutions without neighbours", lambda: nn.Sequential(
        nn.Conv2d(3, 8, 1), nn.ReLU(), nn.Conv2d(8, 8, 1), *_head(8)), COLOUR),
    Member("residual", "sums over skips", lambda: nn.Sequential(
        _conv(3, 8), Add(nn.Sequential(_conv(8, 8), nn.Conv2d(8, 8, 3, padding=1))), *_head(8)), COLOUR),
    Member("dense", "channels kept and added to", lambda: nn.Sequential(
        _conv(3, 4), Branches([_conv(4, 4)], keep=True), Branches([_conv(8, 4)], keep=True), *_head(12)), COLOUR),
    Member("inception", "branches side by side", lambda: nn.Sequential(
        Branches([_conv(3, 4, 1), _conv(3, 4, 3), _conv(3, 4, 5)]), *_head(12)), COLOUR),
    Member("volumetric", "voxels", lambda: nn.Sequential(
        nn.Conv3d(1, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool3d(1), nn.Flatten(), nn.Linear(4, CLASSES)), VOLUME),
    Member("autoencoder", "a narrow middle; its input is its target", lambda: nn.Sequential(
        nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 2), nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 4)), VECTOR),
    Member("rnn", "a cycle over time", lambda: Recurrent(nn.RNN(4, 8, batch_first=True)), SERIES),
    Member("lstm", "gates; two directions", lambda: Recurrent(nn.LSTM(4, 6, bidirectional=True, batch_first=True)),
           SERIES),
    Member("gru", "gates; two layers", lambda: Recurrent(nn.GRU(4, 8, num_layers=2, batch_first=True)), SERIES),
    Member("tcn", "dilated convolutions of the past", lambda: nn.Sequential(
        nn.Conv1d(9, 8, 1), Causal(8, 1), Causal(8, 2), nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(8, CLASSES)),
        _noise(9, 12)),
    Member("generator", "from noise to images", lambda: nn.Sequential(
        nn.Linear(4, 32), nn.Unflatten(1, (8, 2, 2)), nn.ConvTranspose2d(8, 4, 4, 2, 1), nn.ReLU(),
        nn.ConvTranspose2d(4, 1, 4, 2, 1), nn.Tanh()), VECTOR),
    Member("discriminator", "one score; leaky activations", lambda: nn.Sequential(
        nn.Conv2d(1, 8, 4, 2, 1), nn.LeakyReLU(0.2), nn.Flatten(), nn.Linear(128, 1)), IMAGE),
    Member("siamese", "one network used twice", lambda: Siamese(_mlp(nn.ReLU)), _noise(2, 4)),
    Member("encoder-decoder", "atrous and separable convolutions; a mask as answer", lambda: nn.Sequential(
        nn.Conv2d(1, 8, 3, 2, 1), nn.ReLU(), Branches([_separable(8, 1), _separable(8, 2)]),
        nn.Upsample(scale_factor=2), nn.Conv2d(16, CLASSES, 1)), IMAGE),
    Member("hourglass", "down and up, one inside the other", lambda: nn.Sequential(
        nn.Conv2d(1, 4, 1), Hourglass(4, Hourglass(4, nn.Conv2d(4, 4, 1))), *_head(4)), IMAGE),
    Member("detector", "several answers, of many cells", Detector, IMAGE),
    Member("capsules", "routing that differs from sample to sample", lambda: nn.Sequential(
        nn.Conv2d(1, 8, 3, 2), nn.Flatten(), Capsules(18, 4)), IMAGE),
    Member("gcn", "graphs as samples", lambda: GraphConvolution(5), _graphs),
    Member("transformer encoder", "attention", TinyTransformer, _tokens),
    Member("transformer decoder", "masked attention; an answer for each token", lambda: TinyTransformer(causal=True),
           _tokens),
    Member("vit", "patches as tokens, a class token", TinyViT, IMAGE),
    Member("dqn", "convolutions without pooling", lambda: nn.Sequential(
        nn.Conv2d(3, 8, 4, 2), nn.ReLU(), nn.Conv2d(8, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8, CLASSES)), COLOUR),
    Member("hypernetwork", "weights made from each sample", Hypernetwork, VECTOR),
    Member("persistence pooling", "pooling by persistence", lambda: nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1), PersistencePool2d(2, channels=4), *_head(4)), IMAGE),
    Member("parameter-free pooling", "the mean of image parts, nothing to learn", lambda: nn.Sequential(
        nn.AvgPool2d(2), nn.Flatten()), IMAGE),
    *(Member(name, "an activation", partial(_mlp, make), VECTOR) for name, make in ACTIVATIONS.items()),
)  # fmt: skip
