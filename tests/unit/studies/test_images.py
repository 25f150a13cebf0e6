"""Image files: what is read, and what is refused in one sentence."""

from pathlib import Path

import numpy as np
import pytest
import torch

from topolens.studies.images import read_images

LABELS = np.arange(4) % 2


def written(path: Path, **arrays: np.ndarray) -> Path:
    standard = {"x_train": np.zeros((4, 5, 6), np.uint8), "x_test": np.zeros((4, 5, 6), np.uint8)}
    np.savez(path / "set.npz", **({"y_train": LABELS, "y_test": LABELS} | standard | arrays))
    return path / "set.npz"


def test_grey_and_coloured(tmp_path: Path) -> None:
    grey = read_images(written(tmp_path, x_train=np.full((4, 5, 6), 255, np.uint8)))
    assert grey.train.shape == (4, 1, 5, 6)
    assert grey.train.max() == 1
    assert (grey.name, grey.classes) == ("set", 2)
    colours = np.random.default_rng(0).random((4, 5, 6, 3)).astype(np.float32)
    found = read_images(written(tmp_path, x_train=colours, x_test=colours, y_train=LABELS[:, None]))
    assert torch.equal(found.train[2, 1], torch.from_numpy(colours[2, :, :, 1]))


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"x_train": np.zeros((4, 5), np.uint8)}, "must have shape"),
        ({"x_train": np.zeros((4, 5, 7), np.uint8)}, "images of one shape"),
        ({"x_train": np.zeros((4, 5, 6), np.int64)}, "must be uint8 or floating-point"),
        ({"x_train": np.full((4, 5, 6), 7.0)}, r"must lie in \[0, 1\]"),
        ({"x_train": np.full((4, 5, 6), np.nan)}, r"must lie in \[0, 1\]"),
        ({"y_train": np.zeros(3, np.int64)}, "must be 4 whole numbers from 0, got 3"),
        ({"y_train": np.zeros(4)}, "whole numbers"),
        ({"x_test": np.zeros((0, 5, 6), np.uint8)}, "must have shape"),
    ],
)
def test_bad_arrays(tmp_path: Path, arrays: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_images(written(tmp_path, **arrays))


def test_bad_files(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nothing\.npz does not exist"):
        read_images(tmp_path / "nothing.npz")
    broken = tmp_path / "broken.npz"
    broken.write_bytes(b"PK\x03\x04 no archive")
    with pytest.raises(ValueError, match="cannot be read"):
        read_images(broken)
    np.savez(tmp_path / "half.npz", x_train=np.zeros(3))
    with pytest.raises(ValueError, match="lacks y_train, x_test, y_test"):
        read_images(tmp_path / "half.npz")
    np.save(tmp_path / "array.npy", np.zeros(3))
    with pytest.raises(ValueError, match="must be an .npz file"):
        read_images(tmp_path / "array.npy")
    np.savez(tmp_path / "objects.npz", x_train=np.array([{}], dtype=object), y_train=0, x_test=0, y_test=0)
    with pytest.raises(ValueError, match="cannot be read as one"):
        read_images(tmp_path / "objects.npz")
