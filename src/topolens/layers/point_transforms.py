"""What PersLay makes of a single bar: tents, soft Betti curves, Gaussians, lines, entropy."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from topolens.diagrams import Diagrams
from topolens.layers.planes import squared_distance
from topolens.layers.segments import check_dtype
from topolens.vectorizations.entropy import entropy_terms


def _margin(intervals: Tensor, samples: Tensor) -> Tensor:
    """How far each sample lies within each bar, shape (bars, samples); negative outside."""
    birth, death = intervals[:, :1], intervals[:, 1:]
    # Half the length minus the distance to the middle: its backward is several times cheaper than that of a minimum.
    return (death - birth).abs() / 2 - (samples - (birth + death) / 2).abs()


def tent_transform(intervals: Tensor, samples: Tensor) -> Tensor:
    """Height max(0, min(t - birth, death - t)) of each bar's tent over each sample t, shape (bars, samples).

    Args:
        intervals: Finite births and deaths, shape (bars, 2), in either direction.
        samples: Filtration values, shape (samples,), in any order.

    Gradients: To bars and samples; 0 outside a bar.
    Source: "PersLay: A Neural Network Layer for Persistence Diagrams and New Graph Topological Signatures", 2020,
        section 3 (triangle point transformation). GUDHI's tent is the same.
    """
    return torch.relu(_margin(intervals, samples))


def flat_transform(intervals: Tensor, samples: Tensor, sharpness: Tensor | float) -> Tensor:
    """Smooth 0 or 1 for a bar alive at each sample t: sigmoid(sharpness * min(t - birth, death - t)).

    Shape (bars, samples). The sum over the bars tends to the Betti curve as sharpness grows.

    Args:
        intervals: Finite births and deaths, shape (bars, 2), in either direction.
        samples: Filtration values, shape (samples,), in any order.
        sharpness: Slope at the ends of a bar times 4, in units of 1 / filtration value.

    Gradients: To all arguments.
    Source: GUDHI's FlatPerslayPhi.
    """
    return torch.sigmoid(sharpness * _margin(intervals, samples))


def gaussian_transform(intervals: Tensor, centres: Tensor, sigma: Tensor | float) -> Tensor:
    """Bell ``exp(-|p - c|^2 / (2 sigma^2))`` of points p = (birth, death) around centres c, shape (bars, centres).

    Args:
        intervals: Finite births and deaths, shape (bars, 2).
        centres: Points of the (birth, death) plane, shape (centres, 2).
        sigma: Standard deviation, one number or one per centre, shape (centres,).

    Gradients: To all arguments.
    Source: "PersLay", 2020, section 3 (Gaussian point transformation), without a normalising factor. GUDHI's takes
        (birth, persistence) and divides by 2 pi sigma^2: that is `vectorizations.persistence_image`.
    """
    return torch.exp(squared_distance(intervals, centres) / (-2 * sigma**2))


def line_transform(intervals: Tensor, directions: Tensor, offsets: Tensor) -> Tensor:
    """Value <p, e> + b of each point p = (birth, death) for each direction e and offset b, shape (bars, directions).

    Args:
        intervals: Finite births and deaths, shape (bars, 2).
        directions: Shape (directions, 2).
        offsets: Shape (directions,).

    Gradients: To all arguments.
    Source: "PersLay", 2020, section 3 (line point transformation).
    """
    return nn.functional.linear(intervals, directions, offsets)


class TentTransform(nn.Module):
    """Learnable samples of `tent_transform`, for `PersLay`.

    Args:
        samples: First values, shape (samples,), in the units of the filtration.
    """

    def __init__(self, samples: Tensor) -> None:
        super().__init__()
        self.samples = nn.Parameter(samples.detach().clone())

    def forward(self, diagrams: Diagrams) -> Tensor:
        """Heights, shape (bars, samples)."""
        return tent_transform(diagrams.intervals, self.samples)


class FlatTransform(nn.Module):
    """Learnable samples and sharpness of `flat_transform`, for `PersLay`.

    Args:
        samples: First values, shape (samples,), in the units of the filtration.
        sharpness: First slope of the ends.
    """

    def __init__(self, samples: Tensor, sharpness: float = 10.0) -> None:
        super().__init__()
        self.samples = nn.Parameter(samples.detach().clone())
        self.sharpness = nn.Parameter(samples.new_tensor(sharpness))

    def forward(self, diagrams: Diagrams) -> Tensor:
        """Nearly 0 or 1, shape (bars, samples)."""
        return flat_transform(diagrams.intervals, self.samples, self.sharpness)


class EntropyTransform(FlatTransform):
    """Each bar's share -q log q of the persistent entropy, spread over the samples it is alive at, for `PersLay`.

    q is persistence over the total persistence of the bar's own diagram. With op="sum" a smooth entropy curve.

    Args:
        samples: First values, shape (samples,), in the units of the filtration.
        sharpness: First slope of the ends.
    """

    def forward(self, diagrams: Diagrams) -> Tensor:
        """Shares, shape (bars, samples)."""
        return entropy_terms(diagrams)[:, None] * super().forward(diagrams)


class GaussianTransform(nn.Module):
    """Learnable centres and widths of `gaussian_transform`, for `PersLay`.

    Args:
        centres: First points (birth, death), shape (centres, 2).
        sigma: First standard deviation of all of them; kept as a logarithm, so it stays above 0.
    """

    def __init__(self, centres: Tensor, sigma: float) -> None:
        super().__init__()
        self.centres = nn.Parameter(centres.detach().clone())
        self.log_sigma = nn.Parameter(centres.new_full((len(centres),), sigma).log())

    def forward(self, diagrams: Diagrams) -> Tensor:
        """Bells, shape (bars, centres)."""
        return gaussian_transform(diagrams.intervals, self.centres, self.log_sigma.exp())


class LineTransform(nn.Module):
    """Learnable directions and offsets of `line_transform`, for `PersLay`.

    Args:
        features: Number of directions; they start random, as those of `torch.nn.Linear`.
    """

    def __init__(self, features: int) -> None:
        super().__init__()
        self.line = nn.Linear(2, features)

    def forward(self, diagrams: Diagrams) -> Tensor:
        """Values, shape (bars, features)."""
        check_dtype(diagrams, self.line.weight)
        return line_transform(diagrams.intervals, self.line.weight, self.line.bias)
