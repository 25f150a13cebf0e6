"""Building blocks of the zoo: each the smallest thing that has what is peculiar to its family."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional


class Add(nn.Module):
    """What a part of a network gives, added to its input."""

    def __init__(self, inner: nn.Module, skip: nn.Module | None = None) -> None:
        super().__init__()
        self.inner, self.skip = inner, skip or nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """The sum, through a ReLU."""
        return torch.relu(self.skip(x) + self.inner(x))


class Branches(nn.Module):
    """Several parts side by side, their channels one after the other; with `keep` the input comes first."""

    def __init__(self, parts: Sequence[nn.Module], keep: bool = False) -> None:
        super().__init__()
        self.parts, self.keep = nn.ModuleList(parts), keep

    def forward(self, x: Tensor) -> Tensor:
        """All channels."""
        return torch.cat([*([x] if self.keep else []), *(part(x) for part in self.parts)], 1)


class Hourglass(nn.Module):
    """Down, something inside, up again, and the skip over it; may hold another one inside."""

    def __init__(self, channels: int, inner: nn.Module) -> None:
        super().__init__()
        self.before, self.after = nn.Conv2d(channels, channels, 3, padding=1), nn.Conv2d(channels, channels, 1)
        self.inner = inner

    def forward(self, x: Tensor) -> Tensor:
        """Of the shape of the input."""
        low = self.inner(functional.max_pool2d(torch.relu(self.before(x)), 2))
        return x + self.after(functional.interpolate(low, scale_factor=2))


class Recurrent(nn.Module):
    """A recurrent layer and what it says at the end of a sequence."""

    def __init__(self, layer: nn.RNNBase, classes: int = 3) -> None:
        super().__init__()
        self.layer = layer
        self.out = nn.Linear(layer.hidden_size * (2 if layer.bidirectional else 1), classes)

    def forward(self, x: Tensor) -> Tensor:
        """Logits, from sequences (batch, time, features)."""
        return self.out(self.layer(x)[0][:, -1])


class Causal(nn.Module):
    """A dilated convolution that sees the past only, added to its input."""

    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        self.past, self.conv = 2 * dilation, nn.Conv1d(channels, channels, 3, dilation=dilation)

    def forward(self, x: Tensor) -> Tensor:
        """Of the shape of the input."""
        return x + torch.relu(self.conv(functional.pad(x, (self.past, 0))))


class Siamese(nn.Module):
    """One network for two inputs, and the distance of what it makes of them."""

    def __init__(self, tower: nn.Module) -> None:
        super().__init__()
        self.tower = tower

    def forward(self, x: Tensor) -> Tensor:
        """Distances (batch, 1) of the halves of pairs (batch, 2, features)."""
        return (self.tower(x[:, 0]) - self.tower(x[:, 1])).norm(dim=1, keepdim=True)


class Capsules(nn.Module):
    """Digits' capsules: votes of the lower ones, routed by agreement."""

    def __init__(self, lower: int, width: int, classes: int = 3, size: int = 4, rounds: int = 3) -> None:
        super().__init__()
        self.votes = nn.Parameter(torch.randn(lower, classes, width, size) / width**0.5)
        self.width, self.rounds = width, rounds

    def forward(self, x: Tensor) -> Tensor:
        """Lengths of the upper capsules, shape (batch, classes)."""
        votes = torch.einsum("blw,lcws->blcs", x.reshape(len(x), -1, self.width), self.votes)
        logits = votes.new_zeros(votes.shape[:3])
        for _ in range(self.rounds):
            upper = squash((logits.softmax(2)[..., None] * votes).sum(1))
            logits = logits + (votes * upper[:, None]).sum(3)
        return upper.norm(dim=2)


def squash(x: Tensor) -> Tensor:
    """Vectors of the same direction and a length below 1."""
    squared = x.square().sum(-1, keepdim=True)
    return squared / (1 + squared) * x / (squared + 1e-9).sqrt()


class GraphConvolution(nn.Module):
    """GCN on dense graphs: features and adjacency side by side, shape (batch, vertices, features + vertices)."""

    def __init__(self, features: int, hidden: int = 8, classes: int = 3) -> None:
        super().__init__()
        self.features = features
        self.first, self.second = nn.Linear(features, hidden), nn.Linear(hidden, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Logits of the graphs, from the mean of their vertices."""
        x, edges = x[..., : self.features], x[..., self.features :]
        edges = edges + torch.eye(edges.shape[1], device=x.device)
        scale = edges.sum(2).rsqrt()
        shift = scale[:, :, None] * edges * scale[:, None, :]
        return (shift @ self.second(torch.relu(shift @ self.first(x)))).mean(1)


class TinyTransformer(nn.Module):
    """Tokens embedded, one block of attention (masked for a decoder), and logits of each or of the first token."""

    def __init__(self, words: int = 20, width: int = 16, causal: bool = False, classes: int = 3) -> None:
        super().__init__()
        self.embed, self.place = nn.Embedding(words, width), nn.Parameter(torch.randn(16, width) / 4)
        self.block = nn.TransformerEncoderLayer(width, 2, 32, dropout=0.0, batch_first=True)
        self.causal, self.out = causal, nn.Linear(width, words if causal else classes)

    def forward(self, tokens: Tensor) -> Tensor:
        """Logits, shape (batch, time, words) of a decoder, (batch, classes) otherwise."""
        x = self.embed(tokens) + self.place[: tokens.shape[1]]
        mask = nn.Transformer.generate_square_subsequent_mask(tokens.shape[1]) if self.causal else None
        x = self.block(x, src_mask=mask, is_causal=self.causal)
        return self.out(x if self.causal else x[:, 0])


class TinyViT(nn.Module):
    """Patches as tokens behind a class token."""

    def __init__(self, side: int = 8, patch: int = 4, width: int = 16, classes: int = 3) -> None:
        super().__init__()
        self.patches = nn.Conv2d(1, width, patch, patch)
        self.token = nn.Parameter(torch.zeros(1, 1, width))
        self.place = nn.Parameter(torch.randn((side // patch) ** 2 + 1, width) / 4)
        self.block = nn.TransformerEncoderLayer(width, 2, 32, dropout=0.0, batch_first=True)
        self.out = nn.Linear(width, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Logits of the class token."""
        x = self.patches(x).flatten(2).transpose(1, 2)
        return self.out(self.block(torch.cat([self.token.expand(len(x), -1, -1), x], 1) + self.place)[:, 0])


class Hypernetwork(nn.Module):
    """A layer whose weights another network makes out of each input."""

    def __init__(self, features: int = 4, classes: int = 3) -> None:
        super().__init__()
        self.features, self.classes = features, classes
        self.maker = nn.Linear(features, features * classes)

    def forward(self, x: Tensor) -> Tensor:
        """Logits."""
        return torch.einsum("bf,bfc->bc", x, self.maker(x).view(-1, self.features, self.classes))


class Detector(nn.Module):
    """A backbone and heads for boxes and classes of each cell of a grid, as a dictionary."""

    def __init__(self, classes: int = 3) -> None:
        super().__init__()
        self.backbone = nn.Sequential(nn.Conv2d(1, 8, 3, 2, 1), nn.ReLU(), nn.Conv2d(8, 8, 3, 2, 1), nn.ReLU())
        self.boxes, self.classes = nn.Conv2d(8, 4, 1), nn.Conv2d(8, classes, 1)

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        """Classes and boxes before any suppression."""
        x = self.backbone(x)
        return {"classes": self.classes(x), "boxes": self.boxes(x)}


class AdaptivePiecewiseLinear(nn.Module):
    """APLU: ReLU and learned hinges, for each feature."""

    def __init__(self, features: int, hinges: int = 3) -> None:
        super().__init__()
        self.slopes = nn.Parameter(torch.zeros(hinges, features))
        self.places = nn.Parameter(torch.linspace(-1, 1, hinges)[:, None].repeat(1, features))

    def forward(self, x: Tensor) -> Tensor:
        """Of the shape of the input (batch, features)."""
        return torch.relu(x) + (self.slopes * torch.relu(self.places - x[:, None])).sum(1)


class SShapedReLU(nn.Module):
    """SReLU: straight in the middle, with learned thresholds and slopes at both ends."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.low, self.high = nn.Parameter(torch.zeros(features)), nn.Parameter(torch.ones(features))
        self.below, self.above = nn.Parameter(torch.full((features,), 0.1)), nn.Parameter(torch.ones(features))

    def forward(self, x: Tensor) -> Tensor:
        """Of the shape of the input (batch, features)."""
        low, high = self.low + self.below * (x - self.low), self.high + self.above * (x - self.high)
        return torch.where(x < self.low, low, torch.where(x > self.high, high, x))


class HatReLU(nn.Module):
    """MeLU and GaLU: PReLU and learned hats (or Gaussians) at fixed places; ReLU where their weights are 0."""

    places: Tensor
    widths: Tensor

    def __init__(self, features: int, gaussian: bool = False) -> None:
        super().__init__()
        self.gaussian = gaussian
        self.slope = nn.Parameter(torch.zeros(features))
        self.weights = nn.Parameter(torch.zeros(3, features))
        self.register_buffer("places", torch.tensor([[2.0], [1.0], [3.0]]))
        self.register_buffer("widths", torch.tensor([[2.0], [1.0], [1.0]]))

    def forward(self, x: Tensor) -> Tensor:
        """Of the shape of the input (batch, features)."""
        away = (x[:, None] - self.places) / self.widths
        hats = torch.exp(-away.square()) if self.gaussian else torch.relu(1 - away.abs())
        return torch.relu(x) - self.slope * torch.relu(-x) + (self.weights * hats).sum(1)
