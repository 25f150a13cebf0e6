"""Results kept as small files, whole or not at all, so that what was killed goes on where it was."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def moved_there(place: Path) -> Iterator[Path]:
    """A path to write to, which takes the place of another once all is written: whoever reads sees all or nothing.

    It is another one each time, as a cluster may give one run to two workers.
    """
    part = place.with_name(f".{place.name}.{secrets.token_hex(4)}.partial")
    try:
        yield part
        part.replace(place)
    finally:
        part.unlink(missing_ok=True)


def kept(place: Path, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What a run gives, as its file tells it; where there is none it is made, and the file written whole or not."""
    if not place.exists():
        text = json.dumps(make())
        with moved_there(place) as part:
            part.write_text(text, encoding="utf-8")
    found: dict[str, Any] = json.loads(place.read_text(encoding="utf-8"))
    return found
