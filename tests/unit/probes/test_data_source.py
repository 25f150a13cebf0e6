"""Samples from one word: files, folders, names and factories, and what is refused."""

import importlib.util

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from topolens.probes import load_source, record


def test_digits() -> None:
    source = load_source("digits")
    x, y = source.data
    assert (x.shape, y.shape, source.name) == ((1797, 1, 8, 8), (1797,), "digits")
    assert (x.min(), x.max()) == (0, 1)
    assert source.classes == tuple("0123456789")


@pytest.mark.parametrize(("x", "y"), [("x_test", "y_test"), ("x", "y"), ("images", "labels")])
def test_npz_with_labels(tmp_path, x, y) -> None:
    images = (np.arange(5 * 6 * 3 * 3) % 256).astype(np.uint8).reshape(5, 6, 3, 3)
    np.savez(tmp_path / "set.npz", **{x: images, y: np.arange(5)[:, None]}, x_train=images)
    name, (samples, labels), _ = load_source(str(tmp_path / "set.npz"))
    assert name == "set"
    assert samples.shape == (5, 3, 6, 3)
    torch.testing.assert_close(samples[2, 1, 3, 0] * 255, torch.tensor(float(images[2, 3, 0, 1])))
    assert labels.tolist() == list(range(5))


def test_other_arrays_stay_as_they_are(tmp_path) -> None:
    save_file({"table": torch.rand(6, 4, dtype=torch.float64)}, tmp_path / "t.safetensors")
    source = load_source(str(tmp_path / "t.safetensors"))
    assert source.data.shape == (6, 4)
    assert source.data.dtype == torch.float32
    np.savez(tmp_path / "grey.npz", data=np.zeros((2, 7, 7), np.uint8))
    assert load_source(str(tmp_path / "grey.npz")).data.shape == (2, 1, 7, 7)


def test_folders(tmp_path) -> None:
    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        for number in range(2):
            Image.fromarray(np.full((4, 5), 51 * number, np.uint8)).save(tmp_path / name / f"{number}.png")
    source = load_source(str(tmp_path))
    x, y = source.data
    assert (x.shape, y.tolist(), source.classes) == ((4, 3, 4, 5), [0, 0, 1, 1], ("cat", "dog"))
    assert x[1].unique().tolist() == pytest.approx([0.2])
    assert load_source(str(tmp_path / "cat")).data.shape == (2, 3, 4, 5)
    Image.fromarray(np.zeros((9, 5), np.uint8)).save(tmp_path / "dog" / "x.png")
    with pytest.raises(ValueError, match=r"pictures must be of one size, x.png has \(9, 5\) after \(4, 5\)"):
        load_source(str(tmp_path))


def test_a_factory(tmp_path, monkeypatch) -> None:
    (tmp_path / "mydata_of_test.py").write_text(
        "import torch\ndef make():\n    return [(torch.ones(2, 3), torch.tensor([0, 1]))]\ndef bad(n):\n    pass\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    source = load_source("mydata_of_test:make")
    assert record(torch.nn.Linear(3, 2), source.data).labels.tolist() == [0, 1]
    with pytest.raises(ValueError, match="must work without arguments"):
        load_source("mydata_of_test:bad")


def test_refused(tmp_path) -> None:
    with pytest.raises(FileNotFoundError, match="there is no file or folder nothing; samples may also be digits"):
        load_source("nothing")
    with pytest.raises(ImportError, match="cannot import nothing_here"):
        load_source("nothing_here:x")
    with pytest.raises(ValueError, match="holds no pictures"):
        load_source(str(tmp_path))
    for name, content in (("a.npz", b"PK damaged"), ("b.safetensors", b"12345678{"), ("c.npz", b"")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ValueError, match=f"{name} cannot be read as plain arrays"):
            load_source(str(tmp_path / name))
    np.savez(tmp_path / "two.npz", a=np.zeros((2, 2)), b=np.zeros((2, 2)))
    with pytest.raises(ValueError, match=r"two.npz must hold x_test and y_test, .*; it holds a, b"):
        load_source(str(tmp_path / "two.npz"))
    np.savez(tmp_path / "short.npz", x=np.zeros((2, 2)), y=np.zeros(3, dtype=int))
    with pytest.raises(ValueError, match="y in short.npz must hold one whole number for each of 2 samples"):
        load_source(str(tmp_path / "short.npz"))
    np.savez(tmp_path / "empty.npz", x=np.zeros((0, 2)), y=np.zeros(0, dtype=int))
    with pytest.raises(ValueError, match="empty.npz holds no samples"):
        load_source(str(tmp_path / "empty.npz"))
    np.savez(tmp_path / "object.npz", x=np.array([{}]))
    with pytest.raises(ValueError, match="object.npz holds pickled Python objects"):
        load_source(str(tmp_path / "object.npz"))


def test_torchvision_is_asked_for_by_name(tmp_path) -> None:
    if importlib.util.find_spec("torchvision") is None:
        pytest.skip("needs torchvision")
    with pytest.raises(ValueError, match="torchvision has no data set 'NOSUCH'"):
        load_source(f"NOSUCH:{tmp_path}")
    with pytest.raises(ValueError, match="CIFAR10 cannot be read"):
        load_source(f"CIFAR10:{tmp_path}")
