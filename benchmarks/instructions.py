"""Instructions of four kernels by callgrind, into the results: `python -m benchmarks.instructions`.

Times change with what else runs on a machine, these counts do not. Needs valgrind and a C++ compiler (CXX, else g++).
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks import cases, page
from benchmarks.harness import ROOT, sources, write
from topolens.engines.compiled import rips_values

FLAGS = ("-std=c++20", "-O3", "-DNDEBUG", "-ffp-contract=off", "-fno-math-errno", "-pthread", "-Icore/include")
DRIVER = "benchmarks/instructions.cpp"
Arrays = dict[str, np.ndarray]


def image() -> Arrays:
    """One image of noise."""
    return {"values": cases.images(1, 256), "sizes": np.array([256])}


def circle() -> Arrays:
    """Cell values of a Rips filtration."""
    matrix = torch.from_numpy(cases.circle(500))[None]
    return {"values": rips_values(matrix, is_cloud=False).numpy(), "sizes": np.array([500])}


def matrix() -> Arrays:
    """One distance matrix."""
    return {"values": cases.cube(2000, 9), "sizes": np.array([2000])}


def graphs() -> Arrays:
    """A batch of graphs; the sizes are offsets."""
    made = cases.graphs(1000)
    offsets = np.cumsum([0, *(len(values) for values, _ in made)])
    ends = np.concatenate([edges + start for (_, edges), start in zip(made, offsets[:-1], strict=True)])
    return {"values": np.concatenate([values for values, _ in made]), "ends": ends.T, "sizes": offsets}


KERNELS: tuple[tuple[str, str, Callable[[], Arrays]], ...] = (
    ("cubical", "cubical, one image of 256 × 256, noise, V", image),
    ("rips", "rips H0 and H1 from cell values, noisy circle, 500 points", circle),
    ("tree", "spanning tree, uniform cube in R⁹, 2,000 points", matrix),
    ("graphs", "extended persistence, 1,000 random graphs", graphs),
)


def count(compiler: str, kernel: str, arrays: Arrays, folder: Path) -> int:
    """Instructions between the call of the kernel and its return."""
    program = folder / kernel
    subprocess.run((compiler, *FLAGS, f"-D{kernel.upper()}", DRIVER, "-o", str(program)), check=True, cwd=ROOT)
    for name, array in ({"ends": np.zeros(0)} | arrays).items():
        kind = np.float32 if name == "values" else np.int64
        (folder / name).write_bytes(np.ascontiguousarray(array, dtype=kind).tobytes())
    options = ("--toggle-collect=counted", f"--callgrind-out-file={folder / 'callgrind.out'}")
    command = ("valgrind", "--tool=callgrind", *options, str(program), str(folder))
    said = subprocess.run(command, check=True, capture_output=True, text=True).stderr
    found = re.search(r"Collected : (\d+)", said)
    if not found or int(found[1]) == 0:
        raise RuntimeError(f"callgrind must count instructions of {kernel}, it said: {said[-300:]}")
    return int(found[1])


def counted() -> dict[str, Any]:
    """All counts, or a note on why there are none."""
    compiler = os.environ.get("CXX", "g++")
    for tool in ("valgrind", compiler):
        if shutil.which(tool) is None:
            return {"note": f"Not counted: {tool} is not installed."}
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        rows = [{"name": text, "instructions": count(compiler, key, make(), folder)} for key, text, make in KERNELS]
    version = subprocess.run(("valgrind", "--version"), check=True, capture_output=True, text=True).stdout.strip()
    return {"valgrind": version, "sources": sources(["core/include", DRIVER]), "kernels": rows}


def main() -> None:
    """Count, and put the counts beside the times."""
    data = json.loads(page.RESULTS.read_text(encoding="utf-8"))
    data["instructions"] = counted()
    write(page.RESULTS, data)
    page.main()
    print("\n".join(page.instructions(data)))


if __name__ == "__main__":
    main()
