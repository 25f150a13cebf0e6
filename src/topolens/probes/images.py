"""Real images out of a file, grey, for the comparison of filters with patches."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

_GREY = torch.tensor([0.2989, 0.5870, 0.1140])


def load_images(path: str | Path) -> Tensor:
    """Grey images of one size, shape (batch, height, width), float32, intensities in the unit of the file.

    Args:
        path: A picture (png; jpg and others where Pillow reads them), or npz or npy with images of shape
            (height, width), (batch, height, width) or (batch, height, width, 3). "file.npz:name" takes one array of
            several.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It holds no images, or several arrays that might be meant, or NaN or negative intensities.
    """
    file, name = Path(path), ""
    if not file.exists() and ":" in file.name:
        stem, _, name = file.name.rpartition(":")
        file = file.with_name(stem)
    if not file.is_file():
        raise FileNotFoundError(f"there is no file {file} of images; check the path")
    with file.open("rb") as opened:
        magic = opened.read(6)
    array = _array(file, name) if magic[:2] == b"PK" or magic == b"\x93NUMPY" else _picture(file)
    images = _grey(torch.from_numpy(array.astype(np.float32)), file)
    if not torch.isfinite(images).all() or (images < 0).any():
        raise ValueError(f"{file} has NaN, infinite or negative intensities; give images as a camera takes them")
    return images


def _array(file: Path, name: str) -> np.ndarray:
    try:
        loaded = np.load(file, allow_pickle=False)
        arrays = {"": loaded} if isinstance(loaded, np.ndarray) else {key: loaded[key] for key in loaded.files}
    except Exception as error:  # zlib, zipfile and numpy each raise their own on damaged data
        raise ValueError(f"{file} cannot be read as plain arrays ({error}); save them with numpy.savez") from None
    pictures = {key: x for key, x in arrays.items() if x.dtype.kind in "uif" and 2 <= x.ndim <= 4 and min(x.shape) > 0}
    if name and name not in arrays:
        raise ValueError(f"{file} has no array {name!r}; it has {', '.join(arrays)}")
    if name:
        return arrays[name]
    if len(pictures) != 1:
        found = ", ".join(f"{key} {x.shape}" for key, x in pictures.items()) or "none"
        raise ValueError(f"{file} must hold one array of images, found {found}; choose with {file.name}:name")
    return next(iter(pictures.values()))


def _picture(file: Path) -> np.ndarray:
    from matplotlib.image import imread

    try:
        picture = np.asarray(imread(file))
    except Exception as error:  # Pillow raises many kinds
        raise ValueError(f"{file} is no picture that can be read ({error}); convert it to png") from None
    return picture[None, ..., :3] if picture.ndim == 3 else picture


def _grey(x: Tensor, file: Path) -> Tensor:
    if x.ndim == 2:
        return x[None]
    if x.ndim == 3:
        return x
    if x.ndim == 4 and x.shape[3] in (1, 3):
        return x @ _GREY if x.shape[3] == 3 else x[..., 0]
    raise ValueError(
        f"images in {file} must have shape (batch, height, width) or (batch, height, width, 3), got {tuple(x.shape)}"
    )
