"""The example of training by several processes, run with torch's own launcher."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch.distributed

EXAMPLE = Path(__file__).parents[3] / "examples" / "several_processes.py"


def printed(processes: int) -> tuple[list[float], str]:
    """Losses of some steps, and the last line."""
    words = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)]
    ran = subprocess.run(
        [*words, str(EXAMPLE), "--steps", "21"], env=os.environ | {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True, text=True, timeout=200, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    return [float(loss) for loss in re.findall(r"loss ([\d.]+)", ran.stdout)], ran.stdout.splitlines()[-1]


@pytest.mark.skipif(not torch.distributed.is_available(), reason="torch was built without torch.distributed")
def test_two_processes_train_as_one_does_on_the_whole_batch() -> None:
    """Betti matching is a mean over pictures, so averaged gradients of halves are those of the whole."""
    alone, _ = printed(1)
    losses, last = printed(2)
    assert last == "2 processes hold the same weights; 3 checks"
    assert losses == pytest.approx(alone, rel=1e-4)
    assert losses[-1] < 0.5 * losses[0]
