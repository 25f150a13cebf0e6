"""Schema: which JSON a report is, and the check at the door when one is read back."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

SCHEMA_VERSION = "1.0"
_PARTS = ("schema_version", "topolens", "findings", "provenance")


def schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of report.json."""
    text = resources.files("topolens.report").joinpath("report.schema.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def checked(data: Any, source: str = "the report") -> dict[str, Any]:
    """The JSON of a report, unchanged, once it is sure that this version of topolens can read it.

    Args:
        data: What `json.loads` gave.
        source: Where it came from, for the message.

    Raises:
        ValueError: If it is no report, or of another schema version than 1.x.
    """
    if not isinstance(data, dict) or any(part not in data for part in _PARTS):
        raise ValueError(
            f"{source} must hold a topolens report with {', '.join(_PARTS)}; was it written by topolens report?"
        )
    major = str(data["schema_version"]).split(".")[0]
    if major != SCHEMA_VERSION.split(".")[0]:
        raise ValueError(
            f"{source} must have schema_version 1.x, got {data['schema_version']!r}; read it with topolens "
            f"{data['topolens']}, which wrote it"
        )
    return data
