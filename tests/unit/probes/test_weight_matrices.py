import copy

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations, prune

from topolens.probes import weight_matrices


def shapes(model):
    return {name: tuple(x.shape) for name, x in weight_matrices(model).items()}


def test_module_and_its_state_dict_agree() -> None:
    model = nn.Sequential(nn.Conv1d(2, 4, 3), nn.ReLU(), nn.Conv2d(4, 5, 3), nn.Conv3d(5, 6, 2), nn.Linear(7, 8))
    expected = {"0": (4, 6), "2": (5, 36), "3": (6, 40), "4": (8, 7)}
    assert shapes(model) == shapes(model.state_dict()) == expected
    assert weight_matrices(model)["4"].data_ptr() == model[4].weight.data_ptr()
    assert not weight_matrices(model)["4"].requires_grad


@pytest.mark.parametrize("kind", [nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d])
@pytest.mark.parametrize("groups", [1, 2])
def test_transposed_convolutions_have_a_row_for_each_output(kind: type, groups: int) -> None:
    layer = kind(6, 4, 3, groups=groups, bias=False)
    found = weight_matrices(nn.Sequential(layer))["0"]
    axes = layer.weight.ndim - 2
    assert found.shape == (4, 6 // groups * 3**axes)
    impulse = torch.zeros(1, 6, *[1] * axes)
    impulse[0, 5] = 1  # the last input, of the last group
    answer = layer(impulse)[0, 4 - 4 // groups :].flatten(1)
    assert torch.equal(answer, found[4 - 4 // groups :, -(3**axes) :])


def test_other_layers_with_weights() -> None:
    model = nn.ModuleDict(
        {
            "rnn": nn.LSTM(3, 5),
            "attention": nn.MultiheadAttention(4, 2),
            "table": nn.Embedding(9, 4),
            "norm": nn.LayerNorm((2, 3)),
        }
    )
    assert shapes(model) == {
        "rnn.weight_ih_l0": (20, 3),
        "rnn.weight_hh_l0": (20, 5),
        "attention.in_proj_weight": (12, 4),
        "attention.out_proj": (4, 4),
    }


def test_tied_weights_count_once() -> None:
    model = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4))
    model[1].weight = model[0].weight
    assert shapes(model) == {"0": (4, 4)}


def test_what_the_module_computes_with() -> None:
    norm = parametrizations.weight_norm(nn.Linear(3, 4))
    with torch.no_grad():
        norm.parametrizations.weight.original0.mul_(2)
    pruned = prune.l1_unstructured(nn.Linear(3, 4), "weight", amount=6)
    for layer in (norm, pruned):
        model = nn.Sequential(layer)
        for found in (weight_matrices(model), weight_matrices(model.state_dict())):
            assert list(found) == ["0"]
            assert torch.allclose(found["0"], layer.weight)
    spectral = parametrizations.spectral_norm(nn.Linear(3, 4)).train()
    before = copy.deepcopy(spectral.state_dict())
    weight_matrices(spectral)
    assert all(torch.equal(before[name], x) for name, x in spectral.state_dict().items())


def test_layers_under_any_names() -> None:
    assert shapes({"first": torch.ones(3, 2), "second": torch.ones(1, 3)}) == {"first": (3, 2), "second": (1, 3)}
    assert shapes({"weight": torch.ones(3, 2), "bias": torch.ones(3)}) == {"weight": (3, 2)}


def test_refused() -> None:
    with pytest.raises(TypeError, match="got list"):
        weight_matrices([torch.ones(2, 2)])  # type: ignore[arg-type]
    for nothing in ({}, {"weight": torch.ones(3)}, {"weight": torch.ones(3, 3, dtype=torch.int64)}, nn.ReLU()):
        with pytest.raises(ValueError, match="no floating-point weights of two axes"):
            weight_matrices(nothing)
    with pytest.raises(ValueError, match="lazy"):
        weight_matrices(nn.Sequential(nn.LazyLinear(3)))
