"""Images that the processes of a study read from one file, so that no run has to carry them."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from topolens.runs.kept import moved_there
from topolens.studies.images import Images

PARTS = Images._fields[1:]


def digest(data: Images) -> str:
    """A short name that changes with any image or label."""
    found = hashlib.sha256()
    for part in data[1:]:
        found.update(str(tuple(part.shape)).encode())
        found.update(part.contiguous().numpy().tobytes())
    return found.hexdigest()[:24]


def keep_images(data: Images, folder: Path) -> Path:
    """The file `images-DIGEST.safetensors` of this folder, written if it is not there; `images_at` reads it.

    Sent with every run instead, 15,000 small images took a second and a half of the sender's processor each time, and
    two workers of a cluster were slower than one.
    """
    place = folder / f"images-{digest(data)}.safetensors"
    if not place.exists():
        parts = {name: getattr(data, name).contiguous() for name in PARTS}
        try:
            with moved_there(place) as part:
                save_file(parts, part, metadata={"name": data.name})
        except SafetensorError as error:
            raise OSError(f"{place} cannot be written ({error}); make room, then run the same command again") from None
    return place


@lru_cache(maxsize=1)
def images_at(place: Path) -> Images:
    """What `keep_images` wrote; a process reads it once."""
    with safe_open(place, "pt") as file:
        return Images(file.metadata()["name"], *(file.get_tensor(name) for name in PARTS))
