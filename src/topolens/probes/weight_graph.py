"""How the layers of a network follow each other, branches and shortcuts included: read from its code, not run."""

from __future__ import annotations

import copy
from collections.abc import Collection
from typing import Any, NamedTuple

from torch import fx, nn

# They keep each channel in its place, whatever they do to positions and sizes.
_KEEPING = tuple(
    f"torch.nn.modules.{kind}"
    for kind in ("activation", "batchnorm", "dropout", "instancenorm", "normalization", "padding", "pooling")
)
_SINGLE = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)
_KEEPING_MODULES = (nn.Identity, nn.Flatten, nn.Upsample)
_POINTWISE = (
    "relu relu_ relu6 leaky_relu elu selu gelu silu mish hardswish hardtanh sigmoid tanh softplus softmax log_softmax "
    "dropout dropout2d contiguous clone float to neg"
)
_POOLING = (
    "max_pool1d max_pool2d max_pool3d avg_pool1d avg_pool2d avg_pool3d adaptive_avg_pool1d adaptive_avg_pool2d "
    "adaptive_avg_pool3d adaptive_max_pool2d interpolate flatten mean"
)
_KEEPING_CALLS = frozenset(f"{_POINTWISE} {_POOLING}".split())  # noqa: SIM905  a sentence is easier to read
_JOINING = frozenset(("add", "iadd", "add_", "sub", "isub", "mul", "imul", "mul_", "div", "truediv"))
_NUMBERS = frozenset(("size", "dim", "getattr", "len", "shape"))


class Joint(NamedTuple):
    """A place of the graph: where data comes in, passes weights, or comes together.

    Args:
        kind: "input", "weight", "sum" (channel by channel) or "concatenation".
        layer: Whose weight it passes; empty elsewhere.
        before: Places in the graph that it follows.
        groups: Into which a convolution splits its channels.
    """

    kind: str
    layer: str
    before: tuple[int, ...]
    groups: int = 1


def weight_graph(model: nn.Module, layers: Collection[str]) -> tuple[Joint, ...]:
    """The places that data passes from the inputs to the output of a network, each behind those it follows.

    Args:
        model: The network; it is traced symbolically, not run and not changed.
        layers: Names of its layers with weights, as `weight_matrices` gives them.

    Returns:
        The output is the last place. Activations, normalisations and pooling keep channels in their places and are no
        places of their own; products of branches join them as sums do. Weights that do not lead to the output are not
        there.

    Raises:
        ValueError: If the code cannot be traced, or channels cannot be followed through it; the reason is told.

    Example:
        >>> net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
        >>> [(joint.kind, joint.layer) for joint in weight_graph(net, ["0", "2"])]
        [('input', ''), ('weight', '0'), ('weight', '2')]
    """
    if set(layers) == {"weight"} and isinstance(model, _SINGLE):
        return Joint("input", "", ()), Joint("weight", "weight", (0,), int(getattr(model, "groups", 1)))
    try:
        # Code may store what it computes on itself; weights are not copied.
        traced = fx.Tracer().trace(copy.deepcopy(model, {id(weight): weight for weight in model.parameters()}))
    except Exception as error:  # whatever the network's own code does with a symbol
        reason = " ".join(str(error).split())[:80]
        raise ValueError(f"its code cannot be traced by torch.fx ({type(error).__name__}: {reason})") from None
    reader = _Reader(model, frozenset(layers))
    for node in traced.nodes:
        if node.op == "output":
            end = node.args[0]
            if not isinstance(end, fx.Node) or end not in reader.place:
                raise ValueError("it answers in several parts")
            return reader.up_to(reader.place[end])
        reader.read(node)
    raise ValueError("it has no output")


class _Reader:
    """What each node of the traced code is as a place of the graph."""

    def __init__(self, model: nn.Module, layers: frozenset[str]) -> None:
        self.model, self.layers = model, layers
        self.joints: list[Joint] = []
        self.place: dict[fx.Node, int] = {}  # nodes that hold numbers other than activations have none

    def read(self, node: fx.Node) -> None:
        """One node; those before it have been read."""
        before = [self.place[one] for one in node.all_input_nodes if one in self.place]
        if node.op == "placeholder":
            self._add(node, Joint("input", "", ()))
        elif node.op == "call_module":
            self._read_module(node, self.model.get_submodule(str(node.target)), before)
        elif node.op == "get_attr":
            if str(node.target) in self.layers or str(node.target).removesuffix(".weight") in self.layers:
                raise ValueError(f"{node.target} is used outside of its layer")
        elif before:
            self._read_call(node, _name_of(node), before)

    def _add(self, node: fx.Node, joint: Joint) -> None:
        self.joints.append(joint)
        self.place[node] = len(self.joints) - 1

    def _read_module(self, node: fx.Node, module: nn.Module, before: list[int]) -> None:
        name = str(node.target)
        if name in self.layers and len(before) == 1:
            if self._mixes_positions(module, before[0]):
                raise ValueError(f"{name} takes the positions of its input apart")
            groups = int(getattr(module, "groups", 1))
            if groups > 1 and getattr(module, "transposed", False):
                raise ValueError(f"{name} is a transposed convolution in groups")
            self._add(node, Joint("weight", name, (before[0],), groups))
        elif isinstance(module, (nn.Embedding, nn.EmbeddingBag)):
            self._add(node, Joint("input", "", ()))
        elif _keeps(module) and len(before) == 1:
            self.place[node] = before[0]
        else:
            raise ValueError(f"channels cannot be followed through {name} ({type(module).__name__})")

    def _mixes_positions(self, module: nn.Module, before: int) -> bool:
        """Whether a linear layer reads several positions of another one, which stand before its features."""
        layer = self.joints[before].layer
        source = self.model.get_submodule(layer) if layer else None
        if not isinstance(module, nn.Linear) or not isinstance(source, nn.Linear):
            return False
        return module.in_features != source.out_features

    def _read_call(self, node: fx.Node, call: str, before: list[int]) -> None:
        if call in _NUMBERS:
            return
        if call in ("cat", "concat") and _axis(node) == 1:
            self._add(node, Joint("concatenation", "", tuple(before)))
        elif call in _JOINING and len(before) > 1:
            self._add(node, Joint("sum", "", tuple(before)))
        elif call == "mean" and not _is_over_positions(node):
            raise ValueError("'mean' in its code may run over channels")
        elif len(before) == 1 and (call in _KEEPING_CALLS or call in _JOINING or _flattens(node, call)):
            self.place[node] = before[0]
        else:
            raise ValueError(f"channels cannot be followed through {call!r} in its code")

    def up_to(self, end: int) -> tuple[Joint, ...]:
        """The places that lead to one of them, numbered anew."""
        needed, waiting = {end}, [end]
        while waiting:
            new = set(self.joints[waiting.pop()].before) - needed
            needed |= new
            waiting += sorted(new)
        number = {old: new for new, old in enumerate(sorted(needed))}
        kept = [self.joints[old] for old in sorted(needed)]
        return tuple(joint._replace(before=tuple(number[one] for one in joint.before)) for joint in kept)


def _keeps(module: nn.Module) -> bool:
    if isinstance(module, (nn.MultiheadAttention, nn.LocalResponseNorm)):
        return False
    return isinstance(module, _KEEPING_MODULES) or type(module).__module__ in _KEEPING


def _name_of(node: fx.Node) -> str:
    return node.target if isinstance(node.target, str) else getattr(node.target, "__name__", str(node.target))


def _axis(node: fx.Node) -> Any:
    return node.args[1] if len(node.args) > 1 else node.kwargs.get("dim", 0)


def _is_over_positions(node: fx.Node) -> bool:
    axes = _axis(node)
    axes = set(axes) if isinstance(axes, (tuple, list)) else {axes}
    return axes == {-1, -2} or all(isinstance(axis, int) and axis > 1 for axis in axes)


def _flattens(node: fx.Node, call: str) -> bool:
    """Whether x.view(n, -1) or the like makes one row of each sample."""
    sizes = node.args[1] if len(node.args) == 2 and isinstance(node.args[1], (tuple, list)) else node.args[1:]
    return call in ("view", "reshape") and len(sizes) == 2 and bool(sizes[1] == -1)
