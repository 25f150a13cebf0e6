"""A run: the folder that holds what was recorded of a network, and all that was made of it since."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from topolens.explorer.files import read_array, read_json, replacing, sweep, write_array, write_json

FORMAT = "topolens.run/1"
KEY = re.compile(r"[0-9a-f]{8,64}\Z")
KINDS = ("graphs", "grids", "diagrams")
REPORT, LOG = "report.json", "training.jsonl"


class NotFoundError(LookupError):
    """What was asked for is not in the run."""


class Run:
    """The folder of a run.

    Every name that comes from outside is looked up in the manifest or among the files that are there; none is ever
    joined to a path. Files are written beside their place and moved there.

    Args:
        folder: Where it lies.
        log: Training log beside the one in the folder; None: the one in the folder.

    Raises:
        FileNotFoundError: If there is no such folder.
        ValueError: If the folder holds no run, or its manifest is damaged.
    """

    def __init__(self, folder: str | Path, log: str | Path | None = None) -> None:
        self.folder = Path(folder)
        if not self.folder.is_dir():
            raise FileNotFoundError(f"there is no folder {folder}; give one that topolens explore or report has made")
        self.log = Path(log) if log is not None else self.folder / LOG
        self.manifest = self._manifest()
        sweep(self.folder)

    def _manifest(self) -> dict[str, Any]:
        path = self.folder / "run.json"
        if path.is_file():
            found = read_json(path)
            if not isinstance(found, dict) or found.get("format") != FORMAT:
                raise ValueError(f"{path.name} must say format {FORMAT}; open it with the topolens that made it")
            return found
        if not self.findings_file and not self.log.is_file():
            raise ValueError(
                f"{self.folder.name} holds neither run.json nor report.json nor {LOG}; make a run with topolens "
                f"explore --model package.module:factory --data SPEC -o {self.folder.name}"
            )
        return empty_manifest(self.folder.resolve().name)

    @property
    def findings_file(self) -> Path | None:
        """The report of the run, where there is one."""
        path = self.folder / REPORT
        return path if path.is_file() else None

    def document(self, live: bool = True) -> dict[str, Any]:
        """The run as the page reads it."""
        findings, training = self.findings_file is not None, self.log.is_file()
        return {**self.manifest, "findings": findings, "training": training, "live": live, "notice": self._notice()}

    def _notice(self) -> str | None:
        if self.manifest["layers"]:
            return None
        has = "a report" if self.findings_file else "a training log"
        return (
            f"This folder holds {has} but no layers; for Mapper graphs and samples record them: topolens explore "
            "--model package.module:factory --weights FILE --data SPEC -o RUN"
        )

    def space(self, name: str) -> dict[str, Any]:
        """The space of this id."""
        return _named(self.manifest["spaces"], "space", name)

    def layer(self, name: str) -> dict[str, Any]:
        """The layer of this id."""
        return _named(self.manifest["layers"], "layer", name)

    def checkpoint(self, name: str | None) -> dict[str, Any]:
        """The checkpoint of this id; None: the last one."""
        every = self.manifest["checkpoints"]
        if name is None and every:
            return every[-1]
        return _named(every, "checkpoint", name)

    def points(self, layer: str, checkpoint: str) -> np.ndarray:
        """Points of a layer, shape (points, features), float32, mapped into memory."""
        return read_array(self.folder / points_file(self.layer(layer)["id"], self.checkpoint(checkpoint)["id"]))

    def column(self, space: str, name: str, checkpoint: str | None = None) -> tuple[dict[str, Any], np.ndarray]:
        """A column and its values, shape (points,), float32; of the last checkpoint where one is needed."""
        place = self._place(space, name, checkpoint)
        return self.space(space)["columns"][place], read_array(self.folder / self._column_file(space, place))

    def column_file(self, space: str, name: str, checkpoint: str | None = None) -> str:
        """Where a column lies in the folder."""
        return self._column_file(space, self._place(space, name, checkpoint))

    def _place(self, space: str, name: str, checkpoint: str | None) -> int:
        found = [
            place
            for place, column in enumerate(self.space(space)["columns"])
            if column["id"] == name and (checkpoint is None or column["checkpoint"] in (None, checkpoint))
        ]
        if not found:
            raise NotFoundError(f"there is no column {name!r} of {space}; GET /api/run lists them")
        return found[-1]

    def _column_file(self, space: str, place: int) -> str:
        return column_file([each["id"] for each in self.manifest["spaces"]].index(space), place)

    def probabilities(self, checkpoint: str) -> np.ndarray:
        """Class probabilities of the samples, shape (samples, classes).

        Raises:
            NotFoundError: If the network gives none.
        """
        path = self.folder / probabilities_file(self.checkpoint(checkpoint)["id"])
        if not path.is_file():
            raise NotFoundError("the network gives no class probabilities; choose another lens")
        return read_array(path)

    def tiles_file(self, space: str, sheet: int) -> Path:
        """A sprite sheet."""
        spaces = [each["id"] for each in self.manifest["spaces"]]
        tiles = self.space(space)["tiles"]
        if tiles is None or not 0 <= sheet < tiles["sheets"]:
            raise NotFoundError(f"there is no sheet {sheet} of {space}")
        return self.folder / tiles_file(spaces.index(space), sheet)

    def result_file(self, kind: str, key: str) -> Path | None:
        """Where a result of this key lies; None if it was not made yet."""
        if kind not in KINDS or not KEY.match(key):
            raise NotFoundError(f"there is no result {key!r}")
        path = self.folder / kind / f"{key}.json"
        return path if path.is_file() else None

    def result(self, kind: str, key: str) -> Any:
        """A result.

        Raises:
            NotFoundError: If it was not made.
        """
        path = self.result_file(kind, key)
        if path is None:
            raise NotFoundError(f"there is no result {key!r} yet; ask for it first")
        return read_json(path)

    def keep(self, kind: str, key: str, document: Mapping[str, Any], head: Mapping[str, Any] | None = None) -> None:
        """Write a result; what lists it comes last, so that whatever is listed is there."""
        write_json(self.folder / kind / f"{key}.json", document)
        if head is not None:
            write_json(self.folder / kind / f"{key}.head.json", head)

    def heads(self) -> list[dict[str, Any]]:
        """What the graphs are, newest first."""
        found = []
        for path in (self.folder / "graphs").glob("*.head.json"):
            with suppress(ValueError, FileNotFoundError):  # one that was damaged or removed by hand hides no other
                found.append(read_json(path))
        return sorted(found, key=lambda head: (head["created"], head["key"]), reverse=True)

    def groups(self) -> list[dict[str, Any]]:
        """Named sets of rows."""
        path = self.folder / "groups.json"
        return read_json(path) if path.is_file() else []

    def put_groups(self, groups: Any) -> None:
        """Keep named sets of rows.

        Raises:
            ValueError: If they are not what the page may send.
        """
        write_json(self.folder / "groups.json", [self._group(each) for each in _listed(groups)])

    def _group(self, given: Any) -> dict[str, Any]:
        wanted = 'a group must be {"name": text, "space": id, "rows": [row, ...]}'
        if not isinstance(given, dict) or not isinstance(given.get("name"), str) or len(given["name"]) > 200:
            raise ValueError(f"{wanted}, with a name of at most 200 letters")
        space, rows = self.space(str(given.get("space"))), given.get("rows")
        fits = isinstance(rows, list) and all(type(row) is int and 0 <= row < space["points"] for row in rows)
        if not fits:
            raise ValueError(f"{wanted}, rows from 0 to {space['points'] - 1}")
        return {"name": given["name"], "space": space["id"], "rows": rows}

    def pending(self) -> Iterator[dict[str, Any]]:
        """Jobs that were not done when the server ended; a note that is damaged is dropped."""
        for path in sorted((self.folder / "jobs").glob("*.json")):
            with suppress(ValueError, FileNotFoundError):
                note = read_json(path)
                if isinstance(note, dict) and set(note) >= {"job", "request", "title", "expected_seconds"}:
                    yield note

    def remember(self, job: str, request: Mapping[str, Any]) -> None:
        """Note a job, until it is done."""
        write_json(self.folder / "jobs" / f"{job}.json", request)

    def forget(self, job: str) -> None:
        """Drop the note."""
        (self.folder / "jobs" / f"{job}.json").unlink(missing_ok=True)


class Writer:
    """Fills the folder of a new run; the manifest comes last, so that a folder with one is whole.

    Args:
        folder: Made if need be.

    Raises:
        FileExistsError: If it holds a run already.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        if (self.folder / "run.json").exists():
            advice = f"open it with topolens explore {folder}, or choose another folder with -o"
            raise FileExistsError(f"{folder} holds a run already; {advice}")
        self.folder.mkdir(parents=True, exist_ok=True)
        sweep(self.folder)

    def points(self, layer: str, checkpoint: str, values: np.ndarray) -> None:
        """Points of a layer."""
        write_array(self.folder / points_file(layer, checkpoint), np.asarray(values, np.float32))

    def probabilities(self, checkpoint: str, values: np.ndarray) -> None:
        """Class probabilities of the samples."""
        write_array(self.folder / probabilities_file(checkpoint), np.asarray(values, np.float32))

    def column(self, space: int, place: int, values: np.ndarray) -> None:
        """A column of the space of this place."""
        write_array(self.folder / column_file(space, place), np.asarray(values, np.float32))

    def tiles(self, space: int, sheet: int, png: bytes) -> None:
        """A sprite sheet."""
        with replacing(self.folder / tiles_file(space, sheet)) as file:
            file.write(png)

    def finish(self, manifest: Mapping[str, Any]) -> None:
        """Write the manifest."""
        write_json(self.folder / "run.json", manifest)


def empty_manifest(name: str) -> dict[str, Any]:
    """A run of nothing yet."""
    from datetime import datetime, timezone

    from topolens import __version__

    created = datetime.now(timezone.utc).isoformat(timespec="seconds")
    return {
        "format": FORMAT, "name": name, "created": created, "topolens": __version__,
        "spaces": [], "layers": [], "checkpoints": [],
    }  # fmt: skip


def points_file(layer: str, checkpoint: str) -> str:
    """Where points lie in the folder; ids are ours."""
    return f"points/{layer}-{checkpoint}.npy"


def column_file(space: int, place: int) -> str:
    """Where a column lies."""
    return f"columns/s{space}-{place}.npy"


def tiles_file(space: int, sheet: int) -> str:
    """Where a sprite sheet lies."""
    return f"tiles/s{space}-{sheet}.png"


def probabilities_file(checkpoint: str) -> str:
    """Where class probabilities lie."""
    return f"probabilities/{checkpoint}.npy"


def _named(every: list[dict[str, Any]], noun: str, name: Any) -> dict[str, Any]:
    for each in every:
        if each["id"] == name:
            return each
    known = ", ".join(each["id"] for each in every[:5]) or "none"
    raise NotFoundError(f"there is no {noun} {name!r}; there are {known}{', ...' if len(every) > 5 else ''}")


def _listed(given: Any) -> list[Any]:
    if not isinstance(given, list) or len(given) > 1000:
        raise ValueError("groups must be a list of at most 1,000")
    return given
