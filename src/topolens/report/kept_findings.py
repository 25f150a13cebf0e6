"""Findings kept in a folder, each in a file named after all that it was made from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from topolens.analyses.finding import Finding
from topolens.analyses.provenance import versions
from topolens.report.report import finding_of
from topolens.runs.kept import moved_there


@dataclass(frozen=True)
class KeptFindings:
    """Findings of one report that were made before, and a place for those that are made.

    Args:
        folder: Where they lie; None: nowhere, and nothing is kept.
        of: What all of them were made from: networks, samples, settings.
    """

    folder: Path | None
    of: str

    def get(self, name: str, *made_from: Any) -> Finding | None:
        """The finding of a name; None where there is none, or its file cannot be read as one."""
        if self.folder is None:
            return None
        try:
            return finding_of(json.loads(self._place(name, made_from).read_text(encoding="utf-8")))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None

    def made(self, name: str, make: Callable[[], Finding], *made_from: Any) -> Finding:
        """The finding of a name; where there is none it is made, and kept."""
        return self.get(name, *made_from) or self.put(make(), *made_from)

    def put(self, finding: Finding, *made_from: Any) -> Finding:
        """Keeps a finding; what comes back is as `get` will give it."""
        if self.folder is None:
            return finding
        text = json.dumps(finding.to_json(), allow_nan=False)
        with moved_there(self._place(finding.name, made_from)) as part:
            part.write_text(text, encoding="utf-8")
        return finding_of(json.loads(text))

    def _place(self, name: str, made_from: tuple[Any, ...]) -> Path:
        assert self.folder is not None
        return self.folder / f"{name}-{digest(self.of, made_from)}.json"


def kept_findings(folder: str | Path | None, *of: Any) -> KeptFindings:
    """Findings in a folder that were made from these things with the same versions of what numbers depend on.

    Raises:
        OSError: If the folder cannot be made.
    """
    if folder is None:
        return KeptFindings(None, "")
    Path(folder).mkdir(parents=True, exist_ok=True)
    return KeptFindings(Path(folder), digest(versions(), of))


def digest(*things: Any) -> str:
    """A short name that changes with any number in tensors, networks, and mappings and lists of them."""
    found = hashlib.sha256()
    for thing in things:
        if isinstance(thing, nn.Module):
            told = digest(repr(thing), thing.state_dict()).encode()
        elif isinstance(thing, Mapping):
            told = digest(*thing.items()).encode()
        elif isinstance(thing, (list, tuple)):
            told = digest(*thing).encode()
        elif isinstance(thing, (Tensor, np.ndarray)):
            x = torch.as_tensor(thing).detach().cpu().contiguous()
            found.update(f"{x.dtype} {tuple(x.shape)} ".encode())
            told = x.reshape(-1, 1).view(torch.uint8).numpy().tobytes()
        else:
            told = repr(thing).encode()
        found.update(told)
        found.update(b";")
    return found.hexdigest()[:24]
