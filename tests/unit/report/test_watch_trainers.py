"""Watching inside the real trainers of Lightning and Hugging Face, and into a real TensorBoard file."""

import importlib.util
import logging

import pytest
import torch
from torch import nn

from topolens import _optional
from topolens.report import Watch


@pytest.fixture(autouse=True, scope="module")
def torchvision_first() -> None:
    """Both trainers load torchvision where it is there, and fail where its operators do not fit torch."""
    if importlib.util.find_spec("torchvision") is not None:
        _optional.torchvision()


def clouds(n: int = 64) -> tuple[torch.Tensor, torch.Tensor]:
    labels = torch.arange(n) % 3
    noise = torch.randn(n, 6, generator=torch.Generator().manual_seed(0))
    return noise + 3 * nn.functional.one_hot(labels, 6), labels


def test_lightning_trainer(tmp_path) -> None:
    lightning = pytest.importorskip("lightning.pytorch")
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)

    class Net(lightning.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.layers = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 3))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.layers(x)

        def training_step(self, batch: tuple[torch.Tensor, torch.Tensor], _index: int) -> torch.Tensor:
            assert self.training
            return nn.functional.cross_entropy(self(batch[0]), batch[1])

        def configure_optimizers(self) -> torch.optim.Optimizer:
            return torch.optim.Adam(self.parameters(), 0.03)

    x, labels = clouds()
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, labels), 16)
    logger = lightning.loggers.CSVLogger(tmp_path)
    watch = Watch((x, labels), writer=logger)
    trainer = lightning.Trainer(
        max_epochs=3, accelerator="cpu", logger=logger, callbacks=[watch.lightning()], enable_progress_bar=False,
        enable_model_summary=False, enable_checkpointing=False, default_root_dir=tmp_path, num_sanity_val_steps=0,
    )  # fmt: skip
    trainer.fit(Net(), loader)
    assert [entry["step"] for entry in watch.history] == [0, 4, 8, 12]
    assert watch.history[-1]["accuracy"] > watch.history[0]["accuracy"]
    assert "nc1.layers.1" in watch.history[0]
    assert "topolens/neural_persistence" in next(tmp_path.rglob("metrics.csv")).read_text(encoding="utf-8")


def test_hugging_face_trainer(tmp_path) -> None:
    transformers = pytest.importorskip("transformers")
    pytest.importorskip("accelerate")
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    config = transformers.BertConfig(vocab_size=20, max_position_embeddings=8, num_labels=3, **sizes)
    labels = torch.arange(48) % 3
    tokens = torch.randint(3, 20, (48, 6), generator=torch.Generator().manual_seed(0))
    tokens[:, 0] = labels
    mask = torch.ones_like(tokens)
    rows = [{"input_ids": t, "attention_mask": m, "labels": y} for t, m, y in zip(tokens, mask, labels, strict=True)]
    watch = Watch({"input_ids": tokens, "attention_mask": mask, "labels": labels})
    settings = transformers.TrainingArguments(
        str(tmp_path), num_train_epochs=3, per_device_train_batch_size=12, learning_rate=0.01, report_to=[],
        use_cpu=True, save_strategy="no", disable_tqdm=True, logging_strategy="no",
    )  # fmt: skip
    torch.manual_seed(0)
    model = transformers.BertForSequenceClassification(config)
    transformers.Trainer(model, settings, train_dataset=rows, callbacks=[watch.hugging_face()]).train()
    assert [entry["step"] for entry in watch.history] == [0, 4, 8, 12]
    assert watch.history[-1]["accuracy"] > watch.history[0]["accuracy"]
    assert all(entry["neural_persistence"] is not None for entry in watch.history)
    assert any(name.startswith("nc1.bert") for name in watch.history[0])


def test_tensorboard_file(tmp_path) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from torch.utils.tensorboard import SummaryWriter

    writer, model = SummaryWriter(str(tmp_path)), nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 3))
    watch = Watch(clouds(), writer=writer)
    for step in (0, 5):
        watch(step, model)
    writer.close()
    kept = EventAccumulator(str(tmp_path)).Reload()
    told = kept.Scalars("topolens/neural_persistence")
    assert [event.step for event in told] == [0, 5]
    assert told[0].value == pytest.approx(watch.history[0]["neural_persistence"])
    assert "topolens/nc1.1" in kept.Tags()["scalars"]
