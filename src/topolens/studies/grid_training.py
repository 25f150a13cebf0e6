"""Training the members of one group side by side, each until it has learned the training images equally well."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap

from topolens.studies.grid_networks import GridNetwork, network
from topolens.studies.images import Images
from topolens.studies.network_grid import Grid, Member

Outcome = dict[str, float | str]
Finished = Callable[[Member, dict[str, Tensor], Outcome], None]
CHUNK = 1000
PROBED = 4  # steps
REACHED, NOT_REACHED, DIVERGED = "reached", "not reached", "diverged"


def part_of(data: Images, grid: Grid) -> Images:
    """The images of a grid: the first ones of both sets."""
    train, test = grid.train_images or len(data.train), grid.test_images or len(data.test)
    return Images(data.name, data.train[:train], data.train_labels[:train], data.test[:test], data.test_labels[:test])


def train_group(members: Sequence[Member], data: Images, grid: Grid, finished: Finished) -> None:
    """Trains members of one group in one stack; each is handed to `finished` as soon as it is done.

    A member's numbers do not depend on who else is in the stack, as far as the products of matrices do not: what is
    drawn for it comes from its own seed.

    Args:
        members: Of equal `Member.group`.
        data: The images of the grid.
        grid: How to train.
        finished: Called with a member, its weights and its outcome: `status` ("reached", "not reached" or "diverged"),
            losses, accuracies, `gap` (accuracy on training minus on test images), epochs and seconds.
    """
    start = time.perf_counter()
    stack = _Stack(members, data, grid.rate)
    for epoch in range(1, grid.most_epochs + 1):
        stack.epoch()
        loss, accuracy = stack.scores(data.train, data.train_labels)
        status = [_status(float(x), grid.target_loss, epoch == grid.most_epochs) for x in loss]
        done = [row for row, found in enumerate(status) if found]
        if not done:
            continue
        test_loss, test_accuracy = stack.scores(data.test, data.test_labels)
        for row in done:
            finished(stack.members[row], stack.weights(row), {
                "status": status[row], "epochs": epoch, "seconds": time.perf_counter() - start,
                "train_loss": float(loss[row]), "train_accuracy": float(accuracy[row]),
                "test_loss": float(test_loss[row]), "test_accuracy": float(test_accuracy[row]),
                "gap": float(accuracy[row] - test_accuracy[row]),
            })  # fmt: skip
        if len(done) == len(status):
            return
        stack.keep([row for row, found in enumerate(status) if not found])


def seconds_per_epoch(members: Sequence[Member], data: Images, grid: Grid) -> float:
    """What an epoch of a group takes on one thread here, from a few steps of it.

    Args:
        members: Of one group.
        data: The images of the grid.
        grid: How to train.
    """
    size = min(members[0].batch_size, len(data.train))
    some = PROBED * size
    part = Images(data.name, data.train[:some], data.train_labels[:some], data.test[:1], data.test_labels[:1])
    stack = _Stack(members, part._replace(test_labels=data.test_labels), grid.rate)
    stack.epoch()
    start = time.perf_counter()
    stack.epoch()
    return (time.perf_counter() - start) * len(data.train) / len(part.train)


def _status(loss: float, target: float, is_last: bool) -> str:
    """Empty while it goes on."""
    if loss != loss or loss == float("inf"):
        return DIVERGED
    return REACHED if loss <= target else NOT_REACHED if is_last else ""


class _Stack:
    """Networks of one shape as one, with what Adam remembers of each."""

    def __init__(self, members: Sequence[Member], data: Images, rate: float) -> None:
        self.members, self.data = list(members), data
        shape, classes = data.train.shape[1:], data.classes
        networks = [network(member, shape, classes) for member in members]
        self.network: GridNetwork = networks[0]
        stacked, _ = stack_module_state(networks)
        self.parameters: dict[str, Tensor] = {name: nn.Parameter(value.detach()) for name, value in stacked.items()}
        self.optimiser = torch.optim.Adam(self.parameters.values(), lr=rate)
        self.generators = [torch.Generator().manual_seed(member.seed) for member in members]

    def epoch(self) -> None:
        """One pass over the training images, each member in its own order."""
        for x, y, kept in self._batches():
            self.optimiser.zero_grad()
            vmap(self._loss)(self.parameters, x, y, kept).sum().backward()
            rate = self.optimiser.param_groups[0]["lr"]
            with torch.no_grad():
                for value in self.parameters.values():
                    decay = torch.tensor([1 - rate * member.weight_decay for member in self.members])
                    value.mul_(decay.reshape(-1, *[1] * (value.ndim - 1)))
            self.optimiser.step()

    def _loss(self, parameters: dict[str, Tensor], x: Tensor, y: Tensor, kept: Tensor) -> Tensor:
        scores = functional_call(self.network, parameters, (x, kept))
        return nn.functional.cross_entropy(scores, y)

    def _batches(self) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """Images, labels and what is kept of the hidden neurons, for all members; a short last batch is left out."""
        n = len(self.data.train)
        size, dropout = min(self.members[0].batch_size, n), self.members[0].dropout
        orders = torch.stack([torch.randperm(n, generator=own) for own in self.generators])
        for start in range(0, n - size + 1, size):
            rows = orders[:, start : start + size]
            if dropout:
                drawn = [torch.rand(size, self.network.hidden, generator=own) for own in self.generators]
                kept = (torch.stack(drawn) >= dropout).float() / (1 - dropout)
            else:
                kept = torch.ones(1).expand(len(rows), size, self.network.hidden)
            yield self.data.train[rows], self.data.train_labels[rows], kept

    @torch.no_grad()
    def scores(self, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Cross-entropy and accuracy of each member, nothing dropped."""
        answer = vmap(lambda parameters, x: functional_call(self.network, parameters, (x,)), in_dims=(0, None))
        found = torch.cat([answer(self.parameters, x) for x in images.split(CHUNK)], 1)
        loss = torch.stack([nn.functional.cross_entropy(own.double(), labels) for own in found])
        return loss, (found.argmax(2) == labels).double().mean(1)

    def weights(self, row: int) -> dict[str, Tensor]:
        """Those of one member."""
        return {name: value.detach()[row].clone() for name, value in self.parameters.items()}

    def keep(self, rows: list[int]) -> None:
        """Goes on with these members alone."""
        self.members = [self.members[row] for row in rows]
        self.generators = [self.generators[row] for row in rows]
        for name, old in list(self.parameters.items()):
            state = self.optimiser.state.pop(old)
            new = self.parameters[name] = nn.Parameter(old.detach()[rows].clone())
            self.optimiser.state[new] = {key: x if key == "step" else x[rows].clone() for key, x in state.items()}
        self.optimiser.param_groups[0]["params"] = list(self.parameters.values())
