"""Recording: what is kept of which layer, in whatever form data and outputs come, and that nothing is changed."""

from collections import OrderedDict
from dataclasses import dataclass

import pytest
import torch
from torch import nn

from topolens.probes import batches, choose_modules, record
from topolens.probes.batches import size_of


def small() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(inplace=True), nn.Dropout(0.5), nn.Flatten(), nn.Linear(64, 3)
    )


IMAGES = torch.rand(10, 1, 6, 6, generator=torch.Generator().manual_seed(0))
LABELS = torch.arange(10) % 3


def test_what_layers_answer() -> None:
    model = small().eval()
    found = record(model, (IMAGES, LABELS), batch_size=4)
    conv = model[0](IMAGES)
    assert list(found.activations) == ["0", "1", "2", "5"]
    torch.testing.assert_close(found.activations["0"], conv.mean((2, 3)))
    torch.testing.assert_close(found.activations["2"], model[1](conv).relu().mean((2, 3)))
    torch.testing.assert_close(found.activations["5"], model(IMAGES))
    torch.testing.assert_close(found.outputs, model(IMAGES))
    assert torch.equal(found.labels, LABELS)
    assert found.ids.tolist() == list(range(10))
    assert found.kinds == {"0": "Conv2d", "1": "BatchNorm2d", "2": "ReLU", "5": "Linear"}
    assert found.skipped == {}


def test_sequences_of_several_lengths_have_no_common_output() -> None:
    found = record(nn.Linear(3, 2), [torch.rand(4, 5, 3), torch.rand(4, 7, 3)])
    assert found.outputs is None
    assert found.ids.tolist() == list(range(8))


def test_nothing_is_changed() -> None:
    model = small()
    model[1].eval()
    state = {name: x.clone() for name, x in model.state_dict().items()}
    torch.manual_seed(3)
    before = torch.random.get_rng_state()
    record(model, IMAGES)
    assert [m.training for m in model] == [True, False, True, True, True, True]
    assert all(torch.equal(x, state[name]) for name, x in model.state_dict().items())
    assert all(not m._forward_hooks and not m._forward_pre_hooks for m in model.modules())
    assert all(p.requires_grad and p.grad is None for p in model.parameters())
    assert torch.equal(torch.random.get_rng_state(), before)


def test_a_buffer_written_in_forward_is_put_back() -> None:
    class Counter(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("calls", torch.zeros(1))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            self.calls += 1
            return x * self.calls

    model = Counter()
    record(model, IMAGES, batch_size=2)
    assert model.calls.item() == 0


@pytest.mark.parametrize("batch_size", [1, 3, 10])
@pytest.mark.parametrize("positions", ["mean", "max", "random", "flatten"])
def test_batches_do_not_matter(positions: str, batch_size: int) -> None:
    model = small()
    whole = record(model, IMAGES, ["0", "2"], positions=positions, batch_size=10, seed=5)
    parts = record(model, IMAGES, ["0", "2"], positions=positions, batch_size=batch_size, seed=5)
    for name, x in whole.activations.items():
        torch.testing.assert_close(parts.activations[name], x)


def test_positions() -> None:
    conv = small()[0](IMAGES).detach()
    model = small()
    flat = record(model, IMAGES, "0", positions="flatten").activations["0"]
    torch.testing.assert_close(flat, conv.flatten(1))
    torch.testing.assert_close(record(model, IMAGES, "0", positions="max").activations["0"], conv.amax((2, 3)))
    drawn = record(model, IMAGES, "0", positions="random", seed=1).activations["0"]
    places = conv.flatten(2).movedim(2, 1)
    assert all(any(torch.allclose(row, p) for p in own) for row, own in zip(drawn, places, strict=True))
    assert not torch.equal(drawn, record(model, IMAGES, "0", positions="random", seed=2).activations["0"])


@pytest.mark.parametrize("batch_first", [True, False])
def test_sequences(batch_first: bool) -> None:
    torch.manual_seed(0)
    model = nn.LSTM(5, 4, batch_first=batch_first)
    x = torch.rand(6, 7, 5) if batch_first else torch.rand(7, 6, 5)
    rows = x if batch_first else x.transpose(0, 1)
    answer = model(x)[0].detach()
    answer = answer if batch_first else answer.transpose(0, 1)

    class Turned(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = model

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.inner(x if batch_first else x.transpose(0, 1))[0]

    for tokens, expected in (
        ("mean", answer.mean(1)), ("first", answer[:, 0]), ("last", answer[:, -1]), ("max", answer.amax(1)),
    ):  # fmt: skip
        found = record(Turned(), rows, "inner", tokens=tokens).activations["inner"]
        torch.testing.assert_close(found, expected)


def test_a_relu_keeps_the_layout_of_what_came_before() -> None:
    channels = record(nn.Sequential(nn.Conv1d(2, 3, 1), nn.ReLU()), torch.rand(4, 2, 8), "1").activations["1"]
    tokens = record(nn.Sequential(nn.Linear(8, 5), nn.ReLU()), torch.rand(4, 2, 8), "1").activations["1"]
    assert channels.shape == (4, 3)
    assert tokens.shape == (4, 5)


def test_outputs_of_every_form() -> None:
    @dataclass
    class Out:
        loss: None
        logits: torch.Tensor

    class Wrap(nn.Module):
        def __init__(self, form) -> None:
            super().__init__()
            self.inner, self.form = nn.Linear(3, 2), form

        def forward(self, x):
            return self.form(self.inner(x))

    x = torch.rand(4, 3)
    for form in (lambda y: (y, 1), lambda y: {"a": [y]}, lambda y: Out(None, y), lambda y: OrderedDict(k=y)):
        model = Wrap(form)
        assert torch.equal(record(model, x, "").activations[""], model.inner(x))
    assert "floating-point" in record(Wrap(lambda y: y.argmax(1)), x, "").skipped[""]
    assert "no axis of (2, 4)" in record(nn.Sequential(nn.Linear(3, 2), Wrap2()), torch.rand(5, 3), ["1"]).skipped["1"]


class Wrap2(nn.Module):
    def forward(self, x):
        return torch.zeros(2, 4)


def test_a_layer_used_twice_is_two_layers() -> None:
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.step, self.unused = nn.Linear(3, 3), nn.Linear(3, 3)

        def forward(self, x):
            return self.step(self.step(x))

    model, x = Twice(), torch.rand(4, 3)
    found = record(model, x)
    assert list(found.activations) == ["step", "step#2"]
    assert torch.equal(found.activations["step#2"], model(x))
    assert found.skipped == {"unused": "it was not called"}


def test_data_of_every_form() -> None:
    model = nn.Linear(3, 2)
    x, y = torch.rand(6, 3), torch.tensor([0, 0, 0, 1, 1, 1])
    dataset = torch.utils.data.TensorDataset(x, y)
    forms = [
        (x, y), {"input": x, "labels": y}, dataset, torch.utils.data.DataLoader(dataset, 4),
        [(x[:4], y[:4]), (x[4:], y[4:])], ((a, b) for a, b in zip(x.split(2), y.split(2), strict=True)),
    ]  # fmt: skip
    for form in forms:
        found = record(model, form)
        assert torch.equal(found.labels, y)
        torch.testing.assert_close(found.outputs, model(x).detach())
    assert record(model, x).labels is None
    assert record(model, (x, torch.rand(6, 2))).labels is None  # targets that are no labels
    assert [batch.size for batch in batches(x, 4)] == [4, 2]


def test_several_arguments() -> None:
    class Sum(nn.Module):
        def forward(self, a, b):
            return a + b

    x = torch.rand(5, 2)
    assert torch.equal(record(Sum(), [([x, 2 * x], None)]).outputs, 3 * x)
    assert torch.equal(record(Sum(), {"a": x, "b": x}).outputs, 2 * x)


def test_caps() -> None:
    model = nn.Linear(3, 2)
    x, y = torch.rand(10, 3), torch.tensor([0, 0, 0, 0, 0, 0, 1, 1, 1, 2])
    found = record(model, (x, y), per_class=2, batch_size=4)
    assert found.ids.tolist() == [0, 1, 6, 7, 9]
    assert torch.equal(found.labels, y[found.ids])
    torch.testing.assert_close(found.outputs, model(x[found.ids]).detach())
    assert record(model, x, samples=7, batch_size=4).ids.tolist() == list(range(7))


def test_a_folder_holds_what_memory_need_not(tmp_path) -> None:
    model = small()
    kept = record(model, IMAGES, positions="flatten", batch_size=3, folder=tmp_path / "new")
    held = record(model, IMAGES, positions="flatten", batch_size=3)
    assert all(torch.equal(kept.activations[name], x) for name, x in held.activations.items())
    assert len(list((tmp_path / "new").iterdir())) == 4
    again = record(model, IMAGES, positions="flatten", folder=tmp_path / "new")
    assert again.activations["0"].shape == held.activations["0"].shape
    with pytest.raises(ValueError, match="more than 0 MB of memory; name a folder"):
        record(model, IMAGES, max_bytes=100)


def test_choices() -> None:
    model = small()
    assert list(choose_modules(model)) == ["0", "1", "2", "5"]
    assert list(choose_modules(model, nn.Conv2d)) == ["0"]
    assert list(choose_modules(model, ["[12]", "5"])) == ["1", "2", "5"]
    with pytest.raises(ValueError, match=r"no module is called 'layer1'; nearest: "):
        choose_modules(model, "layer1")
    with pytest.raises(ValueError, match=r"no module is a LSTM; there are BatchNorm2d, Conv2d, Dropout"):
        choose_modules(model, nn.LSTM)


def test_the_layer_that_fails_is_named() -> None:
    model = small()
    with pytest.raises(RuntimeError, match=r"fails in layer '5' \(Linear\) on input of shape \(2, 1, 9, 9\): Runtime"):
        record(model, torch.rand(2, 1, 9, 9))
    assert model.training
    assert all(not m._forward_hooks for m in model.modules())


def test_refused() -> None:
    model = nn.Linear(3, 2)
    with pytest.raises(TypeError, match=r"model must be a torch.nn.Module, got function"):
        record(lambda x: x, IMAGES)
    with pytest.raises(ValueError, match="data holds no samples"):
        record(model, torch.zeros(0, 3))
    with pytest.raises(ValueError, match="positions must be one of 'mean', .*, got 'all'"):
        record(model, torch.zeros(1, 3), positions="all")
    with pytest.raises(ValueError, match="per_class needs labels"):
        record(model, torch.zeros(1, 3), per_class=1)
    with pytest.raises(TypeError, match="data must be a tensor, .*, got int"):
        record(model, 3)
    with pytest.raises(TypeError, match="a batch must hold a tensor of samples, got str"):
        record(model, ["a"])
    with pytest.raises(ValueError, match="one label for each of 2 samples, got 3"):
        record(model, (torch.zeros(2, 3), torch.zeros(3, dtype=torch.int64)))


@pytest.mark.parametrize(
    ("data", "size"),
    [
        (torch.rand(9, 2), 9),
        ((torch.rand(9, 2), torch.arange(9)), 9),
        ({"x": torch.rand(9, 2), "labels": torch.arange(9)}, 9),
        ([torch.rand(4, 2), (torch.rand(5, 2), torch.arange(5))], 9),
        (torch.utils.data.TensorDataset(torch.rand(9, 2)), 9),
        (torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.rand(9, 2)), 4), 9),
        (iter([torch.rand(9, 2)]), None),
        ((), 0),
    ],
)
def test_data_says_how_many_samples_it_has(data, size) -> None:
    assert size_of(data) == size


@pytest.mark.parametrize("samples", [None, 7000])
@pytest.mark.parametrize("known", [True, False])
def test_rows_are_kept_in_one_block_however_many_there_are(samples, known) -> None:
    """More than a block has from the start where the data does not say its size."""
    x = torch.rand(9000, 2)
    found = record(nn.Sequential(nn.ReLU()), x if known else iter(x.split(1000)), samples=samples)
    kept = found.activations["0"]
    assert torch.equal(kept, x[:samples])
    assert kept.untyped_storage().nbytes() == kept.nbytes
