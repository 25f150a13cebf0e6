"""Trust: a network on digits and shifted digits, and how often chance is taken for a shift."""

import math
import os

import pytest
import torch
from sklearn.datasets import load_digits

import topolens as tl
from topolens.analyses import Answers, trust
from topolens.probes import image_shifts

SEEDS = 400 if os.environ.get("TOPOLENS_EXHAUSTIVE") == "1" else 60


@pytest.fixture(scope="module")
def digits() -> tuple[dict[str, torch.Tensor], dict[str, Answers]]:
    """A trained network 64:32:16:10, and its answers to known, clean and shifted digits."""
    data = load_digits()
    x, y = torch.tensor(data.data, dtype=torch.float32) / 16, torch.tensor(data.target)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        layers = [torch.nn.Linear(64, 32), torch.nn.Linear(32, 16), torch.nn.Linear(16, 10)]
    model = torch.nn.Sequential(layers[0], torch.nn.ReLU(), layers[1], torch.nn.ReLU(), layers[2])
    optimiser = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(150):
        optimiser.zero_grad()
        torch.nn.functional.cross_entropy(model(x[:1000]), y[:1000]).backward()
        optimiser.step()

    def answers(images: torch.Tensor) -> Answers:
        with torch.no_grad():
            hidden = layers[0](images).relu()
            last = layers[1](hidden).relu()
            return Answers({"second": hidden, "last": last}, layers[2](last))

    shifts = image_shifts(x[1000:].reshape(-1, 1, 8, 8))
    groups = {"known": answers(x[:1000]), "clean": answers(x[1000:])}
    weights = {"second": layers[1].weight.detach(), "last": layers[2].weight.detach()}
    return weights, groups | {name: answers(shifted.flatten(1)) for name, shifted in shifts.items()}


def noise(seed: int, samples: int = 40, logits: int = 3, wide: int = 4) -> Answers:
    generator = torch.Generator().manual_seed(seed)
    return Answers(
        {"last": torch.randn(samples, wide, generator=generator).relu()},
        torch.randn(samples, logits, generator=generator),
    )


WEIGHT = {"last": torch.randn(3, 4, generator=torch.Generator().manual_seed(9))}


def test_shifted_digits(digits) -> None:  # type: ignore[no-untyped-def]
    weights, groups = digits
    shifts = {name: groups[name] for name in ("noise", "blur", "inversion")}
    finding = trust(weights, groups["known"], groups["clean"], shifts, draws=50, nulls=99)
    assert finding.verdict in ("adds to the baselines", "sees the shift")
    assert finding.numbers["auroc.tu.inversion"].value > 0.8
    assert finding.numbers["auroc.tu.inversion"].p_value <= 0.05
    for number in (n for name, n in finding.numbers.items() if name.startswith("auroc")):
        low, high = number.interval
        assert 0 <= low <= number.value <= high <= 1
    gain = finding.numbers["gain.inversion"]
    best = max(finding.numbers[f"auroc.{key}.inversion"].value for key in ("softmax", "energy", "knn"))
    assert gain.value == pytest.approx(finding.numbers["auroc.tu.inversion"].value - best)
    assert len(finding.tables["shifts"].rows) == 3
    assert finding.to_json()["verdict"] == finding.verdict


def test_one_network_at_two_halves_of_its_data(digits) -> None:  # type: ignore[no-untyped-def]
    """Two halves of the same clean digits are no shift."""
    weights, groups = digits
    clean = groups["clean"]
    half = torch.randperm(len(clean.logits), generator=torch.Generator().manual_seed(0))
    parts = [Answers({n: x[rows] for n, x in clean.inputs.items()}, clean.logits[rows]) for rows in half.chunk(2)]
    assert trust(weights, groups["known"], parts[0], {"half": parts[1]}, draws=20).verdict == "does not see the shift"


def test_chance_is_rarely_taken_for_a_shift() -> None:
    """Two shifts at once, at level 0.05 over both, up to about the 99.9 % quantile of the binomial law."""
    claims = 0
    for seed in range(SEEDS):
        known, clean, one, other = (noise(4 * seed + i) for i in range(4))
        finding = trust(WEIGHT, known, clean, {"a": one, "b": other}, draws=2, nulls=59, seed=1000 * seed)
        claims += finding.verdict != "does not see the shift"
    assert claims <= 0.05 * SEEDS + 3.2 * (0.0475 * SEEDS) ** 0.5 + 0.5


def test_a_shift_that_only_the_trees_show() -> None:
    """Activations grow while logits and directions stay: softmax, energy and kNN are blind to it."""
    known, clean, shifted = noise(1, 80), noise(2, 80), noise(3, 80)
    grown = Answers({"last": 5 * shifted.inputs["last"]}, shifted.logits)
    finding = trust(WEIGHT, known, clean, {"grown": grown}, draws=50, nulls=99)
    assert finding.verdict == "adds to the baselines"
    assert finding.numbers["gain.grown"].interval[0] > 0
    assert "above the best baseline on 1 and below it on 0" in finding.answer


def test_an_answer_tells_where_a_baseline_is_better() -> None:
    """One shift that only the trees show, one that only the logits show: both are counted."""
    known, clean, shifted = noise(1, 80), noise(2, 80), noise(3, 80)
    grown = Answers({"last": 5 * shifted.inputs["last"]}, shifted.logits)
    unsure = Answers(shifted.inputs, 0.01 * shifted.logits)
    finding = trust(WEIGHT, known, clean, {"grown": grown, "unsure": unsure}, draws=50, nulls=99)
    assert "sees 1 of 2 shifts" in finding.answer
    assert "above the best baseline on 1 and below it on 1" in finding.answer


def test_scores_that_fall_are_not_trusted() -> None:
    """Dead activations lie nearer to the mean tree than live ones: one-sided, so no claim, but a warning."""
    known, clean, shifted = noise(1, 80), noise(2, 80), noise(3, 80)
    spread = Answers({"last": clean.inputs["last"] * 8}, clean.logits)
    finding = trust(WEIGHT, known, spread, {"calm": shifted}, draws=50, nulls=99)
    assert finding.verdict == "does not see the shift"
    assert "falls on calm" in finding.warnings[0]


def test_order_of_neurons_rescaling_and_threads(use_threads) -> None:  # type: ignore[no-untyped-def]
    """Rescaled inputs of the last layer, with its weights: topological uncertainty stays, kNN distance does not."""
    groups = [noise(i) for i in range(3)]
    order, scale = torch.tensor([2, 0, 3, 1]), torch.tensor([2.0, 0.25, 4.0, 1.0])

    def run(weights: torch.Tensor, move) -> tl.analyses.Finding:  # type: ignore[no-untyped-def]
        known, clean, shifted = (Answers({"last": move(g.inputs["last"])}, g.logits) for g in groups)
        return trust({"last": weights}, known, clean, {"other": shifted}, draws=10, nulls=19)

    plain = run(WEIGHT["last"], lambda x: x)
    assert run(WEIGHT["last"][:, order], lambda x: x[:, order]).numbers == plain.numbers
    rescaled = run(WEIGHT["last"] / scale, lambda x: x * scale)
    assert rescaled.numbers["auroc.tu.other"] == plain.numbers["auroc.tu.other"]
    assert rescaled.numbers["auroc.knn.other"] != plain.numbers["auroc.knn.other"]
    use_threads(2)
    assert run(WEIGHT["last"], lambda x: x).numbers == plain.numbers


def test_not_defined() -> None:
    good = noise(0)
    few = noise(1, 5)
    dead = Answers({"last": torch.zeros(40, 4)}, good.logits)
    assert "no shifted samples" in trust(WEIGHT, good, good, {}).answer
    assert "5 shifted a samples are too few, 10 are needed" in trust(WEIGHT, good, good, {"a": few}).answer
    assert "5 known samples are too few" in trust(WEIGHT, few, good, {"a": good}).answer
    assert "the same for all samples" in trust(WEIGHT, dead, dead, {"a": dead}).answer
    one = [noise(seed, logits=1) for seed in range(3)]
    finding = trust(WEIGHT, one[0], one[1], {"a": one[2]})
    assert finding.verdict == "not defined"
    assert "one class" in finding.answer


def test_bad_input() -> None:
    good = noise(0)
    with pytest.raises(ValueError, match="must have inputs of the layers last"):
        trust(WEIGHT, good, Answers({}, good.logits), {"a": good})
    with pytest.raises(ValueError, match="inputs of last must have 40 rows"):
        trust(WEIGHT, good, Answers({"last": torch.zeros(3, 4)}, good.logits), {"a": good})
    with pytest.raises(ValueError, match="NaN"):
        trust(WEIGHT, good, good._replace(logits=torch.full((40, 3), math.nan)), {"a": good})
    with pytest.raises(ValueError, match="NaN"):
        trust(WEIGHT, good, good, {"a": Answers({"last": torch.full((40, 4), math.nan)}, good.logits)})
    assert "cannot reach the level" in trust(WEIGHT, good, noise(1), {"a": noise(2)}, nulls=9, draws=2).warnings[-1]


def test_it_is_in_the_table_of_contents() -> None:
    assert trust in tl.analyses.ANALYSES
    assert "trust" in tl.analyses.CARDS
