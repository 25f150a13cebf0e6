"""First-layer filters of many small digit networks M(X, Y, Z), kept from the first training step to the last.

Gabrielsson & Carlsson (2018, section 5.1) pool the 3x3 filters of 100 such networks and find the primary circle in
them. This study trains the networks on MNIST and writes the pooled filters, one tensor per checkpoint::

    python -m topolens.studies.mnist_filters --data mnist.npz --out mnist_filters.safetensors --networks 100

A killed run goes on where it stopped: each finished network lies in ``OUT.work/``. `train_digits` trains a smaller
ensemble of the same form, live, on scikit-learn's 8x8 digits.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import Tensor, nn

log = logging.getLogger(__name__)

Data = tuple[Tensor, Tensor, Tensor, Tensor]  # training images (n, s, s) in [0, 1], their labels, the same for tests


@dataclass(frozen=True)
class Recipe:
    """All that determines a trained network, next to its data and its number.

    Source: Gabrielsson & Carlsson, Exposition and Interpretation of the Topology of Neural Networks (2018), table 1:
    ``filters``, ``second``, ``hidden`` are X, Y, Z; Y = 0 leaves the second block out. The paper trains 40,000 steps
    of 128 (or 124) images and states neither learning rate nor initial weights; ours are TensorFlow's defaults: Adam
    at 0.001, Glorot uniform weights, biases 0. Ours too: batches of 16, which buy more steps, and a tenth of the rate
    in the last ``cool`` steps, which buys accuracy.
    """

    filters: int = 64
    second: int = 32
    hidden: int = 64
    batch: int = 16
    rate: float = 1e-3
    cool: int = 500
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


def train_one(number: int, data: Path, work: Path, recipe: Recipe, steps: int) -> None:
    """Trains network ``number`` and writes its filters and test accuracy into ``work``, unless they are there already.

    The file is written beside its place and moved into it: what lies in place is whole.
    """
    place, seeds = work / f"network_{number:04d}.safetensors", (recipe.seed, number)
    if place.exists():
        return
    torch.set_num_threads(1)
    images, turn, keep = read_mnist(data), max(0, steps - recipe.cool), checkpoints(steps)
    network = DigitNetworks(recipe, 1, 28, generator_of(*seeds))
    optimizer = torch.optim.Adam(network.parameters(), lr=recipe.rate, fused=True)
    filters = {0: network.first.detach().clone()} | train(network, optimizer, images, seeds, range(turn), keep)
    optimizer.param_groups[0]["lr"] = recipe.rate / 10
    filters |= train(network, optimizer, images, seeds, range(turn, steps), keep)
    tensors = {f"step_{step:06d}": weight for step, weight in filters.items()}
    tensors["accuracy"] = accuracy(network, images)
    if recipe.second:
        tensors[f"layer2_step_{steps:06d}"] = network.second.detach().contiguous()[None]
    save_file(tensors, place.with_suffix(".partial"))
    place.with_suffix(".partial").replace(place)


def train_many(
    data: Path, work: Path, recipe: Recipe, steps: int, networks: int, floor: float, workers: int
) -> tuple[list[dict[str, Tensor]], int]:
    """Trains until ``networks`` of them reach the test accuracy ``floor``: their tensors, and how many were left out.

    Raises:
        RuntimeError: half of the networks trained stay below ``floor``.
    """
    work.mkdir(parents=True, exist_ok=True)
    task = partial(train_one, data=data, work=work, recipe=recipe, steps=steps)
    good: list[dict[str, Tensor]] = []
    tried = 0
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        while len(good) < networks:
            numbers = range(tried, tried + networks - len(good))
            for _ in track(pool.map(task, numbers), f"training networks {numbers.start}-{numbers[-1]}", len(numbers)):
                pass
            trained = [load_file(work / f"network_{number:04d}.safetensors") for number in numbers]
            good += [tensors for tensors in trained if tensors["accuracy"].item() >= floor]
            tried += len(numbers)
            log.info("%d of %d networks reach an accuracy of %g", len(good), tried, floor)
            if len(good) < tried / 2:
                raise RuntimeError(f"{len(good)} of {tried} networks reach an accuracy of {floor}; train more steps")
    return good, tried - len(good)


def write(out: Path, networks: Sequence[dict[str, Tensor]], below: int, recipe: Recipe, steps: int) -> None:
    """Writes the pooled file: ``step_000000`` ... in float16, ``accuracy``, and ``layer2_step_...`` of 32 networks."""
    tensors = {
        name: torch.cat([network[name] for network in (networks[:32] if name.startswith("layer2") else networks)])
        for name in networks[0]
    }
    tensors = {name: t if name == "accuracy" else t.half() for name, t in tensors.items()}
    facts = asdict(recipe) | {
        "architecture": f"M({recipe.filters}, {recipe.second}, {recipe.hidden})",
        "steps": steps,
        "networks": len(networks),
        "networks_below_floor": below,
        "torch": torch.__version__,
        "script": "topolens.studies.mnist_filters",
    }
    save_file(tensors, out, metadata={name: str(fact) for name, fact in facts.items()})


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line of the study."""
    parser = argparse.ArgumentParser(prog="python -m topolens.studies.mnist_filters", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--data", type=Path, required=True, help="MNIST as an .npz file: x_train, y_train, x_test, ...")
    parser.add_argument("--out", type=Path, required=True, help="the file to write; unfinished work lies in OUT.work/")
    parser.add_argument("--networks", type=int, default=100, help="networks that reach the floor")
    parser.add_argument("--floor", type=float, default=0.985, help="test accuracy that a network must reach")
    parser.add_argument("--steps", type=int, default=4500)
    parser.add_argument("--batch", type=int, default=Recipe.batch)
    parser.add_argument("--seed", type=int, default=Recipe.seed)
    parser.add_argument("--workers", type=int, default=1, help="processes of one thread each")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s", handlers=[RichHandler(show_path=False)])
    recipe = Recipe(batch=options.batch, seed=options.seed)
    work = options.out.with_name(f"{options.out.name}.work") / f"batch{recipe.batch}_seed{recipe.seed}_{options.steps}"
    many = train_many(options.data, work, recipe, options.steps, options.networks, options.floor, options.workers)
    write(options.out, *many, recipe, options.steps)


if __name__ == "__main__":
    main()
