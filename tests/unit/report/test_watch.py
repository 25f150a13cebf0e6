"""Watching a training run: what is measured, that nothing is changed, and who may call it."""

import sys
from collections import OrderedDict
from types import ModuleType, SimpleNamespace

import pytest
import torch
from sklearn.datasets import load_digits
from torch import nn

from topolens.measures import neural_collapse, neural_persistence, persistent_class_gap
from topolens.probes import weight_matrices
from topolens.report import Watch

DIGITS = load_digits()
IMAGES, LABELS = torch.tensor(DIGITS.images).float()[:, None] / 16, torch.tensor(DIGITS.target)


def network(seed: int = 0) -> nn.Sequential:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return nn.Sequential(
            OrderedDict(
                conv=nn.Conv2d(1, 8, 3),
                norm=nn.BatchNorm2d(8),
                relu=nn.ReLU(inplace=True),
                flat=nn.Flatten(),
                hidden=nn.Linear(288, 32),
                act=nn.ReLU(),
                drop=nn.Dropout(0.5),
                out=nn.Linear(32, 10),
            )
        )


def train(model: nn.Module, watch: Watch | None, epochs: int, rate: float = 3e-3) -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        optimiser = torch.optim.Adam(model.parameters(), rate)
        for epoch in range(epochs + 1):
            if watch is not None:
                watch(epoch, model)
            for rows in torch.randperm(len(IMAGES)).split(128):
                optimiser.zero_grad()
                nn.functional.cross_entropy(model(IMAGES[rows]), LABELS[rows]).backward()
                optimiser.step()


def test_values_are_those_of_the_measures() -> None:
    model, watch = network(), Watch((IMAGES[:200], LABELS[:200]))
    watch(5, model)
    features = model.eval()[:6](IMAGES[:200]).detach()
    entry = watch.history[0]
    assert list(entry)[:5] == ["step", "neural_persistence", "accuracy", "nc1.act", "class_gap.act"]
    assert entry["step"] == 5
    assert entry["neural_persistence"] == neural_persistence(weight_matrices(model)).mean
    assert entry["accuracy"] == pytest.approx(float((model(IMAGES[:200]).argmax(1) == LABELS[:200]).double().mean()))
    assert entry["nc1.act"] == pytest.approx(neural_collapse(features, LABELS[:200]).nc1, rel=1e-4)
    assert entry["class_gap.act"] == pytest.approx(persistent_class_gap(features, 10).gap, rel=1e-4)


def test_training_goes_the_same_way_with_and_without() -> None:
    watched, alone, watch = network(), network(), Watch((IMAGES, LABELS))
    train(watched, watch, 2)
    train(alone, None, 2)
    assert all(
        torch.equal(x, y) for x, y in zip(watched.state_dict().values(), alone.state_dict().values(), strict=True)
    )
    assert all(module.training for module in watched.modules())
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in watched.modules())


def test_building_it_leaves_random_numbers_as_they_are() -> None:
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(IMAGES, LABELS), 64, shuffle=True)
    torch.manual_seed(3)
    before = torch.random.get_rng_state()
    Watch(loader, samples=100)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_a_trained_network_is_told_from_an_untrained_one() -> None:
    model, watch = network(), Watch((IMAGES, LABELS))
    train(model, watch, 12)
    found = watch.finding()
    assert found.name == "training"
    assert found.verdict == "settled"
    assert found.numbers["accuracy"].reference < 0.3
    assert found.numbers["accuracy"].value > 0.9
    assert found.numbers["nc1.act"].value < found.numbers["nc1.act"].reference / 2
    assert set(found.series) >= {"neural_persistence", "accuracy", "nc1", "class_gap"}
    assert found.series["accuracy"].x == tuple(range(13))
    assert found.provenance["seconds"] >= watch.seconds > 0


def test_a_run_that_is_not_over_still_changes() -> None:
    model, watch = network(), Watch((IMAGES, LABELS))
    train(model, watch, 8, rate=1e-4)
    found = watch.finding()
    assert found.verdict == "still changing"
    assert found.tables["curves"].rows[1][-1] == "still changing"


def test_a_network_that_is_not_trained_has_settled() -> None:
    model, watch = network(), Watch((IMAGES, LABELS))
    for step in range(10):
        watch(step, model)
    assert watch.finding().verdict == "settled"
    assert watch.stop_at(patience=4) == 4
    assert watch.stop_at(patience=3, burn_in=2) == 5


def test_every_so_manyth_call() -> None:
    watch = Watch(every=3)
    for step in range(7):
        watch(step, network())
    assert [entry["step"] for entry in watch.history] == [0, 3, 6]
    assert list(watch.history[0]) == ["step", "neural_persistence"]
    assert watch.finding().verdict == "not defined"


@pytest.mark.parametrize("form", ["dataset", "loader", "list", "mapping"])
def test_forms_of_data(form: str) -> None:
    dataset = torch.utils.data.TensorDataset(IMAGES, LABELS)
    data = {
        "dataset": dataset,
        "loader": torch.utils.data.DataLoader(dataset, 100),
        "list": [(IMAGES[:30], LABELS[:30]), (IMAGES[30:60], LABELS[30:60])],
        "mapping": {"input": IMAGES, "label": LABELS},
    }[form]
    watch = Watch(data, samples=50)
    watch(0, network())
    assert sum(len(part[1] if isinstance(part, tuple) else part["labels"]) for part in watch._batches) == 50
    assert watch.history[0]["nc1.act"] > 0


def test_layers_of_choice() -> None:
    watch = Watch((IMAGES, LABELS), layers=["conv", nn.Linear])
    watch(0, network())
    assert {"nc1.conv", "nc1.hidden", "nc1.out", "class_gap.conv"} < set(watch.history[0])


def test_a_class_of_one_sample_is_left_out() -> None:
    labels = torch.tensor([0] * 10 + [1] * 10 + [2])
    watch, model = Watch((IMAGES[:21], labels)), network()
    watch(0, model)
    features = model.eval()[:6](IMAGES[:20]).detach()
    assert watch.history[0]["nc1.act"] == pytest.approx(neural_collapse(features, labels[:20]).nc1, rel=1e-4)


def test_without_labels_and_with_one_layer() -> None:
    watch = Watch(IMAGES)
    watch(0, network())
    assert watch.history[0]["accuracy"] is None
    assert any("accuracy is not defined" in w and "no labels" in w for w in watch.finding().warnings)
    watch = Watch((IMAGES.flatten(1), LABELS))
    for step in range(2):
        watch(step, nn.Linear(64, 10))
    assert list(watch.history[1]) == ["step", "neural_persistence", "accuracy"]


def test_a_run_that_diverges_goes_on() -> None:
    model, watch = network(), Watch((IMAGES, LABELS))
    for step in range(10):
        if step == 8:
            nn.init.constant_(model.out.weight, torch.nan)
        watch(step, model)
    assert watch.history[-1]["neural_persistence"] is None
    assert watch.history[-1]["accuracy"] is None
    assert watch.stop_at(patience=20) == 8
    found = watch.finding()
    assert any("neural_persistence is not defined" in w and "NaN" in w for w in found.warnings)


def test_writers() -> None:
    said: list[tuple[str, float, int]] = []
    logged: list[tuple[dict[str, float], int]] = []
    board = SimpleNamespace(add_scalar=lambda name, value, step: said.append((name, value, step)))
    Watch(writer=board)(7, network())
    assert [(name, step) for name, _, step in said] == [("topolens/neural_persistence", 7)]
    for method in ("log_metrics", "log"):
        writer = SimpleNamespace(**{method: lambda values, step: logged.append((values, step))})
        Watch(writer=writer)(7, network())
    assert [(list(values), step) for values, step in logged] == [(["topolens/neural_persistence"], 7)] * 2


def fake(monkeypatch: pytest.MonkeyPatch, package: str, name: str) -> None:
    """A package with nothing but the class that callbacks inherit from."""
    monkeypatch.setitem(sys.modules, package.split(".", maxsplit=1)[0], ModuleType(package.split(".", maxsplit=1)[0]))
    module = ModuleType(package)
    setattr(module, name, type(name, (), {}))
    monkeypatch.setitem(sys.modules, package, module)


def test_lightning(monkeypatch: pytest.MonkeyPatch) -> None:
    fake(monkeypatch, "lightning.pytorch", "Callback")
    watch = Watch()
    callback = watch.lightning()
    assert isinstance(callback, sys.modules["lightning.pytorch"].Callback)
    callback.on_train_start(SimpleNamespace(global_step=0, is_global_zero=True), network())
    callback.on_train_epoch_end(SimpleNamespace(global_step=12, is_global_zero=True), network())
    callback.on_train_epoch_end(SimpleNamespace(global_step=24, is_global_zero=False), network())
    assert [entry["step"] for entry in watch.history] == [0, 12]


def test_hugging_face(monkeypatch: pytest.MonkeyPatch) -> None:
    fake(monkeypatch, "transformers", "TrainerCallback")
    watch = Watch()
    callback = watch.hugging_face()
    for step, main in ((0, True), (3, False)):
        state = SimpleNamespace(global_step=step, is_world_process_zero=main)
        callback.on_train_begin(None, state, None, model=network(), tokenizer=None)
    callback.on_epoch_end(None, SimpleNamespace(global_step=5, is_world_process_zero=True), None, model=network())
    assert [entry["step"] for entry in watch.history] == [0, 5]


def test_packages_that_are_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    for package in ("lightning", "lightning.pytorch", "pytorch_lightning", "transformers"):
        monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ImportError, match="Lightning is needed here; install it with"):
        Watch().lightning()
    with pytest.raises(ImportError, match="transformers is needed here; install it with"):
        Watch().hugging_face()


def test_refused() -> None:
    with pytest.raises(ValueError, match="every must be at least 1"):
        Watch(every=0)
    with pytest.raises(ValueError, match="samples must be from 1 to 256"):
        Watch(samples=300)
    with pytest.raises(TypeError, match="writer must have add_scalar"):
        Watch(writer=object())
    with pytest.raises(ValueError, match="data holds no samples"):
        Watch(torch.zeros(0, 1, 8, 8))
    with pytest.raises(TypeError, match="model must be a torch"):
        Watch()(0, "network")
    with pytest.raises(ValueError, match="history must hold a check"):
        Watch().finding()
    watch = Watch()
    watch(1, network())
    with pytest.raises(ValueError, match="steps must rise, got 1 after 1"):
        watch(1, network())
    with pytest.raises(ValueError, match="no module is called 'hiden'; nearest: 'hidden'"):
        Watch((IMAGES, LABELS), layers="hiden")(0, network())
    with pytest.raises(RuntimeError, match="fails in layer 'conv'"):
        Watch(torch.zeros(5, 3, 8, 8))(0, network())
