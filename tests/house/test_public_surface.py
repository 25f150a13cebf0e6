"""Public names enter and leave on purpose: they stand in a list that a change must touch."""

from pathlib import Path

import pytest

import topolens

LIST = Path(__file__).with_name("public_surface.txt")


def test_public_names_are_those_of_the_list() -> None:
    """If this fails on purpose, edit public_surface.txt and the changelog."""
    listed = [line for line in LIST.read_text().splitlines() if line and not line.startswith("#")]
    assert sorted(topolens.__all__) == sorted(listed)


def test_every_public_name_is_there() -> None:
    assert [name for name in topolens.__all__ if not hasattr(topolens, name)] == []
    assert len(set(topolens.__all__)) == len(topolens.__all__)


def test_functions_that_use_the_package_can_be_sent_to_workers() -> None:
    cloudpickle = pytest.importorskip("cloudpickle", reason="it comes with dask")
    assert cloudpickle.loads(cloudpickle.dumps(topolens)) is topolens
    assert cloudpickle.loads(cloudpickle.dumps(lambda: topolens.__version__))() == topolens.__version__
