import copy

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations, prune
from torch.nn.utils import weight_norm as old_weight_norm

from topolens.probes import convolutions, select_layers


def names(found):
    return [c.name for c in found]


def small():
    return nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Conv2d(4, 4, (1, 7)), nn.Conv2d(4, 2, 1), nn.Conv1d(2, 2, 3))


def test_module_and_its_state_dict_agree():
    model = small()
    found, skipped = convolutions(model)
    from_state, skipped_of_state = convolutions(model.state_dict())
    assert names(found) == names(from_state) == ["0", "2"]
    assert [c.kernel for c in found] == ["3x3", "1x7"]
    assert [(s.name, s.reason) for s in skipped] == [
        ("3", "1x1 kernels have no spatial shape"),
        ("4", "1D convolution; 2D only for now"),
    ]
    assert skipped == skipped_of_state
    assert all(torch.equal(a.weight, b.weight) for a, b in zip(found, from_state, strict=True))


def test_weights_are_views_and_carry_no_gradient():
    conv = nn.Conv2d(1, 4, 3)
    (found,), _ = convolutions(conv)
    assert found.name == "weight"
    assert found.weight.data_ptr() == conv.weight.data_ptr()
    assert not found.weight.requires_grad


def test_even_and_large_kernels():
    found, _ = convolutions(nn.Sequential(nn.Conv2d(3, 8, 16), nn.Conv2d(8, 8, 2)))
    assert [c.kernel for c in found] == ["16x16", "2x2"]


def test_transposed_convolution_has_outputs_first():
    (found,), _ = convolutions(nn.ConvTranspose2d(6, 4, 3))
    assert found.weight.shape == (4, 6, 3, 3)
    assert found.kind == "ConvTranspose2d"
    layer = nn.ConvTranspose2d(6, 4, 3, groups=2, bias=False)
    (found,), _ = convolutions(layer)
    assert found.weight.shape == (4, 3, 3, 3)
    impulse = torch.zeros(1, 6, 1, 1)
    impulse[0, 4] = 1  # the second input of the second group
    assert torch.equal(layer(impulse)[0, 2:], found.weight[2:, 1])


def test_tied_weights_count_once():
    model = nn.Sequential(nn.Conv2d(2, 2, 3), nn.Conv2d(2, 2, 3), nn.Conv2d(2, 2, 3))
    model[1].weight = model[0].weight
    model.append(model[2])
    for network in (model, model.state_dict()):
        found, skipped = convolutions(network)
        assert names(found) == ["0", "2"]
        assert skipped[0].reason == "shares its weight with 0"


def test_wrapped_weights_are_those_the_layer_computes_with():
    layers = [
        parametrizations.weight_norm(nn.Conv2d(2, 3, 3)),
        old_weight_norm(nn.Conv2d(2, 3, 3)),
        prune.l1_unstructured(nn.Conv2d(2, 3, 3), "weight", amount=0.3),
    ]
    for layer in layers:
        model = nn.Sequential(layer)
        with torch.no_grad():  # as after load_state_dict: nothing has run since
            for parameter in model.parameters():
                parameter.mul_(1.5)
        (found,), _ = convolutions(model)
        (of_state,), _ = convolutions(model.state_dict())
        layer(torch.randn(1, 2, 5, 5))
        assert torch.allclose(found.weight, layer.weight, atol=1e-6)
        assert torch.allclose(of_state.weight, layer.weight, atol=1e-6)


def test_model_is_not_changed():
    model = nn.Sequential(parametrizations.spectral_norm(nn.Conv2d(2, 3, 3)), nn.Conv2d(3, 3, 3)).train()
    before = copy.deepcopy(model.state_dict())
    convolutions(model)
    assert model.training
    assert before.keys() == model.state_dict().keys()
    assert all(torch.equal(before[name], x) for name, x in model.state_dict().items())


def test_lazy_and_meta_layers_are_refused():
    with pytest.raises(ValueError, match="layer 0 is lazy and has no weights yet; run one batch"):
        convolutions(nn.Sequential(nn.LazyConv2d(4, 3)))
    with pytest.raises(ValueError, match="layer 0 lies on the meta device"):
        convolutions(nn.Sequential(nn.Conv2d(1, 4, 3, device="meta")))


@pytest.mark.parametrize(("value", "word"), [(float("nan"), "NaN"), (float("inf"), "infinite")])
def test_bad_weights_name_the_layer(value, word):
    model = small()
    model[2].weight.data[0, 0, 0, 0] = value
    for network in (model, model.state_dict()):
        with pytest.raises(ValueError, match=f"layer 2 has 1 {word} weights of 112"):
            convolutions(network)


def test_nothing_to_find_says_what_there_is():
    with pytest.raises(ValueError, match=r"no 2D convolution larger than 1x1; it has 1 Linear, 1 ReLU"):
        convolutions(nn.Sequential(nn.Linear(2, 2), nn.ReLU()))
    with pytest.raises(ValueError, match=r"its 2 tensors are for instance 0.weight \(2, 2\)"):
        convolutions(nn.Sequential(nn.Linear(2, 2)).state_dict())
    with pytest.raises(ValueError, match=r"left out: 1, the first 0 \(1x1 kernels have no spatial shape\)"):
        convolutions(nn.Sequential(nn.Conv2d(2, 2, 1)))
    with pytest.raises(ValueError, match="it has no tensors"):
        convolutions({})
    with pytest.raises(TypeError, match=r"must be a torch.nn.Module or a state_dict, got list"):
        convolutions([])


def test_names_of_arrays():
    found, _ = convolutions({"layer1": torch.ones(8, 1, 3, 3), "mask": torch.ones(1, 1, 64, 64)})
    assert names(found) == ["layer1"]
    found, _ = convolutions({"conv/kernel:0": torch.ones(3, 3, 1, 8), "head.kernel": torch.ones(8, 1, 5, 5)})
    assert [(c.name, tuple(c.weight.shape)) for c in found] == [("conv", (8, 1, 3, 3)), ("head", (8, 1, 5, 5))]
    found, _ = convolutions({"a.weight": torch.ones(3, 3, 1, 7)})
    assert found[0].kernel == "1x7"


def test_sparse_weights_are_skipped():
    state = {"a.weight": torch.ones(2, 2, 3, 3).to_sparse(), "b.weight": torch.ones(2, 2, 3, 3)}
    found, skipped = convolutions(state)
    assert (names(found), skipped[0].reason) == (["b"], "stored as a sparse tensor; dense weights only")


LAYERS = convolutions({f"{name}.weight": torch.ones(1, 1, 3, 3) for name in ("stem", "layer1.0", "layer1.1", "7")})[0]


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        (["layer1.*"], ["layer1.0", "layer1.1"]),
        (["7", "stem"], ["stem", "7"]),
        ([0, -1], ["stem", "7"]),
        (["1"], ["layer1.0"]),
        (["stem.weight"], ["stem"]),
        ([], ["stem", "layer1.0", "layer1.1", "7"]),
    ],
)
def test_select_layers(patterns, expected):
    assert names(select_layers(LAYERS, patterns)) == expected


def test_select_layers_refuses_what_is_not_there():
    with pytest.raises(ValueError, match=r"no layer is called 'layer1.3'; nearest: layer1.1, layer1.0"):
        select_layers(LAYERS, ["layer1.3"])
    with pytest.raises(ValueError, match="there is no layer 9: the places run from 0 to 3"):
        select_layers(LAYERS, ["9"])
    with pytest.raises(TypeError, match="got the string 'stem'"):
        select_layers(LAYERS, "stem")
