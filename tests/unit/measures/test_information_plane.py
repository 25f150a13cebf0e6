"""Information of layers about inputs and labels: closed forms, saturation, bad input."""

import math

import pytest
import torch

from topolens.measures import binned_information, kernel_information

PATTERNS = torch.tensor([[(i >> bit) & 1 for bit in range(4)] for i in range(16)], dtype=torch.float64)


def test_a_one_to_one_layer_keeps_everything_and_says_so():
    labels = (PATTERNS.sum(1) % 2).long()
    found = binned_information(2 * PATTERNS - 1, labels)
    assert found.input == pytest.approx(4)
    assert found.label == pytest.approx(1)
    assert found.saturated
    assert found.saturation == pytest.approx(1)
    wide = kernel_information(100 * PATTERNS, labels)
    assert (wide.input_low, wide.input_high) == pytest.approx((4, 4))
    assert (wide.label_low, wide.label_high) == pytest.approx((1, 1))
    assert wide.saturated


def test_the_twelve_bits_of_the_original_set_up():
    """4,096 patterns through units in [-1, 1] cut into 30 bins; the parity is nothing until the last bit is known."""
    patterns = torch.tensor([[(i >> bit) & 1 for bit in range(12)] for i in range(4096)], dtype=torch.float64)
    parity = (patterns.sum(1) % 2).long()
    tanh = torch.tanh(3 * (2 * patterns - 1))
    for kept, told in ((12, 1.0), (11, 0.0), (5, 0.0)):
        found = binned_information(tanh[:, :kept], parity, bins=30, limits=(-1.0, 1.0))
        assert (found.input, found.label) == pytest.approx((kept, told), abs=1e-9)
        assert found.saturated == (kept == 12)
    close = torch.tanh(0.01 * (2 * patterns - 1))  # units that hardly move: two bins round 0 all the same
    assert binned_information(close, parity, bins=30, limits=(-1.0, 1.0)).input == pytest.approx(12)
    assert binned_information(close, parity, bins=31, limits=(-1.0, 1.0)).input == 0


def test_a_layer_that_drops_bits_keeps_the_others():
    labels = PATTERNS[:, 0].long()
    kept = binned_information(PATTERNS[:, :2], labels)
    assert (kept.input, kept.label) == pytest.approx((2, 1))
    assert not kept.saturated
    other = binned_information(PATTERNS[:, 2:], labels)
    assert (other.input, other.label) == pytest.approx((2, 0))
    kernel = kernel_information(100 * PATTERNS[:, 2:], labels)
    assert (kernel.input_high, kernel.label_high) == pytest.approx((2, 0))


def test_a_constant_layer_keeps_nothing():
    labels = torch.arange(16) % 2
    found = binned_information(torch.ones(16, 3), labels)
    assert (found.input, found.label, found.saturated) == (0, 0, False)
    kernel = kernel_information(torch.ones(16, 3), labels)
    assert (kernel.input_low, kernel.input_high, kernel.label_high) == pytest.approx((0, 0, 0))


def test_two_samples_by_the_formula():
    distance, noise = 0.7, 0.1
    found = kernel_information(torch.tensor([[0.0], [distance]], dtype=torch.float64), torch.tensor([0, 1]))
    for value, scale in ((found.input_low, 8), (found.input_high, 2)):
        assert value == pytest.approx(-math.log2((1 + math.exp(-(distance**2) / (scale * noise))) / 2))
    assert found.label_high == pytest.approx(found.input_high)


def test_bounds_enclose_the_information_of_a_gaussian_channel():
    """I(X; X + noise) = 1/2 log2(1 + variance / noise) per neuron for Gaussian X."""
    x = torch.randn(3000, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    found = kernel_information(x, torch.zeros(3000, dtype=torch.long), noise=0.25)
    truth = math.log2(1 + 1 / 0.25)
    assert found.input_low < truth < found.input_high
    assert not found.saturated


def test_neurons_may_be_renumbered_and_bins_have_limits():
    x = torch.rand(50, 3, generator=torch.Generator().manual_seed(1))
    labels = torch.arange(50) % 3
    assert binned_information(x, labels, bins=3) == binned_information(x[:, [2, 0, 1]], labels, bins=3)
    assert binned_information(x, labels, bins=1).input == 0
    assert binned_information(x, labels, bins=2, limits=(-9, 9)).input == 0
    assert binned_information(x, labels + 5, bins=3) == binned_information(x, labels, bins=3)


def test_bad_input_is_refused_in_one_sentence():
    x, labels = torch.rand(10, 2), torch.arange(10)
    for measure in (binned_information, kernel_information):
        with pytest.raises(ValueError, match="one whole number for each of 10 samples"):
            measure(x, labels[:9])
        with pytest.raises(ValueError, match="one whole number for each of 10 samples, got torch.float32"):
            measure(x, labels.float())
        with pytest.raises(ValueError, match="NaN"):
            measure(x * torch.nan, labels)
        with pytest.raises(ValueError, match="got none"):
            measure(x[:0], labels[:0])
    with pytest.raises(ValueError, match="bins must be above 0"):
        binned_information(x, labels, bins=0)
    with pytest.raises(ValueError, match="limits must rise"):
        binned_information(x, labels, limits=(1, 0))
    with pytest.raises(ValueError, match="noise must be above 0"):
        kernel_information(x, labels, noise=0)
