"""The neurons of one or several layers side by side, checked, with the ones that never vary set apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from topolens._checks import check_no_nan, check_tensor
from topolens.measures import varying_neurons
from topolens.measures.neuron_sampling import canonical_order

Activations = Tensor | Mapping[str, Tensor]


@dataclass(frozen=True)
class Neurons:
    """Neurons that vary.

    Args:
        layers: Layer to its activations (samples, varying neurons), float64 on the CPU, in an order that does not
            depend on how neurons are numbered.
        places: Layer to the number of each of these neurons in the layer as given.
        samples: How many there are.
        widths: Layer to the number of all its neurons, with the constant ones.
    """

    layers: dict[str, Tensor]
    places: dict[str, Tensor]
    samples: int
    widths: dict[str, int]

    @property
    def total(self) -> int:
        """How many neurons there are, with the constant ones."""
        return sum(self.widths.values())

    @property
    def varying(self) -> int:
        """How many neurons vary."""
        return sum(x.shape[1] for x in self.layers.values())


def neurons_of(name: str, activations: Activations) -> Neurons:
    """The neurons of a layer or a mapping of layers.

    Args:
        name: Of the argument, for errors.
        activations: Shape (samples, neurons), or layer to such a tensor, of the same samples.

    Raises:
        TypeError: If something is no floating-point tensor.
        ValueError: If a shape is wrong, an entry is NaN or infinite, or there is no layer, or layers have different
            samples.
    """
    given = activations if isinstance(activations, Mapping) else {"": activations}
    if not given:
        raise ValueError(f"{name} must hold at least one layer, got none; record some with topolens.probes.record")
    layers, places, widths = {}, {}, {}
    for layer, x in given.items():
        label = f"{name}[{layer!r}]" if layer else name
        check_no_nan(label, check_tensor(label, x, ("samples", "neurons"), "flatten positions or take their mean"))
        if bool(torch.isinf(x).any()):
            raise ValueError(f"{label} contains infinite values; clip them or leave those samples out")
        kept = varying_neurons(x).cpu().nonzero()[:, 0]
        wide = x.detach().cpu()[:, kept].double()
        order = canonical_order(wide) if len(wide) else torch.arange(0)
        layers[layer], places[layer], widths[layer] = wide[:, order], kept[order], x.shape[1]
    counts = {len(x) for x in layers.values()}
    if len(counts) > 1:
        raise ValueError(f"layers of {name} must have the same samples, got {sorted(counts)} of them")
    return Neurons(layers, places, counts.pop(), widths)
