"""Lazy witness filtrations by hand: three landmarks on a line, and refusals."""

import pytest
import torch

from topolens.filtrations import witness

LINE = torch.tensor([[[0.0], [2.0], [6.0], [1.0], [3.0]]])
MARKS = torch.tensor([0, 1, 2])


@pytest.mark.parametrize(
    ("nu", "edges"),
    [
        # Edges (1, 0), (2, 0), (2, 1) of the landmarks at 0, 2, 6; every landmark witnesses as well.
        # nu = 0: the witness half way between, if there is one, decides by its larger distance.
        (0, [1.0, 3.0, 3.0]),
        # nu = 1: the nearest landmark's distance is taken off; 1 lies half way between 0 and 2.
        (1, [0.0, 2.0, 2.0]),
        # nu = 2: the second nearest landmark's distance is taken off.
        (2, [0.0, 0.0, 0.0]),
    ],
)
def test_values_on_a_line(nu: int, edges: list[float]) -> None:
    distances = (LINE[0, MARKS] - LINE[0].T).abs()
    slack = distances.sort(0).values[nu - 1] if nu else torch.zeros(5)
    by_definition = [
        float((torch.maximum(distances[i], distances[j]) - slack).clamp_min(0).min())
        for i in range(3)
        for j in range(i)
    ]
    assert witness(LINE, landmarks=MARKS, nu=nu).values.tolist() == [[0.0, 0.0, 0.0, *by_definition]]
    assert by_definition == edges


def test_the_same_landmarks_for_all_clouds_or_one_row_each() -> None:
    clouds = LINE.repeat(2, 1, 1)
    shared = witness(clouds, landmarks=MARKS)
    own = witness(clouds, landmarks=torch.stack([MARKS, MARKS.flip(0)]))
    assert torch.equal(shared.values[0], own.values[0])
    assert own.values[1].tolist() == [0.0, 0.0, 0.0, *shared.values[1][[5, 4, 3]].tolist()]


def test_witnesses_name_points() -> None:
    f = witness(LINE, landmarks=MARKS, nu=0)
    assert f.witnesses.shape == (1, 3)
    assert f.witnesses[0, 0] == 3


def test_explicit_is_the_flag_complex_of_the_edges() -> None:
    cells = witness(LINE, landmarks=MARKS, nu=0).explicit(0, 1)
    assert list(cells.dim) == [0, 0, 0, 1, 1, 1, 2]
    assert list(cells.source) == [0, 1, 2, 3, 4, 5, 5]


@pytest.mark.parametrize(
    ("points", "landmarks", "nu", "message"),
    [
        (LINE[0], MARKS, 1, r"points must have shape \(batch, n, d\), got \(5, 1\); for one cloud"),
        (LINE * float("nan"), MARKS, 1, "points contains NaN"),
        (LINE / 0, MARKS, 1, "points contains NaN"),
        (LINE + float("inf"), MARKS, 1, "points contains infinite coordinates"),
        (LINE, MARKS + 3, 1, r"landmarks must name rows in \[0, 5\)"),
        (LINE, MARKS - 1, 1, r"landmarks must name rows in \[0, 5\)"),
        (LINE, MARKS.expand(2, 3), 1, r"landmarks must have shape \(1, L\) or \(L,\), got \(2, 3\)"),
        (LINE, MARKS, 4, r"nu must lie in \[0, 3\] \(the number of landmarks\), got 4"),
        (LINE, MARKS, -1, r"nu must lie in \[0, 3\]"),
    ],
)
def test_refused(points: torch.Tensor, landmarks: torch.Tensor, nu: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        witness(points, landmarks=landmarks, nu=nu)


def test_refused_types() -> None:
    with pytest.raises(TypeError, match="landmarks must be an integer tensor of rows of points"):
        witness(LINE, landmarks=MARKS.float())
    with pytest.raises(ValueError, match="max_scale must be above 0"):
        witness(LINE, landmarks=MARKS, max_scale=0.0)
