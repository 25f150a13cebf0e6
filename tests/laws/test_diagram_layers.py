"""Laws that every layer on diagrams obeys."""

import copy
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.autograd import gradcheck, gradgradcheck
from torch.nn.attention import SDPBackend, sdpa_kernel

from topolens.diagrams import Diagrams
from topolens.layers import (
    Atol,
    DeepSets,
    EntropyTransform,
    EquivariantTransform,
    ExponentialTransform,
    FlatTransform,
    GaussianMixtureWeight,
    GaussianTransform,
    GridWeight,
    Landscape,
    LineTransform,
    Persformer,
    PersistenceImage,
    PersLay,
    PLLay,
    PowerWeight,
    RationalHatTransform,
    RationalTransform,
    Silhouette,
    TentTransform,
)

INF = float("inf")
GRID = torch.linspace(-0.013, 2.1, 6, dtype=torch.float64)
CENTRES = torch.tensor([[0.1, 0.7], [0.33, 1.4], [0.87, 0.91]], dtype=torch.float64)
BOX = ((-0.03, 1.02), (-0.01, 2.07))
TRANSFORMS: dict[str, Callable[[], nn.Module]] = {
    "tent": lambda: TentTransform(GRID),
    "flat": lambda: FlatTransform(GRID),
    "entropy": lambda: EntropyTransform(GRID),
    "gaussian": lambda: GaussianTransform(CENTRES, 0.4),
    "line": lambda: LineTransform(4),
    "exponential": lambda: ExponentialTransform(CENTRES),
    "rational": lambda: RationalTransform(CENTRES),
    "rational_hat": lambda: RationalHatTransform(CENTRES, 0.45),
    "rational_hat_euclid": lambda: RationalHatTransform(CENTRES, 0.45, norm=2),
    "rational_hat_max": lambda: RationalHatTransform(CENTRES, 0.45, norm=INF),
    "equivariant": lambda: EquivariantTransform(5, op="max"),
}
WEIGHTS: dict[str, Callable[[], nn.Module]] = {
    "power": PowerWeight,
    "root": lambda: PowerWeight(0.5, 2.0),
    "grid": lambda: GridWeight(torch.arange(12.0).reshape(3, 4) / 7, *BOX),
    "mixture": lambda: GaussianMixtureWeight(CENTRES, 0.6),
}
OPERATIONS = {
    op: lambda op=op: PersLay(LineTransform(4), PowerWeight(), op=op, k=3, rho=nn.Linear(12 if op == "topk" else 4, 2))
    for op in ("sum", "mean", "max", "min", "topk")
}
OTHERS: dict[str, Callable[[], nn.Module]] = {
    "silhouette": lambda: Silhouette(GRID, 1.3),
    "landscape": lambda: Landscape(GRID, levels=4),
    "image": lambda: PersistenceImage(GRID, GRID + 0.1, sigma=0.3),
    "atol": lambda: Atol(CENTRES, torch.tensor([0.5, 0.4, 0.3])),
    "atol_laplacian": lambda: Atol(CENTRES, torch.tensor([0.5, 0.4, 0.3]), "laplacian", "mean"),
    "atol_indicator": lambda: Atol(CENTRES, torch.tensor([0.5, 0.4, 0.3]), "indicator"),
    "pllay": lambda: PLLay(GRID, 3),
    "pllay_radial": lambda: PLLay(GRID, 3, kind="radial"),
    "deep_sets": lambda: DeepSets(3, hidden=8),
    "deep_sets_sum": lambda: DeepSets(3, hidden=8, op="sum"),
    "persformer": lambda: Persformer(3, width=8, heads=2),
}
LAYERS = {
    **{f"perslay_{name}": lambda make=make: PersLay(make()) for name, make in TRANSFORMS.items()},
    **{f"weight_{name}": lambda make=make: PersLay(TentTransform(GRID), make()) for name, make in WEIGHTS.items()},
    **{f"op_{name}": make for name, make in OPERATIONS.items()},
    **OTHERS,
}
each_layer = pytest.mark.parametrize("name", LAYERS)
# Bars of length 0 have weight 0 in these.
BLIND_TO_THE_DIAGONAL = (
    "perslay_tent", "perslay_entropy", "weight_power", "weight_root", "weight_grid", "weight_mixture", "op_sum",
    "silhouette", "landscape", "image", "pllay", "pllay_radial",
)  # fmt: skip


def layer(name: str, dtype: torch.dtype = torch.float64) -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return LAYERS[name]().to(dtype)


def batch(seed: int = 0, items: int = 12, levels: int = 6) -> Diagrams:
    """Bars of two dimensions with ties, doubles and lengths of 0, essential ones, and items without any."""
    rng = np.random.default_rng(seed)

    def bars(most: int) -> np.ndarray:
        birth = rng.integers(0, levels, rng.integers(0, most)) / levels
        out = np.stack([birth, birth + rng.integers(0, levels + 1, len(birth)) / levels], 1)
        return np.concatenate([out, out[:1]])

    made = [{0: np.concatenate([bars(3), [[0.0, INF]]]), 1: bars(9)} for _ in range(items - 2)]
    return Diagrams.from_intervals([{}, *made, {0: [[0.5, INF]]}], dtype=torch.float64)


def with_bars(d: Diagrams, intervals: Tensor) -> Diagrams:
    return Diagrams(intervals, d.dim, d.batch, d.cells, d.batch_size)


def two_bars(birth: float, death: float) -> Diagrams:
    return Diagrams.from_intervals([{1: [[birth, death], [0.1, 1.9]]}], dtype=torch.float64)


@each_layer
def test_a_batch_is_one_by_one(name: str) -> None:
    """So neither the other items nor the padding they cause change anything."""
    f, d = layer(name), batch()
    found = f(d)
    assert found.shape[0] == d.batch_size
    assert found.isfinite().all()
    torch.testing.assert_close(found, torch.cat([f(one) for one in d]), atol=1e-12, rtol=1e-12)
    long = Diagrams.from_intervals([{1: np.random.default_rng(1).random((500, 2))}], dtype=torch.float64)
    torch.testing.assert_close(f(Diagrams.cat([d, long]))[:-1], found, atol=1e-12, rtol=1e-12)


@each_layer
def test_the_order_of_bars_is_nothing(name: str) -> None:
    f, d = layer(name), batch(1)
    order = torch.randperm(len(d), generator=torch.Generator().manual_seed(0))
    mixed = Diagrams(d.intervals[order], d.dim[order], d.batch[order], d.cells[order], d.batch_size)
    torch.testing.assert_close(f(mixed), f(d), atol=1e-12, rtol=1e-12)


@each_layer
def test_bars_that_never_die_are_left_out(name: str) -> None:
    f, d = layer(name), batch(2)
    torch.testing.assert_close(f(d), f(d.finite()), atol=1e-12, rtol=1e-12)
    assert torch.equal(f(d)[-1], f(d)[0])  # nothing but an essential bar, and nothing at all


@pytest.mark.parametrize("name", BLIND_TO_THE_DIAGONAL)
def test_bars_of_length_0_change_nothing(name: str) -> None:
    f, d = layer(name), batch(3)
    short = Diagrams.from_intervals([{1: [[0.4, 0.4], [1.7, 1.7]]}] * d.batch_size, dtype=torch.float64)
    more = Diagrams(
        *(torch.cat([getattr(d, n), getattr(short, n)]) for n in ("intervals", "dim", "batch", "cells")), 12
    )
    torch.testing.assert_close(f(more), f(d), atol=1e-12, rtol=1e-12)


@each_layer
def test_bars_change_something(name: str) -> None:
    f = layer(name)
    assert not torch.allclose(f(two_bars(0.2, 1.3)), f(two_bars(0.4, 1.1)))


@each_layer
def test_a_batch_without_bars(name: str) -> None:
    f = layer(name)
    nothing = batch(4).of_dim(5)
    assert len(nothing) == 0
    out = f(nothing)
    assert out.shape == f(batch(4)).shape
    assert torch.equal(out, out[:1].expand_as(out))
    assert out.isfinite().all()
    out.sum().backward()  # a step of training must survive such a batch
    none = Diagrams.from_intervals([], dtype=torch.float64)
    assert f(none).shape == (0, *out.shape[1:])
    if name.startswith(("perslay", "weight", "silhouette", "landscape", "image", "atol")):
        assert (out == 0).all()


@each_layer
def test_no_gradient_is_nan_and_all_parameters_get_one(name: str) -> None:
    f, d = layer(name), batch(5)
    for bars in (
        d.intervals,
        torch.full_like(d.intervals, 0.5),
        CENTRES[:1].expand(len(d), 2),
        torch.full_like(d.intervals, INF),
        torch.stack([d.intervals[:, 1].nan_to_num(posinf=1.0), d.intervals[:, 0]], 1),  # superlevel
    ):
        ends = bars.clone().requires_grad_()
        out = f(with_bars(d, ends))
        assert out.isfinite().all()
        slopes = torch.autograd.grad(out.square().sum(), [ends, *f.parameters()], allow_unused=True)
        assert all(g is None or g.isfinite().all() for g in slopes)
        assert slopes[0] is None or (slopes[0][torch.isinf(bars).any(1)] == 0).all()
    f(d).square().sum().backward()
    unused = [n for n, p in f.named_parameters() if p.grad is None]
    assert unused == []


def in_general_position() -> Diagrams:
    """No ties, no end on a sample; the bars want a gradient."""
    rng = np.random.default_rng(6)
    births = rng.random(9)
    ends = torch.from_numpy(np.stack([births, births + 0.05 + rng.random(9)], 1)).requires_grad_()
    dims, items = torch.tensor([0, 1] * 4 + [1]), torch.tensor([0] * 5 + [2] * 4)
    return Diagrams(ends, dims, items, torch.full((9, 2), -1), 3)


@each_layer
def test_second_derivatives_are_right(name: str) -> None:
    d, f = in_general_position(), layer(name)
    with sdpa_kernel(SDPBackend.MATH):  # the others have no second derivative
        assert gradgradcheck(lambda ends: f(with_bars(d, ends)).square(), (d.intervals,))


@each_layer
def test_gradients_are_right(name: str) -> None:
    d, f = in_general_position(), layer(name)
    names, values = zip(*f.named_parameters(), strict=True)

    def run(ends: Tensor, *values: Tensor) -> Tensor:
        return torch.func.functional_call(f, dict(zip(names, values, strict=True)), (with_bars(d, ends),))

    assert gradcheck(run, (d.intervals, *values))


@each_layer
def test_nan_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="intervals contains NaN; remove or replace those entries first"):
        layer(name)(two_bars(0.1, float("nan")))


@each_layer
def test_input_is_untouched(name: str) -> None:
    f, d = layer(name), batch(7)
    d.intervals.requires_grad_()
    before = [getattr(d, n).detach().clone() for n in ("intervals", "dim", "batch", "cells")]
    f(d).sum().backward()
    assert all(
        torch.equal(getattr(d, n), x) for n, x in zip(("intervals", "dim", "batch", "cells"), before, strict=True)
    )


@each_layer
def test_float32_and_autocast(name: str) -> None:
    f, d = layer(name), batch(8)
    single = layer(name, torch.float32)(d.to(torch.float32))
    assert single.dtype == torch.float32
    torch.testing.assert_close(single.double(), f(d), atol=2e-4, rtol=2e-4)
    ends = d.to(torch.float32).intervals.clone().requires_grad_()
    with torch.autocast("cpu", torch.bfloat16):
        low = layer(name, torch.float32)(with_bars(d, ends))
    torch.testing.assert_close(low.double(), f(d), atol=0.1, rtol=0.1)
    low.float().sum().backward()
    assert ends.grad is not None
    assert ends.grad.isfinite().all()


@each_layer
def test_state_and_copies(name: str) -> None:
    f, d = layer(name), batch(9)
    other = layer(name)
    with torch.no_grad():
        for p in other.parameters():
            p.add_(0.01)
    assert not torch.equal(other(d), f(d))
    other.load_state_dict(f.state_dict())
    assert torch.equal(other(d), f(d))
    twin = copy.deepcopy(f)
    assert torch.equal(twin(d), f(d))
    assert not {id(p) for p in twin.parameters()} & {id(p) for p in f.parameters()}


@each_layer
def test_training_and_evaluation_agree(name: str) -> None:
    """torch's attention has other kernels for evaluation."""
    f, d = layer(name), batch(10)
    with torch.no_grad():
        torch.testing.assert_close(f.eval()(d), f.train()(d), atol=1e-12, rtol=1e-12)


# Without padding nothing depends on values, and a whole layer is one graph.
ONE_GRAPH = [name for name in LAYERS if name.startswith(("perslay", "weight", "op", "atol"))]


@each_layer
def test_compiled_is_the_same(name: str) -> None:
    f, d = layer(name), batch(11)
    torch.compiler.reset()
    compiled = torch.compile(f, backend="aot_eager", fullgraph=name in ONE_GRAPH)
    torch.testing.assert_close(compiled(d), f(d), atol=1e-12, rtol=1e-12)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@each_layer
def test_on_a_gpu_it_is_the_same(name: str) -> None:
    f, d = layer(name), batch(12)
    expected = f(d)
    found = f.to("cuda")(d.to("cuda"))
    assert found.device.type == "cuda"
    torch.testing.assert_close(found.cpu(), expected, atol=1e-10, rtol=1e-10)
