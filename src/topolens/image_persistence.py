"""Image persistence: what of a filtration lives on in a larger one."""

import torch

from topolens._checks import check_dim
from topolens.diagrams import Diagrams
from topolens.engines.compiled import image_pairs
from topolens.filtrations.base import Filtration
from topolens.filtrations.cubical import Cubical


def image_persistence(inner: Filtration, outer: Filtration, max_dim: int = 1) -> Diagrams:
    """Persistence diagrams of the image of the homology of one filtration in that of a larger one.

    At each level the sublevel set of `inner` lies in that of `outer`. A class of inner counts as long as it is not
    zero in outer: bars start at cells of inner and end at cells of outer.

    Args:
        inner: What `cubical` returns for images or volumes, a batch of B.
        outer: The same for images (volumes) that enter no later: at every pixel the values of `outer` are at most
            (superlevel: at least) those of `inner`. Shape, construction and direction must be those of `inner`.
        max_dim: Largest homology dimension, at least 0.

    Returns:
        A batch of B diagrams. `cells[:, 0]` are pixels of `inner` and `cells[:, 1]` pixels of `outer`; bars that would
        die before they are born, or at that moment, are left out.

    Raises:
        TypeError: If one of the two is no cubical filtration.
        ValueError: If they do not fit together, a pixel enters `outer` later than `inner`, or `max_dim` is negative.
        OverflowError: If a volume, with one more voxel along each axis, has 2^31 / 3 voxels or more.

    Gradients: births carry them to the images of `inner`, deaths to those of `outer`; which pixels these are is locally
        constant, and a choice (by index) where values tie.
    Cost: images about that of the bars of the two filtrations. Volumes several times that, as all their cells take
        part: a sort of the cells, union-find over them, and in dimension 1 a reduction of squares to edges.
    Source: "Persistent homology for kernels, images, and cokernels", 2009; as used in "Topologically faithful image
        segmentation via induced matching of persistence barcodes", 2023. Bars come from union-find, those of volumes
        in dimension 1 from a reduction with columns in the order of `outer` and pivots in that of `inner`.

    Example:
        >>> import topolens as tl
        >>> f, g = torch.tensor([[[0.0, 2.0, 1.0]]]), torch.tensor([[[0.0, 1.5, 0.5]]])
        >>> tl.image_persistence(tl.cubical(f), tl.cubical(g)).intervals     # born at 1 in f, dies at 1.5 in g
        tensor([[0.0000,    inf],
                [1.0000, 1.5000]])
    """
    one, other = _check_nested(inner, outer)
    shape = (one.batch_size, *one.shape)
    pairs = image_pairs(one.values.reshape(shape), other.values.reshape(shape), one.construction, check_dim(max_dim))
    dim, batch, cells = (torch.from_numpy(x).to(one.values.device) for x in pairs)
    births = one.at(batch, cells[:, 0])
    dies = cells[:, 1] >= 0
    ends = other.at(batch[dies], cells[dies, 1]).to(births)
    deaths = torch.full_like(births, one.never).masked_scatter(dies, ends)
    return Diagrams(torch.stack([births, deaths], 1), dim, batch, cells, one.batch_size)


def _check_nested(inner: Filtration, outer: Filtration) -> tuple[Cubical, Cubical]:
    """The two filtrations, if the sublevel sets of one lie in those of the other."""
    for name, filtration in (("inner", inner), ("outer", outer)):
        if not isinstance(filtration, Cubical) or len(filtration.shape) not in (2, 3):
            got = "signals" if isinstance(filtration, Cubical) else type(filtration).__name__
            raise TypeError(f"{name} must be a cubical filtration of images or volumes, got {got}")
        if filtration.frame is not None:
            raise ValueError(f"{name} must have no frame; pad the images of both instead")
    one, other = inner, outer
    assert isinstance(one, Cubical)
    assert isinstance(other, Cubical)
    kinds = [
        (f.batch_size, *f.shape, f.construction, "superlevel" if f.never < 0 else "sublevel") for f in (one, other)
    ]
    if kinds[0] != kinds[1]:
        raise ValueError(
            f"inner and outer must agree in shape, construction and direction, got {kinds[0]} and {kinds[1]}"
        )
    late = one.values < other.values
    if late.any():
        item, *pixel = late.reshape(-1, *one.shape).nonzero()[0].tolist()
        raise ValueError(
            f"inner must lie in outer, but pixel {tuple(pixel)} of item {item} enters inner first; "
            "exchange the two, or take their minimum (superlevel: maximum) as outer"
        )
    return one, other
