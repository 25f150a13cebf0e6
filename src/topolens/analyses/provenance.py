"""What a result must carry along: versions, seed, parameters, seconds and memory."""

from __future__ import annotations

import platform
import sys
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any

import numpy as np
import torch


def versions() -> dict[str, str]:
    """Versions of what the numbers depend on."""
    from topolens import __version__

    return {
        "topolens": __version__,
        "torch": torch.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
    }


def peak_memory_mb() -> float | None:
    """Largest memory this process has held so far, in MB; None where the system does not tell."""
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


class Cost:
    """Seconds of a block: `with Cost() as cost: ...` and then `cost.provenance(...)`."""

    def __enter__(self) -> Cost:
        self._start = time.perf_counter()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.seconds = time.perf_counter() - self._start

    def provenance(self, seed: int, shape: tuple[int, ...], parameters: Mapping[str, Any]) -> dict[str, Any]:
        """The provenance of a Finding."""
        return {
            "versions": versions(),
            "seed": seed,
            "shape": list(shape),
            "parameters": dict(parameters),
            "threads": torch.get_num_threads(),
            "seconds": self.seconds,
            "peak_memory_mb": peak_memory_mb(),
        }
