import json
import os
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from topolens.probes import convolutions, load_weights

STATE = {"conv.weight": torch.randn(8, 4, 3, 3), "conv.bias": torch.randn(8), "steps": torch.tensor(7)}


class Evil:
    """A pickle of this runs `touch marker` when it is opened."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self):
        return os.system, (f"touch {self.marker}",)


def same(loaded):
    return loaded.keys() == STATE.keys() and all(torch.equal(loaded[name], STATE[name]) for name in STATE)


@pytest.mark.parametrize("legacy", [False, True])
def test_torch_state_dict(tmp_path, legacy):
    torch.save(STATE, tmp_path / "net.bin", _use_new_zipfile_serialization=not legacy)
    assert same(load_weights(tmp_path / "net.bin"))


@pytest.mark.parametrize("key", ["state_dict", "model", "model_state_dict", "weights", "params"])
@pytest.mark.parametrize("prefix", ["", "module.", "_orig_mod.", "_orig_mod.module."])
def test_checkpoint_is_unwrapped(tmp_path, key, prefix):
    inner = {prefix + name: x for name, x in STATE.items()}
    torch.save({"epoch": 3, "optimizer": {"state": {0: torch.ones(2)}}, key: inner}, tmp_path / "ckpt.pt")
    assert same(load_weights(tmp_path / "ckpt.pt"))


def test_averaged_model_and_child_called_module(tmp_path):
    torch.save({"n_averaged": torch.tensor(1), "module.a": torch.ones(1)}, tmp_path / "swa.pt")
    assert list(load_weights(tmp_path / "swa.pt")) == ["n_averaged", "a"]
    torch.save({"module.a": torch.ones(1), "b": torch.ones(1)}, tmp_path / "child.pt")
    assert list(load_weights(tmp_path / "child.pt")) == ["module.a", "b"]


def test_safetensors_whatever_its_suffix(tmp_path):
    save_file(STATE, tmp_path / "net.pt")
    assert same(load_weights(tmp_path / "net.pt"))
    assert list(load_weights(tmp_path / "net.pt", names=["conv.bias"])) == ["conv.bias"]
    with pytest.raises(ValueError, match=r"no tensor 'conv.wight'; nearest: conv.weight"):
        load_weights(tmp_path / "net.pt", names=["conv.wight"])


def test_npz_and_npy(tmp_path):
    np.savez(tmp_path / "net.npz", **{name: x.numpy() for name, x in STATE.items()}, note=np.array("text"))
    assert same(load_weights(tmp_path / "net.npz"))
    np.save(tmp_path / "one.npy", np.ones((8, 1, 3, 3), dtype=">f8"))
    assert load_weights(tmp_path / "one.npy")["one"].dtype == torch.float32


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.bfloat16, torch.float8_e4m3fn])
def test_floats_become_float32(tmp_path, dtype):
    save_file({"a.weight": torch.ones(2, 2, 3, 3).to(dtype)}, tmp_path / "net.safetensors")
    loaded = load_weights(tmp_path / "net.safetensors")["a.weight"]
    assert loaded.dtype == torch.float32
    assert (loaded == 1).all()


def test_quantised_weights_are_skipped_with_the_reason(tmp_path):
    weights = {"a.weight": torch.ones(2, 2, 3, 3, dtype=torch.int8), "b.weight": torch.ones(2, 2, 3, 3)}
    save_file(weights, tmp_path / "net.safetensors")
    found, skipped = convolutions(load_weights(tmp_path / "net.safetensors"))
    assert [c.name for c in found] == ["b"]
    assert skipped[0].reason == "stored as int8; floating-point weights only"


def index(tmp_path, weight_map):
    path = tmp_path / "model.safetensors.index.json"
    path.write_text(json.dumps({"weight_map": weight_map}))
    return path


def test_shards(tmp_path):
    for i, (name, x) in enumerate(STATE.items()):
        save_file({name: x}, tmp_path / f"{i}.safetensors")
    assert same(load_weights(index(tmp_path, {name: f"{i}.safetensors" for i, name in enumerate(STATE)})))


@pytest.mark.parametrize("shard", ["../0.safetensors", "/etc/passwd", "sub/0.safetensors", "..", r"..\0", "C:0"])
def test_shard_outside_its_directory_is_refused(tmp_path, shard):
    save_file({"a": torch.ones(1)}, tmp_path.parent / "0.safetensors")
    with pytest.raises(ValueError, match="outside its own directory; refused"):
        load_weights(index(tmp_path, {"a": shard}))


def test_index_that_names_itself_or_lacks_a_shard(tmp_path):
    with pytest.raises(ValueError, match="is an index itself; refused"):
        load_weights(index(tmp_path, {"a": "model.safetensors.index.json"}))
    with pytest.raises(FileNotFoundError, match="there is no file"):
        load_weights(index(tmp_path, {"a": "1.safetensors"}))
    save_file({"a": torch.ones(1)}, tmp_path / "1.safetensors")
    with pytest.raises(ValueError, match="lacks the tensor 'b'"):
        load_weights(index(tmp_path, {"b": "1.safetensors"}))


@pytest.mark.parametrize("legacy", [False, True])
def test_pickle_with_code_is_refused_and_not_run(tmp_path, legacy):
    marker = tmp_path / "marker"
    torch.save({"w": torch.ones(1), "x": Evil(marker)}, tmp_path / "e.pt", _use_new_zipfile_serialization=not legacy)
    with pytest.raises(ValueError, match=r"e.pt needs Python code .*never runs; if you trust it.*save_file"):
        load_weights(tmp_path / "e.pt")
    assert not marker.exists()


@pytest.mark.parametrize("protocol", [0, 2, 5])
def test_plain_pickle_is_refused_and_not_run(tmp_path, protocol):
    (tmp_path / "e.pkl").write_bytes(pickle.dumps(Evil(tmp_path / "marker"), protocol=protocol))
    with pytest.raises(ValueError, match="Python pickle, which can run code|not a weights file"):
        load_weights(tmp_path / "e.pkl")
    assert not (tmp_path / "marker").exists()


def test_pickled_object_arrays_are_refused_and_not_run(tmp_path):
    array = np.array([Evil(tmp_path / "marker")], dtype=object)
    np.savez(tmp_path / "o.npz", good=np.ones(3), bad=array)
    with pytest.raises(ValueError, match="array 'bad' of .* holds pickled Python objects"):
        load_weights(tmp_path / "o.npz")
    np.save(tmp_path / "o.npy", array, allow_pickle=True)
    with pytest.raises(ValueError, match="pickled NumPy file"):
        load_weights(tmp_path / "o.npy")
    assert not (tmp_path / "marker").exists()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty; copy or download it again"),
        (b"hello, world", "is not a weights file; expected safetensors, a torch state_dict or npz"),
        (b"\x89HDF\r\n\x1a\n...", "is an HDF5 file"),
        (b"GGUF....", "is a GGUF file"),
        (b"\x1c\0\0\0TFL3....", "is a TensorFlow Lite model"),
        (b"version https://git-lfs.github.com/spec/v1", "is a Git LFS pointer"),
        (b"<!DOCTYPE html><html>", "is a web page, not weights"),
        (b"\x1f\x8b\x08....", "is a gzip archive"),
        (b'{"a": 1}', "is JSON, not weights"),
        (b"{", "is JSON, not weights"),
    ],
)
def test_foreign_files_are_named(tmp_path, content, sentence):
    (tmp_path / "net.pt").write_bytes(content)
    with pytest.raises(ValueError, match=sentence):
        load_weights(tmp_path / "net.pt")


def test_formats_known_by_suffix_only(tmp_path):
    for name, sentence in [("net.onnx", "an ONNX model"), ("net.pb", "a TensorFlow graph")]:
        (tmp_path / name).write_bytes(b"\x08\x07\x12\x07pytorch")
        with pytest.raises(ValueError, match=sentence):
            load_weights(tmp_path / name)


def test_torchscript_is_named(tmp_path):
    torch.jit.save(torch.jit.script(nn.Conv2d(1, 2, 3)), str(tmp_path / "net.pt"))
    with pytest.raises(ValueError, match="is a TorchScript archive, which holds code"):
        load_weights(tmp_path / "net.pt")


@pytest.mark.parametrize("kind", ["safetensors", "pt", "legacy", "npz"])
def test_every_truncation_is_one_sentence(tmp_path, kind):
    whole, cut = tmp_path / "whole", tmp_path / f"cut.{kind}"
    if kind == "safetensors":
        save_file(STATE, whole)
    elif kind == "npz":
        with whole.open("wb") as file:
            np.savez(file, **{name: x.numpy() for name, x in STATE.items()})
    else:
        torch.save(STATE, whole, _use_new_zipfile_serialization=kind == "pt")
    data = whole.read_bytes()
    for size in {0, 1, 4, 8, 9, 40, len(data) // 2, len(data) - 1}:
        cut.write_bytes(data[:size])
        with pytest.raises(ValueError, match=r"empty|truncated|not a weights file|only its beginning|Python pickle"):
            load_weights(cut)


def test_damaged_npz(tmp_path):
    np.savez(tmp_path / "net.npz", a=np.zeros(1000))
    data = bytearray((tmp_path / "net.npz").read_bytes())
    data[600] ^= 255
    (tmp_path / "net.npz").write_bytes(data)
    with pytest.raises(ValueError, match="array 'a' of .* is damaged"):
        load_weights(tmp_path / "net.npz")


def test_files_that_are_not_there(tmp_path):
    save_file({"a": torch.ones(1)}, tmp_path / "net.safetensors")
    with pytest.raises(IsADirectoryError, match=r"pass the file itself, for instance .*net.safetensors"):
        load_weights(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"did you mean .*net.safetensors\?"):
        load_weights(tmp_path / "nett.safetensors")


def test_no_tensors(tmp_path):
    torch.save({"epoch": 2}, tmp_path / "a.pt")
    torch.save([1, 2], tmp_path / "b.pt")
    with pytest.raises(ValueError, match="holds no tensors"):
        load_weights(tmp_path / "a.pt")
    with pytest.raises(ValueError, match="holds a list, not a state_dict"):
        load_weights(tmp_path / "b.pt")
