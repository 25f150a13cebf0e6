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
    with pytest.raises(ValueError, match="nothing in the network calls torch.nn.Mul"):
        record_attention(nn.Linear(8, 2), X)
    with pytest.raises(ValueError, match="nothing in 'layers.0.linear1' calls torch.nn.Mul"):
        record_attention(encoder(), X, "layers.0.linear1")
    with pytest.raises(TypeError, match="model must be a torch"):
        record_attention("network", X)
    with pytest.raises(ValueError, match="sequences of different lengths, \\[3, 5\\]"):
        record_attention(encoder(), [X, X[:, :3]])


class Own(nn.Module):
    """Attention as people write it today: two heads of two, and a mask."""

    def __init__(self, **how) -> None:
        super().__init__()
        self.inner, self.how = nn.Linear(8, 12), how

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        q, k, v = self.inner(x).view(len(x), -1, 3, 2, 2).permute(2, 0, 3, 1, 4)
        out = nn.functional.scaled_dot_product_attention(q, k, v, **self.how)
        return out.transpose(1, 2).flatten(2)


BANDED = torch.ones(5, 5).tril(1).triu(-1).bool()


@pytest.mark.parametrize(
    "how",
    [{}, {"is_causal": True}, {"attn_mask": BANDED}, {"attn_mask": BANDED.float()}, {"scale": 0.1}],
    ids=["plain", "causal", "mask", "added mask", "scale"],
)
def test_scaled_dot_products_are_heard(how) -> None:
    model = nn.Sequential(Own(**how), nn.Linear(4, 3))
    maps = record_attention(model, X, batch_size=3)
    assert list(maps) == ["0"]
    with torch.no_grad():
        _, _, v = model[0].inner(X).view(len(X), -1, 3, 2, 2).permute(2, 0, 3, 1, 4)
        out = (maps["0"] @ v).transpose(1, 2).flatten(2)
        torch.testing.assert_close(out, model[0](X))
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())


def test_a_layer_called_twice_and_layers_of_choice() -> None:
    class Two(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.own, self.again = Own(), nn.Linear(4, 8)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.own(self.again(self.own(x)))

    assert list(record_attention(Two(), X)) == ["own", "own#2"]
    assert list(record_attention(nn.Sequential(Own(), nn.Linear(4, 8), Own()), X, "2")) == ["2"]
