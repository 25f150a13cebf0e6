"""Which layers have directions that independent weights of the same distribution would not have."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from scipy.linalg import eigvalsh
from torch import Tensor

from topolens.analyses.finding import Finding, Number, Series, Table
from topolens.analyses.method_card import MethodCard
from topolens.analyses.provenance import Cost
from topolens.analyses.weight_nulls import Weights, matrices_of, moved_p_values, shuffled, twins_of
from topolens.measures.weight_spectrum import WeightSpectrum, centred_gram, centred_singular_values, weight_spectrum

QUESTION = "Do the layers have singular directions that the same weights in random places do not have?"
VERDICTS = ("directions above the bulk", "bulk only", "not defined")
LEVEL = 0.05
DRAWN = 12  # layers whose curves can be told apart, just so

COLUMNS = (
    "layer",
    "outputs x inputs",
    "spectral norm",
    "stable rank",
    "effective rank",
    "largest shuffled",
    "above",
    "Marchenko-Pastur edge",
    "above the edge",
    "p",
    "verdict",
)

CARD = MethodCard(
    definition=(
        "Singular values of each layer as a matrix (out, in * kernel): the largest, the stable rank (sum of squares "
        "over the largest square), the effective rank (exp of the entropy of their shares), and how many lie above all "
        "that the same entries in random places reach, the mean entry taken off first."
    ),
    source=(
        '"Distribution of eigenvalues for some sets of random matrices", 1967, for the bulk; "The effective rank", '
        "2007. Ours: shuffled weights in place of the edge, which holds for large matrices, one test of all layers."
    ),
    neuron_permutation="unchanged up to rounding",
    relu_rescaling=(
        "changes all numbers: singular values of a layer follow the scale of its rows and columns, so that one scaled "
        "neuron alone makes a direction above the bulk"
    ),
    verdicts=VERDICTS,
    caveats=(
        "The level of 5 % is that over seeds of the shuffles. Untrained networks of one shape have nearly the same "
        "shuffles for one seed, and are wronged together: 5 of 40 perceptrons for CIFAR-10 with seed 0, 2 of 40 with a "
        "seed for each. More permutations lessen what one seed decides.",
        "Neurons of different norm suffice for directions above the bulk; they need not be features.",
        "Convolutions are read as (out, in * kernel), which is not the spectrum of the convolution as a map of images.",
    ),
)


def weight_spectra(
    weights: Weights,
    *,
    twin: Weights | None = None,
    permutations: int = 20,
    seed: int = 0,
    subject: str = "model",
    progress: Callable[[float], None] | None = None,
) -> Finding:
    """Spectral norm, stable and effective rank of each layer, and its singular values above the bulk.

    A layer has directions above the bulk if its largest singular value, the mean entry taken off, passes that of its
    shuffled entries farther than any layer does in 95 % of the shuffles of the whole network.

    Args:
        weights: A network, a state_dict, layers by name, or one layer; see `probes.weight_matrices`.
        twin: The same network before training; default a draw of PyTorch's own initialisation.
        permutations: How often the entries of each matrix are shuffled; below 19 nothing can reach the level.
        seed: Of shuffles and drawn twins.
        subject: Name of the network or layer, for the text.
        progress: Called with the share done, from 0 to 1.

    Returns:
        A Finding "weight_spectra" with a row and a verdict for each layer in `tables["layers"]`. Its own verdict is
        `directions above the bulk` if that of a layer is, `bulk only` if none is, `not defined` if shuffling changes no
        spectrum, as for one neuron or equal weights.

    Raises:
        TypeError: If `weights` is neither a network, nor a mapping, nor a tensor.
        ValueError: If there are no weights, some are NaN or infinite, the twin has other layers, or there is no
            permutation.

    Cost: for each layer a singular value decomposition, and per permutation a product of its matrix with itself.
    Source: "Distribution of eigenvalues for some sets of random matrices", 1967; see `CARDS`.
    """
    if permutations < 1:
        raise ValueError(f"permutations must be at least 1, got {permutations}")
    layers = matrices_of(weights)
    with Cost() as cost:
        spectra = {name: weight_spectrum(x) for name, x in layers.items()}
        untrained = {name: weight_spectrum(x) for name, x in twins_of(layers, twin, seed, 1)[0].items()}
        centred = {name: centred_singular_values(x.detach().cpu().double().numpy()) for name, x in layers.items()}
        nulls = []
        for index, draw in enumerate(shuffled(layers, permutations, seed)):
            nulls.append([_largest(x) for x in draw.values()])
            if progress is not None:
                progress((index + 1) / permutations)
    p_values = moved_p_values([float(values[0]) for values in centred.values()], nulls, upwards_only=True)
    edges = [max(draw[i] for draw in nulls) for i in range(len(layers))]
    above = {name: int((centred[name] > edge).sum()) for name, edge in zip(layers, edges, strict=True)}
    verdicts = [VERDICTS[2] if p is None else VERDICTS[0] if p <= LEVEL else VERDICTS[1] for p in p_values]
    verdict = next(v for v in VERDICTS if v in verdicts)
    low = 1 / (1 + permutations)
    few = f"Only {permutations} shuffles were drawn, so no p-value below {low:.2f} is possible; draw 19 or more."
    return Finding(
        name="weight_spectra",
        subject=subject,
        question=QUESTION,
        answer=_answer(verdict, spectra, above, verdicts, permutations),
        verdict=verdict,
        numbers=_numbers(spectra, untrained, above, p_values, edges),
        tables={"layers": _table(layers, spectra, above, p_values, edges, verdicts)},
        series={"singular_values": _series(spectra)},
        references={
            f"largest shuffled singular value of {name}": tuple(draw[i] for draw in nulls)
            for i, name in enumerate(layers)
        },
        warnings=(few,) if low > LEVEL else (),
        provenance=cost.provenance(
            seed, (sum(x.numel() for x in layers.values()),), {"permutations": permutations, "layers": len(layers)}
        ),
    )


def _largest(x: Tensor) -> float:
    """Largest singular value without the mean entry."""
    gram = centred_gram(x.double().numpy())
    last = len(gram) - 1
    return float(max(eigvalsh(gram, subset_by_index=[last, last])[0], 0.0)) ** 0.5


def _answer(
    verdict: str, spectra: Mapping[str, WeightSpectrum], above: Mapping[str, int], verdicts: list[str], draws: int
) -> str:
    if verdict == VERDICTS[2]:
        return "Not defined: each layer has one neuron on a side or equal weights, so shuffling changes no spectrum."
    first = max(above, key=lambda name: above[name])
    if verdict == VERDICTS[0]:
        return (
            f"{verdicts.count(VERDICTS[0])} of {len(above)} layers have directions above the bulk; most has {first}: "
            f"{above[first]} of {len(spectra[first].singular_values)} singular values exceed all that {draws} shuffles "
            f"reach, at a stable rank of {spectra[first].stable_rank:.1f}."
        )
    return f"None of {len(above)} layers has directions above what {draws} shuffles of its weights reach."


def _numbers(
    spectra: Mapping[str, WeightSpectrum],
    untrained: Mapping[str, WeightSpectrum],
    above: Mapping[str, int],
    p_values: list[float | None],
    edges: list[float],
) -> dict[str, Number]:
    numbers = {"above_bulk": Number(sum(above.values()), "singular values above those of shuffled weights, all layers")}
    for (name, found), p, edge in zip(spectra.items(), p_values, edges, strict=True):
        numbers[f"spectral_norm.{name}"] = Number(
            found.spectral_norm,
            f"largest singular value of {name}",
            reference=edge,
            reference_name="largest of the shuffled weights, mean entry taken off",
            p_value=p,
        )
        for quantity in ("stable_rank", "effective_rank"):
            numbers[f"{quantity}.{name}"] = Number(
                getattr(found, quantity),
                f"{quantity.replace('_', ' ')} of {name}",
                reference=getattr(untrained[name], quantity),
                reference_name="untrained twin",
            )
        numbers[f"above_bulk.{name}"] = Number(above[name], f"singular values of {name} above shuffled weights")
    return numbers


def _table(
    layers: Mapping[str, Tensor],
    spectra: Mapping[str, WeightSpectrum],
    above: Mapping[str, int],
    p_values: list[float | None],
    edges: list[float],
    verdicts: list[str],
) -> Table:
    rows = []
    for (name, found), p, edge, verdict in zip(spectra.items(), p_values, edges, verdicts, strict=True):
        shape = " x ".join(map(str, layers[name].shape))
        ranks = (found.stable_rank, found.effective_rank)
        edge_law = (found.bulk_edge, found.above_edge)
        rows.append((name, shape, found.spectral_norm, *ranks, edge, above[name], *edge_law, p, verdict))
    return Table(
        "Spectrum of each layer; above counts singular values beyond the largest of the same weights in random places, "
        "above the edge those beyond the Marchenko-Pastur edge, both without the mean entry",
        COLUMNS,
        tuple(rows),
    )


def _series(spectra: Mapping[str, WeightSpectrum]) -> Series:
    longest = max(len(found.singular_values) for found in spectra.values())
    shown = min(longest, 200)
    curves = {}
    names = list(spectra)
    drawn = [names[round(i)] for i in np.linspace(0, len(names) - 1, min(len(names), DRAWN))]
    for name in drawn:
        values = spectra[name].singular_values[:shown].tolist()
        curves[name] = (*values, *[None] * (shown - len(values)))
    of = "each layer" if len(drawn) == len(names) else f"{len(drawn)} of {len(names)} layers, evenly through the depth,"
    return Series(
        f"Singular values of {of} in falling order, the first 200.",
        "place",
        tuple(float(i + 1) for i in range(shown)),
        curves,
    )
