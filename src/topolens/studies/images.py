"""Labelled image data sets from files: one format, the `.npz` with Keras's names."""

from __future__ import annotations

import hashlib
import zipfile
import zlib
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

ARRAYS = ("x_train", "y_train", "x_test", "y_test")


class Images(NamedTuple):
    """A data set of images in [0, 1] with whole-number labels, split into training and test."""

    name: str
    train: Tensor  # (n, channels, height, width), float32
    train_labels: Tensor  # (n,), int64
    test: Tensor
    test_labels: Tensor

    @property
    def classes(self) -> int:
        """Number of classes."""
        return int(max(self.train_labels.max(), self.test_labels.max())) + 1


def read_images(path: str | Path) -> Images:
    """The images of an `.npz` file with `x_train`, `y_train`, `x_test` and `y_test`, named after the file.

    Args:
        path: The file. Images are of shape (n, height, width) or (n, height, width, channels), uint8 in 0..255 or
            floating-point in [0, 1]; labels are whole numbers from 0.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no `.npz` file, lacks an array, or an array has the wrong shape, type or range.
    """
    path = Path(path)
    advice = f"{path} must be an .npz file with the arrays {', '.join(ARRAYS)}"
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist; name an .npz file with {', '.join(ARRAYS)}")
    try:
        file = np.load(path, allow_pickle=False)
        found = {name: file[name] for name in ARRAYS if name in file} if isinstance(file, np.lib.npyio.NpzFile) else {}
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError) as error:
        raise ValueError(f"{advice}, but cannot be read as one ({type(error).__name__})") from None
    if missing := [name for name in ARRAYS if name not in found]:
        raise ValueError(f"{advice}, but lacks {', '.join(missing)}")
    x, y, x_test, y_test = (found[name] for name in ARRAYS)
    train, test = _pixels(path, x), _pixels(path, x_test)
    labels, test_labels = _labels(path, y, len(train)), _labels(path, y_test, len(test))
    if train.shape[1:] != test.shape[1:]:
        raise ValueError(f"{path} must hold images of one shape, got {x.shape[1:]} and {x_test.shape[1:]}")
    return Images(path.stem, train, labels, test, test_labels)


def digest(data: Images) -> str:
    """A short name that changes with any image or label."""
    found = hashlib.sha256()
    for part in data[1:]:
        found.update(str(tuple(part.shape)).encode())
        found.update(part.contiguous().numpy().tobytes())
    return found.hexdigest()[:24]


def _pixels(path: Path, x: np.ndarray) -> Tensor:
    if x.ndim not in (3, 4) or 0 in x.shape:
        raise ValueError(f"images of {path} must have shape (n, height, width[, channels]), got {x.shape}")
    if x.dtype != np.uint8 and not np.issubdtype(x.dtype, np.floating):
        raise ValueError(f"images of {path} must be uint8 or floating-point, got {x.dtype}")
    images = torch.from_numpy(x).float() / (255 if x.dtype == np.uint8 else 1)
    if not ((images >= 0) & (images <= 1)).all():
        raise ValueError(f"floating-point images of {path} must lie in [0, 1]; divide them by their largest value")
    return images[:, None] if x.ndim == 3 else images.permute(0, 3, 1, 2).contiguous()


def _labels(path: Path, y: np.ndarray, count: int) -> Tensor:
    y = y.reshape(-1)
    if len(y) != count or not np.issubdtype(y.dtype, np.integer) or y.min() < 0:
        raise ValueError(f"labels of {path} must be {count} whole numbers from 0, got {len(y)} of type {y.dtype}")
    return torch.from_numpy(y.astype(np.int64))
