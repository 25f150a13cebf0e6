"""Attention against shuffled rows: chance is called chance, planted patterns are found."""

import os

import pytest
import torch
from torch import Tensor, nn

from topolens.analyses import ANALYSES, CARDS, attention
from topolens.measures import attention_bar_sums
from topolens.probes import record_attention

SEEDS = 300 if os.environ.get("TOPOLENS_EXHAUSTIVE") else 40


def chance(seed: int, causal: bool = False) -> Tensor:
    logits = 2 * torch.randn(3, 2, 8, 8, generator=torch.Generator().manual_seed(seed))
    if causal:
        logits = logits.masked_fill(torch.ones(8, 8).triu(1) > 0, -torch.inf)
    return torch.softmax(logits, -1)


def with_a_cycle(seed: int = 0) -> Tensor:
    """In the first head each token looks at the next."""
    maps = torch.softmax(2 * torch.randn(20, 2, 8, 8, generator=torch.Generator().manual_seed(seed)), -1)
    maps[:, 0] = 0.2 * maps[:, 0] + 0.8 * torch.eye(8).roll(1, 1)
    return maps


@pytest.mark.parametrize("causal", [False, True])
def test_false_positives(causal: bool) -> None:
    """At level 1 / 21 the count exceeds this bound with a probability below 0.001."""
    found = [attention(chance(seed, causal), seed=seed).verdict for seed in range(SEEDS)]
    assert sum(v == "beyond the weights of the rows" for v in found) <= SEEDS / 21 + 3.5 * (SEEDS / 21) ** 0.5


def test_planted_pattern_is_found() -> None:
    found = attention({"a": chance(5), "b": with_a_cycle()})
    assert found.verdict == "beyond the weights of the rows"
    rows = {row[:3]: row[-1] for row in found.tables["heads"].rows}
    assert rows["b", 0, 1] == "beyond the weights of the rows"
    assert rows["a", 0, 1] == rows["a", 1, 0] == rows["b", 1, 1] == "only the weights of the rows"
    loop = found.numbers["h1.b.0"]
    assert loop.value > 2 * loop.reference
    assert loop.interval[0] <= loop.value <= loop.interval[1]
    assert loop.value == pytest.approx(float(attention_bar_sums(with_a_cycle())[1, :, 0].mean()))
    assert found.to_json()["verdict"] == found.verdict
    assert attention in ANALYSES


def test_same_seed_same_finding() -> None:
    assert attention(chance(0), seed=4).numbers == attention(chance(0), seed=4).numbers


def test_invariance_as_the_card_says() -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16), 2, enable_nested_tensor=False)
    x = torch.randn(5, 4, 8, generator=torch.Generator().manual_seed(0))
    before = attention(record_attention(model, [x.transpose(0, 1)]))
    order = torch.tensor([2, 0, 3, 1, 5, 4, 7, 6])  # within each head of four
    for layer in model.layers:
        with torch.no_grad():
            for start in (0, 8):  # queries and keys
                rows = torch.arange(start, start + 8)
                layer.self_attn.in_proj_weight[rows] = layer.self_attn.in_proj_weight[rows][order]
                layer.self_attn.in_proj_bias[rows] = layer.self_attn.in_proj_bias[rows][order]
            layer.linear1.weight.mul_(4)
            layer.linear1.bias.mul_(4)
            layer.linear2.weight.div_(4)
    after = attention(record_attention(model, [x.transpose(0, 1)]))
    assert CARDS["attention"].neuron_permutation.startswith("unchanged")
    assert CARDS["attention"].relu_rescaling.startswith("unchanged")
    assert len(before.numbers) == 8
    for name, number in before.numbers.items():
        assert after.numbers[name].value == pytest.approx(number.value, rel=1e-5)
    assert after.verdict == before.verdict


def test_not_defined() -> None:
    assert attention(torch.full((2, 2, 6, 6), 1 / 6)).verdict == "not defined"
    small = attention(chance(0)[..., :3, :3])
    assert small.verdict == "not defined"
    assert small.warnings[0] == "attention has 3 tokens and 3 samples, too few to shuffle."
    assert any("nothing can reach the level" in w for w in attention(chance(0), shuffles=9).warnings)


def test_untrained_beside_it() -> None:
    maps, before = {"a": with_a_cycle()}, {"a": chance(1)}
    found = attention(maps, untrained=before)
    expected = attention_bar_sums(before["a"]).mean(1).flatten().tolist()
    assert [row[5] for row in found.tables["heads"].rows] == expected
    assert found.references["untrained"] == tuple(expected)
    assert found.numbers == attention(maps).numbers
    assert not any("Untrained networks have patterns" in w for w in found.warnings)
    with pytest.raises(ValueError, match="untrained maps must be of the same layers and heads"):
        attention(maps, untrained={"b": chance(1)})


def test_refused() -> None:
    with pytest.raises(ValueError, match="maps must hold a layer"):
        attention({})
    with pytest.raises(ValueError, match="there must be a shuffle, and max_dim 0 or 1"):
        attention(chance(0), shuffles=0)
    with pytest.raises(ValueError, match="attention contains NaN"):
        attention(torch.full((1, 1, 5, 5), torch.nan))
    with pytest.raises(ValueError, match="attention between two sequences"):
        attention(torch.zeros(1, 1, 5, 6))
