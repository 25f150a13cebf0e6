"""Samples for the analysis of trust: some that stand for what the network knows, others, and their shifts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from topolens import analyses
from topolens.analyses.finding import Finding
from topolens.probes import LinearInputs, batches, input_shifts, linear_inputs

MOST, FEWEST = 150, 30  # known samples, and as many clean ones
MOST_BYTES = 2**28  # of inputs
WORK = 6e8  # squared neurons times samples of all spanning trees, some seconds


def trust_of(model: nn.Module, data: Any, samples: int, seed: int) -> Finding:
    """The Finding "trust" on built-in shifts: one half of some samples is what the network knows, the other is shifted.

    Raises:
        ValueError: If no shift of the inputs is known, or no linear layer gives the network's answer.
    """
    x = _inputs(data, samples, seed)
    half = len(x) // 2
    try:
        known = linear_inputs(model, x[:half])
        count = _affordable(known, half)
        clean = x[half : half + count]
        groups = {"": clean, **input_shifts(clean, seed=seed)}
        answers = {name: linear_inputs(model, inputs) for name, inputs in groups.items()}
    except RuntimeError as error:
        raise ValueError(f"no answers to shifted samples: {error}") from error
    finding = analyses.trust(
        known.weights,
        analyses.Answers({n: y[:count] for n, y in known.inputs.items()}, known.outputs[:count]),
        _answers(answers.pop("")),
        {name: _answers(found) for name, found in answers.items()},
        seed=seed,
    )
    told = (
        f"What the network knows is here {count} of the samples given, and {count} others are shifted; give training "
        "data and shifts of your own to analyses.trust for more."
    )
    return replace(finding, warnings=(*finding.warnings, told))


def _answers(found: LinearInputs) -> analyses.Answers:
    return analyses.Answers(found.inputs, found.outputs)


def _affordable(found: LinearInputs, half: int) -> int:
    """So many known samples, and as many of each shift, that the trees take some seconds."""
    work = sum(sum(weight.shape) ** 2 for weight in found.weights.values())
    return min(half, max(FEWEST, int(WORK / (6 * work))))


def _inputs(data: Any, samples: int, seed: int) -> Tensor:
    """Inputs of some of the samples, in random order."""
    order = torch.randperm(samples, generator=torch.Generator().manual_seed(seed))[: 2 * MOST]
    places, kept, start, held = order.sort().values, list[Tensor](), 0, 0
    with torch.random.fork_rng(devices=[]):  # a loader may shuffle
        for batch in batches(data):
            if not isinstance(batch.inputs, Tensor) or not batch.inputs.is_floating_point():
                raise ValueError("no shift is known for inputs that are not one tensor of floating-point numbers")
            here = places[(places >= start) & (places < start + batch.size)] - start
            kept.append(batch.inputs.detach().cpu()[here])
            start, held = start + batch.size, held + kept[-1].nbytes
            if start > int(places[-1]) or held > MOST_BYTES:
                break
    x = torch.cat(kept)
    return x[torch.randperm(len(x), generator=torch.Generator().manual_seed(seed))]
