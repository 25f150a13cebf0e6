"""A report is saved whole or not at all, and read back as it was."""

import errno
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from topolens.analyses.finding import Finding, Number
from topolens.report.report import Report


@pytest.fixture
def small() -> Report:
    """A report without pictures, quick to render."""
    number = Number(0.5, "length", (0.4, float("inf")), "range", float("nan"), "nulls", 0.05)
    finding = Finding("filter_space", "conv", "Is there a loop?", "No.", "no structure", {"top_bar": number})
    return Report((finding,), {"versions": {"topolens": "0.1.0"}, "seed": 3})


def left_over(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir() if path.name not in ("report.json", "report.html"))


def test_json_has_no_nan_or_infinity(small: Report) -> None:
    number = small.to_json()["findings"][0]["numbers"]["top_bar"]
    assert number["interval"] == [0.4, None]
    assert number["reference"] is None
    json.dumps(small.to_json(), allow_nan=False)


def test_saves_both_files_and_says_where_the_page_is(small: Report, tmp_path: Path) -> None:
    page = small.save(tmp_path / "new" / "folder")
    assert page == tmp_path / "new" / "folder" / "report.html"
    assert page.read_text(encoding="utf-8") == small.html()
    assert json.loads((page.parent / "report.json").read_text()) == small.to_json()
    assert left_over(page.parent) == []


def test_saves_over_an_old_report(small: Report, tmp_path: Path) -> None:
    small.save(tmp_path)
    replace(small, provenance={"seed": 4}).save(str(tmp_path))
    assert Report.load(tmp_path).provenance["seed"] == 4


def test_reads_back_what_it_wrote(report: Report, tmp_path: Path) -> None:
    data = report.to_json()
    (tmp_path / "report.json").write_text(json.dumps(data))
    loaded = Report.load(tmp_path / "report.json")
    assert loaded.to_json() == data
    assert len(loaded.findings[0].diagrams["Rips on the landmarks"]) == 102


def test_version_is_that_of_the_run_not_of_the_reader(small: Report) -> None:
    assert replace(small, provenance={"versions": {"topolens": "0.0.7"}}).to_json()["topolens"] == "0.0.7"


def test_names_that_are_no_unicode_are_saved_too(small: Report, tmp_path: Path) -> None:
    odd = replace(small, provenance={"model": {"source": os.fsdecode(b"net-\xff.pt")}})
    assert Report.load(odd.save(tmp_path).parent).provenance == odd.provenance


def test_a_file_in_place_of_the_directory_is_told(small: Report, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("x")
    with pytest.raises(OSError, match="the report could not be written to .*taken: .*; name another directory"):
        small.save(tmp_path / "taken")


def test_a_directory_in_place_of_the_page_leaves_all_as_it_was(small: Report, tmp_path: Path) -> None:
    (tmp_path / "report.html").mkdir()
    with pytest.raises(OSError, match="could not be written"):
        small.save(tmp_path)
    assert not (tmp_path / "report.json").exists()
    assert left_over(tmp_path) == []


def failing_on(name: str, error: BaseException, monkeypatch: pytest.MonkeyPatch, after: int = 0) -> None:
    """Makes the `after`-th call of a function of os raise."""
    calls = []
    real = getattr(os, name)

    def function(*args, **kwargs):
        calls.append(args)
        if len(calls) > after:
            raise error
        return real(*args, **kwargs)

    monkeypatch.setattr(os, name, function)


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
@pytest.mark.parametrize("after", [0, 1])
def test_a_full_disk_or_an_interrupt_leaves_the_old_report(
    small: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException, after: int
) -> None:
    small.save(tmp_path)
    before = {name: (tmp_path / name).read_bytes() for name in ("report.json", "report.html")}
    failing_on("fsync", error, monkeypatch, after)
    with pytest.raises(type(error)) as caught:
        replace(small, provenance={"seed": 99}).save(tmp_path)
    assert {name: (tmp_path / name).read_bytes() for name in before} == before
    assert left_over(tmp_path) == []
    if isinstance(error, OSError):
        assert caught.value.errno == errno.ENOSPC
        assert "No space left on device; name another directory or make room there" in str(caught.value)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_directory_without_permission_is_told(small: Report, tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(PermissionError, match="could not be written"):
        small.save(tmp_path)


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"schema_version": "1.0"}'])
def test_what_is_no_report_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(ValueError, match=r"x\.json must hold"):
        Report.load(tmp_path / "x.json")
