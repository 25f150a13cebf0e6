"""What all runs look at is read by each process once."""

import os
from pathlib import Path

import torch

from topolens.runs.shared import Shared, shared
from topolens.runs.side_by_side import each


def looked_at(place: Shared[torch.Tensor], row: int) -> tuple[float, int, bool]:
    return float(place.get()[row]), os.getpid(), place.get() is place.get()


def test_here_it_is_the_value_itself(tmp_path: Path) -> None:
    value = torch.arange(3.0)
    with shared(value, tmp_path) as place:
        assert place.get() is value
        assert not list(tmp_path.iterdir())


def test_elsewhere_it_is_a_file_that_is_read_once_and_removed(tmp_path: Path) -> None:
    with shared(torch.arange(4.0), tmp_path, 2) as place:
        assert place.value is None
        assert list(tmp_path.rglob("*.pickle")) == [place.place]
        found = list(each(looked_at, [(place, row) for row in range(4)], 2))
    assert [value for value, *_ in found] == [0, 1, 2, 3]
    assert os.getpid() not in {pid for _, pid, _ in found}
    assert all(once for *_, once in found)
    assert not list(tmp_path.iterdir())
