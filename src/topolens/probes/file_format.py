"""Which kind of file this is, by its first bytes; what holds no weights we can read is refused by name."""

from __future__ import annotations

import difflib
import struct
import zipfile
from pathlib import Path

_CONVERT = "load it where it was made and save its arrays with safetensors or numpy.savez"

_FOREIGN = (
    (b"\x89HDF\r\n\x1a\n", 0, f"an HDF5 file (Keras, MATLAB); {_CONVERT}"),
    (b"GGUF", 0, "a GGUF file (llama.cpp); use the safetensors file it was converted from"),
    (b"TFL3", 4, f"a TensorFlow Lite model; {_CONVERT}"),
    (b"version https://git-lfs", 0, "a Git LFS pointer, not the weights themselves; run `git lfs pull` beside it"),
    (b"<!DOCTYPE", 0, "a web page, not weights; download the file itself"),
    (b"<!doctype", 0, "a web page, not weights; download the file itself"),
    (b"<html", 0, "a web page, not weights; download the file itself"),
    (b"\x1f\x8b", 0, "a gzip archive; unpack it first"),
    (b"7z\xbc\xaf", 0, "a 7z archive; unpack it first"),
    (b"ustar", 257, "a tar archive; unpack it first"),
)
_BY_SUFFIX = {
    ".onnx": "an ONNX model; save the state_dict of the network it was exported from",
    ".pb": f"a TensorFlow graph; {_CONVERT}",
    ".index": f"the index of a TensorFlow checkpoint; {_CONVERT}",
    ".data-00000-of-00001": f"a TensorFlow checkpoint; {_CONVERT}",
}
_TORCH_LEGACY = b"\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19"  # the magic number every torch.save before 1.6 starts with
_WANTED = "safetensors, a torch state_dict or npz"


def file_format(path: Path) -> str:
    """One of "safetensors", "torch", "torch-legacy", "npz", "npy" and "index" (a JSON that lists shards).

    Args:
        path: A file; its suffix decides nothing, its bytes do.

    Raises:
        FileNotFoundError: There is no such file.
        IsADirectoryError: It is a directory.
        PermissionError: It may not be read.
        ValueError: It is empty, damaged, or of another kind, which is named.
    """
    head = _head(path)
    if not head:
        raise ValueError(f"{path} is empty; copy or download it again")
    for magic, offset, what in _FOREIGN:
        if head[offset : offset + len(magic)] == magic:
            raise ValueError(f"{path} is {what}")
    if head[:2] == b"PK":
        return _zip_format(path)
    if head[:6] == b"\x93NUMPY":
        return "npy"
    if _TORCH_LEGACY in head[:16]:
        return "torch-legacy"
    if head[:1] == b"\x80" and head[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05"):
        raise ValueError(
            f"{path} is a Python pickle, which can run code when it is opened; topolens never opens one: "
            f"save its arrays with safetensors or numpy.savez"
        )
    if head[8:9] == b"{" and head[6:8] == b"\0\0":
        _check_length(path, head)
        return "safetensors"
    if head.lstrip()[:1] == b"{":
        return "index"
    if path.suffix.lower() == ".safetensors":
        raise ValueError(f"{path} is not a safetensors file, or only its beginning; copy or download it again")
    unknown = f"not a weights file; expected {_WANTED}"
    raise ValueError(f"{path} is {_BY_SUFFIX.get(path.suffix.lower(), unknown)}")


def _head(path: Path) -> bytes:
    if path.is_dir():
        found = sorted(p.name for p in path.iterdir() if p.suffix in (".safetensors", ".npz", ".pt", ".pth", ".bin"))
        advice = f"pass the file itself, for instance {path / found[0]}" if found else f"expected {_WANTED}"
        raise IsADirectoryError(f"{path} is a directory, not a weights file; {advice}")
    try:
        with path.open("rb") as file:
            return file.read(512)
    except FileNotFoundError:
        beside = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
        near = difflib.get_close_matches(path.name, beside, n=1)
        advice = f"did you mean {path.parent / near[0]}?" if near else "check the path"
        raise FileNotFoundError(f"there is no file {path}; {advice}") from None
    except PermissionError:
        raise PermissionError(f"{path} may not be read; change its permissions") from None
    except OSError as error:
        raise ValueError(f"{path} cannot be read ({error.strerror or error}); check the path") from None


def _check_length(path: Path, head: bytes) -> None:
    """Refuse a safetensors file that ends inside its header, of which its own reader says less."""
    length = struct.unpack("<Q", head[:8])[0]
    if 8 + length > path.stat().st_size:
        raise ValueError(f"{path} is a truncated safetensors file; copy or download it again")


def _zip_format(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError):
        raise ValueError(f"{path} is a truncated or damaged zip archive; copy or download it again") from None
    inner = {name.split("/", 1)[-1] for name in names}
    if "constants.pkl" in inner or any(name.startswith("code/") for name in inner):
        raise ValueError(
            f"{path} is a TorchScript archive, which holds code; save the weights alone: "
            f"torch.save(torch.jit.load('{path.name}').state_dict(), 'weights.pt')"
        )
    if "data.pkl" in inner:
        return "torch"
    if names and all(name.endswith(".npy") for name in names):
        return "npz"
    if "model.weights.h5" in inner:
        raise ValueError(f"{path} is a Keras archive; {_CONVERT}")
    if any(name.startswith("models/") for name in inner):
        raise ValueError(
            f"{path} is a torch.export archive; save its weights alone: torch.save(model.state_dict(), ...)"
        )
    raise ValueError(f"{path} is a zip archive without weights; expected {_WANTED}")
