import pytest
import torch
from safetensors.torch import save_file


@pytest.fixture
def in_tmp(tmp_path, monkeypatch):
    """An empty directory to work in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def weights(in_tmp):
    """8 filters of a layer "conv": a verdict of "too few filters", and quick."""
    save_file({"conv.weight": torch.randn(8, 1, 3, 3)}, in_tmp / "net.safetensors")
    return "net.safetensors"
