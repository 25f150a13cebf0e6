import sys

import numpy as np
import pytest
from typer.testing import CliRunner

from topolens.cli import app
from topolens.report import Report
from topolens.studies import edges as study
from topolens.studies.edge_detectors import DETECTORS, MARGIN, Detector, best_f1, f1_of, hysteresis, responses
from topolens.studies.edge_findings import AHEAD, BEHIND, LEVEL, RAW_BEHIND, RAW_LEVEL, VERDICTS, _verdict, resampled
from topolens.studies.edge_pictures import grey, middle, references, salt_and_pepper, scene
from topolens.studies.edges import edges_study

BY_NAME = {detector.name: detector for detector in DETECTORS}
SIDE = 20


def line(column: int) -> np.ndarray:
    mask = np.zeros((SIDE, SIDE), dtype=bool)
    mask[:, column] = True
    return mask


@pytest.fixture
def without_skimage(monkeypatch):
    """A Python in which scikit-image cannot be imported."""
    for name in ("skimage", "skimage.data", "skimage.feature", "skimage.filters", "skimage.morphology"):
        monkeypatch.setitem(sys.modules, name, None)


def test_f1_tolerates_one_pixel_and_no_more() -> None:
    edges = line(10)
    assert f1_of(line(10), edges) == 1
    assert f1_of(line(11), edges) == 1
    assert f1_of(line(12), edges) == 0
    assert f1_of(np.zeros_like(edges), edges) == 0


def test_f1_by_hand() -> None:
    # Half of the detected pixels lie by the edge, and all of the edge is found: 2 * 0.5 * 1 / 1.5.
    assert f1_of(line(10) | line(14), line(10)) == pytest.approx(2 / 3)
    # All detected pixels lie by the edge and find half of the two edges.
    assert f1_of(line(10), line(10) | line(14)) == pytest.approx(2 / 3)


def test_the_border_is_not_scored() -> None:
    assert f1_of(line(10) | line(MARGIN - 1), line(10)) == 1
    assert f1_of(line(10), line(10) | line(0)) == 1


@pytest.mark.parametrize("name", ["persistence k=2 (9, 16)", "Sobel"])
def test_the_best_threshold_is_the_best_of_all(name: str) -> None:
    generator = np.random.default_rng(0)
    response, edges = generator.integers(0, 9, (SIDE, SIDE)) / 8, generator.random((SIDE, SIDE)) < 0.05
    score, thresholds = best_f1(BY_NAME[name], response, edges)
    each = [f1_of(response >= value, edges) for value in np.unique(response[response > 0])]
    assert score == pytest.approx(max(each))
    assert f1_of(hysteresis(response, *thresholds), edges) == pytest.approx(score)


@pytest.mark.parametrize("name", ["persistence k=2 (9, 16)", "Sobel", "Canny σ=1"])
def test_nothing_answers_on_an_even_picture(name: str) -> None:
    even = np.full((SIDE, SIDE), 0.5)
    score, thresholds = best_f1(BY_NAME[name], np.zeros_like(even), line(10))
    assert score == 0
    assert not hysteresis(responses(BY_NAME[name], even), *thresholds).any()


def test_every_detector_finds_the_edges_of_a_clean_scene() -> None:
    picture, edges = scene(128, np.random.default_rng(3))
    narrow = {"persistence k=1 (3, 6)", "persistence k=2 (10, 15)"}  # they leave out straight edges, see the next test
    scores = {name: best_f1(d, responses(d, picture), edges)[0] for name, d in BY_NAME.items() if d.median == 0}
    assert min(score for name, score in scores.items() if name not in narrow) > 0.95
    assert max(scores[name] for name in narrow) < 0.8


def test_a_narrow_window_misses_a_straight_edge() -> None:
    step = np.repeat(np.arange(SIDE)[None] >= SIDE // 2, SIDE, axis=0).astype(float)
    wide, narrow = BY_NAME["persistence k=2 (9, 16)"], BY_NAME["persistence k=2 (10, 15)"]
    assert np.flatnonzero(responses(wide, step)[9]).tolist() == [9, 10]
    assert not responses(narrow, step).any()


@pytest.mark.parametrize(("high", "sigma"), [(0.3, 1.0), (0.8, 1.0), (0.3, 2.0)])
def test_crests_with_hysteresis_are_canny(high: float, sigma: float) -> None:
    from skimage.feature import canny

    picture = salt_and_pepper(scene(64, np.random.default_rng(1))[0], 0.05, np.random.default_rng(2))
    crests = responses(Detector("", "canny", sigma=sigma), picture)
    expected = canny(picture, sigma, low_threshold=0.4 * high, high_threshold=high, mode="nearest")
    np.testing.assert_array_equal(hysteresis(crests, 0.4 * high, high), expected)
    assert expected.any()


def test_hysteresis_by_hand() -> None:
    crests = np.zeros((SIDE, SIDE))
    crests[4, 4:7] = 0.5, 0.5, 0.9
    crests[5, 7] = 0.5  # joined by a corner
    crests[9, 4:7] = 0.5  # never above the upper threshold
    assert np.argwhere(hysteresis(crests, 0.4, 0.8)).tolist() == [[4, 4], [4, 5], [4, 6], [5, 7]]
    assert np.argwhere(hysteresis(crests, 0.8, 0.8)).tolist() == [[4, 6]]


def test_the_best_of_canny_tries_thresholds_with_and_without_hysteresis() -> None:
    response, edges = np.zeros((SIDE, SIDE)), line(10)
    response[:, 10], response[10, 11:16] = 0.9, 0.5
    score, (low, high) = best_f1(BY_NAME["Canny σ=1"], response, edges)
    assert score == 1
    assert low == high == 0.9  # the lower threshold of 0.36 would take in the spur


def test_support_counts_the_pixels_that_matter() -> None:
    generator = np.random.default_rng(0)
    picture = generator.random((41, 41))
    for name in ("persistence k=3 (20, 29)", "Sobel", "persistence k=2 (9, 16)"):
        half = BY_NAME[name].support // 2
        other = generator.random((41, 41))
        other[20 - half : 21 + half, 20 - half : 21 + half] = picture[20 - half : 21 + half, 20 - half : 21 + half]
        assert responses(BY_NAME[name], other)[20, 20] == pytest.approx(responses(BY_NAME[name], picture)[20, 20])
    assert BY_NAME["median 5x5, Sobel"].support == 7
    assert BY_NAME["median 5x5, persistence k=1 (2, 7)"].support == 7


def test_salt_and_pepper_replaces_as_many_as_said() -> None:
    even = np.full((400, 400), 0.5)
    noisy = salt_and_pepper(even, 0.3, np.random.default_rng(0))
    assert (noisy == 0).mean() == pytest.approx(0.15, abs=0.005)
    assert (noisy == 1).mean() == pytest.approx(0.15, abs=0.005)
    assert (noisy == 0.5).mean() == pytest.approx(0.7, abs=0.01)
    assert (salt_and_pepper(even, 0.0, np.random.default_rng(0)) == even).all()


def test_edges_of_a_scene_are_the_pixels_beside_another_value() -> None:
    picture, edges = scene(64, np.random.default_rng(5))
    expected = np.zeros_like(edges)
    for axis in (0, 1):
        step = np.diff(picture, axis=axis) != 0
        for part in (slice(0, -1), slice(1, None)):
            place = (part, slice(None)) if axis == 0 else (slice(None), part)
            expected[place] |= step
    np.testing.assert_array_equal(edges, expected)
    assert len(np.unique(picture)) == 5  # the ground and four shapes
    assert 0 <= picture.min() < picture.max() <= 1


def test_references_of_a_step_lie_on_the_step() -> None:
    step = np.repeat(np.arange(64)[None] >= 32, 64, axis=0) * 0.6
    for mask in references(step).values():
        assert mask[8:-8].any(axis=1).all()
        assert set(np.flatnonzero(mask[8:-8].any(axis=0))) <= {30, 31, 32, 33}


def test_images_are_grey_and_cut() -> None:
    assert grey(np.full((4, 4, 3), 255, np.uint8)) == pytest.approx(1.0)
    assert middle(np.arange(36.0).reshape(6, 6), 3) == pytest.approx(np.arange(36).reshape(3, 2, 3, 2).mean((1, 3)))
    assert middle(np.arange(25.0).reshape(5, 5), 3)[0].tolist() == [6, 7, 8]


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (np.zeros(5), "shape"),
        (np.full((40, 40), 2.0), "from 0 to 1"),
        (np.full((40, 40), np.nan), "finite"),
        (np.zeros((8, 8)), "at least 32 x 32"),
    ],
)
def test_bad_images_are_refused(image: np.ndarray, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        edges_study({"bad": image}, quick=True)


def test_no_images_and_no_seeds_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one picture"):
        edges_study({}, quick=True)
    with pytest.raises(ValueError, match="seeds must be at least 1"):
        edges_study(quick=True, seeds=0)


def test_intervals_hold_the_mean_and_see_the_pictures() -> None:
    values = np.array([[0.0, 0.0], [1.0, 1.0]])
    assert resampled(values, 0) == (0.5, 0.0, 1.0)
    assert resampled(np.ones((3, 4)), 0) == (1.0, 1.0, 1.0)


@pytest.mark.parametrize(
    ("raw", "medians", "verdict"),
    [
        ((0.3, 0.2, 0.4), (0.1, 0.05, 0.2), AHEAD),
        ((0.3, 0.2, 0.4), (0.005, 0.001, 0.008), LEVEL),  # too small to matter
        ((0.3, 0.2, 0.4), (0.1, -0.1, 0.2), LEVEL),
        ((0.3, 0.2, 0.4), (-0.1, -0.2, -0.05), BEHIND),
        ((0.1, -0.1, 0.2), (0.1, 0.05, 0.2), RAW_LEVEL),
        ((-0.1, -0.2, -0.05), (-0.3, -0.4, -0.2), RAW_BEHIND),
    ],
)
def test_verdicts(raw, medians, verdict) -> None:
    assert _verdict([raw, medians]) == verdict


@pytest.fixture(scope="module")
def small_study():
    """The study on two drawn pictures in place of photographs, with the noise drawn once."""
    photos = {name: scene(48, np.random.default_rng(at))[0] for at, name in enumerate(("one", "two"))}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(study, "QUICK_SCENES", 2)
        patch.setattr(study, "SCENE_SIDE", 48)
        told = []
        return edges_study(photos, quick=True, seeds=1, progress=lambda *now: told.append(now)), told


def test_the_study_end_to_end(small_study, tmp_path) -> None:
    report, told = small_study
    windows, drawn, *photos, cost = report.findings
    assert windows.verdict == "selects local area"
    assert windows.numbers["agreement"].value == 1
    assert all(finding.verdict in VERDICTS for finding in (drawn, *photos))
    assert [len(finding.tables["f1"].rows) for finding in (drawn, *photos)] == [len(DETECTORS)] * 3
    assert len(cost.tables["cost"].rows) == len(DETECTORS)
    assert told[-1][0] == pytest.approx(told[-1][1])
    page = report.save(tmp_path)
    text = page.read_text(encoding="utf-8")
    assert "could not be drawn" not in text
    assert "median 5x5, Sobel" in text


def test_tables_and_curves_tell_the_same(small_study) -> None:
    drawn = small_study[0].findings[1]
    rows = {row[0]: row[2:] for row in drawn.tables["f1"].rows}
    curve = drawn.series["without_median"].curves["k=2 (9, 16)"]
    assert rows["persistence k=2 (9, 16)"] == pytest.approx(curve, abs=1e-3)
    assert drawn.series["without_median"].x == (0, 20, 40)
    at_40 = dict(zip(("ours", "sobel"), (rows[n][-1] for n in ("persistence k=2 (9, 16)", "Sobel")), strict=True))
    lead = next(r for r in drawn.tables["duels"].rows if r[0] == "persistence k=2 (9, 16) − Sobel")[-1]
    assert float(lead.split()[0]) == pytest.approx(at_40["ours"] - at_40["sobel"], abs=2e-3)
    rivals = max(values[-1] for name, values in rows.items() if "persistence" not in name)
    ours = max(values[-1] for name, values in rows.items() if name.startswith("persistence"))
    assert float(drawn.tables["duels"].rows[-1][-1].split()[0].replace("−", "-")) == pytest.approx(
        ours - rivals, abs=2e-3
    )


def test_without_scikit_image_one_sentence(without_skimage) -> None:
    with pytest.raises(ImportError, match=r"^scikit-image is needed here; install it with pip install"):
        edges_study(quick=True)


def test_the_command_says_it_too(without_skimage, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, ["reproduce", "edges", "--quick"])
    assert result.exit_code == 1
    sentence = "scikit-image is needed here; install it with pip install 'topolens[images]'"
    assert result.stderr == f"topolens: error: {sentence}\n"
    assert not list(tmp_path.iterdir())


def test_the_command_writes_both_files(small_study, tmp_path, monkeypatch) -> None:
    asked, told = {}, small_study[0]
    cheap = Report(told.findings[-1:], told.provenance)
    monkeypatch.setattr(study, "edges_study", lambda **options: (asked.update(options), cheap)[1])
    result = CliRunner().invoke(app, ["reproduce", "edges", "--quick", "--seeds", "3", "-q", "-o", str(tmp_path)])
    assert result.exit_code == 0, result.stderr
    assert (asked["quick"], asked["seeds"], asked["seed"]) == (True, 3, 0)
    assert {path.name for path in tmp_path.iterdir()} == {"report.html", "report.json"}
