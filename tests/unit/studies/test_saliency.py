"""Grad-CAM by hand, areas under deletion, and a small study from end to end."""

import json
from pathlib import Path

import pytest
import torch
from torch import nn
from typer.testing import CliRunner

from topolens.cli import app
from topolens.studies import saliency
from topolens.studies.grad_cam import answers_under, correlation, grad_cam
from topolens.studies.pooling import Recipe


def test_a_map_by_hand() -> None:
    """Two channels, of which the answer takes one with weight 2 and the other with -1, everywhere alike."""
    model = nn.Sequential(nn.Identity(), nn.Flatten(), nn.Linear(8, 1, bias=False))
    with torch.no_grad():
        model[2].weight[:] = torch.tensor([2.0] * 4 + [-1.0] * 4)
    image = torch.tensor([[[[1.0, 0.0], [0.0, 0.0]], [[0.0, 1.0], [0.0, 0.0]]]])
    assert grad_cam(model, image, 0).tolist() == [[[1.0, 0.0], [0.0, 0.0]]]
    against = torch.tensor([[[[0.0, 0.0], [0.0, 0.0]], [[0.0, 1.0], [0.0, 0.0]]]])
    assert not grad_cam(model, against, 0).any()


def test_nothing_marked_is_zero_and_the_model_stays_as_it_was() -> None:
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(8, 3)).train()
    heat = grad_cam(model, torch.zeros(2, 1, 4, 4), 0)
    assert heat.shape == (2, 4, 4)
    assert torch.isfinite(heat).all()
    assert model.training
    assert all(p.grad is None for p in model.parameters())


def test_correlations() -> None:
    a = torch.rand(3, 4, 5, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(correlation(a, 2 * a + 1), torch.ones(3))
    torch.testing.assert_close(correlation(a, -a), -torch.ones(3))
    assert correlation(a, torch.zeros_like(a)).isnan().all()


def test_deletion_of_what_decides() -> None:
    """The first class wins as long as pixel 2 is there."""
    model = nn.Sequential(nn.Flatten(), nn.Linear(4, 2, bias=False))
    with torch.no_grad():
        model[1].weight.zero_()[0, 2] = 100.0
    image = torch.ones(1, 1, 2, 2)
    order = torch.tensor([[2, 0, 1, 3]])
    gone = answers_under(model, image, order, 4, insert=False)[0]
    assert gone.tolist() == [1.0, 0.5, 0.5, 0.5, 0.5]
    back = answers_under(model, image, order, 4, insert=True)[0]
    assert back.tolist() == [0.5, 1.0, 1.0, 1.0, 1.0]


def test_a_small_study(digits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saliency, "QUICK", Recipe(images=100, test_images=40, epochs=1))
    monkeypatch.setattr(saliency, "DRAWS", 50)
    words = ["reproduce", "saliency", "--data", str(digits), "--quick", "-q", "-o", str(tmp_path / "out")]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    agreement, faithfulness = report["findings"]
    assert agreement["verdict"] in (saliency.ELSEWHERE, saliency.ALIKE)
    assert len(agreement["figures"]["maps"]["data"]["images"]) == 4 * 5
    assert set(faithfulness["series"]) == {"deletion", "insertion"}
    low, high = agreement["numbers"]["across"]["interval"]
    assert low <= agreement["numbers"]["across"]["value"] <= high


def test_too_few_images(digits: Path) -> None:
    with pytest.raises(ValueError, match="at least 20 test images, got 5"):
        saliency.saliency_study(digits, recipe=Recipe(images=50, test_images=5, epochs=1))
