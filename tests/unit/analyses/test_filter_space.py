"""The verdicts on filters: ideal models, nulls, false positives, and a real ImageNet network."""

import numpy as np
import pytest
import torch

import topolens as tl
from topolens.analyses import Effort, filter_space
from topolens.analyses.filter_verdict import VERDICTS
from topolens.sampling import gaussian_filters

LEAN = Effort(twins=1, repeats=5, sweep=False, graph=False)


def as_weight(points: torch.Tensor) -> torch.Tensor:
    return points.reshape(-1, 1, 3, 3)


@pytest.mark.parametrize(
    ("model", "loops", "verdict"),
    [
        ("primary_circle", 1, "circle"),
        ("two_circles", 3, "several loops"),
        ("three_circles", 5, "several loops"),
        ("klein_bottle", 2, "several loops"),
        ("four_clusters", 1, "clusters on a cycle"),
        ("eight_clusters", 1, "clusters on a cycle"),
        ("gaussian", 0, "no structure"),
    ],
)
@pytest.mark.parametrize("noise", [0.03, 0.08])
def test_ideal_models_get_their_verdict(model, loops, verdict, noise):
    weight = as_weight(tl.shapes.filter_model(model, 6000, noise, seed=1))
    finding = filter_space(weight, p=1.0, effort=LEAN)
    assert finding.numbers["b1"].value == loops
    assert finding.verdict == verdict


def test_no_null_is_called_a_loop():
    verdicts = [
        filter_space(as_weight(gaussian_filters(3000, 9, seed)), k=50, effort=LEAN).verdict for seed in range(20)
    ]
    assert verdicts == ["no structure"] * 20


def test_a_circle_hidden_in_noise_is_found_by_the_density_core():
    circle = tl.shapes.filter_model("primary_circle", 1800, 0.05, seed=2)
    weight = as_weight(torch.cat([circle, gaussian_filters(4200, 9, 3)]))
    hidden = filter_space(weight, k=50, p=1.0, effort=LEAN)
    found = filter_space(weight, k=15, p=0.25, effort=LEAN)
    assert hidden.verdict == "no structure"
    assert found.verdict == "circle"
    assert found.numbers["orientation_correlation"].value > 0.95


def test_every_number_has_a_reference_and_the_seed_decides_everything():
    weight = as_weight(tl.shapes.filter_model("primary_circle", 2000, 0.05, seed=4))
    first, second = (filter_space(weight, k=20, effort=LEAN).to_json() for _ in range(2))
    for finding in (first, second):
        for costly in ("seconds", "peak_memory_mb"):
            del finding["provenance"][costly]
    assert first == second
    assert first["numbers"]["top_bar"]["reference"] < first["numbers"]["top_bar"]["value"]
    assert first["numbers"]["top_bar"]["p_value"] == pytest.approx(1 / 21)
    assert first["numbers"]["top_bar"]["interval"][0] <= first["numbers"]["top_bar"]["value"]
    assert first["verdict"] in VERDICTS


def test_threads_do_not_change_a_number():
    weight = as_weight(tl.shapes.filter_model("two_circles", 1500, 0.05, seed=5))
    threads, numbers = torch.get_num_threads(), []
    try:
        for count in (1, 2):
            torch.set_num_threads(count)
            numbers.append({name: n.value for name, n in filter_space(weight, k=20, effort=LEAN).numbers.items()})
    finally:
        torch.set_num_threads(threads)
    assert numbers[0] == numbers[1]


def test_too_few_filters_says_how_many_it_takes():
    finding = filter_space(torch.randn(8, 1, 3, 3))
    assert finding.verdict == "too few filters"
    assert finding.numbers["needed"].value == 334
    assert "334" in finding.answer


def test_dead_and_constant_filters_are_counted():
    weight = as_weight(tl.shapes.filter_model("primary_circle", 1000, 0.05, seed=6)).clone()
    weight[:7] = 0
    weight[7:10] = 3.0
    finding = filter_space(weight, k=10, effort=LEAN)
    assert finding.numbers["n"].value == 990
    assert any("10 of 1,000 filters are dead or constant" in warning for warning in finding.warnings)


def test_all_filters_constant_is_too_few():
    assert filter_space(torch.ones(64, 64, 3, 3)).verdict == "too few filters"


@pytest.mark.parametrize("size", [(5, 5), (7, 7), (3, 5), (2, 2)])
def test_other_kernel_sizes(size):
    finding = filter_space(torch.randn(30, 30, *size, generator=torch.Generator().manual_seed(0)), k=20, effort=LEAN)
    assert finding.verdict == "no structure"
    assert torch.as_tensor(finding.figures["filters_along_circle"].data["filters"]).shape == (24, *size)


@pytest.mark.parametrize(
    ("weight", "error", "words"),
    [
        (torch.zeros(3, 3), ValueError, r"weight must have shape \(out, in, h, w\), got \(3, 3\)"),
        (torch.full((40, 40, 3, 3), float("nan")), ValueError, "NaN"),
        (torch.zeros(40, 40, 3, 3, dtype=torch.int64), TypeError, "floating-point"),
    ],
)
def test_bad_weights_are_refused_in_one_sentence(weight, error, words):
    with pytest.raises(error, match=words):
        filter_space(weight)


def test_the_input_is_left_alone():
    weight = as_weight(tl.shapes.filter_model("primary_circle", 1000, 0.05, seed=7))
    before, state = weight.clone(), torch.get_rng_state()
    filter_space(weight, k=20, effort=LEAN)
    assert torch.equal(weight, before)
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("layer", "verdict", "top"),
    [
        ("conv1_2", "clusters on a cycle", (0.36, 0.56)),
        ("conv2_1", "circle", (0.45, 0.62)),
        ("conv2_2", "several loops", (0.30, 0.50)),
    ],
)
@pytest.mark.parametrize("seed", [0, 1])
def test_vgg19_layers_get_their_published_verdict(data_folder, layer, verdict, top, seed):
    weights = np.load(data_folder / "vgg19_imagenet_conv1_1_to_conv3_1.npz")
    finding = filter_space(torch.from_numpy(weights[f"{layer}.weight"]), seed=seed, effort=LEAN)
    assert finding.verdict == verdict
    assert top[0] <= finding.numbers["top_bar"].value <= top[1]


@pytest.mark.real_data
@pytest.mark.parametrize("seed", [0, 2])
def test_vgg19_conv3_1_stays_near_its_null(data_folder, seed):
    weights = np.load(data_folder / "vgg19_imagenet_conv1_1_to_conv3_1.npz")
    finding = filter_space(torch.from_numpy(weights["conv3_1.weight"]), seed=seed, effort=LEAN)
    assert finding.verdict == "no structure"
    assert finding.numbers["top_bar"].value < 0.1
