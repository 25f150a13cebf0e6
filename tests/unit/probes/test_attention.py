"""Attention maps of networks: the right ones, and the network none the wiser."""

import pytest
import torch
from torch import Tensor, nn

from topolens.probes import record_attention

X = torch.randn(6, 5, 8, generator=torch.Generator().manual_seed(0))


def encoder(layers: int = 2) -> nn.TransformerEncoder:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
        return nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)


class Asks(nn.Module):
    """Asks for weights in a way of its own, and calls one layer twice."""

    def __init__(self, **asked: bool) -> None:
        super().__init__()
        self.attention, self.asked = nn.MultiheadAttention(8, 2, batch_first=True), asked
        self.got: list[Tensor | None] = []

    def forward(self, x: Tensor) -> Tensor:
        for _ in range(2):
            x, weights = self.attention(x, x, x, **self.asked)
            self.got.append(weights)
        return x


def test_maps_are_those_of_the_layers() -> None:
    model = encoder()
    found = record_attention(model, X, batch_size=4)
    assert list(found) == ["layers.0.self_attn", "layers.1.self_attn"]
    model.eval()
    expected = model.layers[0].self_attn(X, X, X, average_attn_weights=False)[1]
    torch.testing.assert_close(found["layers.0.self_attn"], expected.detach())
    assert found["layers.1.self_attn"].shape == (6, 2, 5, 5)
    assert list(record_attention(model, X, "layers.1.*", samples=3)) == ["layers.1.self_attn"]


def test_nothing_is_changed() -> None:
    model, fast = encoder(), torch.backends.mha.get_fastpath_enabled()
    model.layers[1].eval()
    modes = [module.training for module in model.modules()]
    state = torch.random.get_rng_state()
    record_attention(model, X)
    assert [module.training for module in model.modules()] == modes
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())
    assert torch.backends.mha.get_fastpath_enabled() == fast
    assert torch.equal(torch.random.get_rng_state(), state)
    with pytest.raises(RuntimeError, match="the network fails in"):
        record_attention(model, torch.zeros(2, 5, 9))
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())
    assert torch.backends.mha.get_fastpath_enabled() == fast


@pytest.mark.parametrize(
    ("asked", "shape"),
    [
        ({}, (6, 5, 5)),
        ({"need_weights": False}, None),
        ({"need_weights": True, "average_attn_weights": False}, (6, 2, 5, 5)),
    ],
)
def test_the_network_gets_what_it_asked_for(asked: dict[str, bool], shape: tuple[int, ...] | None) -> None:
    model = Asks(**asked).eval()
    found = record_attention(model, X)
    assert list(found) == ["attention", "attention#2"]
    assert [None if w is None else tuple(w.shape) for w in model.got] == [shape, shape]
    with torch.no_grad():
        torch.testing.assert_close(model.attention(X, X, X)[1], found["attention"].mean(1))


def test_refused() -> None:
    with pytest.raises(ValueError, match="no module is a MultiheadAttention"):
        record_attention(nn.Linear(8, 2), X)
    with pytest.raises(ValueError, match="is a torch.nn.MultiheadAttention; leave layers out"):
        record_attention(encoder(), X, "layers.0.linear1")
    with pytest.raises(TypeError, match="model must be a torch"):
        record_attention("network", X)
    with pytest.raises(ValueError, match="sequences of different lengths, \\[3, 5\\]"):
        record_attention(encoder(), [X, X[:, :3]])
