"""Synthetic clouds, images and filters whose homology is known."""

import math

import torch
from torch import Tensor

FILTER_MODELS = (
    "primary_circle",
    "two_circles",
    "three_circles",
    "klein_bottle",
    "four_clusters",
    "eight_clusters",
    "gaussian",
)


def _generator(n: int, noise: float, seed: int) -> torch.Generator:
    """Random numbers of a seed, once the size and the noise are checked."""
    if n < 0:
        raise ValueError(f"n must be at least 0, got {n}")
    if noise < 0:
        raise ValueError(f"noise must be at least 0, got {noise}")
    return torch.Generator().manual_seed(seed)


def _angles(n: int, generator: torch.Generator) -> Tensor:
    return 2 * math.pi * torch.rand(n, generator=generator)


def _noisy(points: Tensor, noise: float, generator: torch.Generator) -> Tensor:
    return points + noise * torch.randn(points.shape, generator=generator)


def _on_circle(angles: Tensor) -> Tensor:
    return torch.stack([angles.cos(), angles.sin()], -1)


def circle(n: int, noise: float = 0.0, seed: int = 0) -> Tensor:
    """Random points of the unit circle, shape (n, 2); Betti numbers 1, 1.

    Args:
        n: Number of points.
        noise: Standard deviation of Gaussian noise added to each coordinate.
        seed: Seed of the random numbers.

    Returns:
        Points in the default dtype, in random order.

    Raises:
        ValueError: If `n` or `noise` is negative.

    Example:
        >>> import topolens as tl
        >>> tl.shapes.circle(5).norm(dim=1)
        tensor([1., 1., 1., 1., 1.])
    """
    generator = _generator(n, noise, seed)
    return _noisy(_on_circle(_angles(n, generator)), noise, generator)


def figure_eight(n: int, noise: float = 0.0, seed: int = 0) -> Tensor:
    """Random points of two unit circles that touch at the origin, shape (n, 2); Betti numbers 1, 2.

    Args:
        n: Number of points; every second one lies on the right circle.
        noise: Standard deviation of Gaussian noise added to each coordinate.
        seed: Seed of the random numbers.

    Returns:
        Points in the default dtype.

    Raises:
        ValueError: If `n` or `noise` is negative.
    """
    generator = _generator(n, noise, seed)
    centres = torch.stack([2.0 * (torch.arange(n) % 2) - 1, torch.zeros(n)], -1)
    return _noisy(centres + _on_circle(_angles(n, generator)), noise, generator)


def sphere(n: int, dim: int = 2, noise: float = 0.0, seed: int = 0) -> Tensor:
    """Random points of the unit sphere of dimension `dim`, shape (n, dim + 1); Betti numbers 1 in dims 0 and `dim`.

    Args:
        n: Number of points.
        dim: Dimension of the sphere, at least 1; 2 is the surface of the ball.
        noise: Standard deviation of Gaussian noise added to each coordinate.
        seed: Seed of the random numbers.

    Returns:
        Points in the default dtype, uniform on the sphere.

    Raises:
        ValueError: If `n` or `noise` is negative or `dim` below 1.
    """
    if dim < 1:
        raise ValueError(f"dim must be at least 1, got {dim}")
    generator = _generator(n, noise, seed)
    points = torch.nn.functional.normalize(torch.randn(n, dim + 1, generator=generator), dim=1)
    return _noisy(points, noise, generator)


def torus(n: int, tube: float = 0.5, noise: float = 0.0, seed: int = 0) -> Tensor:
    """Random points of a torus around the unit circle, shape (n, 3); Betti numbers 1, 2, 1.

    Args:
        n: Number of points.
        tube: Radius of the tube, in (0, 1).
        noise: Standard deviation of Gaussian noise added to each coordinate.
        seed: Seed of the random numbers.

    Returns:
        Points in the default dtype, uniform in the two angles (so denser on the inner side).

    Raises:
        ValueError: If `n` or `noise` is negative or `tube` outside (0, 1).
    """
    if not 0 < tube < 1:
        raise ValueError(f"tube must lie in (0, 1), got {tube}")
    generator = _generator(n, noise, seed)
    around, across = _angles(n, generator), _angles(n, generator)
    flat = _on_circle(around) * (1 + tube * across.cos())[:, None]
    return _noisy(torch.cat([flat, tube * across.sin()[:, None]], 1), noise, generator)


def klein_bottle(n: int, tube: float = 0.5, noise: float = 0.0, seed: int = 0) -> Tensor:
    """Random points of a Klein bottle, shape (n, 4); Betti numbers 1, 2, 1 over Z/2 and 1, 1, 0 over other fields.

    A tube around the unit circle whose cross-section makes half a turn in the third and fourth coordinate.

    Args:
        n: Number of points.
        tube: Radius of the tube, in (0, 1).
        noise: Standard deviation of Gaussian noise added to each coordinate.
        seed: Seed of the random numbers.

    Returns:
        Points in the default dtype, uniform in the two angles.

    Raises:
        ValueError: If `n` or `noise` is negative or `tube` outside (0, 1).
    """
    if not 0 < tube < 1:
        raise ValueError(f"tube must lie in (0, 1), got {tube}")
    generator = _generator(n, noise, seed)
    around, across = _angles(n, generator), _angles(n, generator)
    flat = _on_circle(around) * (1 + tube * across.cos())[:, None]
    turned = _on_circle(around / 2) * (tube * across.sin())[:, None]
    return _noisy(torch.cat([flat, turned], 1), noise, generator)


def ring_image(height: int, width: int, noise: float = 0.0, seed: int = 0) -> Tensor:
    """Image of a dark elliptic ring on bright ground, shape (height, width); sublevel Betti numbers 1, 1.

    A pixel's value is its distance from the ring that lies half way between centre and border, so that the
    ring is 0, the border and the middle of the image about 0.5.

    Args:
        height: Rows; from about 8 on the ring closes.
        width: Columns; from about 8 on the ring closes.
        noise: Standard deviation of Gaussian noise added to each pixel.
        seed: Seed of the random numbers.

    Returns:
        Image in the default dtype.

    Raises:
        ValueError: If a size or `noise` is negative.
    """
    if height < 0 or width < 0:
        raise ValueError(f"height and width must be at least 0, got {height} and {width}")
    generator = _generator(height * width, noise, seed)
    rows = (2 * torch.arange(height) + 1) / max(height, 1) - 1
    columns = (2 * torch.arange(width) + 1) / max(width, 1) - 1
    image = (torch.hypot(rows[:, None], columns[None]) - 0.5).abs()
    return _noisy(image, noise, generator)


def filter_model(name: str, n: int = 6000, noise: float = 0.03, seed: int = 0) -> Tensor:
    """Ideal 3 x 3 convolution filters, shape (n, 9), mean-centred and of norm 1.

    With x, y in {-1, 0, 1} on the 3 x 3 grid, N = centre and normalise, e = N(x) or N(y), q = N(x^2) or N(y^2):

    ================  ======================================================  ==========================
    name              filters                                                 Betti numbers
    ================  ======================================================  ==========================
    primary_circle    cos t e_x + sin t e_y: edges of all orientations        1, 1
    two_circles       the same, and cos t e_x + sin t q_x                     1, 3
    three_circles     the same, and cos t e_y + sin t q_y                     1, 5
    klein_bottle      sin s N(u) + cos s N(u^2), u = cos t x + sin t y        Z/2: 1, 2, 1; Z/3: 1, 1, 0
    four_clusters     edges at 90 degrees, angle of standard deviation 0.12   4, 0
    eight_clusters    edges at 45 degrees, angle of standard deviation 0.12   8, 0
    gaussian          independent normal numbers: fills the 7-sphere          no structure
    ================  ======================================================  ==========================

    Args:
        name: One of the seven names.
        n: Number of filters, split evenly among circles or clusters.
        noise: Standard deviation of Gaussian noise added to each coordinate, before centring and normalising.
        seed: Seed of the random numbers.

    Returns:
        Filters in the default dtype, row by row of the 3 x 3 grid.

    Raises:
        ValueError: If the name is unknown or `n` or `noise` is negative.

    Source: "On the local behavior of spaces of natural images", 2008, for the circles and the Klein bottle.

    Example:
        >>> import topolens as tl
        >>> edges = tl.shapes.filter_model("primary_circle", n=100)
        >>> edges.shape, bool(edges.sum(1).abs().max() < 1e-5)
        (torch.Size([100, 9]), True)
    """
    if name not in FILTER_MODELS:
        raise ValueError(f"name must be one of {', '.join(FILTER_MODELS)}, got {name!r}")
    generator = _generator(n, noise, seed)
    if name == "gaussian":
        return _contrast(torch.randn(n, 9, generator=generator))
    y, x = torch.meshgrid(torch.arange(-1.0, 2), torch.arange(-1.0, 2), indexing="ij")
    x, y = x.flatten(), y.flatten()
    e_x, e_y, q_x, q_y = (_contrast(f) for f in (x, y, x**2, y**2))
    if name.endswith("clusters"):
        count = 4 if name == "four_clusters" else 8
        centres = 2 * math.pi * (torch.arange(n) % count) / count
        angles = centres + 0.12 * torch.randn(n, generator=generator)
        filters = _on_circle(angles) @ torch.stack([e_x, e_y])
    elif name == "klein_bottle":
        u = _on_circle(_angles(n, generator)) @ torch.stack([x, y])
        s = _angles(n, generator)[:, None]
        filters = s.sin() * _contrast(u) + s.cos() * _contrast(u**2)
    else:
        planes = torch.stack([torch.stack(p) for p in ((e_x, e_y), (e_x, q_x), (e_y, q_y))])
        count = {"primary_circle": 1, "two_circles": 2, "three_circles": 3}[name]
        angles = _angles(n, generator)
        filters = torch.einsum("na,nap->np", _on_circle(angles), planes[torch.arange(n) % count])
    return _contrast(_noisy(filters, noise, generator))


def _contrast(filters: Tensor) -> Tensor:
    """Filters of mean 0 and norm 1."""
    return torch.nn.functional.normalize(filters - filters.mean(-1, keepdim=True), dim=-1)
