"""Samples to look at a network with, from one word: a file, a folder, a name, or code that makes them."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from topolens import _optional
from topolens.probes.model import model_factory

PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff")
PAIRS = (("x_test", "y_test"), ("x", "y"), ("data", "labels"), ("images", "labels"), ("data", "target"))


class Source(NamedTuple):
    """Samples in a form that `batches` takes, and what to call them.

    Args:
        name: What they are, without the folder they lie in.
        data: Samples with labels where there are some.
        classes: Names of the classes, where they have names.
    """

    name: str
    data: Any
    classes: tuple[str, ...] = ()


def load_source(spec: str) -> Source:
    """The samples that a word stands for.

    Args:
        spec: "digits" (8 x 8 digits of scikit-learn), an `.npz` or `.safetensors` file with x_test and y_test, x and
            y, data and labels, images and labels, or one array alone; a folder of pictures of one size, with a folder
            for each class or without; NAME:ROOT, a test set of torchvision in a folder ("CIFAR10:data"); or
            package.module:factory, your code that gives a DataLoader, a data set or tensors, which is run.

    Returns:
        Images as (n, channels, height, width) in [0, 1], where they come from whole numbers up to 255; other arrays as
        they are, as float32.

    Raises:
        FileNotFoundError: If there is no such file or folder.
        ImportError: If torchvision or the module named is not there.
        ValueError: If the file or folder holds no samples, or the word is none of these.
    """
    if spec == "digits":
        return _digits()
    path = Path(spec)
    if path.is_dir():
        return _folder(path)
    if path.is_file():
        return _file(path)
    head, _, tail = spec.partition(":")
    if not tail:
        raise FileNotFoundError(
            f"there is no file or folder {spec}; samples may also be digits, NAME:ROOT or package.module:factory"
        )
    return _torchvision(head, Path(tail)) if Path(tail).exists() else _made(spec)


def _digits() -> Source:
    from sklearn.datasets import load_digits

    found = load_digits()
    images = torch.from_numpy(found.images).float()[:, None] / 16
    return Source("digits", (images, torch.from_numpy(found.target).long()), tuple(map(str, range(10))))


def _file(path: Path) -> Source:
    arrays = _arrays(path)
    for x, y in PAIRS:
        if x in arrays and y in arrays:
            if not arrays[x].ndim or not arrays[y].ndim:
                raise ValueError(f"{x} and {y} in {path.name} must hold samples, got a single number")
            samples, labels = _samples(arrays[x], path), arrays[y].reshape(len(arrays[y]), -1)
            if len(samples) != len(labels) or labels.shape[1] != 1 or labels.is_floating_point():
                raise ValueError(f"{y} in {path.name} must hold one whole number for each of {len(samples)} samples")
            return Source(path.stem, (samples, labels[:, 0].long()))
    alone = [name for name, x in arrays.items() if x.ndim >= 2]
    if len(alone) != 1:
        known = ", ".join(f"{x} and {y}" for x, y in PAIRS)
        raise ValueError(f"{path.name} must hold {known}, or one array alone; it holds {', '.join(arrays) or 'none'}")
    return Source(path.stem, _samples(arrays[alone[0]], path))


def _arrays(path: Path) -> dict[str, Tensor]:
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            return load_file(path)
        with np.load(path, allow_pickle=False) as found:
            arrays = {name: found[name] for name in found.files}
    except (OSError, EOFError, ValueError, TypeError, AttributeError, zipfile.BadZipFile) as error:
        if "Object arrays" in str(error):  # as numpy says it
            raise ValueError(
                f"{path.name} holds pickled Python objects, which topolens never opens; save plain arrays"
            ) from None
        raise ValueError(f"{path.name} cannot be read as plain arrays ({type(error).__name__})") from None
    except Exception as error:  # safetensors raises its own kind on damaged data
        raise ValueError(f"{path.name} cannot be read as plain arrays ({error})") from None
    words = [name for name, x in arrays.items() if x.dtype.kind in "US" and any(name == y for _, y in PAIRS)]
    if words:
        raise ValueError(f"{words[0]} in {path.name} must hold a whole number for each sample, got text")
    return {name: torch.from_numpy(x) for name, x in arrays.items() if x.dtype.kind in "uifb"}


def _samples(x: Tensor, path: Path) -> Tensor:
    """As a network takes them: float32, channels before pixels, whole numbers up to 255 as shares of it."""
    if not len(x):
        raise ValueError(f"{path.name} holds no samples")
    if x.dtype == torch.uint8:
        x = x.float() / 255
        if x.ndim == 3:
            x = x[:, None]
    if x.ndim == 4 and x.shape[3] in (1, 3, 4) and x.shape[1] not in (1, 3, 4):
        x = x.movedim(3, 1)
    return x.float() if not x.is_floating_point() or x.dtype != torch.float32 else x


def _folder(path: Path) -> Source:
    from PIL import Image

    folders = sorted(part for part in path.iterdir() if part.is_dir() and not part.name.startswith("."))
    files = [(number, file) for number, part in enumerate(folders) for file in _pictures(part)]
    labelled = bool(files)
    files = files or [(0, file) for file in _pictures(path)]
    if not files:
        raise ValueError(f"{path.name} holds no pictures ({', '.join(PICTURES)}), nor folders of them")
    images, size = [], None
    for _, file in files:
        try:
            picture = np.asarray(Image.open(file).convert("RGB"))
        except OSError as error:
            raise ValueError(f"{file.name} is no picture that can be read ({type(error).__name__})") from None
        size = size or picture.shape
        if picture.shape != size:
            raise ValueError(
                f"pictures must be of one size, {file.name} has {picture.shape[:2]} after {size[:2]}; resize them, or "
                "give a factory that makes a DataLoader"
            )
        images.append(torch.from_numpy(picture.copy()))
    x = torch.stack(images).movedim(3, 1).float() / 255
    labels = torch.tensor([number for number, _ in files])
    return Source(path.name, (x, labels) if labelled else x, tuple(part.name for part in folders) if labelled else ())


def _pictures(path: Path) -> list[Path]:
    return sorted(file for file in path.iterdir() if file.suffix.lower() in PICTURES)


def _torchvision(name: str, root: Path) -> Source:
    try:
        sets, transforms = _optional.torchvision("datasets"), _optional.torchvision("transforms")
    except ImportError:
        raise ImportError(f"{name}:{root.name} needs torchvision; install it, or save the samples as .npz") from None
    kind = next((getattr(sets, own) for own in sets.__all__ if own.lower() == name.lower()), None)
    if kind is None:
        raise ValueError(f"torchvision has no data set {name!r}; it has {', '.join(sets.__all__[:8])}, ...")
    try:
        made = kind(root, train=False, transform=transforms.ToTensor())
    except Exception as error:  # every data set raises its own
        raise ValueError(f"{name} cannot be read from {root.name} ({error})") from None
    return Source(name, made, tuple(getattr(made, "classes", ())))


def _made(spec: str) -> Source:
    factory = model_factory(spec)
    try:
        made = factory()
    except Exception as error:  # whatever the user's own code raises
        raise ValueError(
            f"{spec}() failed ({type(error).__name__}: {error}); it must work without arguments"
        ) from error
    if not isinstance(made, Iterable) and not (hasattr(made, "__getitem__") and hasattr(made, "__len__")):
        raise ValueError(f"{spec}() gave a {type(made).__name__}; it must give tensors, a data set or a DataLoader")
    return Source(spec, made)
