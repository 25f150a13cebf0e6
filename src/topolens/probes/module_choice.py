"""Which parts of a network are meant: by name, by a pattern of names, or by type."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from fnmatch import fnmatchcase

from torch import nn

# They pass on what they get, or something less: nothing of their own to look at.
PASSIVE = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout, nn.Identity, nn.Flatten, nn.Unflatten)


def choose_modules(
    model: nn.Module, layers: str | type[nn.Module] | Sequence[str | type[nn.Module]] | None = None
) -> dict[str, nn.Module]:
    """The modules that are meant, by their dotted names, in the order of the network's definition.

    Args:
        model: The network.
        layers: Names, patterns with `*`, `?` or `[...]` ("blocks.*.conv?"), classes (`torch.nn.ReLU`), or several of
            these; "" is the network itself. None: all modules without modules in them, but those that only pass on
            what they get (dropout, flattening).

    Raises:
        ValueError: If one of `layers` matches nothing; the nearest names are told.

    Example:
        >>> model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
        >>> list(choose_modules(model, [nn.ReLU, "2"]))
        ['1', '2']
    """
    named = dict(model.named_modules())
    if layers is None:
        leaves = {
            name: module
            for name, module in named.items()
            if _is_leaf(module) and not isinstance(module, PASSIVE)
        }  # fmt: skip
        return leaves or {"": model}
    wanted = [layers] if isinstance(layers, (str, type)) else list(layers)
    chosen = set()
    for one in wanted:
        found = [name for name, module in named.items() if _meant(one, name, module)]
        if not found:
            raise ValueError(_nothing_like(one, named))
        chosen.update(found)
    return {name: module for name, module in named.items() if name in chosen}


def _is_leaf(module: nn.Module) -> bool:
    """Attention counts as one: it uses the weights of its last layer without calling it."""
    return isinstance(module, nn.MultiheadAttention) or next(module.children(), None) is None


def _meant(one: str | type[nn.Module], name: str, module: nn.Module) -> bool:
    return isinstance(module, one) if isinstance(one, type) else name == one or fnmatchcase(name, one)


def _nothing_like(one: str | type[nn.Module], named: dict[str, nn.Module]) -> str:
    if isinstance(one, type):
        kinds = sorted({type(module).__name__ for module in named.values()})
        return f"no module is a {one.__name__}; there are {', '.join(kinds)}"
    near = difflib.get_close_matches(one, named, n=3, cutoff=0.3) or list(named)[1:4]
    return f"no module is called {one!r}; nearest: {', '.join(map(repr, near))}"
