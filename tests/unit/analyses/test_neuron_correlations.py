"""Verdicts on correlations between neurons: planted structure, its shuffled copy, false positives, bad input."""

import json
import math
import os

import pytest
import torch

from topolens.analyses import CARDS, neuron_correlations
from topolens.analyses.neuron_compared import VERDICTS
from topolens.sampling import joint_p_value, same_spectrum, shuffled_columns, shuffled_pairs

BEYOND, HISTOGRAM, INDEPENDENT, NOT_DEFINED = VERDICTS
SEEDS = 200 if os.environ.get("TOPOLENS_EXHAUSTIVE") == "1" else 20


def noise(samples: int = 200, neurons: int = 30, seed: int = 0) -> torch.Tensor:
    return torch.randn(samples, neurons, generator=torch.Generator().manual_seed(seed))


def ring(samples: int = 400, neurons: int = 50, seed: int = 0) -> torch.Tensor:
    """Neurons tuned to directions all round a circle."""
    generator = torch.Generator().manual_seed(seed)
    shown = 2 * math.pi * torch.rand(samples, 1, generator=generator)
    liked = 2 * math.pi * torch.arange(neurons) / neurons
    tuned = torch.exp(4 * (torch.cos(shown - liked) - 1))
    return tuned + 0.3 * tuned.std() * torch.randn(samples, neurons, generator=generator)


def groups(samples: int = 300, seed: int = 0) -> torch.Tensor:
    """Five groups of eight neurons."""
    return noise(samples, 5, seed).repeat(1, 8) + noise(samples, 40, seed + 1)


def lean(activations, untrained=None, **settings):
    return neuron_correlations(activations, untrained, **{"draws": 2, **settings})


def test_a_ring_of_neurons_is_a_loop_and_its_shuffled_copy_is_none():
    for seed in range(3):
        finding = lean(ring(seed=seed), seed=seed)
        assert finding.verdict == BEYOND
        assert finding.numbers["loops"].value == 1
        assert finding.numbers["h1_longest"].value > 0.3
        shuffled = lean(shuffled_columns(ring(seed=seed), seed), seed=seed)
        assert shuffled.numbers["h1_longest"].value < 0.15


@pytest.mark.parametrize("relu", [False, True])
def test_a_few_shared_directions_make_no_loop(relu):
    loops = 0
    for seed in range(SEEDS // 2):
        x = noise(300, 6, seed) @ noise(6, 30, 1000 + seed) + noise(300, 30, 2000 + seed)
        loops += lean(torch.relu(x) if relu else x, seed=seed).numbers["loops"].value > 0
    assert loops <= 0.05 * SEEDS / 2 + 1


def test_groups_of_neurons_are_structure_without_a_loop():
    finding = lean(groups())
    assert finding.verdict == BEYOND
    assert finding.numbers["loops"].value == 0
    assert finding.numbers["h0_mean_death"].p_value == pytest.approx(0.1)
    assert finding.numbers["mean_correlation"].value > finding.numbers["mean_correlation"].reference


def test_independent_neurons_pass_for_independent_at_the_stated_level():
    found = [lean(noise(60, 20, seed), seed=7 * seed) for seed in range(SEEDS)]
    wrong = sum(finding.verdict != INDEPENDENT for finding in found)
    assert wrong <= 0.05 * SEEDS + 2 * math.sqrt(0.05 * 0.95 * SEEDS)
    assert sum(finding.verdict == BEYOND for finding in found) <= 0.05 * SEEDS


def exchangeable(seed: int, neurons: int = 25, samples: int = 200) -> torch.Tensor:
    """Neurons whose correlations are independent of each other around 0.4, to the last digit."""
    generator = torch.Generator().manual_seed(seed)
    noise = 0.04 * torch.randn(neurons, neurons, generator=generator, dtype=torch.float64).tril(-1)
    matrix = (0.4 + noise + noise.T).fill_diagonal_(1.0)
    x = torch.randn(samples, neurons, generator=generator, dtype=torch.float64)
    return torch.linalg.qr(x - x.mean(0))[0] @ torch.linalg.cholesky(matrix).T


def test_correlations_dealt_at_random_are_explained_by_their_histogram_at_the_stated_level():
    verdicts = [lean(exchangeable(seed), seed=seed).verdict for seed in range(SEEDS)]
    assert set(verdicts) <= {BEYOND, HISTOGRAM}
    assert verdicts.count(BEYOND) <= 0.05 * SEEDS + 2 * math.sqrt(0.05 * 0.95 * SEEDS)


def numbers_of(finding):
    # A Gaussian of the same covariance is drawn through a decomposition that rounding may turn; no number rests on it.
    references = {name: values for name, values in finding.references.items() if "Gaussian" not in name}
    flat = [(n.value, n.reference, n.p_value, *(n.interval or ())) for n in finding.numbers.values()]
    return [x for row in (*flat, *references.values()) for x in row if x is not None]


@pytest.mark.parametrize("neurons", [300, 30])
def test_renumbering_and_rescaling_neurons_changes_nothing(neurons):
    x = {"a": torch.relu(groups()).double(), "b": ring(300).double()}
    first = lean(x, neurons=neurons)
    generator = torch.Generator().manual_seed(1)
    other = {
        name: (layer * torch.exp(torch.randn(layer.shape[1], generator=generator)))[
            :, torch.randperm(layer.shape[1], generator=generator)
        ]
        for name, layer in x.items()
    }
    second = lean(other, neurons=neurons)
    assert first.verdict == second.verdict
    assert numbers_of(first) == pytest.approx(numbers_of(second), abs=1e-9)
    card = CARDS["neuron_correlations"]
    assert card.neuron_permutation.startswith("unchanged")
    assert card.relu_rescaling.startswith("unchanged")


def test_the_same_seed_gives_the_same_finding_on_one_thread_or_two():
    threads, found = torch.get_num_threads(), []
    state, x = torch.get_rng_state(), groups()
    before = x.clone()
    try:
        for count in (1, 2):
            torch.set_num_threads(count)
            found.append(numbers_of(lean(x, neurons=20, nulls=5)))
    finally:
        torch.set_num_threads(threads)
    assert found[0] == pytest.approx(found[1], abs=1e-12)
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(x, before)


def test_an_untrained_twin_stands_beside_each_number_and_layer():
    finding = lean({"a": groups(), "b": ring(300)}, {"a": noise(300, 40), "b": noise(300, 50)})
    table = finding.tables["summaries"]
    assert table.columns[-1] == "untrained"
    assert table.rows[0][-1] < table.rows[0][1]
    assert f"untrained {table.rows[0][-1]:.3f}" in finding.answer
    layers = {row[0]: row for row in finding.tables["layers"].rows}
    assert layers["a"][1] == 40
    assert layers["b"][2] > layers["b"][4]
    histogram = finding.series["histogram"]
    assert set(histogram.curves) == {"network", "columns shuffled", "untrained"}
    assert sum(histogram.curves["network"]) == pytest.approx(1)
    assert json.dumps(finding.to_json(), allow_nan=False)


def test_every_number_of_the_bars_has_an_interval_and_a_reference():
    finding = neuron_correlations(groups())
    for name in ("mean_correlation", "h0_mean_death", "h1_mean_life", "h1_mean_midlife", "h1_longest", "h1_entropy"):
        number = finding.numbers[name]
        assert number.interval[0] <= number.value <= number.interval[1]
        assert number.reference is not None
        assert number.p_value >= 1 / 20
    assert "gap" not in finding.answer


def test_constant_neurons_are_left_out_and_counted():
    x = groups()
    x[:, [3, 8]] = 0.1
    finding = lean(x)
    assert finding.numbers["constant"].value == 2
    assert finding.numbers["used"].value == 38
    assert any("2 of 40 neurons never vary" in warning for warning in finding.warnings)


def test_fewer_samples_than_neurons_is_warned_of():
    finding = lean(noise(20, 60))
    assert any("20 samples are few for 60 neurons" in warning for warning in finding.warnings)
    assert finding.verdict in VERDICTS


def test_more_neurons_than_are_looked_at():
    finding = lean(torch.cat([groups(), noise(300, 60, 5)], 1), neurons=30, sampling="importance")
    assert finding.numbers["used"].value == 30
    assert any("30 of 100 neurons were drawn (importance)" in warning for warning in finding.warnings)
    assert "draws of other neurons" in finding.tables["summaries"].caption


def test_a_small_budget_cuts_network_and_nulls_alike():
    finding = lean(noise(100, 80), budget=1e-4)
    assert finding.provenance["parameters"]["max_scale"] < 1
    assert any("bars are cut off at" in warning for warning in finding.warnings)
    assert finding.verdict in (INDEPENDENT, BEYOND, HISTOGRAM)


@pytest.mark.parametrize("x", [noise(9, 30), noise(50, 1), noise(50, 4), torch.ones(50, 30), torch.zeros(0, 8)])
def test_too_little_is_not_defined(x):
    finding = neuron_correlations(x)
    assert finding.verdict == NOT_DEFINED
    assert finding.answer.startswith("Not defined")
    assert json.dumps(finding.to_json(), allow_nan=False)


def test_copies_alone_are_no_structure():
    finding = lean(noise(50, 1).repeat(1, 10))
    assert finding.verdict == HISTOGRAM
    assert json.dumps(finding.to_json(), allow_nan=False)


@pytest.mark.parametrize(
    ("activations", "settings", "error", "words"),
    [
        ({"fc": noise() * torch.nan}, {}, ValueError, r"activations\['fc'\] contains NaN"),
        (noise().index_fill(0, torch.tensor([0]), math.inf), {}, ValueError, "infinite"),
        ({"a": noise(20), "b": noise(30)}, {}, ValueError, r"same samples, got \[20, 30\]"),
        ({}, {}, ValueError, "at least one layer"),
        (torch.zeros(4, 3, 2), {}, ValueError, r"shape \(samples, neurons\)"),
        (torch.zeros(40, 30, dtype=torch.int64), {}, TypeError, "floating-point"),
        (noise(), {"neurons": 3}, ValueError, "got neurons=3"),
        (noise(), {"nulls": 0}, ValueError, "nulls=0"),
        (noise(), {"budget": 0.0}, ValueError, "budget=0.0"),
        (noise(), {"sampling": "best"}, ValueError, "got 300 and 'best'"),
    ],
)
def test_refused_in_one_sentence(activations, settings, error, words):
    with pytest.raises(error, match=words):
        neuron_correlations(activations, **settings)


def test_shuffled_pairs_keep_the_histogram_alone():
    matrix = torch.rand(12, 12, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    matrix = matrix + matrix.T
    shuffled = shuffled_pairs(matrix, 3)
    assert torch.equal(shuffled, shuffled.T)
    assert torch.equal(shuffled.flatten().sort().values, matrix.flatten().sort().values)
    assert torch.equal(shuffled.diagonal(), matrix.diagonal())
    assert not torch.equal(shuffled, matrix)
    with pytest.raises(ValueError, match="must be square"):
        shuffled_pairs(matrix[:3])


def test_the_same_spectrum_is_a_correlation_matrix_of_it():
    correlation = torch.corrcoef(groups().double().T)
    turned = same_spectrum(correlation, 2)
    assert torch.equal(turned.diagonal(), torch.ones(40, dtype=torch.float64))
    values, own = torch.linalg.eigvalsh(turned), torch.linalg.eigvalsh(correlation)
    assert values.min() > 0
    assert float((values.sum() ** 2 / values.square().sum()) / (own.sum() ** 2 / own.square().sum())) == pytest.approx(
        1, abs=0.25
    )


def test_joint_p_values_are_even_on_nulls_and_ignore_rounding():
    generator = torch.Generator().manual_seed(0)
    p = [joint_p_value(*_split(torch.randn(20, 3, generator=generator))) for _ in range(400)]
    assert sum(x <= 0.05 for x in p) <= 32
    assert sum(p) / len(p) == pytest.approx(0.525, abs=0.05)
    assert joint_p_value([1 + 1e-15], [[1.0]] * 19) == 1.0
    with pytest.raises(ValueError, match="at least one null"):
        joint_p_value([1.0], [])
    with pytest.raises(ValueError, match="NaN"):
        joint_p_value([math.nan], [[1.0]])


def _split(rows: torch.Tensor) -> tuple[list[float], list[list[float]]]:
    return rows[0].tolist(), rows[1:].tolist()
