"""The convolutions of a network, and the choice among them."""

from __future__ import annotations

import copy
import difflib
import fnmatch
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy
from torch.nn.utils import parametrize

_LARGEST_GUESS = 32  # a 4-D array that is not named as a weight is taken for one up to this kernel size


@dataclass(frozen=True, eq=False)
class Convolution:
    """One convolution with spatial kernels.

    Args:
        name: Path of the layer in its network, as in `named_modules`.
        weight: Shape (out, in, h, w), float32, without a gradient; `in` counts the inputs of one group.
        kind: Class of its module; "weight" where only a state_dict is known, "kernel" where that held (h, w, in, out).
    """

    name: str
    weight: Tensor = field(repr=False)
    kind: str

    @property
    def kernel(self) -> str:
        """Height and width of the kernel, for instance "3x3"."""
        return f"{self.weight.shape[2]}x{self.weight.shape[3]}"


@dataclass(frozen=True)
class Skipped:
    """A layer that is left out, with the reason in a few words."""

    name: str
    reason: str


def convolutions(model: nn.Module | Mapping[str, Tensor]) -> tuple[list[Convolution], list[Skipped]]:
    """The 2D convolutions of a network in its order, and the layers left out with the reason.

    Of a module every `Conv2d` and `ConvTranspose2d` counts, with the weight it computes with (weight norm and other
    parametrisations applied). Of a state_dict every 4-D floating-point tensor counts whose name ends in "weight" or
    "kernel", weight norm and pruning masks applied; if there is none, any 4-D tensor with kernels up to 32 x 32.

    Args:
        model: The network, which is not changed, or its tensors by name.

    Returns:
        Convolutions larger than 1x1, in any size and shape, each shared weight once; and what was skipped.

    Raises:
        TypeError: `model` is neither a module nor a mapping of names to tensors.
        ValueError: There is no such convolution, or a layer has no weights yet, or NaN or infinite ones.

    Cost: Views of the given weights where they are float32 already; reads each once.

    Example:
        >>> found, skipped = convolutions(nn.Sequential(nn.Conv2d(1, 8, 3), nn.Conv2d(8, 2, 1)))
        >>> [(c.name, c.kernel) for c in found], skipped
        ([('0', '3x3')], [Skipped(name='1', reason='1x1 kernels have no spatial shape')])
    """
    if isinstance(model, nn.Module):
        candidates = list(_of_module(model))
    elif isinstance(model, Mapping):
        candidates = list(_of_state(model))
    else:
        raise TypeError(f"model must be a torch.nn.Module or a state_dict, got {type(model).__name__}")
    found: list[Convolution] = []
    skipped: list[Skipped] = []
    owners: dict[tuple[object, ...], str] = {}
    for name, weight, kind in candidates:
        if reason := _reason(weight):
            skipped.append(Skipped(name, reason))
            continue
        owner = owners.setdefault((weight.data_ptr(), tuple(weight.shape), weight.stride()), name)
        if owner == name:
            found.append(Convolution(name, _finite(name, weight.to(torch.float32)), kind))
        else:
            skipped.append(Skipped(name, f"shares its weight with {owner}"))
    if not found:
        raise ValueError(_nothing(model, skipped))
    return found, skipped


def select_layers(layers: Sequence[Convolution], patterns: Sequence[str | int]) -> list[Convolution]:
    """The convolutions that at least one pattern names, in the order of the network.

    Args:
        layers: The convolutions to choose from.
        patterns: Each a name, a glob such as `layer1.*`, or a place from 0 on (negative from the end); a name goes
            before a place, because layers of an `nn.Sequential` are named by numbers. No patterns choose all.

    Raises:
        TypeError: `patterns` is one string.
        ValueError: A pattern names no convolution; the nearest names are given.

    Example:
        >>> found, _ = convolutions({"a.weight": torch.ones(1, 1, 3, 3), "b.weight": torch.ones(1, 1, 3, 3)})
        >>> [layer.name for layer in select_layers(found, ["b", 0])]
        ['a', 'b']
    """
    if isinstance(patterns, str):
        raise TypeError(f"patterns must be a list of names, got the string {patterns!r}; pass [{patterns!r}]")
    chosen = set(range(len(layers))) if not patterns else set()
    for pattern in patterns:
        chosen |= _matches([layer.name for layer in layers], str(pattern))
    return [layers[i] for i in sorted(chosen)]


def _matches(names: list[str], pattern: str) -> set[int]:
    plain = pattern.strip().removesuffix(".weight")
    hits = {i for i, name in enumerate(names) if name == plain}
    hits = hits or {i for i, name in enumerate(names) if fnmatch.fnmatchcase(name, plain)}
    if not hits and re.fullmatch(r"-?\d+", plain):
        place = int(plain)
        if not -len(names) <= place < len(names):
            raise ValueError(f"there is no layer {place}: the places run from 0 to {len(names) - 1}")
        hits = {place % len(names)}
    if not hits:
        near = difflib.get_close_matches(plain, names, n=3, cutoff=0.3) or names[:3]
        raise ValueError(f"no layer is called {pattern!r}; nearest: {', '.join(near)}")
    return hits


def _of_module(model: nn.Module) -> Iterator[tuple[str, Tensor, str]]:
    """Name, weight and class of each convolution, of 1D and 3D ones too."""
    for path, module in model.named_modules():
        if isinstance(module, nn.modules.conv._ConvNd):
            name = path or "weight"
            weight = weight_of(name, module)
            if module.transposed:
                weight = weight.unflatten(0, (module.groups, -1)).transpose(1, 2).flatten(0, 1)
            yield name, weight, type(module).__name__


def weight_of(name: str, module: nn.Module) -> Tensor:
    """The weight the module computes with, found without running its hooks or changing its buffers."""
    with torch.no_grad():
        if parametrize.is_parametrized(module, "weight"):
            # a copy, because spectral norm moves its vectors on whenever a module in training is read
            weight = copy.deepcopy(module.get_submodule("parametrizations.weight")).eval()()
        elif "weight" in module._parameters:
            weight = module.weight
        else:  # the older weight_norm and prune set `weight` only when the module runs
            weight = dict(effective(module.state_dict()))["weight"]
    if is_lazy(weight):
        raise ValueError(f"layer {name} is lazy and has no weights yet; run one batch through the model first")
    return weight.detach()


def _of_state(state: Mapping[str, Tensor]) -> Iterator[tuple[str, Tensor, str]]:
    """Name, weight and kind of each tensor that may be a convolution's."""
    tensors = [(str(name), x) for name, x in effective(state) if isinstance(x, Tensor)]
    named = [(name, x) for name, x in tensors if _bare(name).endswith(("weight", "kernel")) and x.ndim in (3, 4, 5)]
    if not any(x.ndim == 4 for _, x in named):
        named = [(name, x) for name, x in tensors if x.ndim == 4 and x.is_floating_point() and _small(x)] or named
    for name, x in named:
        layer = re.sub(r"[./](weight|kernel)$", "", _bare(name))
        is_kernel = not _bare(name).endswith("weight") and _channels_last(x, _bare(name).endswith("kernel"))
        yield layer, x.detach().permute(3, 2, 0, 1) if is_kernel else x.detach(), "kernel" if is_kernel else "weight"


def effective(state: Mapping[str, Tensor]) -> Iterator[tuple[str, Tensor]]:
    """The tensors with weight norm and masks multiplied out: `weight_g` and `weight_v` become `weight`, and so on."""
    stem = "parametrizations.weight.original"
    for name, x in state.items():
        if name.endswith(f"{stem}1") and f"{name[:-1]}0" in state:
            yield name.removesuffix(f"{stem}1") + "weight", _weight_norm(state[f"{name[:-1]}0"], x)
        elif name.endswith("weight_v") and f"{name[:-1]}g" in state:
            yield name.removesuffix("_v"), _weight_norm(state[f"{name[:-1]}g"], x)
        elif name.endswith("weight_orig"):
            mask = state.get(name.removesuffix("orig") + "mask")
            yield name.removesuffix("_orig"), x if mask is None else x * mask
        elif name.endswith(stem):  # spectral norm: the same filters up to one positive factor
            yield name.removesuffix(stem) + "weight", x
        else:
            yield name, x


def _weight_norm(g: Tensor, v: Tensor) -> Tensor:
    if g.ndim != v.ndim:
        return v * (g / v.norm())
    axes = [axis for axis in range(v.ndim) if g.shape[axis] == 1]
    return v * (g / torch.linalg.vector_norm(v, dim=axes, keepdim=True)) if axes else v.sign() * g


def _bare(name: str) -> str:
    """The name without the ":0" that TensorFlow appends."""
    return name.removesuffix(":0")


def _small(x: Tensor) -> bool:
    return max(x.shape[2:]) <= _LARGEST_GUESS or _channels_last(x, False)


def _channels_last(x: Tensor, is_kernel: bool) -> bool:
    """Whether the axes are (h, w, in, out), as Keras and Flax have them."""
    if x.ndim != 4 or x.shape[0] != x.shape[1] or x.shape[0] > 11:
        return False
    return is_kernel or max(x.shape[2:]) > 11


def _reason(weight: Tensor) -> str | None:
    """Why a layer is left out, or None."""
    if weight.ndim != 4:
        return f"{weight.ndim - 2}D convolution; 2D only for now"
    if weight.is_quantized or not weight.is_floating_point():
        return f"stored as {str(weight.dtype).removeprefix('torch.')}; floating-point weights only"
    if weight.layout != torch.strided:
        return "stored as a sparse tensor; dense weights only"
    if weight.numel() == 0:
        return "has no filters"
    if weight.shape[2] * weight.shape[3] == 1:
        return "1x1 kernels have no spatial shape"
    return None


def _finite(name: str, weight: Tensor) -> Tensor:
    if weight.device.type == "meta":
        raise ValueError(f"layer {name} lies on the meta device and has no weights yet; load them first")
    bad = int((~torch.isfinite(weight)).sum())
    if bad:
        what = "NaN" if torch.isnan(weight).any() else "infinite"
        raise ValueError(
            f"layer {name} has {bad} {what} weights of {weight.numel()}; train again or load another checkpoint"
        )
    return weight


def _nothing(model: nn.Module | Mapping[str, Tensor], skipped: list[Skipped]) -> str:
    """The sentence for a network without a convolution we can use."""
    head = "the network has no 2D convolution larger than 1x1"
    if skipped:
        return f"{head}; left out: {len(skipped)}, the first {skipped[0].name} ({skipped[0].reason})"
    if isinstance(model, nn.Module):
        kinds = Counter(type(m).__name__ for m in model.modules() if not list(m.children()))
        return f"{head}; it has {', '.join(f'{n} {kind}' for kind, n in kinds.most_common(4))}"
    shapes = [f"{name} {tuple(x.shape)}" for name, x in model.items() if isinstance(x, Tensor)]
    largest = ", ".join(sorted(shapes, key=lambda s: -s.count(","))[:3])
    return f"{head}; its {len(shapes)} tensors are for instance {largest}" if shapes else f"{head}; it has no tensors"
