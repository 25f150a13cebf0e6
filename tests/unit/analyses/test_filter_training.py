"""Curves over training on made-up runs with a known course."""

import pytest
import torch

import topolens as tl
from topolens.analyses import Effort, filter_training
from topolens.sampling import gaussian_filters

LEAN = Effort(nulls=20, repeats=3)


def weight(kind: str, seed: int) -> torch.Tensor:
    points = gaussian_filters(1500, 9, seed) if kind == "noise" else tl.shapes.filter_model(kind, 1500, 0.05, seed=seed)
    return points.reshape(-1, 1, 3, 3)


@pytest.mark.parametrize(
    ("course", "verdict"),
    [
        (("noise", "primary_circle", "primary_circle"), "settles"),
        (("noise", "primary_circle", "noise"), "breaks up"),
        (("noise", "noise", "noise"), "never appears"),
        (("noise", "primary_circle", "noise", "noise", "noise", "primary_circle"), "comes and goes"),
    ],
)
def test_the_course_is_told(course, verdict):
    finding = filter_training({100 * i: weight(kind, i) for i, kind in enumerate(course)}, k=20, effort=LEAN)
    assert finding.verdict == verdict
    assert finding.series["bars"].x == tuple(100.0 * i for i in range(len(course)))
    assert len(finding.series["bars"].curves["longest H1 bar"]) == len(course)


def test_one_checkpoint_is_refused():
    with pytest.raises(ValueError, match="at least two checkpoints, got 1"):
        filter_training({0: weight("noise", 0)})


def test_too_few_filters_at_any_step():
    finding = filter_training({0: torch.randn(8, 1, 3, 3), 1: torch.randn(8, 1, 3, 3)})
    assert finding.verdict == "too few filters"
