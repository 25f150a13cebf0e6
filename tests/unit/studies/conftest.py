"""Small image data sets as files."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits


@pytest.fixture
def digits(tmp_path: Path) -> Path:
    """scikit-learn's digits, 8x8, in the layout of Keras."""
    bunch = load_digits()
    images, labels = (bunch.images * 15.9).astype(np.uint8), bunch.target
    path = tmp_path / "digits.npz"
    np.savez(path, x_train=images[:300], y_train=labels[:300], x_test=images[300:400], y_test=labels[300:400])
    return path
