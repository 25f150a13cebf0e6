"""Layers on graphs under one signature, and packed batches to run them on, shared by all tests."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from topolens.layers import GFL, TOGL, PersistenceReadout

FEATURES = 4
Layer = Callable[[Tensor, Tensor, Tensor, int], Tensor]  # x, edge_index, batch, batch_size -> one row per graph

LAYERS: dict[str, Callable[[], nn.Module]] = {
    "TOGL": lambda: TOGL(FEATURES, 3, 8),
    "TOGL by component": lambda: TOGL(FEATURES, 3, 8, essential="component"),
    "TOGL of transforms": lambda: TOGL(FEATURES, 3, 8, embedding="transforms"),
    "TOGL without topology": lambda: TOGL(FEATURES, 3, 8, static=True),
    "GFL": lambda: GFL(FEATURES, centres=5, hidden=8),
    "PersistenceReadout": lambda: PersistenceReadout(FEATURES, k=3, outputs=2, maximum=True),
}


def made(name: str, seed: int = 0) -> nn.Module:
    """The layer in float64 with parameters of the seed, in evaluation: batch normalisation mixes graphs in training."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return LAYERS[name]().double().eval()


def rows(layer: nn.Module, x: Tensor, edge_index: Tensor, batch: Tensor, size: int) -> Tensor:
    """One row per graph: for TOGL what it says of graphs, beside the sum of what it says of their vertices."""
    out = layer(x, edge_index, batch, size)
    if isinstance(out, Tensor):
        return out
    sums = out.vertices.new_zeros(size, FEATURES).index_add(0, batch, out.vertices)
    return torch.cat([sums, out.graphs], 1)


def random_graphs(sizes: list[int], seed: int = 0, degree: float = 3) -> tuple[Tensor, Tensor, Tensor]:
    """Features, edges in both directions, and the graph of each vertex; features and so values are distinct."""
    generator = torch.Generator().manual_seed(seed)
    edges, start = [torch.zeros(2, 0, dtype=torch.int64)], 0
    for n in sizes:
        drawn = torch.randint(0, max(n, 1), (2, int(n * degree / 2)), generator=generator) + start
        edges.append(drawn[:, drawn[0] != drawn[1]])
        start += n
    edge_index = torch.cat(edges, 1)
    x = torch.randn(start, FEATURES, generator=generator, dtype=torch.float64)
    batch = torch.repeat_interleave(torch.arange(len(sizes)), torch.tensor(sizes))
    return x, torch.cat([edge_index, edge_index.flip(0)], 1), batch
