"""Report: findings with their provenance, as one JSON file and one page."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from topolens.analyses.finding import Figure, Finding, Number, Series, Table, plain
from topolens.diagrams import Diagrams
from topolens.report.html import html_of
from topolens.report.schema import SCHEMA_VERSION, checked


@dataclass(frozen=True, eq=False)
class Report:
    """What the analyses found about one network.

    Args:
        findings: One per analysis and subject, in the order of the page.
        provenance: Model, command, seed, versions, cost, what was cut or skipped; docs/report_json.md lists the keys.
    """

    findings: tuple[Finding, ...]
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The report as plain JSON values, as report.schema.json describes them; never NaN or infinity."""
        from topolens import __version__

        provenance = plain(dict(self.provenance))
        return {
            "schema_version": SCHEMA_VERSION,
            "topolens": (provenance.get("versions") or {}).get("topolens", __version__),
            "findings": [finding.to_json() for finding in self.findings],
            "provenance": provenance,
        }

    def html(self, explorer: str = "") -> str:
        """The report as one HTML page that needs no other file and sends no request.

        Args:
            explorer: An exported page of the explorer to show in a frame; empty: none.
        """
        return html_of(self.to_json(), explorer)

    def save(self, directory: str | Path, explorer: str = "") -> Path:
        """Writes report.json and report.html to a directory, made if need be; returns where the page is.

        Both files are written beside their place under other names and then moved there, so that an
        interruption leaves the old files or the new ones, never half a file.

        Args:
            directory: Where they go.
            explorer: An exported page of the explorer to show in the page; empty: none.

        Raises:
            OSError: If the directory cannot be made or written to.
        """
        data = self.to_json()
        texts = {
            "report.json": json.dumps(data, allow_nan=False, separators=(",", ":")) + "\n",
            "report.html": html_of(data, explorer),
        }
        target = Path(directory)
        try:
            target.mkdir(parents=True, exist_ok=True)
            _replace_all({target / name: text for name, text in texts.items()})
        except OSError as error:
            reason = error.strerror or str(error)
            hint = "name another directory or make room there"
            raise OSError(error.errno or 0, f"the report could not be written to {target}: {reason}; {hint}") from error
        return target / "report.html"

    @staticmethod
    def load(path: str | Path) -> Report:
        """The report in a report.json, or in the report.json of a directory.

        Bars keep birth, death and dim; the cells they came from are not in the file.

        Raises:
            ValueError: If the file is no report or its schema version is not 1.x.
        """
        path = Path(path)
        file = path / "report.json" if path.is_dir() else path
        try:
            data = json.loads(file.read_text(encoding="utf-8"))
        except ValueError as error:
            raise ValueError(f"{file} must hold the JSON of a report, but is no JSON: {error}") from error
        data = checked(data, str(file))
        return Report(tuple(finding_of(item) for item in data["findings"]), data["provenance"])


def _replace_all(texts: Mapping[Path, str]) -> None:
    """Writes every text to a new file beside its path, then moves them all into place; removes what is left over."""
    token = secrets.token_hex(4)
    parts = {path: path.with_name(f".{path.name}.{token}") for path in texts}
    try:
        for path, text in texts.items():
            if path.is_dir():
                raise IsADirectoryError(21, "Is a directory", str(path))
            with parts[path].open("xb") as file:
                file.write(text.encode("utf-8", "backslashreplace"))
                file.flush()
                os.fsync(file.fileno())
        for path, part in parts.items():
            part.replace(path)
    finally:
        for part in parts.values():
            part.unlink(missing_ok=True)


def finding_of(data: Mapping[str, Any]) -> Finding:
    """A Finding from its JSON; the cells that bars came from are not in it."""
    kept = {name: data[name] for name in ("name", "subject", "question", "answer", "verdict", "provenance")}
    return Finding(
        **kept,
        numbers={name: _number(item) for name, item in data["numbers"].items()},
        tables={
            name: Table(item["caption"], tuple(item["columns"]), tuple(tuple(row) for row in item["rows"]))
            for name, item in data["tables"].items()
        },
        series={name: _series(item) for name, item in data["series"].items()},
        figures={name: Figure(**item) for name, item in data["figures"].items()},
        diagrams={name: _diagrams(items) for name, items in data["diagrams"].items()},
        references={name: tuple(values) for name, values in data["references"].items()},
        warnings=tuple(data["warnings"]),
    )


def _number(data: Mapping[str, Any]) -> Number:
    interval = data["interval"]
    return Number(**{**data, "interval": None if interval is None else (interval[0], interval[1])})


def _series(data: Mapping[str, Any]) -> Series:
    curves = {name: tuple(values) for name, values in data["curves"].items()}
    bands = {name: tuple((low, high) for low, high in values) for name, values in data["bands"].items()}
    return Series(data["caption"], data["x_name"], tuple(data["x"]), curves, bands)


def _diagrams(items: list[list[dict[str, Any]]]) -> Diagrams:
    """Diagrams from JSON bars; a death of null is infinity."""
    import torch

    clouds: list[dict[int, list[tuple[float, float]]]] = []
    for bars in items:
        cloud: dict[int, list[tuple[float, float]]] = {}
        for bar in bars:
            ends = (np.inf if end is None else end for end in (bar["birth"], bar["death"]))
            cloud.setdefault(bar["dim"], []).append(tuple(ends))  # type: ignore[arg-type]
        clouds.append(cloud)
    return Diagrams.from_intervals(clouds, dtype=torch.float64)
