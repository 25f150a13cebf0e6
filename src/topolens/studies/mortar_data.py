"""TopoMortar from files: photographs of brick walls, with three kinds of training labels, and a test set in groups."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

LABELS = ("accurate", "noisy", "pseudo")
INSIDE = "indistr"  # the group of test images that are like the training images
OUTSIDE = ("angles", "colors", "graffiti", "objects", "occlusion", "shadows")
MASKS, PICTURES = "topomortar_labels.npz", "topomortar_images.zip"
ADVICE = (
    "name with --data the folder of github.com/jmlipman/TopoMortar (its dataset/train/images and so on), or one with "
    f"{MASKS} and {PICTURES}"
)
Picture = Callable[[str, int], np.ndarray]


class Mortar(NamedTuple):
    """Photographs and masks; a pixel of a mask is 1 where there is mortar."""

    train: Tensor  # (n, 3, h, w), uint8
    labels: dict[str, Tensor]  # accurate, noisy, pseudo: (n, h, w), uint8
    test: Tensor
    truth: Tensor  # accurate, of the test images
    groups: tuple[str, ...]  # of each test image
    numbers: tuple[int, ...]  # of each test image, as its authors count


@lru_cache(maxsize=2)
def read_mortar(paths: tuple[str, ...], train: int = 0, inside: int = 0, outside: int = 0) -> Mortar:
    """TopoMortar, or evenly spread parts of it.

    Args:
        paths: The folder of the authors' repository (or its `dataset`), a folder with the compact pair of files, or the
            two files of the pair.
        train: Training images, 0 for all there are.
        inside: Test images like the training images, 0 for all there are.
        outside: Test images of each other group, 0 for all there are.

    Raises:
        FileNotFoundError: If there is no such file or folder.
        ValueError: If what is there is not TopoMortar.
        ImportError: If Pillow cannot read the photographs.
    """
    places = [Path(path) for path in paths]
    for place in places:
        if not place.exists():
            raise FileNotFoundError(f"{place} does not exist; {ADVICE}")
    pair = _pair(places)
    if pair is None and len(places) != 1:
        raise ValueError(f"--data names {', '.join(paths)}, which is no pair; {ADVICE}")
    return _of_files(*pair, train, inside, outside) if pair else _of_folders(places[0], train, inside, outside)


def _pair(places: Sequence[Path]) -> tuple[Path, Path] | None:
    if len(places) == 2:
        ordered = sorted(places, key=lambda place: place.suffix != ".npz")
        return (ordered[0], ordered[1]) if [p.suffix for p in ordered] == [".npz", ".zip"] else None
    pair = places[0] / MASKS, places[0] / PICTURES
    return pair if len(places) == 1 and all(place.is_file() for place in pair) else None


def _of_files(masks: Path, pictures: Path, train: int, inside: int, outside: int) -> Mortar:
    try:
        arrays = np.load(masks, allow_pickle=False)
        archive = zipfile.ZipFile(pictures)
        names = [str(name) for name in arrays["group_names"]]
        group_of = {int(i): names[g] for i, g in zip(arrays["test_id"], arrays["test_group"], strict=True)}
        row_of = {int(i): row for row, i in enumerate(arrays["test_id"])}
        train_ids = [int(i) for i in arrays["train_id"]]
        tests = [int(i) for i in arrays["test_image_id"]]
        kept = _spread(range(len(train_ids)), train)
        labels = {kind: _bits(arrays[f"train_{kind}"][kept]) for kind in LABELS}
        chosen = _chosen(tests, group_of, inside, outside)
        truth = _bits(arrays["test_accurate"][[row_of[i] for i in chosen]])
    except (KeyError, ValueError, OSError, zipfile.BadZipFile) as error:
        raise ValueError(f"{masks} and {pictures} are not TopoMortar's ({error}); {ADVICE}") from None
    with archive:

        def picture(part: str, number: int) -> np.ndarray:
            return _pixels(io.BytesIO(archive.read(f"{part}/{number:03d}.webp")), "RGB")

        return _together([train_ids[row] for row in kept], labels, chosen, truth, group_of, picture)


def _of_folders(place: Path, train: int, inside: int, outside: int) -> Mortar:
    root = place / "dataset" if (place / "dataset").is_dir() else place
    needed = [root / "train" / kind for kind in ("images", *LABELS)]
    needed += [root / "test" / kind for kind in ("images", "accurate")] + [root / "dataset_types.txt"]
    if missing := [path.relative_to(root).as_posix() for path in needed if not path.exists()]:
        raise ValueError(f"{place} lacks {missing[0]}; {ADVICE}")
    rows = (root / "dataset_types.txt").read_text(encoding="utf-8").split()[1:]
    group_of = {int(row.split(",")[0]): row.split(",")[1] for row in rows}
    train_ids, tests = ([_number(path) for path in sorted((root / part / "images").glob("*.png"))]
                        for part in ("train", "test"))  # fmt: skip

    def picture(part: str, number: int, kind: str = "images") -> np.ndarray:
        return _pixels(root / part / kind / f"{number:03d}.png", "RGB" if kind == "images" else "L")

    kept = _spread(train_ids, train)
    chosen = _chosen(tests, group_of, inside, outside)
    if not kept or not chosen:
        raise ValueError(f"{root} holds no numbered .png images; {ADVICE}")
    labels = {kind: _masks([picture("train", i, kind) for i in kept]) for kind in LABELS}
    return _together(kept, labels, chosen, _masks([picture("test", i, "accurate") for i in chosen]), group_of, picture)


def _together(
    train: Sequence[int], labels: dict[str, Tensor], tests: Sequence[int], truth: Tensor, group_of: dict[int, str],
    picture: Picture,
) -> Mortar:  # fmt: skip
    photographs = [torch.from_numpy(np.stack([picture(part, i) for i in ids]).transpose(0, 3, 1, 2).copy())
                   for part, ids in (("train", train), ("test", tests))]  # fmt: skip
    for images, masks in zip(photographs, (labels[LABELS[0]], truth), strict=True):
        if images.shape[2:] != masks.shape[1:]:
            raise ValueError(f"images and masks must be of one size, got {images.shape[2:]} and {masks.shape[1:]}")
    return Mortar(photographs[0], labels, photographs[1], truth, tuple(group_of[i] for i in tests), tuple(tests))


def _spread(numbers: Sequence[int], count: int) -> list[int]:
    """So many of the numbers, evenly spread; all of them if there are no more, or the count is 0."""
    if not count or count >= len(numbers):
        return list(numbers)
    return [numbers[round(k * (len(numbers) - 1) / max(count - 1, 1))] for k in range(count)]


def _chosen(tests: Sequence[int], group_of: dict[int, str], inside: int, outside: int) -> list[int]:
    """Numbers of test images, so many of each group, group by group."""
    return [
        number
        for group in (INSIDE, *OUTSIDE)
        for number in _spread([i for i in tests if group_of.get(i) == group], inside if group == INSIDE else outside)
    ]


def _number(path: Path) -> int:
    if not path.stem.isdigit():
        raise ValueError(f"images must be named by their number, got {path}; {ADVICE}")
    return int(path.stem)


def _pixels(source: Path | io.BytesIO, mode: str) -> np.ndarray:
    try:
        from PIL import Image
    except ImportError:
        raise ImportError("Pillow is needed to read the photographs; install it with pip install pillow") from None
    with Image.open(source) as image:
        return np.asarray(image.convert(mode))


def _masks(pictures: Sequence[np.ndarray]) -> Tensor:
    return torch.from_numpy((np.stack(pictures) > 127).astype(np.uint8))


def _bits(packed: np.ndarray) -> Tensor:
    return torch.from_numpy(np.unpackbits(packed, axis=2))
