"""Small networks for the tests of analyses of layers: activations before and after training, and a ReLU rescaling."""

from __future__ import annotations

from functools import cache

import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn

from topolens.probes.record import record

LAYERS = ("1", "3", "4")


def network(seed: int) -> nn.Sequential:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return nn.Sequential(nn.Linear(64, 48), nn.ReLU(), nn.Linear(48, 24), nn.ReLU(), nn.Linear(24, 10))


@cache
def digits() -> tuple[Tensor, Tensor]:
    data = load_digits()
    return torch.tensor(data.data[:600], dtype=torch.float32) / 16, torch.tensor(data.target[:600])


@cache
def trained(seed: int = 0, shuffled: bool = False, steps: int = 400) -> nn.Sequential:
    """Fitted to the digits, or to shuffled labels of them."""
    x, y = digits()
    if shuffled:
        y = y[torch.randperm(len(y), generator=torch.Generator().manual_seed(9))]
    net = network(seed)
    optimiser = torch.optim.Adam(net.parameters(), 5e-3)
    for _ in range(steps):
        optimiser.zero_grad()
        nn.functional.cross_entropy(net(x), y).backward()
        optimiser.step()
    return net


def layers_of(net: nn.Module, x: Tensor | None = None) -> dict[str, Tensor]:
    return dict(record(net, digits()[0] if x is None else x, LAYERS).activations)


def rescaled(net: nn.Sequential, most: float, seed: int = 0) -> nn.Sequential:
    """The same function: each neuron's input scaled by a factor up to `most`, its output by the inverse."""
    other = network(0)
    other.load_state_dict(net.state_dict())
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for first, second in ((other[0], other[2]), (other[2], other[4])):
            factor = most ** (2 * torch.rand(len(first.bias), generator=generator) - 1)
            first.weight.mul_(factor[:, None])
            first.bias.mul_(factor)
            second.weight.div_(factor)
    return other
