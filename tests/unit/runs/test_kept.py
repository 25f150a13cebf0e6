"""Files of runs are there whole or not at all, whoever else writes the same."""

from pathlib import Path

import pytest

from topolens.runs.kept import kept, moved_there
from topolens.runs.side_by_side import side_by_side


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


def told(run: int, log: Path) -> int:
    with log.open("a") as file:
        file.write(f"{run} ")
    return 10 * run


@pytest.mark.parametrize("workers", [1, 2])
def test_the_costliest_run_begins_first_and_results_keep_their_order(tmp_path: Path, workers: int) -> None:
    log, seen = tmp_path / "log", []
    runs = [(run, log) for run in range(4)]
    found = side_by_side(
        told, runs, workers, lambda *x: seen.append(x[2]), lambda run, _: f"run {run}", [1.0, 4.0, 0.0, 3.0]
    )
    assert found == [0, 10, 20, 30]
    assert seen == ["run 1", "run 3", "run 0", "run 2"]
    assert sorted(log.read_text().split()) == ["0", "1", "2", "3"]
    if workers == 1:
        assert log.read_text() == "1 3 0 2 "
