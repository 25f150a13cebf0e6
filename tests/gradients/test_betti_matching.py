"""Derivatives of Betti matching: of first and second order, in all directions and frames."""

from itertools import product

import pytest
import torch

from topolens.losses import betti_matching, betti_matching_parts

SETTINGS = list(product(["superlevel", "sublevel", "both"], ["V", "T"], [False, True]))


def distinct(*shape: int, seed: int) -> torch.Tensor:
    """Logits no two of which are near each other."""
    count = torch.Size(shape).numel()
    order = torch.randperm(count, generator=torch.Generator().manual_seed(seed))
    return torch.linspace(-2, 2, count, dtype=torch.float64)[order].reshape(shape).requires_grad_()


@pytest.mark.parametrize(("filtration", "construction", "relative"), SETTINGS)
def test_gradcheck(filtration: str, construction: str, relative: bool) -> None:
    logits = distinct(2, 1, 4, 5, seed=0)
    target = torch.randint(2, (2, 4, 5), generator=torch.Generator().manual_seed(1))

    def loss(x: torch.Tensor) -> torch.Tensor:
        return betti_matching(
            x,
            target,
            reduction="none",
            filtration=filtration,  # type: ignore[arg-type]
            construction=construction,  # type: ignore[arg-type]
            relative=relative,
            essential=True,
        )

    assert loss(logits).abs().sum() > 0
    assert torch.autograd.gradcheck(loss, logits)
    assert torch.autograd.gradgradcheck(loss, logits)


@pytest.mark.parametrize("push", ["diagonal", "beyond"])
def test_gradcheck_of_volumes(push: str) -> None:
    logits = distinct(1, 1, 3, 4, 3, seed=2)
    target = torch.randint(2, (1, 3, 4, 3), generator=torch.Generator().manual_seed(3))
    loss = lambda x: betti_matching(x, target, push_unmatched_to=push)  # type: ignore[arg-type]  # noqa: E731
    assert torch.autograd.gradcheck(loss, logits)


@pytest.mark.parametrize("activation", ["softmax", "sigmoid"])
def test_gradcheck_of_classes(activation: str) -> None:
    logits = distinct(1, 3, 4, 4, seed=4)
    target = torch.randint(3, (1, 4, 4), generator=torch.Generator().manual_seed(5))
    assert torch.autograd.gradcheck(
        lambda x: betti_matching(x, target, activation=activation, include_background=True),  # type: ignore[arg-type]
        logits,
    )


def test_components_have_gradients() -> None:
    logits = distinct(1, 1, 5, 5, seed=6)
    target = torch.randint(2, (1, 5, 5), generator=torch.Generator().manual_seed(7))
    parts = betti_matching_parts(logits, target, essential=True)
    alone = parts.unmatched_prediction
    (gradient,) = torch.autograd.grad(alone.values[:, 0].sum(), logits)
    wanted = torch.zeros(5, 5, dtype=torch.float64)
    row, column = alone.pixels[:, 0].T
    slope = (logits.sigmoid() * (1 - logits.sigmoid()))[0, 0].detach()
    wanted.index_put_((row, column), slope[row, column], accumulate=True)
    torch.testing.assert_close(gradient[0, 0], wanted)
    assert not parts.matched_target.values.requires_grad


def test_a_graph_of_operations_compiles_around_it() -> None:
    loss = torch.compile(lambda x, y: betti_matching(x.square(), y), backend="eager")
    logits = distinct(1, 1, 4, 4, seed=8)
    target = torch.randint(2, (1, 4, 4))
    assert loss(logits, target) == betti_matching(logits.square(), target)
