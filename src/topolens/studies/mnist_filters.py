"""First-layer filters of many small digit networks M(X, Y, Z), kept from the first training step to the last.

Gabrielsson & Carlsson (2018, section 5.1) pool the 3x3 filters of 100 such networks and find the primary circle in
them. This study trains the networks on MNIST and writes the pooled filters, one tensor per checkpoint::

    python -m topolens.studies.mnist_filters --data mnist.npz --out mnist_filters.safetensors --networks 100

A killed run goes on where it stopped, and a larger ``--steps`` trains the same networks further: the state of each
network is kept in ``OUT.work/``. `train_digits` does the same, live, on scikit-learn's 8x8 digits.
"""

from __future__ import annotations

import argparse
import logging
import os
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import cache, partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from rich.logging import RichHandler
from rich.progress import track
from safetensors.torch import save_file
from sklearn.datasets import load_digits
from torch import Tensor, nn

log = logging.getLogger(__name__)

Data = tuple[Tensor, Tensor, Tensor, Tensor]  # training images (n, s, s) in [0, 1], their labels, the same for tests

# glibc hands buffers of this size back to the kernel after each step unless told to keep them.
KEEP_BUFFERS = {"MALLOC_MMAP_THRESHOLD_": "33554432", "MALLOC_TRIM_THRESHOLD_": "536870912"}


@dataclass(frozen=True)
class Recipe:
    """All that determines a trained network, next to its data and its number.

    Source: Gabrielsson & Carlsson, Exposition and Interpretation of the Topology of Neural Networks (2018), table 1:
    ``filters``, ``second``, ``hidden`` are X, Y, Z; Y = 0 leaves the second block out. The paper trains 40,000 steps
    of 128 (or 124) images and states neither learning rate nor initial weights; ours are TensorFlow's defaults: Adam
    at 0.001, Glorot uniform weights, biases 0. Our batch of 16 buys eight times the steps.
    """

    filters: int = 64
    second: int = 32
    hidden: int = 64
    batch: int = 16
    rate: float = 1e-3
    seed: int = 0
    bfloat16: bool = True


class PooledConvolution(torch.autograd.Function):
    """A 3x3 convolution of one-channel images and its 2x2 max pooling, as one matrix product over `patches`.

    The four rows of a pooling window meet in a tournament; its gates (0 or 1) lead the gradient back to the winner.
    With 64 filters on 28x28 pixels this costs a third of `conv2d`, `max_pool2d` and their gradients on a CPU.
    """

    @staticmethod
    def forward(ctx: Any, patches: Tensor, weight: Tensor) -> Tensor:
        """The pooled responses (n, c) to patches (4, n, 9) of a weight (9, c)."""
        a, b, c, d = (patches.flatten(0, 1) @ weight).unflatten(0, (4, -1))
        top, bottom = torch.maximum(a, b), torch.maximum(c, d)
        gates = [(second - first).sign_().relu_() for first, second in ((a, b), (c, d), (top, bottom))]
        ctx.save_for_backward(patches, *gates)
        return torch.maximum(top, bottom)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[None, Tensor]:
        """The gradient (9, c) of the weight."""
        patches, right_top, right_bottom, bottom = ctx.saved_tensors
        to_bottom = grad * bottom
        to_top = grad - to_bottom
        b, d = to_top * right_top, to_bottom * right_bottom
        shares = (to_top - b, b, to_bottom - d, d)
        return None, torch.stack([place.T @ share for place, share in zip(patches, shares, strict=True)]).sum(0)


def patches(images: Tensor) -> Tensor:
    """The zero-padded 3x3 patches of images (batch, s, s), by place in their 2x2 window: (4, batch * s/2 * s/2, 9)."""
    batch, side, _ = images.shape
    windows = F.pad(images, (1, 1, 1, 1)).unfold(1, 3, 1).unfold(2, 3, 1)
    return windows.reshape(batch, side // 2, 2, side // 2, 2, 9).permute(2, 4, 0, 1, 3, 5).reshape(4, -1, 9)


class DigitNetworks(nn.Module):
    """``count`` networks M(X, Y, Z) side by side: the same images, each network its own weights and dropout.

    Convolution 3x3, ReLU, 2x2 max pooling; the same again where Y > 0; a hidden layer with ReLU and dropout 0.5; ten
    logits. Pooling comes before bias and ReLU, which gives the same values for a quarter of the work.

    Args:
        recipe: X, Y, Z of the networks.
        count: number of networks.
        size: side of the square images, in pixels, a multiple of 4.
        generator: draws the initial weights.

    Raises:
        ValueError: ``size`` is not a multiple of 4.
    """

    def __init__(self, recipe: Recipe, count: int, size: int, generator: torch.Generator) -> None:
        super().__init__()
        if size % 4:
            raise ValueError(f"size must be a multiple of 4, got {size}; pad the images")

        def glorot(*shape: int, fans: int) -> nn.Parameter:
            bound = (6 / fans) ** 0.5
            return nn.Parameter(torch.empty(shape).uniform_(-bound, bound, generator=generator))

        x, y, z = recipe.filters, recipe.second, recipe.hidden
        flat = y * (size // 4) ** 2 if y else x * (size // 2) ** 2
        self.recipe, self.count = recipe, count
        self.first = glorot(count, x, 1, 3, 3, fans=9 + 9 * x)
        self.first_bias = nn.Parameter(torch.zeros(count * x))
        if y:
            self.second = glorot(count * y, x, 3, 3, fans=9 * x + 9 * y)
            self.second.data = self.second.data.to(memory_format=torch.channels_last)
            self.second_bias = nn.Parameter(torch.zeros(count * y))
        self.hidden, self.hidden_bias = glorot(count, flat, z, fans=flat + z), nn.Parameter(torch.zeros(count, 1, z))
        self.readout, self.readout_bias = glorot(count, z, 10, fans=z + 10), nn.Parameter(torch.zeros(count, 1, 10))

    def forward(self, images: Tensor) -> Tensor:
        """The logits (count, batch, 10) of images (batch, size, size), in float32."""
        kind = torch.bfloat16 if self.recipe.bfloat16 else torch.float32
        batch, half = len(images), images.shape[1] // 2
        with torch.autocast("cpu", torch.bfloat16, enabled=self.recipe.bfloat16):
            weight = self.first.view(-1, 9).T.to(kind)
            h = PooledConvolution.apply(patches(images.to(kind)), weight) + self.first_bias.to(kind)
            h = h.relu().view(batch, half, half, -1).permute(0, 3, 1, 2)
            if self.recipe.second:
                h = F.conv2d(h, self.second, self.second_bias, padding=1, groups=self.count)
                h = F.max_pool2d(h, 2).relu()
            h = h.reshape(batch, self.count, -1).transpose(0, 1)
            h = F.dropout(torch.baddbmm(self.hidden_bias, h, self.hidden).relu(), 0.5, self.training)
            return torch.baddbmm(self.readout_bias, h, self.readout).float()


def generator_of(*seeds: int) -> torch.Generator:
    """A generator that depends on all the given numbers; different numbers give unrelated streams."""
    return torch.Generator().manual_seed(int(np.random.SeedSequence(seeds).generate_state(1, np.uint64)[0] >> 1))


def batches(data: Data, batch: int, seeds: Sequence[int], start: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Images and labels from step ``start`` on, endless; each pass over the images has an order of its own."""
    passes, first = divmod(start, len(data[0]) // batch)
    while True:
        order = torch.randperm(len(data[0]), generator=generator_of(*seeds, passes))
        for rows in order.split(batch)[first : len(order) // batch]:
            yield data[0][rows], data[1][rows]
        passes, first = passes + 1, 0


def train(
    networks: DigitNetworks,
    optimizer: torch.optim.Optimizer,
    data: Data,
    seeds: Sequence[int],
    span: range,
    keep: Collection[int],
    on_step: Callable[[int], None] = lambda step: None,
) -> dict[int, Tensor]:
    """Trains over the steps of ``span``; the filters after each step in ``keep``: step -> (count, X, 1, 3, 3).

    The loss is the sum over networks of their mean cross entropies; Adam works weight by weight, so each network
    moves as it would alone. ``seeds`` fix the order of the images and the dropout: two spans cut at the same place
    give the same networks again.
    """
    torch.manual_seed(generator_of(*seeds, span.start).initial_seed())
    kept = {}
    for step, (images, labels) in zip(span, batches(data, networks.recipe.batch, seeds, span.start), strict=False):
        optimizer.zero_grad()
        logits = networks(images)
        loss = F.cross_entropy(logits.flatten(0, 1), labels.repeat(networks.count)) * networks.count
        loss.backward()
        optimizer.step()
        if step + 1 in keep:
            kept[step + 1] = networks.first.detach().clone()
        on_step(step + 1)
    return kept


def accuracy(networks: DigitNetworks, data: Data) -> Tensor:
    """The share of right answers of each network on the test images, shape (count,), without dropout."""
    networks.eval()
    with torch.no_grad():
        answers = torch.cat([networks(images).argmax(2) for images in data[2].split(500)], dim=1)
    networks.train()
    return (answers == data[3]).float().mean(1)


def checkpoints(steps: int) -> list[int]:
    """The steps whose filters are kept: every 100 up to 500, every 500 up to 2000, every 1000 up to ``steps``.

    Example:
        >>> checkpoints(3000)
        [0, 100, 200, 300, 400, 500, 1000, 1500, 2000, 3000]
    """
    grid = [*range(0, 500, 100), *range(500, 2000, 500), *range(2000, steps, 1000)]
    return [step for step in grid if step < steps] + [steps]


def digits() -> Data:
    """scikit-learn's 1,797 digits of 8x8 pixels: the first 1,437 for training, the rest, by other writers, for tests."""
    bunch = load_digits()
    images = torch.from_numpy(bunch.images).float() / 16
    labels = torch.from_numpy(bunch.target).long()
    return images[:1437], labels[:1437], images[1437:], labels[1437:]


def train_digits(
    networks: int = 24,
    steps: int = 2000,
    keep: Collection[int] | None = None,
    seed: int = 0,
    on_step: Callable[[int], None] = lambda step: None,
) -> tuple[dict[int, Tensor], Tensor]:
    """First-layer filters of networks M(64, 8, 64) trained on 8x8 digits, with their final test accuracies.

    Args:
        networks: number of networks, trained together; each gives 64 filters.
        steps: Adam steps of 16 images.
        keep: steps whose filters are kept, 0 for the initial ones; default `checkpoints` of ``steps``.
        seed: fixes initial weights, order of the images and dropout.
        on_step: called with the number of each step done.

    Returns:
        Step -> filters (networks, 64, 1, 3, 3), and the accuracies (networks,).

    Cost: about TODO s on two CPU cores with the defaults.

    Example:
        >>> weights, accuracies = train_digits(networks=2, steps=3, keep=(0, 3))
        >>> {step: tuple(w.shape) for step, w in weights.items()}
        {0: (2, 64, 1, 3, 3), 3: (2, 64, 1, 3, 3)}
    """
    data, recipe = digits(), Recipe(second=8, seed=seed, bfloat16=False)
    ensemble = DigitNetworks(recipe, networks, 8, generator_of(seed))
    optimizer = torch.optim.Adam(ensemble.parameters(), lr=recipe.rate, fused=True)
    keep = checkpoints(steps) if keep is None else keep
    weights = {0: ensemble.first.detach().clone()} if 0 in keep else {}
    weights |= train(ensemble, optimizer, data, (seed,), range(steps), keep, on_step)
    return weights, accuracy(ensemble, data)


@cache
def read_mnist(path: Path) -> Data:
    """The images of an ``.npz`` file with ``x_train``, ``y_train``, ``x_test``, ``y_test`` (the names of Keras)."""
    with np.load(path) as file:
        arrays = (torch.from_numpy(file[name]) for name in ("x_train", "y_train", "x_test", "y_test"))
        x_train, y_train, x_test, y_test = arrays
    return x_train.float() / 255, y_train.long(), x_test.float() / 255, y_test.long()


def advance(number: int, stop: int, data: Path, work: Path, recipe: Recipe) -> float:
    """Trains network ``number`` from where its file in ``work`` stands up to step ``stop``; its test accuracy there.

    The file is written beside its place and moved into it, so a killed run leaves the last full state.
    """
    torch.set_num_threads(1)
    place, seeds = work / f"network_{number:04d}.pt", (recipe.seed, number)
    networks = DigitNetworks(recipe, 1, 28, generator_of(*seeds))
    optimizer = torch.optim.Adam(networks.parameters(), lr=recipe.rate, fused=True)
    state: dict[str, Any] = {"step": 0, "filters": {0: networks.first.detach().clone()}, "accuracy": {}}
    if place.exists():
        state = torch.load(place)
        networks.load_state_dict(state["networks"])
        optimizer.load_state_dict(state["optimizer"])
    if state["step"] < stop:
        images, span = read_mnist(data), range(state["step"], stop)
        state["filters"] |= train(networks, optimizer, images, seeds, span, {*checkpoints(100_000), stop})
        state["accuracy"][stop] = accuracy(networks, images).item()
        state |= {"networks": networks.state_dict(), "optimizer": optimizer.state_dict(), "step": stop}
        torch.save(state, place.with_suffix(".tmp"))
        place.with_suffix(".tmp").replace(place)
    return float(state["accuracy"][stop])


def collect(work: Path, numbers: Sequence[int], steps: int) -> dict[str, Tensor]:
    """The tensors to ship: ``step_000000`` ... (networks, X, 1, 3, 3) in float16, ``accuracy``, and ``layer2_step_...``.

    The second-layer filters (16, Y, X, 3, 3) are those of the first sixteen networks after the last step.
    """
    states = [torch.load(work / f"network_{number:04d}.pt") for number in numbers]
    tensors = {
        f"step_{step:06d}": torch.cat([state["filters"][step] for state in states]).half()
        for step in checkpoints(steps)
    }
    tensors["accuracy"] = torch.tensor([state["accuracy"][steps] for state in states])
    if "second" in states[0]["networks"]:
        second = [state["networks"]["second"].contiguous() for state in states[:16]]
        tensors[f"layer2_step_{steps:06d}"] = torch.stack(second).half()
    return tensors
