"""Bars of attention maps by hand."""

import pytest
import torch

from topolens.measures import attention_bar_sums, attention_barcodes


def cycle(tokens: int) -> torch.Tensor:
    """Each token pays all to the next."""
    return torch.eye(tokens).roll(1, 1)


def test_a_cycle_has_one_loop() -> None:
    bars = attention_barcodes(cycle(5)[None, None]).finite()
    assert bars.dim.tolist().count(1) == 1
    assert bars.intervals[bars.dim == 1].tolist() == [[0, 1]]
    assert attention_bar_sums(cycle(5)[None, None]).flatten().tolist() == [0, 1]


def test_equal_attention() -> None:
    sums = attention_bar_sums(torch.full((1, 1, 8, 8), 1 / 8))
    assert sums.flatten().tolist() == pytest.approx([7 * 7 / 8, 0])


def test_batch_and_heads_have_their_places() -> None:
    maps = torch.stack([torch.full((5, 5), 0.2), cycle(5), torch.eye(5)])[None].repeat(2, 1, 1, 1)
    maps[1, 0] = cycle(5)
    sums = attention_bar_sums(maps)
    assert sums.shape == (2, 2, 3)
    assert sums[1].tolist() == [[0, 1, 0], [1, 1, 0]]
    assert sums[0, 0].tolist() == pytest.approx([3.2, 0, 4])
    assert attention_bar_sums(maps, 0).shape == (1, 2, 3)


def test_what_tokens_pay_themselves_and_their_order_is_not_read() -> None:
    maps = torch.softmax(torch.randn(2, 2, 7, 7, generator=torch.Generator().manual_seed(0)), -1)
    order = torch.tensor([3, 1, 4, 0, 6, 5, 2])
    expected = attention_bar_sums(maps)
    torch.testing.assert_close(attention_bar_sums(maps[..., order, :][..., order]), expected)
    torch.testing.assert_close(attention_bar_sums(maps.diagonal_scatter(torch.zeros(2, 2, 7), 0, -2, -1)), expected)


def test_refused() -> None:
    with pytest.raises(ValueError, match=r"attention must have shape \(batch, heads, tokens, tokens\)"):
        attention_barcodes(torch.zeros(3, 3))
    with pytest.raises(ValueError, match="attention between two sequences"):
        attention_barcodes(torch.zeros(1, 1, 3, 4))
    with pytest.raises(ValueError, match=r"attention must lie within \[0, 1\], got 0 to 2"):
        attention_barcodes(torch.tensor([[[[0.0, 2], [0, 0]]]]))
    with pytest.raises(ValueError, match="attention contains NaN"):
        attention_barcodes(torch.full((1, 1, 2, 2), torch.nan))
