"""Inputs shifted, normalised and drawn; what linear layers are given; the path of weights."""

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from topolens.probes import input_shifts, linear_inputs, normalization, normalized, parameter_path
from topolens.probes.batches import batches, drawn


def test_shifts_of_pictures_and_of_other_inputs() -> None:
    pictures = torch.rand(5, 3, 6, 7)
    shifted = input_shifts(pictures, seed=1)
    assert list(shifted) == ["noise", "blur", "inversion", "permuted pixels"]
    moved = shifted["permuted pixels"]
    assert not torch.equal(moved, pictures)
    assert torch.equal(moved.flatten(2).sort(2).values, pictures.flatten(2).sort(2).values)
    order = torch.randperm(42, generator=torch.Generator().manual_seed(1))
    assert torch.equal(moved.flatten(2), pictures.flatten(2)[:, :, order])
    rows = torch.randn(400, 4) * torch.tensor([1.0, 10.0, 0.0, 0.1])
    shifted = input_shifts(rows)
    assert torch.allclose((shifted["noise"] - rows).std(0), rows.std(0), rtol=0.2)
    assert torch.equal(shifted["noise"][:, 2], rows[:, 2])
    assert torch.equal(shifted["permuted features"].sort(1).values, rows.sort(1).values)
    assert input_shifts(torch.rand(2, 3, 4))["permuted features"].shape == (2, 3, 4)


@pytest.mark.parametrize(
    "bad", [torch.zeros(3), torch.zeros(0, 4), torch.full((2, 2), torch.nan), torch.rand(1, 1, 1, 1, 1)]
)
def test_inputs_without_a_shift_are_refused(bad) -> None:
    with pytest.raises(ValueError, match="inputs"):
        input_shifts(bad)
    with pytest.raises(TypeError, match="floating-point"):
        input_shifts(torch.zeros(3, 4, dtype=torch.int64))


@pytest.mark.parametrize(
    ("spec", "mean", "std"),
    [
        ("mnist", (0.1307,), (0.3081,)),
        ("ImageNet", (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
        ("0.5,0.25", (0.5,), (0.25,)),
        ("0.5/0.25", (0.5,), (0.25,)),
        ("0.1,0.2,0.3/2", (0.1, 0.2, 0.3), (2.0,)),
    ],
)
def test_a_normalization_is_read(spec, mean, std) -> None:
    assert normalization(spec) == (mean, std)


@pytest.mark.parametrize(
    "spec", ["", "svhn", "0.5", "0.5/0", "0.5/-1", "0.5/nan", "1,2,3", "1,2/1,2,3", "1/2/3", "a/b"]
)
def test_what_is_no_normalization_is_refused(spec) -> None:
    with pytest.raises(ValueError, match="pictures are normalised by imagenet, cifar10"):
        normalization(spec)


def test_every_form_of_data_is_normalised_alike() -> None:
    x, y = torch.rand(10, 3, 4, 4), torch.arange(10)
    how = normalization("0.1,0.2,0.3/0.5,0.6,0.7")
    want = (x - torch.tensor(how.mean).view(1, 3, 1, 1)) / torch.tensor(how.std).view(1, 3, 1, 1)
    dataset = TensorDataset(x, y)
    for data in (x, (x, y), dataset, DataLoader(dataset, 4), [(x[:5], y[:5]), (x[5:], y[5:])], {"x": x, "y": y}):
        for _ in range(2):
            found = list(batches(normalized(data, how), 4))
            inputs = torch.cat([b.inputs["x"] if isinstance(b.inputs, dict) else b.inputs for b in found])
            assert torch.allclose(inputs, want)
            if data is not x:
                assert torch.cat([b.labels for b in found]).tolist() == list(range(10))
    assert len(normalized(dataset, how)) == 10


def test_pictures_that_do_not_fit_are_refused() -> None:
    how = normalization("imagenet")
    with pytest.raises(ValueError, match=r"must lie in \[0, 1\], got -1 to 1; leave it out"):
        normalized(torch.tensor([-1.0, 0.0, 1.0]).view(1, 3, 1, 1), how)
    with pytest.raises(ValueError, match="one number for each of 1 channels, or one alone, got 3"):
        normalized(torch.rand(2, 1, 4, 4), how)
    with pytest.raises(ValueError, match=r"only pictures .* got torch.int64 of shape \(2, 3\)"):
        normalized(torch.zeros(2, 3, dtype=torch.int64), how)


def test_samples_are_drawn_where_they_can_be_picked_from() -> None:
    x, y = torch.arange(100.0)[:, None], torch.arange(100)
    for data in ((x, y), TensorDataset(x, y), {"x": x, "y": y}):
        some, places = drawn(data, 20, 3)
        assert places is not None
        assert torch.cat([b.labels for b in batches(some)]).tolist() == places.tolist() == sorted(set(places.tolist()))
        assert max(places.tolist()) > 60
    assert drawn((x, y), 100, 3)[1] is None
    loader = DataLoader(TensorDataset(x, y), 10)
    assert drawn(loader, 20, 3) == (loader, None)


def test_inputs_of_the_last_linear_layers() -> None:
    model = nn.Sequential(
        nn.Linear(6, 2000), nn.ReLU(), nn.Linear(2000, 5), nn.Tanh(), nn.Linear(5, 4), nn.Linear(4, 3)
    )
    x = torch.rand(100, 6)
    model.train()
    found = linear_inputs(model, x)
    assert list(found.weights) == ["4", "5"]
    assert torch.equal(found.inputs["4"], model[:4](x))
    assert torch.equal(found.outputs, model(x))
    assert model.training
    assert not any(module._forward_pre_hooks for module in model.modules())
    assert list(linear_inputs(model, x, most=1).weights) == ["5"]


@pytest.mark.parametrize(
    ("model", "sentence"),
    [
        (nn.Sequential(nn.Linear(6, 3), nn.Softmax(1)), "answer is not that of a linear layer"),
        (nn.Conv1d(6, 3, 1), "no row of numbers"),
        (nn.Identity(), "answer is not that of a linear layer"),
    ],
)
def test_a_network_without_such_layers(model, sentence) -> None:
    x = torch.rand(10, 6, 2) if isinstance(model, nn.Conv1d) else torch.rand(10, 6)
    with pytest.raises(ValueError, match=sentence):
        linear_inputs(model, x)


@pytest.mark.parametrize("sizes", [(3, 1), (40, 30)])
def test_the_path_keeps_all_distances(sizes) -> None:
    torch.manual_seed(0)
    models = [nn.Linear(*sizes) for _ in range(12)]
    weights = torch.stack([nn.utils.parameters_to_vector(m.parameters()).detach().double() for m in models])
    path = parameter_path(models)
    assert path.shape == (12, weights.shape[1])
    assert torch.allclose(torch.cdist(path, path), torch.cdist(weights, weights), atol=1e-7)
    assert parameter_path(models, axes=12).shape == (12, min(12, weights.shape[1]))


def test_a_path_of_other_networks_is_refused() -> None:
    with pytest.raises(ValueError, match="same parameters at all moments, those at 1 are others"):
        parameter_path([nn.Linear(2, 3), nn.Linear(3, 3)])
    with pytest.raises(ValueError, match="from 1 to 2 moments, got 3"):
        parameter_path([nn.Linear(2, 3)] * 3, axes=2)
    diverged = nn.Linear(2, 3)
    nn.init.constant_(diverged.bias, torch.inf)
    with pytest.raises(ValueError, match="leave out those after training has diverged"):
        parameter_path([nn.Linear(2, 3), diverged])
