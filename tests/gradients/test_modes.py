"""Modes of the gradient: basins reach their targets in one step, smoothing keeps directions, both save steps."""

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import Tensor

import strategies
from topolens import shapes
from topolens.diagrams import Diagrams
from topolens.filtrations import Filtration, cubical, lower_star, rips, witness
from topolens.persistence import persistence

ENDS = {"birth": 0, "death": 1}


def moved(build, source: Tensor, bar: int, end: int, target: float) -> tuple[Diagrams, Diagrams]:
    """Diagrams before and after one step of size 1 on half the squared distance of one end to its target."""
    x = source.clone().requires_grad_()
    before = persistence(build(x), gradient="basin")
    loss = 0.5 * (before.intervals[bar, end] - target) ** 2
    (step,) = torch.autograd.grad(loss, x)
    return before.detach(), persistence(build(source - step))


def holds(diagrams: Diagrams, birth: float | None, death: float | None) -> bool:
    """Whether dimension 0 has a bar with these ends (None: any)."""
    bars = diagrams.of_dim(0).intervals
    fits = torch.ones(len(bars), dtype=torch.bool)
    for value, column in ((birth, 0), (death, 1)):
        if value is not None:
            fits &= (bars[:, column] - value).abs() < 1e-9
    return bool(fits.any())


def check_one_step(build, source: Tensor, pick: int, end: str, share: float, sign: float) -> None:
    """Moves one end of one finite bar of dimension 0 and asks for the moved bar."""
    start = persistence(build(source)).of_dim(0)
    finite = torch.isfinite(start.intervals).all(1).nonzero()[:, 0]
    assume(len(finite) > 0)
    bar = int(finite[pick % len(finite)])
    birth, death = start.intervals[bar].tolist()
    if end == "birth":
        target = birth + share * (death - birth) if sign > 0 else birth - 0.37
    else:
        target = death + sign * share * abs(death - birth) * (1 if death > birth else -1)
    whole = persistence(build(source))
    row = int((whole.dim == 0).nonzero()[bar, 0])
    _, after = moved(build, source, row, ENDS[end], target)
    if end == "death":
        assert holds(after, birth, target)
    else:
        assert holds(after, target, death if sign > 0 else None)


shares = st.sampled_from([0.25, 0.5, 0.9])
ends, signs, picks = st.sampled_from(list(ENDS)), st.sampled_from([-1.0, 1.0]), st.integers(0, 20)


@settings(max_examples=300)
@given(strategies.images(max_side=7, levels=9), st.sampled_from(["V", "T"]), picks, ends, shares, signs)
def test_images_reach_their_targets(
    images: Tensor, construction: str, pick: int, end: str, share: float, sign: float
) -> None:
    check_one_step(lambda x: cubical(x, construction=construction), images, pick, end, share, sign)


@settings(max_examples=100)
@given(strategies.images(max_side=6, levels=9), picks, st.just("death"), shares, signs)
def test_superlevel_images_reach_their_targets(images: Tensor, pick: int, end: str, share: float, sign: float) -> None:
    check_one_step(lambda x: cubical(x, superlevel=True), images, pick, end, share, sign)


@settings(max_examples=300)
@given(strategies.graphs(max_vertices=10, levels=9), picks, ends, shares, signs)
def test_graphs_reach_their_targets(
    graph: tuple[Tensor, Tensor], pick: int, end: str, share: float, sign: float
) -> None:
    values, edges = graph
    check_one_step(lambda x: lower_star(x, edges), values, pick, end, share, sign)


@settings(max_examples=200)
@given(strategies.distances(max_points=9, levels=8), picks, st.just("death"), shares, signs)
def test_distances_reach_their_targets(distances: Tensor, pick: int, end: str, share: float, sign: float) -> None:
    """A distance is moved in the lower triangle alone, so the test mirrors it."""

    def build(x: Tensor) -> Filtration:
        lower = x.tril(-1)
        return rips(distances=lower + lower.mT)

    source = distances.tril(-1)
    x = source.clone().requires_grad_()
    whole = persistence(build(x), max_dim=0, gradient="basin")
    finite = torch.isfinite(whole.intervals.detach()).all(1).nonzero()[:, 0]
    assume(len(finite) > 0)
    bar = int(finite[pick % len(finite)])
    death = float(whole.intervals.detach()[bar, 1])
    target = death * (1 + sign * share)
    (step,) = torch.autograd.grad(0.5 * (whole.intervals[bar, 1] - target) ** 2, x)
    # Both mirror images of an edge get its gradient through the sum.
    after = persistence(build(source - step), max_dim=0)
    assert holds(after, 0.0, target)


def test_a_basin_by_hand() -> None:
    """Values 0 3 1 2 5 4 9 on a path: the component of 1 dies at 3; to be born at 2.5 it must raise 1 and 2."""
    values = torch.tensor([0.0, 3, 1, 2, 5, 4, 9])
    path = torch.stack([torch.arange(6), torch.arange(1, 7)])

    def step(row: int, end: int, goal: float, mode: str) -> list[float]:
        x = values.clone().requires_grad_()
        d = persistence(lower_star(x, path), gradient=mode)
        assert d.intervals[:3].tolist() == [[0, float("inf")], [1, 3], [4, 5]]
        (0.5 * (d.intervals[row, end] - goal) ** 2).backward()
        return (values - x.grad).tolist()

    assert step(1, 0, 2.5, "basin") == [0, 3, 2.5, 2.5, 5, 4, 9]
    assert step(1, 0, 2.5, "sparse") == [0, 3, 2.5, 2, 5, 4, 9]
    assert step(1, 0, 0.5, "basin") == [0, 3, 0.5, 2, 5, 4, 9]
    assert step(1, 1, 6.0, "basin") == [0, 6, 1, 2, 6, 4, 9]
    assert step(2, 1, 4.5, "basin") == [0, 3, 1, 2, 4.5, 4, 9]


def steps_to_remove(mode: str, limit: int = 400) -> int:
    """Steps until a spurious valley between two components of a noisy image is gone."""
    grid = torch.linspace(-1, 1, 24)
    y, x = torch.meshgrid(grid, grid, indexing="ij")
    image = -torch.exp(-8 * ((x + 0.5) ** 2 + y**2)) - 0.8 * torch.exp(-8 * ((x - 0.5) ** 2 + y**2))
    image = (image + 0.02 * torch.rand(24, 24, generator=torch.Generator().manual_seed(0))).double()
    image.requires_grad_()
    optimiser = torch.optim.SGD([image], lr=0.5)
    for step in range(limit):
        bars = persistence(cubical(image[None]), max_dim=0, gradient=mode).finite().persistence
        if not len(bars) or float(bars.detach().max()) < 0.05:
            return step
        optimiser.zero_grad()
        (0.25 * bars**2).sum().backward()
        optimiser.step()
    return limit


def test_basins_remove_a_spurious_component_in_far_fewer_steps() -> None:
    assert steps_to_remove("basin") * 5 <= steps_to_remove("sparse")


def steps_to_a_circle(mode: str, limit: int = 300) -> int:
    """Steps until the loop of a noisy circle lasts more than twice as long."""
    cloud = shapes.circle(60, noise=0.1, seed=1).double()
    cloud.requires_grad_()
    goal = 2.2 * float(persistence(rips(cloud[None])).of_dim(1).longest(1))
    optimiser = torch.optim.SGD([cloud], lr=0.02)
    for step in range(limit):
        longest = persistence(rips(cloud[None]), gradient=mode).of_dim(1).longest(1).sum()
        if float(longest.detach()) >= goal:
            return step
        optimiser.zero_grad()
        (-longest).backward()
        optimiser.step()
    return limit


def test_smoothing_opens_a_loop_in_fewer_steps() -> None:
    assert steps_to_a_circle("smooth") * 2 <= steps_to_a_circle("sparse")


@pytest.mark.parametrize("seed", range(5))
def test_a_smoothed_gradient_still_descends(seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    image = torch.rand(2, 9, 11, generator=generator, dtype=torch.float64)
    cloud = torch.rand(2, 30, 3, generator=generator, dtype=torch.float64)
    marks = torch.arange(0, 30, 3)
    for source, build in ((image, cubical), (cloud, rips), (cloud, lambda x: witness(x, landmarks=marks))):
        grads = []
        for mode in ("sparse", "smooth"):
            x = source.clone().requires_grad_()
            persistence(build(x), gradient=mode).of_dim(1).longest(1).sum().backward()
            grads.append(x.grad)
        assert float((grads[0] * grads[1]).sum()) > 0
        assert (grads[1] != 0).sum() > (grads[0] != 0).sum()


def test_modes_are_refused_where_they_are_not_known() -> None:
    pair = lower_star(torch.tensor([0.0, 1.0]), torch.tensor([[0], [1]]))
    with pytest.raises(ValueError, match="gradient must be one of 'sparse', 'basin' for LowerStar filtrations"):
        persistence(pair, gradient="smooth")
    with pytest.raises(ValueError, match="bandwidth must be above 0"):
        persistence(rips(torch.zeros(1, 2, 2)), gradient="smooth", bandwidth=0.0)
