"""Files of runs are there whole or not at all, whoever else writes the same."""

from pathlib import Path

import pytest

from topolens.studies.kept_runs import kept, moved_there


def fails() -> dict:
    raise RuntimeError("no")


def half_written(place: Path) -> None:
    with moved_there(place) as part:
        part.write_text("half")
        fails()


def test_two_that_write_the_same_do_not_mix(tmp_path: Path) -> None:
    place = tmp_path / "run.json"
    with moved_there(place) as first, first.open("w") as file:
        file.write("the first one, ")
        file.flush()
        with moved_there(place) as second:
            second.write_text("the second")
        assert place.read_text() == "the second"
        file.write("which took longer")
    assert place.read_text() == "the first one, which took longer"
    assert list(tmp_path.iterdir()) == [place]


def test_what_fails_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError):
        half_written(tmp_path / "a")
    with pytest.raises(RuntimeError):
        kept(tmp_path / "b.json", fails)
    assert not list(tmp_path.iterdir())
    assert kept(tmp_path / "b.json", lambda: {"x": 1}) == kept(tmp_path / "b.json", fails) == {"x": 1}
