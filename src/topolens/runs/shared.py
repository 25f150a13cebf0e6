"""What all runs look at: read once by each process from one file, instead of travelling with every run."""

from __future__ import annotations

import pickle
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Generic, TypeVar

from topolens.runs.side_by_side import spreads

Value = TypeVar("Value")


@dataclass(frozen=True)
class Shared(Generic[Value]):
    """A value that is at hand, or lies in a file.

    Args:
        value: The value, where runs are made in this process.
        place: Its file, where they are made in others.
    """

    value: Value | None
    place: Path | None

    def get(self) -> Value:
        """The value; a process reads its file once.

        Raises:
            FileNotFoundError: If this process runs on a machine that does not see the file.
        """
        return self.value if self.place is None else _read(self.place)  # type: ignore[return-value]


@lru_cache(maxsize=1)
def _read(place: Path) -> Any:
    try:
        with place.open("rb") as file:
            sys.path.extend(folder for folder in pickle.load(file) if folder not in sys.path)
            return pickle.load(file)
    except FileNotFoundError:
        raise FileNotFoundError(
            f"a worker does not see {place}; set TMPDIR to a folder that all machines have under the same path"
        ) from None


@contextmanager
def shared(value: Value, folder: Path | None = None, workers: int | None = None) -> Iterator[Shared[Value]]:
    """A value for runs that are made inside, in a temporary file if they go to other processes.

    joblib's own way would be a copy that Dask keeps on one worker, and that is lost with it; inside of a tuple it would
    go with every run. 15,000 small images took the sender 1.5 s each time, and two workers were slower than one.

    Args:
        value: What all runs look at.
        folder: Where the file lies, a place that all workers see; None: among the temporary files.
        workers: Processes, as in `each`.

    Raises:
        ValueError: If the value cannot be written to a file.
    """
    if not spreads(workers):
        yield Shared(value, None)
        return
    from joblib import wrap_non_picklable_objects

    with tempfile.TemporaryDirectory(prefix="topolens-", dir=folder) as own:
        place = Path(own) / "shared.pickle"
        try:
            with place.open("wb") as file:
                pickle.dump(sys.path, file)  # where the code of a network may lie
                # so that classes and functions of a script or a notebook are taken along
                pickle.dump(wrap_non_picklable_objects(value, keep_wrapper=False), file)
        except (TypeError, AttributeError, pickle.PicklingError) as error:
            raise ValueError(
                f"what is looked at cannot be sent to other processes ({error}); take one worker"
            ) from None
        yield Shared(None, place)
