import pytest
import torch
from torch import nn

from topolens.probes import untrained_model, untrained_twin


def test_twin_is_pytorchs_own_initialisation():
    conv = nn.Conv2d(16, 64, 3)
    twin = untrained_twin(conv.weight, seed=3)
    assert twin.shape == conv.weight.shape
    assert not twin.requires_grad
    assert twin.abs().max() <= 1 / 12
    assert twin.std() == pytest.approx(conv.weight.std().item(), rel=0.05)


def test_seed_decides_and_the_global_state_stays():
    weight = torch.zeros(4, 4, 3, 3)
    state = torch.get_rng_state()
    assert torch.equal(untrained_twin(weight, 1), untrained_twin(weight, 1))
    assert not torch.equal(untrained_twin(weight, 1), untrained_twin(weight, 2))
    model = untrained_model(lambda: nn.Conv2d(1, 4, 3), seed=5)
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(5)
    assert torch.equal(model.weight, nn.Conv2d(1, 4, 3).weight)


def test_factory_must_give_a_module():
    with pytest.raises(TypeError, match=r"factory must give a torch.nn.Module, got dict"):
        untrained_model(dict)
