"""Which neurons to look at where there are too many: the strongest answers, an even share of each layer, or any."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from topolens._checks import check_no_nan, check_tensor

WAYS = ("importance", "stratified", "uniform")


def sample_neurons(
    activations: Tensor | Mapping[str, Tensor], count: int, sampling: str = "importance", seed: int = 0
) -> Tensor:
    """Numbers of `count` neurons drawn without replacement, rising, in the order of the layers laid side by side.

    Which neurons are drawn does not depend on how they are numbered, but for copies of one another.

    Args:
        activations: Shape (samples, neurons), or layer to such a tensor, of the same samples.
        count: How many to draw; all neurons where there are no more.
        sampling: "importance", as published: in proportion to the number of samples on which a neuron has the largest
            absolute activation of all; neurons that never have it share the weight of one sample. It favours layers of
            large activations, so it changes when layers are rescaled. "stratified": from each layer in proportion to
            its width, at least one where `count` allows. "uniform": all alike.
        seed: Of the draw.

    Returns:
        Shape (min(count, neurons),), int64, on the CPU.

    Raises:
        ValueError: If a shape is wrong, an entry is NaN, layers have different numbers of samples, `count` is below 1,
            or `sampling` is none of the three.

    Cost: a pass over the activations.
    Source: "Predicting the generalization gap in neural networks using topological data analysis", 2024, section 4, for
        importance sampling. Its code fails on fewer neurons than asked for, has no seed, and its probabilities do not
        sum to 1 where every neuron is the largest once; here they always do.
    """
    layers = list(activations.values()) if isinstance(activations, Mapping) else [activations]
    for x in layers:
        check_no_nan("activations", check_tensor("activations", x, ("samples", "neurons")))
    if len({len(x) for x in layers}) > 1:
        raise ValueError(f"layers must have the same samples, got {sorted({len(x) for x in layers})} of them")
    if count < 1 or sampling not in WAYS:
        raise ValueError(f"count must be at least 1 and sampling one of {WAYS}, got {count} and {sampling!r}")
    widths = [x.shape[1] for x in layers]
    total = sum(widths)
    if total <= count:
        return torch.arange(total)
    generator = torch.Generator().manual_seed(seed)
    flat = torch.cat([x.detach().to("cpu", torch.float64) for x in layers], 1)
    turn = canonical_order(flat)
    # Keys of a race: the `count` earliest of exponential clocks are a weighted draw without replacement.
    clocks = torch.empty(total, dtype=torch.float64).exponential_(generator=generator)
    if sampling == "importance":
        clocks = clocks / _importance(flat)[turn]
    elif sampling == "stratified":
        return _stratified(turn, clocks, widths, count)
    return turn[clocks.argsort(stable=True)[:count]].sort().values


def canonical_order(activations: Tensor) -> Tensor:
    """An order of neurons, shape (neurons,), that follows them when they are renumbered, scaled up or down, or moved.

    Random numbers laid along it give the same result for the same neurons however they are numbered. Copies of a
    neuron tie and keep the order they came in.

    Args:
        activations: Shape (samples, neurons), float64.
    """
    x = activations - activations.mean(0)
    deviation = x.square().mean(0).sqrt()
    fixed = torch.randn(len(x), generator=torch.Generator().manual_seed(0), dtype=x.dtype)
    keys = fixed @ (x / torch.where(deviation > 0, deviation, 1.0))
    return keys.argsort(stable=True)


def _importance(flat: Tensor) -> Tensor:
    """Probability of each neuron, shape (neurons,); they sum to 1."""
    wins = torch.bincount(flat.abs().argmax(1), minlength=flat.shape[1]).double()
    never = wins == 0
    weights = torch.where(never, 1 / never.sum().clamp_min(1), wins)
    return weights / weights.sum()


def _stratified(turn: Tensor, clocks: Tensor, widths: list[int], count: int) -> Tensor:
    """The earliest clocks of each layer, as many as its share of all neurons, the largest remainders rounded up."""
    shares = torch.tensor(widths, dtype=torch.float64) * count / sum(widths)
    take = shares.floor().long()
    if count >= len(widths):
        take = take.clamp_min(1).minimum(torch.tensor(widths))
    while int(take.sum()) != count:  # a seat more or less, where the share is missed by most
        missed = shares - take
        short = int(take.sum()) < count
        place = int(missed.argmax()) if short else int(torch.where(take > 1, missed, torch.inf).argmin())
        take[place] += 1 if short else -1
    layer = torch.arange(len(widths)).repeat_interleave(torch.tensor(widths))[turn]
    parts = []
    for own, number in enumerate(take.tolist()):
        members = (layer == own).nonzero()[:, 0]
        parts.append(turn[members[clocks[members].argsort(stable=True)[:number]]])
    return torch.cat(parts).sort().values
