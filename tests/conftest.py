"""What all tests share: the data folder, the number of threads, and how Hypothesis looks for counterexamples."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from hypothesis import settings

settings.register_profile("topolens", deadline=None, max_examples=60, derandomize=True, database=None)
settings.load_profile("topolens")

DATA = Path(os.environ.get("TOPOLENS_DATA", Path(__file__).parents[2] / "shared" / "data"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if DATA.is_dir():
        return
    absent = pytest.mark.skip(reason=f"no data sets in {DATA}; set TOPOLENS_DATA to their folder")
    for item in items:
        if item.get_closest_marker("real_data"):
            item.add_marker(absent)


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """Folder of the real data sets, for tests marked `real_data`."""
    return DATA


@pytest.fixture
def use_threads() -> Iterator[Callable[[int], None]]:
    """Sets torch's (and so the engine's) number of threads, and sets it back after the test."""
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)
