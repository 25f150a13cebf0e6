"""A zoo: the trained members of a grid in a folder, to which a killed run is added and in which nothing is lost."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from topolens.runs.kept import moved_there
from topolens.runs.shared import Shared, shared
from topolens.runs.side_by_side import Progress, side_by_side
from topolens.studies.grid_networks import GridNetwork, network
from topolens.studies.grid_training import Outcome, part_of, seconds_per_epoch, train_group
from topolens.studies.images import Images, digest
from topolens.studies.network_grid import Grid, Member, grid_from

FORMAT = "topolens.zoo/1"
MANIFEST = "zoo.json"
EPOCHS = 30  # what a member takes as a rule: 10 to 80 of 5,000 images of MNIST, dropout the longer


class Trained(NamedTuple):
    """A member that has been trained, and how it went: see `grid_training.train_group`."""

    member: Member
    outcome: Outcome


class ZooCost(NamedTuple):
    """What a zoo will take.

    Args:
        members: Of the grid.
        missing: Of them, those that the folder does not hold yet.
        groups: Stacks in which those are trained.
        seconds: Of one thread, if each takes `EPOCHS` epochs.
        megabytes: Of the files still to be written.
    """

    members: int
    missing: int
    groups: int
    seconds: float
    megabytes: float


def zoo_cost(grid: Grid, data: Images, folder: str | Path) -> ZooCost:
    """What is left to do, from a few steps of each group on this machine.

    Args:
        grid: The networks.
        data: Images; the grid says how many are used.
        folder: Where the zoo is, or is to be.
    """
    used, missing = part_of(data, grid), _missing(grid, Path(folder) / "members")
    groups = _groups(missing)
    seconds = sum(seconds_per_epoch(own, used, grid) for own in groups) * min(EPOCHS, grid.most_epochs)
    weights = [network(member, used.train.shape[1:], used.classes) for member in missing]
    size = sum(4 * parameter.numel() for made in weights for parameter in made.parameters())
    return ZooCost(len(grid.members()), len(missing), len(groups), seconds, size / 1e6)


def make_zoo(
    grid: Grid, data: Images, folder: str | Path, *, workers: int = 1, progress: Progress | None = None
) -> list[Trained]:
    """Trains all members of a grid that the folder does not hold yet.

    Every member is one file, `members/NAME.safetensors`, written as soon as it is trained, whole or not at all; the
    manifest `zoo.json` lists all of them. A run that was killed is started again by the same call.

    Args:
        grid: The networks, and how they are trained.
        data: Images; the grid says how many are used.
        folder: Where the zoo is, or is to be.
        workers: Processes; each trains one group at a time. With joblib's backends for clusters they may be elsewhere.
        progress: Called with seconds, all seconds expected, and what was done.

    Returns:
        All members in the order of the grid, also those that diverged or did not reach the loss.

    Raises:
        ValueError: If the folder holds a zoo of another grid or other data, or a file that cannot be read.
    """
    folder, used = Path(folder), part_of(data, grid)
    kept_folder = folder / "members"
    kept_folder.mkdir(parents=True, exist_ok=True)
    told = {"format": FORMAT, "grid": grid.as_dict(), "data": {"name": data.name, "digest": digest(used)}}
    _check_same(folder, told)
    if not (folder / MANIFEST).exists():
        _write(folder / MANIFEST, {**told, "members": []})
    groups = _groups(_missing(grid, kept_folder))
    if groups:
        with shared(used, folder, workers) as images:
            arguments = [(own, images, grid, kept_folder) for own in groups]
            costs = [_cost(own) for own in groups]
            side_by_side(_train, arguments, workers, progress, lambda own, *_: own[0].name, costs)
    found = [_read(place_of(folder, member)) for member in grid.members()]
    rows = [asdict(each.member) | each.outcome for each in found]
    _write(folder / MANIFEST, {**told, "members": rows}, indent=1)
    return found


def read_zoo(folder: str | Path) -> tuple[Grid, str, list[Trained]]:
    """A finished zoo.

    Args:
        folder: Where it is.

    Returns:
        Its grid, the digest of its images, and its members.

    Raises:
        FileNotFoundError: If there is no zoo, or members are missing.
        ValueError: If a file cannot be read or is of another version.
    """
    folder = Path(folder)
    told = _manifest(folder)
    if told is None:
        raise FileNotFoundError(f"{folder} holds no zoo; make one with topolens zoo -o {folder}")
    grid = grid_from(told["grid"], str(folder / MANIFEST))
    if missing := _missing(grid, folder / "members"):
        raise FileNotFoundError(
            f"{len(missing)} of {len(grid.members())} members are missing in {folder}; run topolens zoo once more"
        )
    return grid, told["data"]["digest"], [_read(place_of(folder, member)) for member in grid.members()]


def load_member(folder: str | Path, member: Member, shape: Sequence[int], classes: int) -> GridNetwork:
    """A trained network of a zoo, in evaluation mode.

    Args:
        folder: Where the zoo is.
        member: Which.
        shape: Of an image: channels, height, width.
        classes: Outputs.
    """
    made = network(member, shape, classes)
    made.load_state_dict(load_file(place_of(Path(folder), member)))
    return made.eval()


def _train(members: list[Member], images: Shared[Images], grid: Grid, folder: Path) -> None:
    torch.set_num_threads(1)

    def finished(member: Member, weights: dict[str, Tensor], outcome: Outcome) -> None:
        place = folder / f"{member.name}.safetensors"
        told = json.dumps({"member": asdict(member), "outcome": outcome})
        try:
            with moved_there(place) as part:
                save_file(weights, part, metadata={"topolens": told})
        except SafetensorError as error:
            raise OSError(
                f"{place.name} cannot be written ({error}); make room, then run the same command again"
            ) from None

    train_group(members, images.get(), grid, finished)


def _read(place: Path) -> Trained:
    try:
        with safe_open(place, "pt") as file:
            told = json.loads((file.metadata() or {})["topolens"])
    except (SafetensorError, KeyError, ValueError) as error:
        raise ValueError(
            f"{place} cannot be read as a member of a zoo ({type(error).__name__}); delete it to have it trained again"
        ) from None
    return Trained(Member(**told["member"]), told["outcome"])


def _manifest(folder: Path) -> dict[str, Any] | None:
    place = folder / MANIFEST
    if not place.exists():
        return None
    try:
        told: dict[str, Any] = json.loads(place.read_text(encoding="utf-8"))
        if told["format"] != FORMAT:
            raise ValueError(
                f"{place} is of format {told['format']!r}, this version reads {FORMAT!r}; use a new folder"
            )
    except (json.JSONDecodeError, KeyError, TypeError):
        raise ValueError(f"{place} is no manifest of a zoo; use a new folder") from None
    return told


def _check_same(folder: Path, told: dict[str, Any]) -> None:
    before = _manifest(folder)
    if before is None:
        return
    for part in ("grid", "data"):
        if before[part] != told[part]:
            raise ValueError(f"{folder} holds a zoo of another {part}; use a new folder, or the {part} it was made of")


def _missing(grid: Grid, folder: Path) -> list[Member]:
    return [member for member in grid.members() if not (folder / f"{member.name}.safetensors").exists()]


def place_of(folder: Path, member: Member) -> Path:
    """The file of a member."""
    return folder / "members" / f"{member.name}.safetensors"


def _groups(members: Sequence[Member]) -> list[list[Member]]:
    ordered = sorted(members, key=lambda member: member.group)
    return [list(own) for _, own in itertools.groupby(ordered, key=lambda member: member.group)]


def _cost(members: Sequence[Member]) -> float:
    """What a group takes beside others, in no unit: steps of an epoch, each as dear as its weights."""
    first = members[0]
    return len(members) * first.depth * (20_000 + first.width**2) * (1 + 100 / first.batch_size)


def _write(place: Path, content: dict[str, Any], indent: int | None = None) -> None:
    with moved_there(place) as part:
        part.write_text(json.dumps(content, indent=indent), encoding="utf-8")
