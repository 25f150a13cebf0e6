"""The loss of topological autoencoders: edges that connect the data are as long in the latent space, and back."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from topolens.losses.class_maps import Reduction, check_reduction, reduced
from topolens.losses.clouds import Normalise, as_pair, check_normalise, checked_scale, distances, lengths, trees, unit
from topolens.losses.precision import without_autocast

Terms = Literal["both", "data", "latent"]


@without_autocast
def topological_autoencoder(
    points: Tensor,
    latent: Tensor,
    scale: float | Tensor | None = None,
    *,
    normalise: Normalise | None = "max",
    normalise_latent: Normalise | None = None,
    terms: Terms = "both",
    squared: bool = True,
    per_point: bool = True,
    reduction: Reduction = "mean",
) -> Tensor:
    """How far the lengths of the edges that connect two clouds of the same points differ.

    The edges are those of the shortest spanning tree of the data, then of the latent cloud (the deaths of their Rips
    filtrations in dimension 0); the loss sums (length in the data - length in the latent space)^2 over both.

    Args:
        points: Data, shape (n, d) or (batch, n, d); a minibatch is one cloud. Flatten images first.
        latent: What the encoder makes of them, shape (n, k) or (batch, n, k).
        scale: Latent lengths are divided by it, a trainable scalar in the paper's code; None: 1.
        normalise: Data lengths are divided by the largest distance in the cloud ("max", the paper's choice for data
            other than images), by 2 sqrt(d), the largest within [-1, 1]^d ("cube", its choice for images), or
            by nothing (None).
        normalise_latent: The same for latent lengths, before `scale`.
        terms: "both" trees, that of the "data" only, or that of the "latent" cloud only.
        squared: Whether each term is a sum of squares, or its square root.
        per_point: Whether the loss is divided by n, as in the paper's code.
        reduction: Of the clouds' values: "mean", "sum" or "none".

    Returns:
        A scalar, or with "none" one value per cloud, shape (batch,), (1,) for one cloud. 0 where a cloud has fewer
        than two points.

    Raises:
        TypeError: If a cloud is no floating-point tensor.
        ValueError: If shapes do not fit, a coordinate is NaN or infinite, or an option is unknown.

    Gradients: To the coordinates of the edges' ends in both clouds and to `scale`; which edges these are is locally
        constant. 0 at lengths of 0.
    Cost: O(n^2 (d + k)) per cloud; a minibatch of 128 images takes 2 ms on one thread, gradients included. Trees are
        found by the compiled engine on the CPU, by Borůvka's rounds on other devices.
    Source: "Topological Autoencoders", 2020; the factors are those of its code: divided by n, without the paper's 1/2.
        `squared=False, per_point=False, normalise_latent="max"` is twice the SignatureLoss of torch_topological.

    Example:
        >>> points, latent = torch.tensor([[0.0], [1.0], [3.0]]), torch.tensor([[0.0], [1.0], [2.0]])
        >>> topological_autoencoder(points, latent, normalise=None, per_point=False)    # twice (2 - 1)^2
        tensor(2.)
    """
    check_reduction(reduction)
    check_normalise("normalise", normalise)
    check_normalise("normalise_latent", normalise_latent)
    if terms not in ("both", "data", "latent"):
        raise ValueError(f"terms must be 'both', 'data' or 'latent', got {terms!r}")
    x, z = as_pair(points, latent)
    known = distances(x) if normalise == "max" else None
    unit_x, unit_z = unit(x, normalise, known), unit(z, normalise_latent) * checked_scale(scale, z)
    total = x.new_zeros(len(x))
    for cloud in (x,) * (terms != "latent") + (z,) * (terms != "data"):
        edges = trees(cloud, known=known if cloud is x else None)
        gap = lengths(x, edges) / unit_x - lengths(z, edges) / unit_z
        total = total + (gap.square().sum(1) if squared else torch.linalg.vector_norm(gap, dim=1))
    return reduced(total / max(x.shape[1], 1) if per_point else total, reduction)


class TopologicalAutoencoderLoss(nn.Module):
    """`topological_autoencoder` with its scale: `loss = reconstruction + weight * this(points, latent)`.

    Give its parameters to the optimiser too, else the scale does not learn.

    Args:
        scale: The scale, or where it starts.
        learn_scale: Whether it is trained.
        normalise: As in the function.
        normalise_latent: As in the function.
        terms: As in the function.
        squared: As in the function.
        per_point: As in the function.
        reduction: As in the function.

    Raises:
        ValueError: If `scale` is not above 0.

    Example:
        >>> loss = TopologicalAutoencoderLoss(normalise="cube")
        >>> loss(torch.rand(16, 784), torch.rand(16, 2)).shape, [name for name, _ in loss.named_parameters()]
        (torch.Size([]), ['scale'])
    """

    def __init__(
        self,
        scale: float = 1.0,
        *,
        learn_scale: bool = True,
        normalise: Normalise | None = "max",
        normalise_latent: Normalise | None = None,
        terms: Terms = "both",
        squared: bool = True,
        per_point: bool = True,
        reduction: Reduction = "mean",
    ) -> None:
        super().__init__()
        self.scale = nn.Parameter(checked_scale(scale, torch.zeros(())), requires_grad=learn_scale)
        self.normalise, self.normalise_latent, self.terms = normalise, normalise_latent, terms
        self.squared, self.per_point, self.reduction = squared, per_point, reduction

    def forward(self, points: Tensor, latent: Tensor) -> Tensor:
        """The loss of one minibatch, or of a batch of clouds."""
        return topological_autoencoder(
            points,
            latent,
            self.scale,
            normalise=self.normalise,
            normalise_latent=self.normalise_latent,
            terms=self.terms,
            squared=self.squared,
            per_point=self.per_point,
            reduction=self.reduction,
        )

    def extra_repr(self) -> str:
        """The settings."""
        return (
            f"learn_scale={self.scale.requires_grad}, normalise={self.normalise!r}, "
            f"normalise_latent={self.normalise_latent!r}, terms={self.terms!r}, squared={self.squared}, "
            f"per_point={self.per_point}"
        )
