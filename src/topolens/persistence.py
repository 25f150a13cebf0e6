"""The verb of the house: a filtration goes in, its persistence diagrams come out."""

import torch

from topolens._checks import check_dim, check_prime
from topolens.diagrams import Diagrams
from topolens.filtrations.base import Filtration


def persistence(filtration: Filtration, max_dim: int = 1, field: int = 2) -> Diagrams:
    """Persistence diagrams of a batch of filtrations.

    The engine says which cell starts and which cell ends each bar; births and deaths are looked up in the
    filtration, so that autograd knows them.

    Args:
        filtration: What `rips`, `cubical`, `lower_star`, `edge_weighted` or `witness` returns, a batch of B.
        max_dim: Largest homology dimension, at least 0.
        field: Prime p; homology is taken over Z/p.

    Returns:
        A batch of B diagrams in the dtype and on the device of the filtration. Bars of zero persistence
        are left out; an item without cells has an empty diagram.

    Raises:
        ValueError: If `max_dim` is negative or `field` is no prime.

    Gradients: flow to the two cells of each bar, of any order; which cells these are is locally constant,
        and a choice (by cell index) where values tie.
    Cost: see the filtration; the gather is O(bars).
    Source: "Topological persistence and simplification", 2002; gradients as in "A framework for
        differential calculus on persistence barcodes", 2021.

    Example:
        >>> import topolens as tl
        >>> square = torch.tensor([[[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]])
        >>> tl.persistence(tl.rips(square)).of_dim(1).intervals    # born at the side, dies at the diagonal
        tensor([[1.0000, 1.4142]])
    """
    pairs = filtration.pairs(check_dim(max_dim), check_prime(field))
    device = filtration.values.device
    dim, batch, cells = (torch.from_numpy(x).to(device) for x in pairs)
    births = filtration.at(batch, cells[:, 0])
    dies = cells[:, 1] >= 0
    deaths = torch.full_like(births, filtration.never).masked_scatter(dies, filtration.at(batch[dies], cells[dies, 1]))
    return Diagrams(torch.stack([births, deaths], 1), dim, batch, cells, filtration.batch_size)
