"""Where a watch is called from and where its values go: trainers and loggers of others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from torch import nn

from topolens import _optional


class Watcher(Protocol):
    """What is called at each check."""

    def __call__(self, step: int, model: nn.Module) -> None:
        """A check of the network at a step."""


def lightning_callback(watch: Watcher) -> Any:
    """A callback of Lightning that calls a watch before training and after each epoch.

    Args:
        watch: Called with the trainer's global step and the module.

    Raises:
        ImportError: Lightning is not installed.
    """

    class LightningWatch(_optional.lightning().Callback):  # type: ignore[misc]
        def on_train_start(self, trainer: Any, pl_module: nn.Module) -> None:
            if trainer.is_global_zero:
                watch(trainer.global_step, pl_module)

        def on_train_epoch_end(self, trainer: Any, pl_module: nn.Module) -> None:
            if trainer.is_global_zero:
                watch(trainer.global_step, pl_module)

    return LightningWatch()


def hugging_face_callback(watch: Watcher) -> Any:
    """A callback of Hugging Face's Trainer that calls a watch before training and after each epoch.

    Args:
        watch: Called with the trainer's global step and the model.

    Raises:
        ImportError: transformers is not installed.
    """

    class HuggingFaceWatch(_optional.transformers().TrainerCallback):  # type: ignore[misc]
        def on_train_begin(self, args: Any, state: Any, control: Any, model: Any = None, **_rest: Any) -> None:
            if state.is_world_process_zero:
                watch(state.global_step, model)

        def on_epoch_end(self, args: Any, state: Any, control: Any, model: Any = None, **_rest: Any) -> None:
            if state.is_world_process_zero:
                watch(state.global_step, model)

    return HuggingFaceWatch()


def log_values(writer: Any, values: Mapping[str, float], step: int) -> None:
    """Values go to a writer under "topolens/".

    Args:
        writer: Anything with `add_scalar(name, value, step)`, `log_metrics(values, step=...)` or
            `log(values, step=...)`.
        values: By name.
        step: Of training.

    Raises:
        TypeError: If the writer has none of these methods.
    """
    named = {f"topolens/{name}": value for name, value in values.items()}
    if hasattr(writer, "add_scalar"):
        for name, value in named.items():
            writer.add_scalar(name, value, step)
        return
    method = getattr(writer, "log_metrics", None) or getattr(writer, "log", None)
    if method is None:
        raise TypeError(f"writer must have add_scalar, log_metrics or log, got {type(writer).__name__}")
    if named:
        method(named, step=step)
