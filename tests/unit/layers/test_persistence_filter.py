"""Persistence filters as users meet them: modules, types, compiled graphs, and what is refused."""

import copy
import math

import pytest
import torch

from topolens.engines import windows as engine
from topolens.layers import PersistenceFilter1d, PersistenceFilter2d, PersistenceFilter3d, persistence_filter


def noise(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


def test_a_straight_edge_by_hand() -> None:
    """Two columns beside the edge see 3 or 6 dark pixels of 9: more than 2, fewer than 7."""
    step = torch.tensor([0.0, 0.0, 0.0, 1.0, 1.0, 1.0]).expand(1, 1, 5, 6)
    assert persistence_filter(step)[0, 0].tolist() == [[0, 0, 1, 1, 0, 0]] * 5


@pytest.mark.parametrize("module", [PersistenceFilter1d(), PersistenceFilter2d(), PersistenceFilter3d()])
def test_modules_are_the_function(module: torch.nn.Module) -> None:
    x = noise(2, 3, *(5,) * module.axes)
    again = copy.deepcopy(module)
    again.load_state_dict(module.state_dict())
    assert torch.equal(again(x), persistence_filter(x))
    assert {1: "[(0, 3)]", 2: "[(2, 7)]", 3: "[(8, 19)]"}[module.axes] in repr(module)


def test_bank_channels_are_in_order() -> None:
    x = noise(2, 3, 6, 6)
    bank = persistence_filter(x, 1, [(2, 7), (0, 9)])
    for c in range(3):
        for w, window in enumerate([(2, 7), (0, 9)]):
            assert torch.equal(bank[:, 2 * c + w], persistence_filter(x[:, c : c + 1], 1, [window])[:, 0])


def test_compiled_graphs_hold_it_whole() -> None:
    x = noise(2, 3, 8, 8).requires_grad_()
    compiled = torch.compile(lambda y: persistence_filter(y, 1, "unit", tie="average"), fullgraph=True)
    eager = persistence_filter(x, 1, "unit", tie="average")
    assert torch.equal(compiled(x), eager)
    slopes = [torch.autograd.grad(y.square().sum(), x)[0] for y in (compiled(x), eager)]
    torch.testing.assert_close(*slopes)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_types_are_kept(dtype: torch.dtype) -> None:
    x = noise(1, 2, 6, 6).to(dtype).requires_grad_()
    out = persistence_filter(x)
    out.sum().backward()
    assert out.dtype == x.grad.dtype == dtype
    expected = persistence_filter(x.detach().float())
    torch.testing.assert_close(out.float(), expected, rtol=0.01, atol=0.01)


def test_autocast_changes_nothing() -> None:
    x = noise(1, 2, 6, 6)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(persistence_filter(x), persistence_filter(x))
        assert persistence_filter(x).dtype == torch.float32


def test_threads_do_not_matter() -> None:
    x = noise(4, 3, 40, 37).requires_grad_()
    found, threads = [], torch.get_num_threads()
    try:
        for count in (1, 2, 5):
            torch.set_num_threads(count)
            out = persistence_filter(x, 2, [(9, 16), (0, None)])
            found.append((out, *torch.autograd.grad(out.square().sum(), x)))
    finally:
        torch.set_num_threads(threads)
    assert all(torch.equal(a, b) for other in found[1:] for a, b in zip(found[0], other, strict=True))


def test_memory_kept_for_the_backward_pass() -> None:
    """A byte per output and rank: two for one window, nine for the eight of a bank."""
    for windows, bound in (([(2, 7)], 2), ("unit", 9 / 8)):
        x = noise(2, 3, 20, 20).requires_grad_()
        kept = 0

        def keep(tensor: torch.Tensor) -> torch.Tensor:
            nonlocal kept
            kept += tensor.numel() * tensor.element_size()  # noqa: B023
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
            out = persistence_filter(x, 1, windows)
        assert kept <= bound * out.numel() + x.numel() * 4  # torch's padding keeps its input


def test_input_is_left_alone_and_nothing_gives_nothing() -> None:
    x = noise(2, 3, 6, 6)
    before = x.clone()
    persistence_filter(x.mT)
    assert torch.equal(x, before)
    assert persistence_filter(torch.zeros(0, 3, 6, 6)).shape == (0, 3, 6, 6)
    assert persistence_filter(torch.zeros(2, 0, 6, 6)).shape == (2, 0, 6, 6)
    assert persistence_filter(torch.zeros(2, 1, 0, 6)).shape == (2, 1, 0, 6)
    assert persistence_filter(torch.ones(1, 1, 1, 1)).tolist() == [[[[0.0]]]]
    lonely = persistence_filter(torch.ones(1, 1, 1, 1), windows=[(0, 3)], include_center=False, padding_mode="absent")
    assert lonely.tolist() == [[[[0.0]]]]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"k": 0}, "k must be an integer of at least 1, got 0"),
        ({"k": 1.5}, "k must be an integer"),
        ({"windows": [(3, 3)]}, r"must have 0 <= m < n <= 9.* got \(3, 3\)"),
        ({"windows": [(0, 10)]}, "must have 0 <= m < n <= 9"),
        ({"windows": [(-1, 3)]}, "must have 0 <= m < n <= 9"),
        ({"windows": [3]}, r"windows must be pairs such as \[\(2, 7\)\], got 3"),
        ({"windows": []}, "at least one pair"),
        ({"windows": "all"}, "windows must be 'edges', 'unit' or pairs"),
        ({"adjacency": 6}, "adjacency must be 8 or 4 with 2 axes in space, got 6"),
        ({"padding_mode": "same"}, "padding_mode must be one of 'replicate'"),
        ({"tie": "first"}, "tie must be one of 'zero', 'average'"),
        ({"k": 5, "windows": [(0, 9)], "padding_mode": "reflect"}, "at most 4 pixels around sides .* but k is 5"),
        ({"k": 6, "windows": [(0, 9)], "padding_mode": "circular"}, "at most 5 pixels"),
    ],
)
def test_bad_options(change: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        persistence_filter(torch.zeros(1, 1, 5, 5), **change)


def test_bad_tensors() -> None:
    with pytest.raises(ValueError, match="NaN"):
        persistence_filter(torch.full((1, 1, 3, 3), math.nan))
    with pytest.raises(ValueError, match=r"for one image pass x\[None\]"):
        persistence_filter(torch.zeros(3, 3))
    with pytest.raises(TypeError, match="floating-point"):
        persistence_filter(torch.zeros(1, 1, 3, 3, dtype=torch.int64))
    with pytest.raises(TypeError, match="torch.Tensor"):
        persistence_filter([[1.0]])
    with pytest.raises(ValueError, match=r"x must have shape \(batch, channels, h, w\)"):
        PersistenceFilter2d()(torch.zeros(1, 3, 3))
    for mode in ("replicate", "zeros", "absent"):
        assert not persistence_filter(torch.ones(1, 1, 2, 2), 3, [(0, 4)], padding_mode=mode)[0, 0, 0, 0].isnan()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_on_the_device() -> None:
    x = noise(4, 3, 30, 31)
    for options in ({"windows": "unit"}, {"k": 2, "windows": [(9, 16)], "tie": "average", "padding_mode": "absent"}):
        ends = []
        for device in ("cpu", "cuda"):
            y = x.to(device).requires_grad_()
            out = persistence_filter(y, **options)
            ends.append((out.cpu(), torch.autograd.grad(out.square().sum(), y)[0].cpu()))
        torch.testing.assert_close(*ends)


def test_windows_pass_through_integers() -> None:
    windows = engine.Windows([(0, 0, 0), (0, 1, 2)], (1, 2, 3), (1, 1, 2), [0, 1], [0, -1], [1, 0])
    assert engine.windows_of(windows.flat()) == windows
