"""First-layer filters of many small digit networks M(X, Y, Z), kept from the first training step to the last.

Gabrielsson & Carlsson (2018, section 5.1) pool the 3x3 filters of 100 such networks and find the primary circle in
them. This study trains the networks on MNIST and writes the pooled filters, one tensor per checkpoint::

    python -m topolens.studies.mnist_filters --data mnist.npz --out mnist_filters.safetensors --networks 100

A killed run goes on with the next network: finished ones lie in ``mnist_filters.work/``. The file holds the filters
of all networks as ``step_000000`` ... (networks, 64, 1, 3, 3), their test accuracies as ``accuracy``, and the last
second-layer filters as ``layer2_step_...``. `train_digits` trains a smaller ensemble, live, on 8x8 digits.

The file in the package was written by an earlier version of this script, which computed the first convolution by
`conv2d` and reseeded dropout at step 4,500 too: same recipe, images and initial weights, but sums are rounded
differently, so a new run gives networks like these, not these.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import cache, partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch
from rich.logging import RichHandler
from rich.progress import track
from safetensors.torch import load_file, save_file
from sklearn.datasets import load_digits
from torch import Tensor, nn
from torch.nn import functional

log = logging.getLogger(__name__)
Data = tuple[Tensor, Tensor, Tensor, Tensor]  # training images (n, s, s) in [0, 1], their labels, the same for tests


@dataclass(frozen=True)
class Recipe:
    """All that determines a trained network, next to its data, its number and the number of steps.

    Source: Gabrielsson & Carlsson, Exposition and Interpretation of the Topology of Neural Networks (2018), table 1:
    ``filters``, ``second``, ``hidden`` are X, Y, Z; Y = 0 leaves the second block out. The paper trains 40,000 steps
    of 128 (or 124) images and states neither learning rate nor initial weights; ours are TensorFlow's defaults: Adam
    at 0.001, Glorot uniform weights, biases 0. Small batches, which buy more steps, are our choice, and a tenth of
    the rate in the last ``cool`` steps (at most a fifth of all), which buys accuracy.
    """

    filters: int = 64
    second: int = 32
    hidden: int = 64
    batch: int = 16
    rate: float = 1e-3
    cool: int = 1000
    seed: int = 0
    bfloat16: bool = True


class DigitNetworks(nn.Module):
    """``count`` networks M(X, Y, Z) side by side: the same images, each network its own weights and dropout.

    Convolution 3x3, ReLU, 2x2 max pooling; the same again where Y > 0; a hidden layer with ReLU and dropout 0.5; ten
    logits. Pooling comes before ReLU: the same values for a quarter of the work. The first convolution is a matrix
    product over patches: `conv2d` is up to ten times slower for many filters on one channel.
    ``size``, the side of the images in pixels, is a multiple of 4; ``generator`` draws the initial weights.
    """

    def __init__(self, recipe: Recipe, count: int, size: int, generator: torch.Generator) -> None:
        super().__init__()

        def glorot(*shape: int, fans: int) -> nn.Parameter:
            bound = (6 / fans) ** 0.5
            return nn.Parameter(torch.empty(shape).uniform_(-bound, bound, generator=generator))

        def zeros(*shape: int) -> nn.Parameter:
            return nn.Parameter(torch.zeros(shape))

        x, y, z = recipe.filters, recipe.second, recipe.hidden
        flat = y * (size // 4) ** 2 if y else x * (size // 2) ** 2
        self.recipe, self.count = recipe, count
        self.first, self.first_bias = glorot(count, x, 1, 3, 3, fans=9 + 9 * x), zeros(count * x)
        if y:
            self.second, self.second_bias = glorot(count * y, x, 3, 3, fans=9 * x + 9 * y), zeros(count * y)
        self.hidden, self.hidden_bias = glorot(count, flat, z, fans=flat + z), zeros(count, 1, z)
        self.readout, self.readout_bias = glorot(count, z, 10, fans=z + 10), zeros(count, 1, 10)

    def forward(self, images: Tensor) -> Tensor:
        """The logits (count, batch, 10) of images (batch, size, size), in float32."""
        with torch.autocast("cpu", torch.bfloat16, enabled=self.recipe.bfloat16):
            patches = functional.pad(images, (1, 1, 1, 1)).unfold(1, 3, 1).unfold(2, 3, 1).flatten(3)
            h = patches @ self.first.view(-1, 9).T
            h = functional.max_pool2d(h.permute(0, 3, 1, 2), 2)
            h = (h + self.first_bias[:, None, None].to(h.dtype)).relu()
            if self.recipe.second:
                h = functional.conv2d(h, self.second, self.second_bias, padding=1, groups=self.count)
                h = functional.max_pool2d(h, 2).relu()
            h = h.reshape(len(images), self.count, -1).transpose(0, 1)
            h = functional.dropout(torch.baddbmm(self.hidden_bias, h, self.hidden).relu(), 0.5, self.training)
            return torch.baddbmm(self.readout_bias, h, self.readout).float()


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

    Losses add up and Adam works weight by weight, so each network moves as it would alone. ``seeds`` fix the order of
    the images and the dropout.
    """
    kept = {}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(generator_of(*seeds, span.start).initial_seed())
        for step, (images, labels) in zip(span, batches(data, networks.recipe.batch, seeds, span.start), strict=False):
            optimizer.zero_grad()
            logits = networks(images).flatten(0, 1)
            loss = functional.cross_entropy(logits, labels.repeat(networks.count)) * networks.count
            loss.backward()
            optimizer.step()
            if step + 1 in keep:
                kept[step + 1] = networks.first.detach().clone()
            on_step(step + 1)
    return kept


def batches(data: Data, batch: int, seeds: Sequence[int], start: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Images and labels from step ``start`` on, endless; each pass over the images has an order of its own."""
    passes, first = divmod(start, len(data[0]) // batch)
    while True:
        order = torch.randperm(len(data[0]), generator=generator_of(*seeds, passes))
        for rows in order.split(batch)[first : len(order) // batch]:
            yield data[0][rows], data[1][rows]
        passes, first = passes + 1, 0


def generator_of(*seeds: int) -> torch.Generator:
    """A generator that depends on all the given numbers."""
    return torch.Generator().manual_seed(int(np.random.SeedSequence(seeds).generate_state(1, np.uint64)[0] >> 1))


def accuracy(networks: DigitNetworks, data: Data) -> Tensor:
    """The share of right answers of each network on the test images, shape (count,), without dropout."""
    networks.eval()
    with torch.no_grad():
        answers = torch.cat([networks(images).argmax(2) for images in data[2].split(500)], dim=1)
    networks.train()
    return (answers == data[3]).float().mean(1)


def checkpoints(steps: int) -> list[int]:
    """The steps whose filters are kept: every 100 up to 500, then every 500, and the last one.

    Example:
        >>> checkpoints(1700)
        [0, 100, 200, 300, 400, 500, 1000, 1500, 1700]
    """
    return [step for step in [*range(0, 500, 100), *range(500, steps, 500)] if step < steps] + [steps]


def train_digits(
    networks: int = 48,
    steps: int = 600,
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
        Step -> filters (networks, 64, 1, 3, 3), and the accuracies (networks,) on 360 digits that other people wrote.

    Cost: 0.7 ms for each network and step: 20 s on one CPU core with the defaults.

    Example:
        >>> weights, accuracies = train_digits(networks=2, steps=3, keep=(0, 3))
        >>> {step: tuple(w.shape) for step, w in weights.items()}
        {0: (2, 64, 1, 3, 3), 3: (2, 64, 1, 3, 3)}
    """
    bunch, recipe = load_digits(), Recipe(second=8, seed=seed, bfloat16=False)
    images, labels = torch.from_numpy(bunch.images).float() / 16, torch.from_numpy(bunch.target).long()
    data, keep = (images[:1437], labels[:1437], images[1437:], labels[1437:]), keep or checkpoints(steps)
    ensemble = DigitNetworks(recipe, networks, 8, generator_of(seed))
    optimizer = torch.optim.Adam(ensemble.parameters(), lr=recipe.rate, fused=True)
    weights = {0: ensemble.first.detach().clone()} if 0 in keep else {}
    return weights | train(ensemble, optimizer, data, (seed,), range(steps), keep, on_step), accuracy(ensemble, data)


@cache
def read_mnist(path: Path) -> Data:
    """The images of an ``.npz`` file with ``x_train``, ``y_train``, ``x_test``, ``y_test`` (the names of Keras)."""
    with np.load(path) as file:
        x, y, x_test, y_test = (torch.from_numpy(file[name]) for name in ("x_train", "y_train", "x_test", "y_test"))
    return x.float() / 255, y.long(), x_test.float() / 255, y_test.long()


def train_one(number: int, data: Path, work: Path, recipe: Recipe, steps: int) -> Path:
    """The file of the trained network ``number`` in ``work``; one that lies there is whole and is not trained again."""
    place, seeds = work / f"network_{number:04d}.safetensors", (recipe.seed, number)
    if place.exists():
        return place
    torch.set_num_threads(1)
    images, turn, keep = read_mnist(data), steps - min(recipe.cool, steps // 5), checkpoints(steps)
    network = DigitNetworks(recipe, 1, 28, generator_of(*seeds))
    optimizer = torch.optim.Adam(network.parameters(), lr=recipe.rate, fused=True)
    filters = {0: network.first.detach().clone()} | train(network, optimizer, images, seeds, range(turn), keep)
    optimizer.param_groups[0]["lr"] = recipe.rate / 10
    filters |= train(network, optimizer, images, seeds, range(turn, steps), keep)
    tensors = {f"step_{step:06d}": weight for step, weight in filters.items()}
    tensors |= {"accuracy": accuracy(network, images)}
    if recipe.second and number < 24:  # a subset keeps the pooled file small
        tensors[f"layer2_step_{steps:06d}"] = network.second.detach().contiguous()[None]
    save_file(tensors, place.with_suffix(".partial"))
    return place.with_suffix(".partial").replace(place)


def main() -> None:
    """The command line of the study."""
    parser = argparse.ArgumentParser(description="Trains MNIST networks and writes their first-layer filters.")
    parser.add_argument("--data", type=Path, required=True, help="MNIST as .npz: x_train, y_train, x_test, y_test")
    parser.add_argument("--out", type=Path, required=True, help="the .safetensors file to write")
    parser.add_argument("--networks", type=int, default=106)
    parser.add_argument("--floor", type=float, default=0.985, help="networks of lower test accuracy are left out")
    parser.add_argument("--steps", type=int, default=5000)
    parser.add_argument("--batch", type=int, default=Recipe.batch)
    parser.add_argument("--seed", type=int, default=Recipe.seed)
    parser.add_argument("--workers", type=int, default=1, help="processes of one thread each")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s", handlers=[RichHandler(show_path=False)])
    recipe, steps = Recipe(batch=options.batch, seed=options.seed), options.steps
    work = options.out.with_suffix(".work") / f"seed_{recipe.seed}_batch_{recipe.batch}_steps_{steps}"
    work.mkdir(parents=True, exist_ok=True)
    task = partial(train_one, data=options.data, work=work, recipe=recipe, steps=steps)
    with ProcessPoolExecutor(options.workers, get_context("spawn")) as pool:
        places = track(pool.map(task, range(options.networks)), "training", options.networks)
        networks = [load_file(place) for place in places]
    good = [network for network in networks if network["accuracy"].item() >= options.floor]
    log.info("%d of %d networks reach a test accuracy of %g", len(good), len(networks), options.floor)
    facts = asdict(recipe) | {"architecture": f"M({recipe.filters}, {recipe.second}, {recipe.hidden})", "steps": steps}
    facts |= {"networks_below_floor": len(networks) - len(good), "floor": options.floor}
    facts |= {"torch": torch.__version__, "script": "topolens.studies.mnist_filters"}
    tensors = {name: torch.cat([network[name] for network in good if name in network]) for name in good[0]}
    save_file(tensors, options.out, {name: str(fact) for name, fact in facts.items()})


if __name__ == "__main__":
    main()
