"""Networks as others define them, at random weights: what analyses must take besides the zoo's own tiny members."""

from __future__ import annotations

import importlib.util
from typing import Any

import torch
from torch import Tensor, nn

from topolens import _optional
from topolens.studies.zoo import CLASSES, Member


def is_installed(member: Member) -> bool:
    """Whether the package that a member comes from is there."""
    return not member.package or importlib.util.find_spec(member.package) is not None


def _resnet50() -> nn.Module:
    return _optional.torchvision("models").resnet50(num_classes=CLASSES)


def _vit_small() -> nn.Module:
    _torchvision_first()
    timm: Any = _optional.timm()
    return timm.create_model("vit_small_patch16_224", img_size=64, num_classes=CLASSES)


def _bert_tiny() -> nn.Module:
    _torchvision_first()
    made: Any = _optional.transformers()
    sizes = {"hidden_size": 128, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 512}
    return made.BertForSequenceClassification(
        made.BertConfig(vocab_size=200, max_position_embeddings=32, num_labels=CLASSES, **sizes)
    )


def _small_gpt() -> nn.Module:
    _torchvision_first()
    made: Any = _optional.transformers()
    return made.GPT2LMHeadModel(made.GPT2Config(vocab_size=200, n_positions=32, n_embd=96, n_layer=4, n_head=4))


def _torchvision_first() -> None:
    """Packages that load torchvision where it is there."""
    if importlib.util.find_spec("torchvision") is not None:
        _optional.torchvision()


def _pictures(n: int, generator: torch.Generator) -> Tensor:
    return torch.randn(n, 3, 64, 64, generator=generator)


def _sentences(n: int, generator: torch.Generator) -> dict[str, Tensor]:
    """Tokens with padding behind some."""
    length = torch.randint(8, 17, (n, 1), generator=generator)
    return {
        "input_ids": torch.randint(200, (n, 16), generator=generator),
        "attention_mask": (torch.arange(16) < length).long(),
    }


REAL_MEMBERS = (
    Member("resnet-50", "53 convolutions, sums over skips, in-place ReLU", _resnet50, _pictures, "torchvision"),
    Member("vit-s", "12 blocks of attention on patches", _vit_small, _pictures, "timm"),
    Member("bert-tiny", "named inputs, a dataclass as answer", _bert_tiny, _sentences, "transformers"),
    Member("small gpt", "an answer for each token, shared embeddings", _small_gpt, _sentences, "transformers"),
)
