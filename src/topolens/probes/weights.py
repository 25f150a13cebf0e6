"""The tensors of a weights file, read without running anything that is in it."""

from __future__ import annotations

import difflib
import json
import logging
import pickle
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from topolens.probes.file_format import file_format

log = logging.getLogger(__name__)

_INSIDE = ("state_dict", "model_state_dict", "model", "params_ema", "params", "weights", "module", "net", "network")
_WRAPPERS = ("_orig_mod.", "_fsdp_wrapped_module.", "_checkpoint_wrapped_module.")

Lazy = Mapping[str, Callable[[], Tensor | None]]


def load_weights(path: str | PathLike[str], names: Collection[str] | None = None) -> dict[str, Tensor]:
    """The tensors of a file by name, on the CPU.

    The kind of file is told by its content: safetensors (one file, or a `*.index.json` with its shards beside it), a
    torch state_dict, npz or npy. Nothing in the file is ever executed. A state_dict inside a checkpoint is found
    under its usual keys ("state_dict", "model", "params", ...), and the prefixes that DataParallel, torch.compile and
    FSDP put before names are dropped.

    Args:
        path: The file.
        names: Only these tensors, named as they come back; None for all.

    Returns:
        Name to tensor in the order of the file. Floating-point tensors of any precision as float32, which is a view
        into the file where it holds float32 already; integer, boolean and quantised tensors as they are. Entries
        that are no tensors are left out.

    Raises:
        FileNotFoundError, IsADirectoryError, PermissionError: The file or one of its shards cannot be read.
        ValueError: It is empty, truncated, of another kind, would have to run code, or lacks one of the `names`.

    Cost: Reads what is asked for, tensor by tensor; mapped into memory where the format allows it.

    Example:
        >>> import tempfile
        >>> path = tempfile.mkdtemp() + "/net.pt"
        >>> torch.save({"state_dict": {"module.conv.weight": torch.ones(8, 1, 3, 3)}, "epoch": 9}, path)
        >>> {name: tuple(tensor.shape) for name, tensor in load_weights(path).items()}
        {'conv.weight': (8, 1, 3, 3)}
    """
    file = Path(path)
    kind = file_format(file)
    lazy = _plain_names(_index(file) if kind == "index" else _read(file, kind))
    if names is not None:
        _check_names(file, lazy, names)
    out: dict[str, Tensor] = {}
    for name, read in lazy.items():
        if names is None or name in names:
            tensor = read()
            if tensor is not None:
                out[name] = _float32(tensor)
    if not out:
        raise ValueError(f"{file} holds no tensors; save a state_dict: torch.save(model.state_dict(), 'weights.pt')")
    return out


def _read(path: Path, kind: str) -> dict[str, Callable[[], Tensor | None]]:
    if kind == "safetensors":
        return _safetensors(path)
    if kind in ("npz", "npy"):
        return _numpy(path)
    return _torch(path, mmap=kind == "torch")


def _safetensors(path: Path) -> dict[str, Callable[[], Tensor | None]]:
    try:
        file = safe_open(str(path), framework="pt", device="cpu")
        keys = list(file.keys())
    except SafetensorError:
        raise ValueError(f"{path} is a truncated or damaged safetensors file; copy or download it again") from None

    def read(key: str) -> Tensor:
        try:
            return file.get_tensor(key)
        except (SafetensorError, AttributeError) as error:
            raise ValueError(f"tensor {key!r} of {path} cannot be read ({error}); save it as float32") from None

    return {key: lambda key=key: read(key) for key in keys}  # type: ignore[misc]


def _numpy(path: Path) -> dict[str, Callable[[], Tensor | None]]:
    try:
        loaded = np.load(path, allow_pickle=False)
        arrays = {path.stem: loaded} if isinstance(loaded, np.ndarray) else dict.fromkeys(loaded.files, loaded)
    except (ValueError, OSError, EOFError):
        raise ValueError(f"{path} is a damaged or pickled NumPy file; save plain arrays with numpy.savez") from None

    def read(key: str) -> Tensor | None:
        source = arrays[key]
        try:
            return _from_numpy(source if isinstance(source, np.ndarray) else source[key])
        except ValueError:
            raise ValueError(
                f"array {key!r} of {path} holds pickled Python objects, which topolens never opens; "
                f"save plain arrays with numpy.savez"
            ) from None
        except Exception as error:  # zlib, zipfile and numpy each raise their own on damaged data
            raise ValueError(f"array {key!r} of {path} is damaged ({error}); copy or download it again") from None

    return {key: lambda key=key: read(key) for key in arrays}  # type: ignore[misc]


def _from_numpy(array: np.ndarray) -> Tensor | None:
    if array.dtype.kind == "f":
        return torch.from_numpy(np.require(array, np.float32, "W"))
    if array.dtype.kind in "iub":
        return torch.from_numpy(np.require(array, array.dtype.newbyteorder("="), "W"))
    return None


def _torch(path: Path, mmap: bool) -> dict[str, Callable[[], Tensor | None]]:
    try:
        loaded = torch.load(str(path), map_location="cpu", weights_only=True, mmap=mmap)
    except pickle.UnpicklingError as error:
        raise ValueError(_refusal(path, str(error))) from None
    except Exception as error:  # torch raises RuntimeError, EOFError, KeyError ... on damaged archives
        log.debug("torch.load failed", exc_info=error)
        raise ValueError(f"{path} is a truncated or damaged torch file; copy or download it again") from None
    if isinstance(loaded, Tensor):
        loaded = {path.stem: loaded}
    if not isinstance(loaded, Mapping):
        raise ValueError(
            f"{path} holds a {type(loaded).__name__}, not a state_dict; save torch.save(model.state_dict(), ...)"
        )
    return {name: lambda tensor=tensor: tensor for name, tensor in _flat(_innermost(loaded))}  # type: ignore[misc]


def _refusal(path: Path, message: str) -> str:
    """The sentence for a pickle that would have to run code."""
    found = re.search(r"GLOBAL ([\w.]+)", message)
    needs = f"needs Python code ({found[1]})" if found else "needs Python code"
    new = path.with_suffix(".safetensors").name
    return (
        f"{path} {needs} to be opened, which topolens never runs; if you trust it, convert it once: "
        f"python -c \"import torch, safetensors.torch as s; m = torch.load({path.name!r}, 'cpu', weights_only=False); "
        f"m = m.state_dict() if hasattr(m, 'state_dict') else m.get('state_dict', m); "
        f's.save_file({{k: v.clone() for k, v in m.items() if torch.is_tensor(v)}}, {new!r})"'
    )


def _innermost(loaded: Mapping[Any, Any]) -> Mapping[Any, Any]:
    """The state_dict inside a checkpoint, or the mapping itself."""
    for key in _INSIDE:
        inner = loaded.get(key)
        if isinstance(inner, Mapping) and next(_flat(inner), None) is not None:
            return _innermost(inner)
    return loaded


def _flat(loaded: Mapping[Any, Any], prefix: str = "") -> Iterator[tuple[str, Tensor]]:
    for key, value in loaded.items():
        if isinstance(value, Tensor):
            yield f"{prefix}{key}", value
        elif isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")


def _index(path: Path) -> dict[str, Callable[[], Tensor | None]]:
    """The tensors of all shards that an index names; a shard lies beside its index and nowhere else."""
    try:
        shards = json.loads(path.read_text(encoding="utf-8"))["weight_map"]
        pairs = [(str(name), str(shard)) for name, shard in shards.items()]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ValueError(f"{path} is JSON, not weights; expected an index of shards with a 'weight_map'") from None
    for _, shard in pairs:
        if shard in ("", ".", "..") or re.search(r"[/\\:]", shard):
            raise ValueError(f"{path} names the shard {shard!r} outside its own directory; refused")
    opened: dict[str, dict[str, Callable[[], Tensor | None]]] = {}
    for shard in dict.fromkeys(shard for _, shard in pairs):
        kind = file_format(path.parent / shard)
        if kind == "index":
            raise ValueError(f"{path} names {shard!r} as a shard, which is an index itself; refused")
        opened[shard] = _read(path.parent / shard, kind)
    missing = next((pair for pair in pairs if pair[0] not in opened[pair[1]]), None)
    if missing:
        raise ValueError(f"shard {missing[1]} of {path} lacks the tensor {missing[0]!r}; download it again")
    return {name: opened[shard][name] for name, shard in pairs}


def _plain_names(lazy: Lazy) -> Lazy:
    """The same under the names the bare network would give them."""
    names = {name: name for name in lazy}
    for wrapper in _WRAPPERS:
        names = {name: plain.replace(wrapper, "") for name, plain in names.items()}
    # AveragedModel puts one counter, `n_averaged`, beside its "module." names
    while all(plain.startswith("module.") or plain == "n_averaged" for plain in names.values()) and lazy:
        if not any(plain.startswith("module.") for plain in names.values()):
            break
        names = {name: plain.removeprefix("module.") for name, plain in names.items()}
    if len(set(names.values())) < len(names):
        return lazy
    return {plain: lazy[name] for name, plain in names.items()}


def _check_names(path: Path, lazy: Lazy, names: Collection[str]) -> None:
    for name in names:
        if name not in lazy:
            near = difflib.get_close_matches(name, list(lazy), n=3, cutoff=0.3)
            raise ValueError(f"{path} has no tensor {name!r}; nearest: {', '.join(near) or 'none'}")


def _float32(tensor: Tensor) -> Tensor:
    if tensor.is_floating_point() and not tensor.is_quantized and tensor.layout == torch.strided:
        return tensor.detach().to(torch.float32)
    return tensor.detach()
