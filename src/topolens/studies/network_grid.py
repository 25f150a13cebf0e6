"""A declared grid of networks: which are to be trained, on how much of the data, and when each has learned enough."""

from __future__ import annotations

import difflib
import itertools
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ARCHITECTURES = ("mlp", "vgg1", "vgg2")


@dataclass(frozen=True)
class Member:
    """One network of a grid.

    Args:
        architecture: "mlp"; "vgg1" or "vgg2" with one or two convolutions per block.
        depth: Hidden layers of an mlp, blocks of a vgg.
        width: Neurons of each hidden layer, channels of the first block (the next ones double it).
        dropout: Fraction of hidden neurons left out at each step of training.
        weight_decay: Decoupled, times the rate of learning.
        batch_size: Images of a step.
        seed: Of the first weights, the order of images and what is dropped.
    """

    architecture: str
    depth: int
    width: int
    dropout: float
    weight_decay: float
    batch_size: int
    seed: int

    @property
    def name(self) -> str:
        """Also the name of its file."""
        return (
            f"{self.architecture}-d{self.depth}-w{self.width}-p{self.dropout:g}-wd{self.weight_decay:g}"
            f"-b{self.batch_size}-s{self.seed}"
        )

    @property
    def group(self) -> tuple[Any, ...]:
        """Members of one group have equal shapes and are trained side by side in one stack."""
        return (self.architecture, self.depth, self.width, self.dropout, self.batch_size)


@dataclass(frozen=True)
class Grid:
    """All combinations of some architectures and settings, and how they are trained.

    Args:
        architecture: As `Member.architecture`, and so on down to `seed`; one value each at least.
        train_images: How many images of the training set are used, the first ones; 0: all.
        test_images: Of the test set.
        target_loss: Each member is trained until its cross-entropy on all training images, nothing dropped, is at most
            this.
        most_epochs: A member that has not reached it by then is marked, kept and left out of comparisons.
        rate: Of Adam.
    """

    architecture: tuple[str, ...] = ("mlp",)
    depth: tuple[int, ...] = (2, 3, 4, 6)
    width: tuple[int, ...] = (64, 128, 256)
    dropout: tuple[float, ...] = (0.0, 0.5)
    weight_decay: tuple[float, ...] = (0.0, 0.1)
    batch_size: tuple[int, ...] = (32, 256)
    seed: tuple[int, ...] = (0,)
    train_images: int = 5000
    test_images: int = 5000
    target_loss: float = 0.05
    most_epochs: int = 100
    rate: float = 1e-3

    def __post_init__(self) -> None:
        for name in AXES:
            values = getattr(self, name)
            if not values or len(set(values)) < len(values):
                raise ValueError(f"{name} must list at least one value, each once, got {list(values)}")
        for name, (least, most) in RANGES.items():
            values = getattr(self, name)
            for value in values if isinstance(values, tuple) else (values,):
                if not least <= value <= most:
                    raise ValueError(f"{name} must lie from {least:g} to {most:g}, got {value}")
        if unknown := [name for name in self.architecture if name not in ARCHITECTURES]:
            raise ValueError(f"architecture must be one of {', '.join(ARCHITECTURES)}, got {unknown[0]!r}")

    def members(self) -> list[Member]:
        """All of them, in the order of the grid; the last setting counts fastest."""
        return [Member(*values) for values in itertools.product(*(getattr(self, name) for name in AXES))]

    def as_dict(self) -> dict[str, Any]:
        """The settings as JSON has them."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}


AXES = tuple(field.name for field in fields(Member))
RANGES = {
    "depth": (1, 64), "width": (1, 65536), "dropout": (0, 0.95), "weight_decay": (0, 100), "batch_size": (1, 65536),
    "seed": (0, 2**32 - 1), "train_images": (0, 10**9), "test_images": (0, 10**9), "target_loss": (1e-9, 1e9),
    "most_epochs": (1, 10**6), "rate": (1e-9, 10),
}  # fmt: skip


def read_grid(path: str | Path) -> Grid:
    """The grid of a TOML file: the names of `Grid`, lists where several values are wanted.

    Args:
        path: The file; what it leaves out has its default.

    Raises:
        FileNotFoundError: If there is none.
        ValueError: If it is no TOML, has an unknown name, or a value is of the wrong type or out of its range.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path} does not exist; name a TOML file with a grid, or leave it out for the default")
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} must be a TOML file ({error})") from None
    return grid_from(found, str(path))


def grid_from(found: Mapping[str, Any], source: str = "the grid") -> Grid:
    """A grid from names and values, as `read_grid` and the manifest of a zoo have them.

    Args:
        found: Names of `Grid` and their values.
        source: What to call it in errors.

    Raises:
        ValueError: As `read_grid`.
    """
    known = {field.name: field.default for field in fields(Grid)}
    for name in found:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            raise ValueError(
                f"{source} has the unknown name {name!r}; "
                + (f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known)}")
            )
    return Grid(**{name: _typed(source, name, value, known[name]) for name, value in found.items()})


def _typed(source: str, name: str, value: Any, like: Any) -> Any:
    """A value as the type of its default; one number stands for a list of one."""
    if not isinstance(like, tuple):
        return _one(source, name, value, like)
    return tuple(_one(source, name, each, like[0]) for each in (value if isinstance(value, list | tuple) else [value]))


def _one(source: str, name: str, value: Any, like: Any) -> Any:
    if isinstance(like, float) and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) is not type(like):
        raise ValueError(f"{name} of {source} must be of type {type(like).__name__}, got {value!r}")
    return value
