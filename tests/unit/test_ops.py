"""The engine inside other machinery: compiled graphs, autocast, workers, forks and threads give the same bars."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torch import Tensor

import topolens as tl
from topolens import ops
from topolens.engines.compiled import edge_lengths


def images(seed: int = 0) -> Tensor:
    return torch.rand(3, 8, 9, generator=torch.Generator().manual_seed(seed))


def by_distances(x: Tensor) -> Tensor:
    square = torch.cdist(x, x)
    return tl.persistence(tl.rips(distances=(square + square.mT) / 2)).of_dim(1).persistence.sum()


LOSSES: dict[str, Callable[[Tensor], Tensor]] = {
    "images": lambda x: tl.persistence(tl.cubical(x)).finite().persistence.sum(),
    "framed images": lambda x: tl.persistence(tl.cubical(x, frame=0.5)).longest(3).clamp(max=9).sum(),
    "signals": lambda x: tl.persistence(tl.cubical(x, axes=1)).finite().persistence.square().sum(),
    "clouds": lambda x: tl.persistence(tl.rips(x, max_scale=2.0)).of_dim(1).finite().persistence.sum(),
    "components": lambda x: tl.persistence(tl.rips(x), max_dim=0).finite().persistence.sum(),
    "distances": by_distances,
}


@pytest.fixture
def compile_whole() -> Iterator[Callable]:
    """`torch.compile` of one whole graph; sizes that depend on data must be allowed for that."""
    torch._dynamo.reset()
    with torch._dynamo.config.patch(capture_dynamic_output_shape_ops=True, capture_scalar_outputs=True):
        yield lambda f: torch.compile(f, backend="aot_eager", fullgraph=True)
    torch._dynamo.reset()


@pytest.mark.parametrize("name", [name for name in LOSSES if "framed" not in name])
def test_one_graph_gives_the_same_loss_and_gradient(name: str, compile_whole: Callable) -> None:
    def model(x: Tensor) -> Tensor:
        y = torch.tanh(2 * x)
        return LOSSES[name](y) + y.mean()

    found = []
    for run in (compile_whole(model), model):
        x = images().requires_grad_()
        loss = run(x)
        loss.backward()
        found.append((loss.detach(), x.grad))
    assert torch.equal(found[0][0], found[1][0])
    torch.testing.assert_close(found[0][1], found[1][1], rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", LOSSES)
def test_broken_graphs_give_the_same_loss(name: str) -> None:
    torch._dynamo.reset()
    compiled = torch.compile(LOSSES[name], backend="eager")
    for seed in (0, 1):  # the second time with other numbers of bars
        assert torch.equal(compiled(images(seed)), LOSSES[name](images(seed)))


def test_a_compiled_graph_still_refuses_nan(compile_whole: Callable) -> None:
    run = compile_whole(LOSSES["images"])
    run(images())
    with pytest.raises(ValueError, match="images contains NaN"):
        run(torch.full((3, 8, 9), float("nan")))


def test_other_kinds_break_the_graph_and_nothing_else() -> None:
    def model(x: Tensor) -> Tensor:
        path = torch.stack([torch.arange(8), torch.arange(1, 9)])
        return tl.persistence(tl.lower_star(torch.sin(7 * x), path)).finite().persistence.sum()

    torch._dynamo.reset()
    x = torch.linspace(0, 1, 9)
    assert torch.equal(torch.compile(model, backend="eager")(x), model(x))


def test_operators_keep_their_contract() -> None:
    x = images()
    for recipe in ("cubical V False 2 None", "cubical T True 1 0.5", "rips points inf"):
        assert set(torch.library.opcheck(ops.pairs, (x, recipe, 1, 2)).values()) == {"SUCCESS"}
    item, i, j = torch.tensor([0, 2]), torch.tensor([1, 4]), torch.tensor([0, 3])
    assert set(torch.library.opcheck(edge_lengths, (x, item, i, j)).values()) == {"SUCCESS"}


@pytest.mark.parametrize("build", [tl.cubical, tl.rips])
def test_autocast(build: Callable) -> None:
    """A network's output in half precision goes in, the engine counts in float32, gradients come back."""
    layer = torch.nn.Linear(9, 9)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        y = layer(images())
        assert y.dtype == torch.bfloat16
        inside = tl.persistence(build(y))
        loss = inside.finite().persistence.float().sum()
    loss.backward()
    outside = tl.persistence(build(y.detach().float()))
    assert layer.weight.grad is not None
    assert torch.isfinite(layer.weight.grad).all()
    if build is tl.cubical:
        assert torch.equal(inside.cells, outside.cells)
        assert torch.equal(inside.intervals.detach().float(), outside.intervals)


class Pictures(torch.utils.data.Dataset):
    def __len__(self) -> int:
        return 8

    def __getitem__(self, index: int) -> tl.Diagrams:
        return tl.persistence(tl.cubical(images(index)))


@pytest.mark.parametrize("context", ["fork", "spawn"])
def test_workers_of_a_data_loader(context: str) -> None:
    loader = torch.utils.data.DataLoader(
        Pictures(), batch_size=4, num_workers=2, collate_fn=tl.Diagrams.cat, multiprocessing_context=context
    )
    expected = [tl.Diagrams.cat(Pictures()[k] for k in group) for group in (range(4), range(4, 8))]
    for got, wanted in zip(loader, expected, strict=True):
        assert torch.equal(got.intervals, wanted.intervals)
        assert torch.equal(got.cells, wanted.cells)


def test_calls_from_many_threads() -> None:
    def work(seed: int) -> list[Tensor]:
        return [tl.persistence(build(images(seed % 5))).intervals for build in (tl.cubical, tl.rips)]

    with ThreadPoolExecutor(8) as pool:
        for seed, found in enumerate(pool.map(work, range(40))):
            assert all(torch.equal(a, b) for a, b in zip(found, work(seed), strict=True))
