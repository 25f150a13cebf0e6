# ruff: noqa: E501
"""Every kind of figure is drawn from lists, arrays, tensors and reloaded JSON, and from nothing at all."""

import json
import subprocess
import sys
import warnings
from dataclasses import replace

import numpy as np
import pytest
import torch

from topolens.analyses.finding import Figure, Series, plain
from topolens.plots import KINDS, barcode, curves, diagram, draw, filters_along_circle, mapper, masks, nulls, svg, sweep

EDGE = np.array([[-1.0, 0, 1], [-1, 0, 1], [-1, 0, 1]])
DATA = {
    "barcode": {
        "bars": [[0, 0.0, None], [0, 0.0, 0.2], [1, 0.1, 0.8], [1, 0.1, 0.15], [2, 0.3, 0.4]],
        "null_max": 0.1,
        "null_top_bars": [0.1, 0.05],
        "scale_name": "scale",
    },
    "filters_along_circle": {"filters": np.stack([EDGE, EDGE.T, -EDGE, -EDGE.T]), "angles": torch.arange(4) * np.pi / 2,
                             "counts": [3, 0, 2, 1]},
    "occupancy": {"counts": torch.arange(36), "gap": (6.0, 6.5), "entropy": 0.9, "gap_degrees": 28.6},
    "plane": {"xy": torch.randn(20, 2, generator=torch.Generator().manual_seed(0)), "phase": np.linspace(0, 1, 20, endpoint=False)},
    "orientation": {"phase": [0.0, 0.25, 0.5], "orientation": [-3.1, -1.5, 0.1], "correlation": 0.99},
    "nulls": {"observed": 0.7, "interval": [0.6, 0.8], "groups": {"Gaussian": [0.1, 0.2], "twins": []}, "quantity": "bar"},
    "sweep": {"k": [10, 20], "p": [0.1, 0.3, 1.0], "top_bar": [[0.1, 0.5, None], [0.2, 0.3, 0.1]], "null_max": [[0.2] * 3] * 2,
              "chosen": [20, 0.3]},
    "mapper": {"positions": [[0.0, 0], [1, 0], [0, 1]], "sizes": [5, 1, 9], "edges": [[0, 1], [1, 2]],
               "filters": EDGE[None], "filter_positions": [[0.0, 0]], "b1": 0, "cover_b1": 1},
    "patches": {"angles": np.arange(36) / 36 * 2 * np.pi, "filters": np.full(36, 1 / 36), "patches": np.full(36, 1 / 36),
                "distance": 0.0},
    "filters": {"filters": np.random.default_rng(0).standard_normal((100, 5, 7))},
    "images": {"images": [np.eye(5), np.ones((3, 7)), torch.rand(9, 4)], "titles": ["one", "two", "three"], "columns": 2},
    "masks": {"photograph": np.arange(105).reshape(5, 7, 3), "masks": [np.eye(5, 7, dtype=int), torch.full((5, 7), 2)],
              "kinds": ["brick", "mortar", "hole"], "titles": ["photograph", "one", "two"], "columns": 2},
    "scatter": {"x": torch.arange(7), "y": np.arange(7) ** 2, "groups": ["a", "b", 2, 3, 4, 5, "a"], "x_name": "told",
                "y_name": "gap"},
}  # fmt: skip
EMPTY = {
    "barcode": {"bars": []},
    "filters_along_circle": {"filters": [], "angles": [], "counts": []},
    "occupancy": {"counts": [], "gap": [0.0, 6.28], "entropy": 0.0, "gap_degrees": 360.0},
    "plane": {"xy": [], "phase": []},
    "orientation": {"phase": [], "orientation": [], "correlation": 0.0},
    "nulls": {"observed": None, "interval": None, "groups": {}, "quantity": "bar"},
    "sweep": {"k": [], "p": [], "top_bar": []},
    "mapper": {"positions": [], "sizes": [], "edges": [], "filters": [], "filter_positions": []},
    "patches": {"angles": [], "filters": [], "patches": [], "distance": 0.0},
    "filters": {"filters": []},
    "images": {"images": []},
    "masks": {"photograph": [], "masks": [], "kinds": []},
    "scatter": {"x": [], "y": [], "groups": [], "x_name": "", "y_name": ""},
}
DEGENERATE = {
    "barcode": {"bars": [[1, 0.0, None]], "null_max": None},
    "filters_along_circle": {"filters": np.zeros((3, 1, 5)), "angles": [0.0, 2.0, 4.0], "counts": [0, 0, 0]},
    "occupancy": {"counts": np.zeros(36), "gap": [0.0, 6.2832], "entropy": 0.0, "gap_degrees": 360.0},
    "plane": {"xy": [[1.0, 1.0]], "phase": [0.5]},
    "orientation": {"phase": [0.5], "orientation": [0.0], "correlation": 1.0},
    "nulls": {"observed": 0.0, "groups": {"Gaussian": [None, 0.0]}, "quantity": "bar"},
    "sweep": {"k": [5], "p": [1.0], "top_bar": [[0.0]], "null_max": None, "chosen": None},
    "mapper": {"positions": [[2.0, 2.0]], "sizes": [0], "edges": []},
    "patches": {"angles": [0.0], "filters": [0.0], "patches": [0.0], "distance": 0.0},
    "filters": {"filters": np.zeros((1, 3, 3))},
    "images": {"images": [[[0.0]]], "titles": [], "columns": 9},
    "masks": {"photograph": [[[0, 0, 0]]], "masks": [[[0]]], "kinds": ["brick"], "columns": 9},
    "scatter": {"x": [1.0], "y": [None], "groups": [None], "x_name": "x", "y_name": "y"},
}


def test_every_kind_is_tried() -> None:
    assert set(DATA) == set(EMPTY) == set(DEGENERATE) == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("data", [DATA, EMPTY, DEGENERATE], ids=["usual", "empty", "degenerate"])
def test_draws_without_a_warning(kind: str, data: dict) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert svg(draw(Figure(kind, "", data[kind])), kind).startswith("<svg")


@pytest.mark.parametrize("kind", KINDS)
def test_json_gives_the_same_picture(kind: str) -> None:
    figure = Figure(kind, "", json.loads(json.dumps(plain(DATA[kind]))))
    exact = Figure(kind, "", plain(DATA[kind]))
    assert svg(draw(figure), "x") == svg(draw(exact), "x")


def test_a_large_tensor_that_needs_a_gradient_is_drawn_as_pixels() -> None:
    xy = torch.randn(3000, 2, requires_grad=True)
    text = svg(draw(Figure("plane", "", {"xy": xy, "phase": torch.rand(3000)})), "many points")
    assert "<image" in text
    assert len(text) < 300_000


def test_data_for_other_readers_is_left_aside() -> None:
    assert draw(Figure("filters", "", {"filters": EDGE[None], "node_ids": [3]})).axes


def test_unknown_kind_is_named() -> None:
    with pytest.raises(ValueError, match=r"figure\.kind must be one of barcode, .* got 'pie'"):
        draw(Figure("pie", "", {}))


def test_missing_data_is_named() -> None:
    with pytest.raises(ValueError, match=r"kind 'plane' needs xy, phase, but phase is missing"):
        draw(Figure("plane", "", {"xy": [[0.0, 0.0]]}))


def test_filters_must_be_a_stack() -> None:
    with pytest.raises(ValueError, match=r"filters must have shape \(m, h, w\), got \(3, 3\)"):
        draw(Figure("filters", "", {"filters": EDGE}))


def test_masks_must_fit_their_photograph() -> None:
    photograph = np.zeros((3, 4, 3))
    with pytest.raises(ValueError, match=r"must have the shape \(h, w\) of a photograph \(h, w, 3\), got \(3, 4, 3\)"):
        masks(photograph, [np.zeros((4, 3), int)], ["brick"])
    with pytest.raises(ValueError, match="must hold places in the 1 kinds"):
        masks(photograph, [np.ones((3, 4), int)], ["brick"])


def test_bars_beyond_the_null_stand_out() -> None:
    accent = "#0b6fa8"

    def coloured(null_max: float) -> int:
        axes = barcode([[1, 0.1, 0.8], [1, 0.1, 0.15]], null_max=null_max).axes[0]
        from matplotlib.colors import to_hex

        return sum(to_hex(patch.get_facecolor()) == accent for patch in axes.patches)

    assert [coloured(0.01), coloured(0.1), coloured(1.0)] == [2, 1, 0]


def test_an_empty_bin_is_an_empty_frame() -> None:
    full = filters_along_circle(np.stack([EDGE] * 4), np.arange(4), [1, 1, 1, 1]).axes[0]
    one_empty = filters_along_circle(np.stack([EDGE] * 4), np.arange(4), [1, 0, 1, 1]).axes[0]
    assert len(full.images) - len(one_empty.images) == 1
    assert sum(p.get_linestyle() != full.patches[0].get_linestyle() for p in one_empty.patches) == 1


def test_filters_share_one_symmetric_range() -> None:
    axes = filters_along_circle(np.stack([EDGE, 3 * EDGE]), [0.0, 3.0], [1, 1]).axes[0]
    assert [image.get_clim() for image in axes.images[:2]] == [(-3.0, 3.0)] * 2


def test_a_filter_stands_where_it_rises() -> None:
    """90 degrees is downwards, as rows of an image run, so the filter that brightens downwards is at the bottom."""
    axes = filters_along_circle(EDGE.T[None], [np.pi / 2], [1]).axes[0]
    left, right, bottom, top = axes.images[0].get_extent()
    assert (left + right) / 2 == pytest.approx(0, abs=1e-9)
    assert (bottom + top) / 2 == pytest.approx(-1)
    assert axes.images[0].get_array()[0, 0] < axes.images[0].get_array()[2, 0]


def test_cells_above_their_null_are_framed() -> None:
    axes = sweep(
        [10, 20], [0.1, 1.0], [[0.1, 0.5], [0.2, 0.3]], null_max=[[0.2, 0.2], [0.2, 0.2]], chosen=[20, 1.0]
    ).axes[0]
    assert len(axes.patches) == 2
    assert [text.get_text() for text in axes.texts] == ["0.10", "0.50", "0.20", "0.30 ●"]


def test_filters_beside_the_graph_do_not_overlap() -> None:
    rng = np.random.default_rng(0)
    at = np.c_[np.ones(24), rng.normal(0, 0.01, 24)]
    axes = mapper(rng.standard_normal((50, 2)), np.ones(50), [[0, 1]], rng.standard_normal((24, 3, 3)), at).axes[0]
    centres = [np.mean(np.reshape(image.get_extent(), (2, 2)), axis=1) for image in axes.images]
    side = axes.images[0].get_extent()[1] - axes.images[0].get_extent()[0]
    gaps = [np.abs(a - b).max() for i, a in enumerate(centres) for b in centres[:i]]
    assert min(gaps) >= 0.98 * side


def test_nulls_row_per_group() -> None:
    axes = nulls(0.7, {"Gaussian": np.ones(20), "twins": torch.ones(3)}, "bar", interval=np.array([0.6, 0.8])).axes[0]
    assert [text.get_text() for text in axes.texts] == ["Gaussian (20)", "twins (3)"]


def test_curves_have_room_for_step_zero() -> None:
    series = Series("c", "step", (0.0, 100.0, 10_000.0), {"bar": (0.1, None, 0.5)}, {"null": ((0.0, 0.1),) * 3})
    assert curves(series).axes[0].get_xscale() == "symlog"
    assert curves(replace(series, x=(0.0, 1.0, 2.0))).axes[0].get_xscale() == "linear"


def test_many_steps_have_plain_labels() -> None:
    steps = tuple(float(10**power) for power in range(12))
    text = svg(curves(Series("c", "step", (0.0, *steps), {"bar": (0.5,) * 13})), "x")
    assert ">1000</text>" in text
    assert "mathdefault" not in text


@pytest.mark.filterwarnings("error")
def test_long_names_of_many_curves_leave_room_to_draw_in() -> None:
    names = [f"encoder.layer.{i}.attention.output.dense" for i in range(12)]
    series = Series("c", "place", (1.0, 2.0), dict.fromkeys(names, (0.0, 1.0)))
    figure = curves(series)
    svg(figure, "x")
    assert figure.axes[0].get_position().height * figure.get_size_inches()[1] > 1.5


def test_empty_curves_and_diagrams() -> None:
    assert svg(curves(Series("c", "step", (), {})), "x").startswith("<svg")
    assert svg(curves(Series("c", "step", (0.0, 5.0), {"a": (None, None)})), "x").startswith("<svg")
    assert svg(diagram([]), "x").startswith("<svg")
    assert svg(diagram([[0, 0.0, None], [1, 0.5, 1.0]]), "x").startswith("<svg")


def test_the_users_matplotlib_settings_stay_and_do_not_matter() -> None:
    import matplotlib

    figure = Figure("nulls", "", DATA["nulls"])
    before = svg(draw(figure), "x")
    with matplotlib.rc_context(
        {"font.size": 30, "axes.facecolor": "red", "svg.fonttype": "path", "lines.linewidth": 9}
    ):
        settings = dict(matplotlib.rcParams)
        assert svg(draw(figure), "x") == before
        assert dict(matplotlib.rcParams) == settings


def test_pyplot_is_never_loaded_and_matplotlib_only_when_drawing() -> None:
    code = (
        "import sys; import topolens, topolens.plots; assert 'matplotlib' not in sys.modules\n"
        "from topolens.plots import svg, filters; import numpy\n"
        "svg(filters(numpy.ones((2, 3, 3))), 'x'); assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
