"""What a reader should know of a method before trusting its number."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class MethodCard:
    """How an analysis is defined, where it comes from, and what leaves it unchanged.

    Args:
        definition: What is computed, in a sentence or two.
        source: Paper title, year, section, and what is done differently here.
        neuron_permutation: What renumbering the neurons of a layer does to its numbers: "unchanged", or how it changes.
        relu_rescaling: What scaling a neuron's input weights by a factor and its output weights by the inverse does.
        verdicts: The closed list of words, one of which a finding gets.
        caveats: What is known to mislead.
    """

    definition: str
    source: str
    neuron_permutation: str
    relu_rescaling: str
    verdicts: tuple[str, ...]
    caveats: tuple[str, ...] = ()
