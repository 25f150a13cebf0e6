"""Inputs that break careless code, shared by all tests: what must work, and what must be refused."""

import torch

INF, NAN = float("inf"), float("nan")

CLOUDS = {
    "ties": torch.cartesian_prod(torch.arange(3.0), torch.arange(3.0))[None],
    "duplicates": torch.tensor([[[0.0, 0.0], [1.0, 0.0], [0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]]),
    "all the same": torch.ones(2, 4, 3),
    "one point": torch.zeros(1, 1, 2),
    "two points": torch.tensor([[[0.0], [1.0]]]),
    "zero points": torch.zeros(1, 0, 2),
    "no clouds": torch.zeros(0, 5, 2),
    "no coordinates": torch.zeros(1, 3, 0),
    "non-contiguous": torch.linspace(0, 1, 60).square().reshape(3, 10, 2).transpose(0, 1)[::2],
    "far apart": torch.tensor([[[0.0, 0.0], [1e-6, 0.0], [1e6, 0.0], [1e6, 1.0]]]),
    "float64": torch.linspace(0, 2, 12, dtype=torch.float64).sin().reshape(1, 6, 2),
}

IMAGES = {
    "ties": torch.tensor([[[0.0, 1.0, 0.0], [1.0, 1.0, 1.0], [0.0, 1.0, 0.0]]]),
    "checkerboard": (torch.arange(6)[:, None] + torch.arange(7)).remainder(2)[None].float(),
    "constant": torch.full((2, 4, 4), 0.5),
    "one pixel": torch.ones(1, 1, 1),
    "one pixel wide": torch.tensor([3.0, 1.0, 2.0, 0.0, 4.0]).reshape(1, 5, 1),
    "one pixel high": torch.tensor([3.0, 1.0, 2.0, 0.0, 4.0]).reshape(1, 1, 5),
    "two pixels high": torch.arange(14.0).remainder(5).reshape(1, 2, 7),
    "no pixels": torch.zeros(1, 0, 4),
    "no images": torch.zeros(0, 3, 4),
    "non-square 4 x 9": torch.arange(36.0).mul(7).remainder(11).reshape(1, 4, 9),
    "non-square 3 x 8": torch.arange(24.0).mul(5).remainder(7).reshape(1, 3, 8),
    "channels": torch.arange(2 * 3 * 4 * 5.0).mul(13).remainder(17).reshape(2, 3, 4, 5),
    "non-contiguous": torch.arange(60.0).mul(7).remainder(13).reshape(5, 4, 3).permute(2, 0, 1),
    "holes in the grid": torch.tensor([[[0.0, 1.0, 2.0], [1.0, INF, 3.0], [2.0, 3.0, INF]]]),
    "nothing but inf": torch.full((1, 2, 3), INF),
    "float64": torch.linspace(0, 20, 30, dtype=torch.float64).sin().reshape(1, 5, 6),
    "float16": torch.arange(20.0).mul(3).remainder(7).reshape(1, 4, 5).half(),
    "negative zero": torch.tensor([[[0.0, -0.0, 1.0], [-0.0, 1.0, 0.0]]]),
}

SIGNALS = {
    "ties": torch.tensor([[1.0, 0.0, 0.0, 2.0, 0.0, 2.0, 2.0, 1.0, 1.0]]),
    "constant": torch.ones(2, 5),
    "one sample": torch.ones(1, 1),
    "no samples": torch.zeros(2, 0),
    "no signals": torch.zeros(0, 4),
    "rising and falling": torch.stack([torch.arange(6.0), -torch.arange(6.0)]),
    "zigzag": torch.arange(20.0).remainder(2)[None],
    "channels": torch.arange(2 * 3 * 7.0).mul(5).remainder(11).reshape(2, 3, 7),
    "non-contiguous": torch.arange(40.0).mul(7).remainder(13).reshape(10, 4).T[:, ::2],
    "holes": torch.tensor([[INF, 1.0, INF, 0.0, 2.0, 1.0, INF]]),
    "nothing but inf": torch.full((1, 3), INF),
    "float16": torch.arange(20.0).mul(3).remainder(7).reshape(2, 10).half(),
    "negative zero": torch.tensor([[0.0, -0.0, 1.0, -0.0, 0.0]]),
}

VOLUMES = {
    "ties": torch.arange(27.0).remainder(2).reshape(1, 3, 3, 3),
    "constant": torch.full((2, 3, 2, 3), 0.5),
    "one voxel": torch.ones(1, 1, 1, 1),
    "one voxel wide": torch.arange(12.0).mul(5).remainder(7).reshape(1, 3, 1, 4),
    "a column": torch.tensor([3.0, 1.0, 2.0, 0.0, 4.0]).reshape(1, 5, 1, 1),
    "a void": torch.nn.functional.pad(torch.ones(1, 1, 1, 1), (1, 1, 1, 1, 1, 1)),
    "a ball": torch.nn.functional.pad(-torch.ones(1, 1, 1, 1), (1, 1, 1, 1, 1, 1)),
    "no voxels": torch.zeros(1, 2, 0, 4),
    "no volumes": torch.zeros(0, 3, 4, 2),
    "non-cubic": torch.arange(48.0).mul(7).remainder(11).reshape(1, 2, 4, 6),
    "channels": torch.arange(2 * 2 * 2 * 3 * 3.0).mul(13).remainder(17).reshape(2, 2, 2, 3, 3),
    "non-contiguous": torch.arange(48.0).mul(7).remainder(13).reshape(1, 4, 3, 4).permute(0, 3, 1, 2)[:, ::2],
    "holes in the grid": torch.arange(27.0)
    .mul(5)
    .remainder(8)
    .reshape(1, 3, 3, 3)
    .masked_fill(torch.arange(27).reshape(1, 3, 3, 3) % 4 == 1, INF),
    "nothing but inf": torch.full((1, 2, 2, 3), INF),
    "float16": torch.arange(24.0).mul(3).remainder(7).reshape(1, 2, 3, 4).half(),
    "negative zero": torch.tensor([0.0, -0.0, 1.0, -0.0, 1.0, 0.0, -0.0, 1.0]).reshape(1, 2, 2, 2),
}

GRAPHS = {
    # name: (vertex values, edge_index, batch)
    "ties": (torch.ones(4), torch.tensor([[0, 1, 2, 3], [1, 2, 3, 0]]), None),
    "disconnected": (torch.tensor([2.0, 0.0, 1.0, 1.0, 3.0]), torch.tensor([[0, 2], [1, 3]]), None),
    "no edges": (torch.tensor([1.0, 0.0]), torch.zeros(2, 0, dtype=torch.int64), None),
    "one vertex": (torch.zeros(1), torch.zeros(2, 0, dtype=torch.int64), None),
    "no vertices": (torch.zeros(0), torch.zeros(2, 0, dtype=torch.int64), None),
    "self-loops and doubles": (
        torch.tensor([0.0, 2.0, 1.0]),
        torch.tensor([[0, 1, 1, 2, 0, 2, 1], [1, 0, 1, 1, 2, 0, 2]]),
        None,
    ),
    "an empty graph between": (
        torch.tensor([0.0, 1.0, 2.0, 0.0]),
        torch.tensor([[0, 2], [1, 3]]),
        torch.tensor([0, 0, 2, 2]),
    ),
    "int32": (
        torch.tensor([0.0, 1.0, 2.0]),
        torch.tensor([[0, 1], [1, 2]], dtype=torch.int32),
        torch.zeros(3, dtype=torch.int32),
    ),
    "non-contiguous": (torch.arange(12.0)[::2], torch.tensor([[0, 1], [1, 2], [2, 3], [3, 0]]).T, None),
    "missing vertices": (torch.tensor([0.0, INF, 1.0]), torch.tensor([[0, 1], [1, 2]]), None),
    "float64": (torch.tensor([0.5, 0.25, 1.0], dtype=torch.float64), torch.tensor([[0, 1], [1, 2]]), None),
}

REFUSED_CLOUDS = {
    # name: (points, what the message must say)
    "NaN": (torch.tensor([[[0.0, NAN]]]), "points contains NaN"),
    "inf": (torch.tensor([[[0.0, INF]]]), "points contains infinite coordinates"),
    "one cloud alone": (torch.zeros(5, 2), r"for one cloud pass points\[None\]"),
}

REFUSED_IMAGES = {
    "NaN": (torch.tensor([[[0.0, NAN]]]), "images contains NaN"),
    "-inf": (torch.tensor([[[0.0, -INF]]]), "images contains -inf, a birth at infinity; clamp those pixels"),
    "one signal alone": (torch.zeros(5), r"for one image pass image\[None\]"),
}
