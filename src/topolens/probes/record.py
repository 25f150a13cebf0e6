"""What the layers of a network answer to data, layer by layer, without changing the network."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from topolens.probes.batches import Batch, batches, rows, size_of
from topolens.probes.layouts import answer_of, features_last, first_tensor, laid_out, reduced_rows
from topolens.probes.module_choice import choose_modules

POSITIONS = ("mean", "max", "random", "flatten")
TOKENS = (*POSITIONS, "first", "last")
UNKNOWN = 4096  # rows that a layer's block has where data does not say its size; what is not written to costs nothing
Positions = Literal["mean", "max", "random", "flatten"]
Tokens = Literal["mean", "max", "random", "flatten", "first", "last"]
Layers = str | type[nn.Module] | Sequence[str | type[nn.Module]] | None


@dataclass(frozen=True)
class Recording:
    """Activations of one network on one set of samples.

    Args:
        activations: Layer to its activations, shape (samples, features), float32 on the CPU, in the order in which the
            layers answered. A layer that answers several times has "#2", "#3" behind its name from the second on.
        outputs: What the network gave, shape (samples, ...), where that has a row per sample: of several the one named
            "logits", or the first.
        labels: Label of each sample, shape (samples,), where the data has labels.
        ids: Number of each sample in the data, shape (samples,).
        kinds: Layer to the name of its class.
        skipped: Layer to the reason why it was not recorded.
    """

    activations: Mapping[str, Tensor]
    outputs: Tensor | None
    labels: Tensor | None
    ids: Tensor
    kinds: Mapping[str, str]
    skipped: Mapping[str, str]


def record(
    model: nn.Module,
    data: Any,
    layers: Layers = None,
    *,
    positions: Positions = "mean",
    tokens: Tokens = "mean",
    samples: int | None = None,
    per_class: int | None = None,
    batch_size: int = 64,
    seed: int = 0,
    folder: str | Path | None = None,
    max_bytes: int = 2**30,
    progress: Callable[[int], None] | None = None,
) -> Recording:
    """Activations of a network's layers on data, one row per sample and layer.

    The network runs in evaluation mode without gradients, on the device its weights are on. Afterwards its hooks,
    modes and buffers, and torch's random state, are as they were.

    Args:
        model: The network.
        data: Samples, with labels or without, in any form that `batches` takes.
        layers: Names, patterns, classes or several of these; None: all leaves, see `choose_modules`.
        positions: What becomes of pixels and voxels: their mean or largest value per channel, one of them drawn per
            sample (at the same relative place in each layer), or each a neuron of its own ("flatten").
        tokens: The same for sequences; "first" and "last" take one token.
        samples: Stop after as many; None: all.
        per_class: Take at most as many samples of each label; None: all.
        batch_size: Where `data` is not in batches yet.
        seed: Of the random positions.
        folder: Where activations are kept, as files that are mapped into memory; None: in memory.
        max_bytes: Refuse to hold more in memory.
        progress: Called with the number of samples done after each batch.

    Raises:
        TypeError: If the model or the data is none.
        ValueError: If a choice is unknown, no layer matches, there are no samples, `per_class` is asked of data without
            labels, or memory would not hold what is asked for.
        RuntimeError: If the network fails; the layer it failed in is named, with its own error. If the data does, while
            it is gone through.

    Cost: one forward pass, plus what is kept: 4 bytes per sample and feature.

    Example:
        >>> model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(16, 2))
        >>> found = record(model, torch.rand(10, 1, 4, 4))
        >>> {name: tuple(x.shape) for name, x in found.activations.items()}
        {'0': (10, 4), '1': (10, 4), '3': (10, 2)}
    """
    if not isinstance(model, nn.Module):
        raise TypeError(f"model must be a torch.nn.Module, got {type(model).__name__}")
    _check_choice("positions", positions, POSITIONS)
    _check_choice("tokens", tokens, TOKENS)
    chosen = choose_modules(model, layers)
    size = size_of(data) or UNKNOWN
    expected = size if samples is None else min(samples, size)
    tape = _Tape(positions, tokens, None if folder is None else Path(folder), max_bytes, expected)
    random, ids, labels, done = np.random.default_rng(seed), [], [], 0
    with _listening(model, chosen, tape):
        for numbers, batch in _taken(data, batch_size, samples, per_class):
            tape.start(batch.size, torch.from_numpy(random.random((batch.size, 3))))
            tape.finish(_run(model, batch, tape))
            ids.append(numbers)
            labels.append(batch.labels)
            done += batch.size
            if progress is not None:
                progress(done)
    if not done:
        raise ValueError("data holds no samples; give at least one")
    known = [label for label in labels if label is not None]
    return Recording(
        activations={name: kept.tensor() for name, kept in tape.kept.items() if kept.rows == done},
        outputs=_joined(tape.outputs, len(ids)),
        labels=torch.cat(known) if len(known) == len(labels) else None,
        ids=torch.cat(ids),
        kinds={name: type(chosen[name.split("#")[0]]).__name__ for name in tape.kept},
        skipped=tape.skipped
        | {n: "it answered to some batches only" for n, kept in tape.kept.items() if kept.rows != done}
        | {n: "it was not called" for n in chosen if n not in tape.kept and n not in tape.skipped},
    )


def _joined(outputs: list[Tensor], batches: int) -> Tensor | None:
    """Outputs of all batches, where each gave one and they have the same shape, unlike sequences of several lengths."""
    alike = len(outputs) == batches and len({tuple(output.shape[1:]) for output in outputs}) == 1
    return torch.cat(outputs) if alike else None


def _check_choice(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise ValueError(f"{name} must be one of {', '.join(map(repr, known))}, got {value!r}")


def _taken(data: Any, batch_size: int, samples: int | None, per_class: int | None) -> Iterator[tuple[Tensor, Batch]]:
    """Batches with the numbers of their samples, cut where enough samples, or enough of a class, were taken."""
    number, taken = 0, 0
    seen: dict[int, int] = {}
    for batch in batches(data, batch_size):
        keep = torch.arange(batch.size)
        if per_class is not None:
            if batch.labels is None:
                raise ValueError("per_class needs labels, and the data has none; use samples")
            kept = []
            for place, label in enumerate(batch.labels.tolist()):
                seen[label] = seen.get(label, 0) + 1
                if seen[label] <= per_class:
                    kept.append(place)
            keep = torch.tensor(kept, dtype=torch.int64)
        if samples is not None:
            keep = keep[: samples - taken]
        taken += len(keep)
        if len(keep):
            yield number + keep, batch if len(keep) == batch.size else rows(batch, keep)
        number += batch.size
        if samples is not None and taken >= samples:
            return


def _run(model: nn.Module, batch: Batch, tape: _Tape) -> Any:
    """What the network gives, or its own error with the layer where it happened."""
    weight = next(iter([*model.parameters(), *model.buffers()]), None)
    device = torch.device("cpu") if weight is None else weight.device
    inputs = _moved(batch.inputs, device)
    try:
        if isinstance(inputs, Mapping):
            return model(**inputs)
        return model(*inputs) if isinstance(inputs, tuple) else model(inputs)
    except Exception as error:  # whatever the user's own code raises
        name = tape.entered[-1] if tape.entered else ""
        module = model.get_submodule(name)
        where = f"layer {name!r} ({type(module).__name__})" if name else type(model).__name__
        raise RuntimeError(
            f"the network fails in {where} on input of shape {_shapes(batch.inputs)}: {type(error).__name__}: {error}"
        ) from error


def _moved(part: Any, device: torch.device) -> Any:
    if isinstance(part, Tensor):
        return part.to(device)
    if isinstance(part, Mapping):
        return {key: _moved(inner, device) for key, inner in part.items()}
    return type(part)(_moved(inner, device) for inner in part) if isinstance(part, (tuple, list)) else part


def _shapes(inputs: Any) -> str:
    parts = inputs.values() if isinstance(inputs, Mapping) else inputs if isinstance(inputs, tuple) else [inputs]
    return ", ".join(str(tuple(part.shape)) for part in parts if isinstance(part, Tensor))


@contextmanager
def _listening(model: nn.Module, chosen: Mapping[str, nn.Module], tape: _Tape) -> Iterator[None]:
    """Hooks on, evaluation mode, no gradients, a random state of its own; all of it put back at the end."""
    modes = {module: module.training for module in model.modules()}
    buffers = {buffer: buffer.clone() for buffer in model.buffers()}
    hooks = []
    names = {module: name for name, module in model.named_modules()}
    try:
        for module, name in names.items():
            hooks.append(module.register_forward_pre_hook(lambda _m, _x, name=name: tape.entered.append(name)))
            if name in chosen:
                hooks.append(module.register_forward_hook(lambda m, _x, y, name=name: tape.hear(name, m, y)))
            hooks.append(module.register_forward_hook(lambda m, _x, y: tape.leave(m, y)))
        model.eval()
        devices = {buffer.device for buffer in (*model.parameters(), *model.buffers())}
        with torch.no_grad(), torch.random.fork_rng([d for d in devices if d.type == "cuda"]):
            yield
    finally:
        for hook in hooks:
            hook.remove()
        for module, mode in modes.items():
            module.training = mode
        with torch.no_grad():
            for buffer, before in buffers.items():
                if not torch.equal(buffer, before):
                    buffer.copy_(before)


class _Kept:
    """The rows of one layer, in memory or in a file.

    In memory they are copied into one block: what a batch leaves behind by itself would lie between the network's own
    buffers, which then fit nowhere and are asked for anew, 90 MB in each batch of a ResNet-18.
    """

    def __init__(self, path: Path | None, expected: int) -> None:
        self.path, self.expected, self.rows, self.features = path, expected, 0, 0
        self.block: Tensor | None = None

    def add(self, x: Tensor) -> None:
        start, self.rows, self.features = self.rows, self.rows + len(x), x.shape[1]
        if self.path is None:
            if self.block is None or self.rows > len(self.block):
                larger = x.new_empty(max(self.rows, self.expected, 3 * start // 2), self.features)
                if self.block is not None:
                    larger[:start] = self.block[:start]
                self.block = larger
            self.block[start : self.rows] = x
        else:
            with self.path.open("ab") as opened:
                opened.write(x.numpy().tobytes())

    def tensor(self) -> Tensor:
        if self.block is not None:
            if self.rows < len(self.block):
                self.block = self.block[: self.rows].clone()  # layer by layer, so that they are never all held twice
            return self.block
        flat = torch.from_file(str(self.path), shared=False, size=self.rows * self.features, dtype=torch.float32)
        return flat.view(self.rows, self.features)


@dataclass
class _Tape:
    """What was heard so far."""

    positions: str
    tokens: str
    folder: Path | None
    max_bytes: int
    expected: int
    kept: dict[str, _Kept] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    outputs: list[Tensor] = field(default_factory=list)
    entered: list[str] = field(default_factory=list)

    def start(self, size: int, place: Tensor) -> None:
        """A new batch."""
        self.size, self.place = size, place
        self.times: dict[str, int] = {}
        self.heard: dict[str, Tensor] = {}
        self.before: tuple[tuple[int, ...], bool] | None = None
        self.entered.clear()

    def hear(self, name: str, module: nn.Module, output: Any) -> None:
        """Keep what a layer gave, or the reason why not."""
        self.times[name] = self.times.get(name, 0) + 1
        name = name if self.times[name] == 1 else f"{name}#{self.times[name]}"
        x = first_tensor(output)
        if x is None:
            self.skipped[name] = "it gives no tensor of floating-point numbers"
            return
        laid = laid_out(module, x, self.size, self.before)
        if laid is None or not x.numel():
            self.skipped[name] = f"no axis of {tuple(x.shape)} has the {self.size} samples of the batch"
            return
        self.heard[name] = reduced_rows(laid, self.positions, self.tokens, self.place).to("cpu", torch.float32)

    def leave(self, module: nn.Module, output: Any) -> None:
        """The end of the layer that was entered last; its layout is that of what comes next in the same shape."""
        self.entered.pop()
        x, last = first_tensor(output), features_last(module)
        if x is not None and last is not None:
            self.before = tuple(x.shape), last

    def finish(self, output: Any) -> None:
        """The end of a batch: what was heard is kept."""
        for name, row in self.heard.items():
            if name not in self.kept:
                self.kept[name] = _Kept(self._path(name), self.expected)
            kept = self.kept[name]
            if kept.rows and row.shape[1] != kept.features:
                self.skipped[name] = f"its features changed from {kept.features} to {row.shape[1]} between batches"
            else:
                kept.add(row)
        self._check_memory()
        x = answer_of(output)
        if x is not None and len(x) == self.size:
            self.outputs.append(x.to("cpu", torch.float32))

    def _path(self, name: str) -> Path | None:
        if self.folder is None:
            return None
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"{len(self.kept):04d}-{name or 'model'}.f32"
        path.unlink(missing_ok=True)
        return path

    def _check_memory(self) -> None:
        if self.folder is None:
            held = sum(kept.rows * kept.features * 4 for kept in self.kept.values())
            if held > self.max_bytes:
                raise ValueError(
                    f"activations take more than {self.max_bytes / 2**20:.0f} MB of memory; name a folder for them, "
                    "take fewer layers or samples, or positions='mean'"
                )
