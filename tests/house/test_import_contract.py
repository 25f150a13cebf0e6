"""Rooms import only from lower lines, and importing the house is cheap."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# Heavy, or only for some users: these wait until they are asked for.
WAITS = {
    "cripser", "fastapi", "gudhi", "IPython", "jinja2", "matplotlib", "networkx", "pandas", "rich", "ripser",
    "scipy.stats", "skimage", "sklearn", "torchvision", "typer", "uvicorn",
}  # fmt: skip


def test_import_contract() -> None:
    tool = shutil.which("lint-imports") or shutil.which("lint-imports", path=str(Path(sys.executable).parent))
    if tool is None:
        pytest.skip("import-linter is not installed")
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run([tool, "--no-cache"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("module", ["topolens", "topolens.explorer.graphs"])
def test_importing_the_house_loads_nothing_heavy(module: str) -> None:
    code = (
        f"import sys, json, torch; before = set(sys.modules); import {module}; "
        "print(json.dumps(sorted(set(sys.modules) - before)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = json.loads(done.stdout)
    assert "topolens" in loaded
    assert not WAITS.intersection(loaded)
