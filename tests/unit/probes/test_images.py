import numpy as np
import pytest
import torch

from topolens.probes import load_images


def test_shapes_of_arrays(tmp_path):
    for name, shape in [("one", (6, 5)), ("grey", (2, 6, 5)), ("colour", (2, 6, 5, 3)), ("last", (2, 6, 5, 1))]:
        np.save(tmp_path / f"{name}.npy", np.full(shape, 200, dtype=np.uint8))
        images = load_images(tmp_path / f"{name}.npy")
        assert images.shape == (1 if name == "one" else 2, 6, 5)
        assert torch.allclose(images, torch.tensor(200.0), rtol=1e-3)


def test_picture(tmp_path):
    from matplotlib.image import imsave

    picture = np.zeros((4, 7, 3))
    picture[..., 1] = 1
    imsave(tmp_path / "green.png", picture)
    assert torch.allclose(load_images(tmp_path / "green.png"), torch.full((1, 4, 7), 0.587))


def test_array_is_chosen_by_name(tmp_path):
    np.savez(tmp_path / "i.npz", a=np.ones((1, 4, 4)), b=np.ones((2, 5, 5)), labels=np.arange(3))
    assert load_images(f"{tmp_path}/i.npz:b").shape == (2, 5, 5)
    with pytest.raises(ValueError, match=r"found a \(1, 4, 4\), b \(2, 5, 5\); choose with i.npz:name"):
        load_images(tmp_path / "i.npz")
    with pytest.raises(ValueError, match="has no array 'c'; it has a, b, labels"):
        load_images(f"{tmp_path}/i.npz:c")


def test_bad_files(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no file .*none.png of images"):
        load_images(tmp_path / "none.png")
    (tmp_path / "text.png").write_text("no picture")
    with pytest.raises(ValueError, match="no picture that can be read"):
        load_images(tmp_path / "text.png")
    np.save(tmp_path / "negative.npy", -np.ones((4, 4)))
    with pytest.raises(ValueError, match="NaN, infinite or negative intensities"):
        load_images(tmp_path / "negative.npy")
    np.save(tmp_path / "channels.npy", np.ones((1, 4, 4, 7)))
    with pytest.raises(ValueError, match=r"got \(1, 4, 4, 7\)"):
        load_images(tmp_path / "channels.npy")
    np.save(tmp_path / "objects.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match="cannot be read as plain arrays"):
        load_images(tmp_path / "objects.npy")
