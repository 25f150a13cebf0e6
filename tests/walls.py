"""Small brick walls in the two layouts of TopoMortar, for tests of its study."""

import io
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

SIDE = 64
TRAIN = (1, 2, 3, 4)
TESTS = {71: "indistr", 72: "indistr", 73: "indistr", 121: "angles", 171: "colors", 371: "occlusion"}


def wall(number: int) -> tuple[np.ndarray, np.ndarray]:
    """A photograph (h, w, 3) uint8 and its mask of mortar, different for each number."""
    generator = np.random.default_rng(number)
    down, right = generator.integers(0, 16, 2)
    y, x = np.mgrid[:SIDE, :SIDE]
    mask = ((y + down) % 16 < 4) | ((x + right + 12 * ((y + down) // 16 % 2)) % 24 < 4)
    colours = np.where(mask[..., None], [200, 200, 190], [150, 70, 60]) + generator.normal(0, 12, (SIDE, SIDE, 3))
    return colours.clip(0, 255).astype(np.uint8), mask


def labelled(number: int, kind: str) -> np.ndarray:
    """The mask as each kind of labels has it: noisy ones are shifted, pseudo ones have gaps."""
    mask = wall(number)[1]
    if kind == "noisy":
        return np.roll(mask, 2, 1)
    return mask & ~(np.mgrid[:SIDE, :SIDE][0] % 20 == 7) if kind == "pseudo" else mask


def repository(folder: Path) -> Path:
    """The layout of the authors' repository."""
    for number in (*TRAIN, *TESTS):
        part = folder / "dataset" / ("train" if number in TRAIN else "test")
        for kind in ("images", "accurate", *(("noisy", "pseudo") if number in TRAIN else ())):
            (part / kind).mkdir(parents=True, exist_ok=True)
            pixels = wall(number)[0] if kind == "images" else labelled(number, kind).astype(np.uint8) * 255
            Image.fromarray(pixels).save(part / kind / f"{number:03d}.png")
    rows = [f"{number:03d},{TESTS.get(number, 'indistr')}" for number in (*TRAIN, *TESTS)]
    (folder / "dataset" / "dataset_types.txt").write_text("\n".join(["ID,group", *rows, ""]))
    return folder


def pair(folder: Path) -> Path:
    """The compact pair of files; one test mask more than there are photographs."""
    groups = sorted(set(TESTS.values()))
    numbers = [*TESTS, 372]
    arrays = {f"train_{kind}": [labelled(i, kind) for i in TRAIN] for kind in ("accurate", "noisy", "pseudo")}
    arrays["test_accurate"] = [wall(i)[1] for i in numbers]
    np.savez(
        folder / "topomortar_labels.npz",
        **{name: np.packbits(np.stack(masks), axis=2) for name, masks in arrays.items()},
        train_id=np.array(TRAIN),
        test_id=np.array(numbers),
        test_group=np.array([groups.index(TESTS.get(i, "occlusion")) for i in numbers]),
        group_names=np.array(groups),
        test_image_id=np.array(list(TESTS)),
    )
    with zipfile.ZipFile(folder / "topomortar_images.zip", "w") as archive:
        for number in (*TRAIN, *TESTS):
            held = io.BytesIO()
            Image.fromarray(wall(number)[0]).save(held, "webp", lossless=True)
            archive.writestr(f"{'train' if number in TRAIN else 'test'}/{number:03d}.webp", held.getvalue())
    return folder
