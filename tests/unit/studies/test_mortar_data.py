"""TopoMortar from files, and crops of it: both layouts, parts, bad input, what augmentation does and does not."""

from pathlib import Path

import numpy as np
import pytest
import torch

import walls
from topolens.studies.mortar_crops import Augmentation, crops, standard
from topolens.studies.mortar_data import LABELS, read_mortar


def test_both_layouts_hold_the_same(tmp_path: Path) -> None:
    (tmp_path / "pair").mkdir()
    one = read_mortar((str(walls.repository(tmp_path / "whole")),))
    two = read_mortar((str(walls.pair(tmp_path / "pair")),))
    files = ("topomortar_images.zip", "topomortar_labels.npz")
    three = read_mortar(tuple(str(tmp_path / "pair" / name) for name in files))
    inner = read_mortar((str(tmp_path / "whole" / "dataset"),))
    for other in (two, three, inner):
        for field in ("train", "test", "truth"):
            assert torch.equal(getattr(one, field), getattr(other, field))
        assert all(torch.equal(one.labels[kind], other.labels[kind]) for kind in LABELS)
        assert (one.groups, one.numbers) == (other.groups, other.numbers)
    assert one.numbers == tuple(walls.TESTS)
    assert one.groups[2:4] == ("indistr", "angles")
    assert np.array_equal(one.test[4].permute(1, 2, 0).numpy(), walls.wall(171)[0])
    assert np.array_equal(one.labels["noisy"][2].numpy(), walls.labelled(3, "noisy"))
    assert np.array_equal(one.truth[5].numpy(), walls.wall(371)[1])


def test_parts_are_spread_over_numbers_and_groups(tmp_path: Path) -> None:
    some = read_mortar((str(walls.repository(tmp_path)),), train=2, inside=2, outside=1)
    assert torch.equal(some.train[1].permute(1, 2, 0), torch.from_numpy(walls.wall(4)[0]))
    assert some.numbers == (71, 73, 121, 171, 371)


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        ("dataset/train/noisy", "lacks .*noisy; name with --data the folder of"),
        ("dataset/dataset_types.txt", "lacks .*dataset_types.txt"),
    ],
)
def test_what_is_missing_is_named(broken: str, message: str, tmp_path: Path) -> None:
    walls.repository(tmp_path)
    place = tmp_path / broken
    place.rename(tmp_path / "elsewhere")
    with pytest.raises(ValueError, match=message):
        read_mortar((str(tmp_path),))


def test_other_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nothing does not exist; name with --data"):
        read_mortar((str(tmp_path / "nothing"),))
    walls.pair(tmp_path)
    (tmp_path / "topomortar_images.zip").write_text("no archive")
    with pytest.raises(ValueError, match="are not TopoMortar's"):
        read_mortar((str(tmp_path),))
    with pytest.raises(ValueError, match="which is no pair"):
        read_mortar((str(tmp_path), str(tmp_path / "topomortar_labels.npz")))


def drawn(how: Augmentation, seed: int = 0, side: int = 32) -> tuple[torch.Tensor, torch.Tensor]:
    images = torch.from_numpy(np.stack([walls.wall(i)[0] for i in (1, 2)])).permute(0, 3, 1, 2)
    masks = torch.from_numpy(np.stack([walls.wall(i)[1] for i in (1, 2)])).byte()
    return crops(images, masks, 6, side, how, torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("how", [Augmentation(False, 0, 0), Augmentation(True, 1, 0), Augmentation(True, 0.5, 1)])
def test_labels_go_with_their_pixels(how: Augmentation) -> None:
    """Mortar is brighter and greyer than bricks: it stays so in other light, and in any one hue it stays brighter."""
    x, y = drawn(how)
    assert x.shape == (6, 3, 32, 32)
    assert y.shape == (6, 1, 32, 32)
    for one, mask in zip(x.mean(1), y[:, 0].bool(), strict=True):
        assert 0.1 < float(mask.float().mean()) < 0.9
        assert float(one[mask].mean()) > float(one[~mask].mean()) + 0.5


def test_crops_are_standardised_like_whole_images() -> None:
    """A crop of the whole image without augmentation is what the network is tested on."""
    images = torch.from_numpy(walls.wall(5)[0]).permute(2, 0, 1)[None]
    masks = torch.from_numpy(walls.wall(5)[1])[None].byte()
    x, y = crops(images, masks, 1, 512, Augmentation(False, 0, 0), torch.Generator().manual_seed(0))
    assert torch.allclose(x, standard(images))
    assert torch.equal(y[:, 0].byte(), masks)
    assert abs(float(x.mean())) < 0.2
    assert float(x.std()) == pytest.approx(1, abs=0.15)


def test_a_random_hue_is_one_hue_for_all() -> None:
    """Each channel of a hue is an affine function of the others where saturation is full: check with pure colours."""
    from topolens.studies.mortar_crops import _recoloured

    pixels = torch.rand(4, 3, 50, generator=torch.Generator().manual_seed(1))
    out = _recoloured(pixels, Augmentation(False, 0, 1), torch.Generator().manual_seed(2))
    spread = out.amax(1) - out.amin(1)
    middle = (out.median(1).values - out.amin(1)) / spread
    assert torch.allclose(middle, middle[:, :1].expand_as(middle), atol=1e-4)  # the hue is the place of the middle one
    assert (out.amax(1) >= pixels.amax(1) - 1e-6).all()
    assert len({round(float(m), 3) for m in middle[:, 0]}) == 4


def test_turns_are_the_eight_symmetries() -> None:
    from topolens.studies.mortar_crops import _turned

    square, oblong = torch.arange(9).view(1, 3, 3), torch.arange(6).view(1, 2, 3)
    assert len({tuple(_turned(square, kind).flatten().tolist()) for kind in range(8)}) == 8
    assert {_turned(oblong, kind).shape for kind in range(8)} == {(1, 2, 3)}
    assert len({tuple(_turned(oblong, kind).flatten().tolist()) for kind in range(8)}) == 4


@pytest.mark.real_data
def test_published_betti_numbers_are_those_of_the_masks_read(data_folder: Path) -> None:
    from topolens.metrics import betti_numbers

    data = read_mortar((str(data_folder),), train=1)
    with np.load(data_folder / "topomortar_labels.npz") as arrays:
        told = {int(i): row for i, row in zip(arrays["test_id"], arrays["test_betti"], strict=True)}
    assert betti_numbers(data.truth, connectivity=8).tolist() == [told[i].tolist() for i in data.numbers]
    assert len(data.numbers) == 70
