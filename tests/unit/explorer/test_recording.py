"""What a run holds of a network, its samples and its filters."""

import csv
import io
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from explorer_runs import digits, digits_network, digits_run
from topolens.explorer.columns import label_column
from topolens.explorer.recording import Plan, make_run
from topolens.explorer.store import FORMAT, NotFoundError, Run, Writer
from topolens.explorer.tiles import PER_SHEET, pictures_of, shaded, write_sheets
from topolens.probes import record, spatial_filters


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    networks = {"first": digits_network(0), "last": digits_network(1)}
    return digits_run(tmp_path_factory.mktemp("explorer") / "run", networks=networks)


def test_points_are_what_the_layers_answer(run: Run) -> None:
    images, _ = digits()
    for checkpoint, seed in (("c0", 0), ("c1", 1)):
        found = record(digits_network(seed), images[:300]).activations
        for layer in run.manifest["layers"][:3]:
            kept = run.points(layer["id"], checkpoint)
            assert isinstance(kept, np.memmap)
            assert np.array_equal(kept, found[layer["name"]].numpy())
            assert kept.dtype == np.float32


def test_decisions_are_columns_of_their_checkpoint(run: Run) -> None:
    images, labels = digits()
    scores = digits_network(1)(images[:300]).detach().double()
    p = scores.softmax(1)
    wanted = {
        "prediction": p.argmax(1),
        "confidence": p.amax(1),
        "entropy": -(p * p.log()).sum(1),
        "loss": nn.functional.cross_entropy(scores, labels[:300], reduction="none"),
        "correct": (p.argmax(1) == labels[:300]).long(),
    }
    for name, values in wanted.items():
        column, kept = run.column("samples", name, "c1")
        assert column["checkpoint"] == "c1"
        assert np.allclose(kept, values.numpy(), atol=1e-5)
        assert not np.array_equal(kept, run.column("samples", name, "c0")[1])
    own = p.gather(1, labels[:300, None])[:, 0]
    others = p.scatter(1, labels[:300, None], -1).amax(1)
    assert np.allclose(run.column("samples", "margin", "c1")[1], own - others, atol=1e-6)
    assert run.column("samples", "label", "c1")[0]["checkpoint"] is None
    assert np.array_equal(run.column("samples", "label")[1], labels[:300])


def test_columns_of_a_file_are_numbers_or_classes(run: Run) -> None:
    column, values = run.column("samples", "hole")
    assert column["kind"] == "number"
    assert np.isnan(values[0])
    assert (values[1:] == 1).all()
    column, values = run.column("samples", "shape")
    assert column["classes"] == ["<b>bold</b>", "round"]
    assert values[:3].tolist() == [1, 0, 0]


def test_a_file_of_columns_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    from topolens.explorer.columns import csv_columns

    for text, reason in (
        ("a,b\n1,2\n", "must have a row for each of 2 samples, got 1"),
        ("a,a\n1,2\n1,2\n", "different names"),
        ("a,b\n1,2\n1\n", "line 3 of columns.csv must have 2 entries, got 1"),
        ("", "must begin with a line"),
    ):
        (tmp_path / "columns.csv").write_text(text)
        with pytest.raises(ValueError, match=reason):
            csv_columns(tmp_path / "columns.csv", 2)


def test_columns_of_one_name_get_ids_of_their_own(tmp_path: Path) -> None:
    text = io.StringIO()
    csv.writer(text).writerows([["Loss", "../run", "label"], *[["1", "2", "3"]] * 300])
    (tmp_path / "more.csv").write_text(text.getvalue())
    run = digits_run(tmp_path / "run", columns=tmp_path / "more.csv")
    ids = [column["id"] for column in run.space("samples")["columns"]]
    assert len(set(ids)) == len(ids)
    assert ids[-3:] == ["loss-2", "run", "label-2"]
    assert (run.column("samples", "loss-2")[1] == 1).all()


def test_filters_are_spaces_of_their_own(run: Run) -> None:
    layer = run.manifest["layers"][-1]
    assert (layer["name"], layer["kind"], layer["space"]) == ("conv filters", "filters", "filters:l3")
    weight = digits_network(1).conv.weight.detach()
    assert np.allclose(run.points("l3", "c1"), spatial_filters(weight).points)
    assert np.allclose(run.column("filters:l3", "norm", "c1")[1], weight.flatten(1).norm(dim=1))


def test_weights_alone_make_a_run_of_filters(tmp_path: Path) -> None:
    weight = torch.randn(4, 3, 3, 3)
    weight[1, 2] = 0  # a dead one has no place on the sphere
    run = make_run(Plan({"w": {"a.weight": weight}}, [0]), tmp_path / "run")
    assert [space["id"] for space in run.manifest["spaces"]] == ["filters:l0"]
    assert run.points("l0", "c0").shape == (11, 9)
    assert run.manifest["layers"][0]["quantities"]["c0"] == {"filters": 12, "dead": 1, "constant": 0}
    assert 5 not in run.column("filters:l0", "output-channel")[1] * 3 + run.column("filters:l0", "input-channel")[1]


def test_sheets_hold_the_pictures_in_their_order(run: Run) -> None:
    images, _ = digits()
    tiles = run.space("samples")["tiles"]
    assert tiles == {"size": 16, "columns": 32, "per_sheet": 1024, "sheets": 1}
    sheet = np.asarray(Image.open(run.tiles_file("samples", 0)))
    for place in (0, 31, 32, 299):
        row, column = divmod(place, 32)
        tile = sheet[row * 16 : row * 16 + 16, column * 16 : column * 16 + 16]
        assert np.array_equal(tile[::2, ::2], (images[place, 0] * 255).round().numpy())


def test_many_pictures_take_several_sheets() -> None:
    written: dict[int, bytes] = {}
    colours = torch.rand(PER_SHEET + 1, 3, 20, 10)
    found = write_sheets(shaded(pictures_of(colours)), written.__setitem__)
    assert found == {"size": 20, "columns": 32, "per_sheet": 1024, "sheets": 2}
    assert Image.open(io.BytesIO(written[1])).size == (640, 20)
    assert pictures_of(torch.rand(5, 40)) is None
    assert pictures_of(torch.rand(5, 7, 8, 8)) is None


def test_a_folder_that_holds_a_run_is_left_alone(run: Run) -> None:
    with pytest.raises(FileExistsError, match="holds a run already"):
        Writer(run.folder)


def test_a_run_that_was_not_finished_is_none(tmp_path: Path) -> None:
    class Fails(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            raise KeyError("no")

    with pytest.raises(RuntimeError, match="the network fails"):
        make_run(Plan({"w": nn.Sequential(nn.Flatten(), Fails())}, [0], digits()), tmp_path / "run")
    with pytest.raises(ValueError, match="holds neither"):
        Run(tmp_path / "run")
    assert digits_run(tmp_path / "run").manifest["format"] == FORMAT


def test_a_folder_of_a_report_is_opened_and_says_what_it_lacks(tmp_path: Path) -> None:
    from topolens.report import Report

    Report(()).save(tmp_path / "report")
    document = Run(tmp_path / "report").document()
    assert document["findings"] is True
    assert document["layers"] == []
    assert "holds a report but no layers" in document["notice"]


def test_damaged_manifests_are_refused_in_one_sentence(tmp_path: Path) -> None:
    for text, reason in (("{", "is damaged"), ("[]", "must say format"), ('{"format": "other/9"}', "must say format")):
        (tmp_path / "run.json").write_text(text)
        with pytest.raises(ValueError, match=reason):
            Run(tmp_path)
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        Run(tmp_path / "none")


def test_groups_are_checked_before_they_are_kept(run: Run) -> None:
    good = {"name": "odd", "space": "samples", "rows": [1, 299]}
    run.put_groups([good])
    for wrong in (
        {**good, "rows": [300]}, {**good, "rows": [-1]}, {**good, "rows": [True]}, {**good, "name": 3},
        {**good, "name": "x" * 201}, {**good, "rows": "12"}, [], None,
    ):  # fmt: skip
        with pytest.raises(ValueError, match="a group must be"):
            run.put_groups([wrong])
    with pytest.raises(NotFoundError, match="there is no space"):
        run.put_groups([{**good, "space": "../.."}])
    assert run.groups() == [good]


def test_data_without_pictures_or_labels_is_recorded(tmp_path: Path) -> None:
    run = make_run(Plan({"w": nn.Linear(5, 3)}, [0], torch.rand(40, 5)), tmp_path / "run")
    space = run.space("samples")
    assert space["tiles"] is None
    assert [column["id"] for column in space["columns"]] == ["prediction", "confidence", "entropy", "margin"]


def test_long_and_narrow_pictures_keep_their_pixels() -> None:
    signal = torch.rand(4, 5, 512) + 1
    found = pictures_of(signal)
    assert found is not None
    assert found.shape == (4, 1, 64, 64)
    rows = found[0, 0].abs().sum(1).nonzero()
    assert len(rows) == 1
    assert torch.allclose(found[:, 0, rows[0, 0]].mean(1), signal.mean((1, 2)), atol=1e-5)


def test_labels_that_are_no_classes_are_numbers() -> None:
    column = label_column(torch.tensor([3, 10**9, 0]), ())
    assert column.classes is None
    assert column.values.tolist() == [3, 1e9, 0]
    named = label_column(torch.tensor([1, 10**9]), ("a", "b"))
    assert (named.classes, named.values.tolist()[0], np.isnan(named.values[1])) == (("a", "b"), 1, True)


@pytest.mark.parametrize("samples", [0, -1])
def test_no_samples_are_refused_before_the_work(tmp_path: Path, samples: int) -> None:
    with pytest.raises(ValueError, match="samples must be at least 1"):
        make_run(Plan({"w": nn.Linear(5, 3)}, [0], torch.rand(40, 5), samples=samples), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_notes_of_jobs_that_are_damaged_hide_no_others(run: Run) -> None:
    good = {"job": "jab", "request": {"task": "grid"}, "title": "t", "expected_seconds": None}
    run.remember("jab", good)
    for name, text in {"ja": "{", "jb": "[]", "jc": '{"job": "jc"}'}.items():
        (run.folder / "jobs" / f"{name}.json").write_text(text)
    assert list(run.pending()) == [good]
    for path in (run.folder / "jobs").iterdir():
        path.unlink()


def test_progress_is_told_in_seconds(tmp_path: Path) -> None:
    told: list[tuple[float, float, str]] = []
    network, data = nn.Linear(4, 2), torch.utils.data.DataLoader(torch.rand(40, 4), batch_size=10)
    networks = {"first": network, "second": network}
    make_run(Plan(networks, [0, 1], data, samples=40), tmp_path / "run", lambda *one: told.append(one))
    assert len(told) > 2
    assert all(0 <= done <= total < 30 for done, total, _ in told)
    assert told[-1][0] == pytest.approx(told[-1][1])
