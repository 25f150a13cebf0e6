"""Filters of convolutions as spaces of their own: their points, columns and pictures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from topolens.explorer.columns import Column, space
from topolens.explorer.store import Writer
from topolens.explorer.tiles import shaded, write_sheets
from topolens.probes import convolutions, select_layers, spatial_filters
from topolens.sampling import neighbour_distance

MOST = 20_000  # filters of a layer, unless said otherwise
NEIGHBOUR = 15


class _Lot(NamedTuple):
    most: int
    seed: int


def filter_spaces(
    networks: Mapping[str, nn.Module | Mapping[str, Tensor]],
    writer: Writer,
    manifest: dict[str, Any],
    seed: int,
    only: Any = None,
    most: int = MOST,
) -> None:
    """A layer and a space for each convolution with kernels larger than 1x1 go into the manifest.

    The rows are those filters that have a direction (neither dead nor constant) in every checkpoint.

    Args:
        networks: Checkpoints by name.
        writer, manifest: Of the run.
        seed: Draws filters where a layer has more than `most`.
        only: Names or patterns of layers.
        most: Filters of a layer.
    """
    try:
        found = [convolutions(network)[0] for network in networks.values()]
        chosen = [each.name for each in select_layers(found[0], [only] if isinstance(only, str) else list(only or ()))]
    except ValueError:
        if only is not None or not manifest["layers"]:
            raise
        return  # a network without convolutions, of which there are samples
    for name in chosen:
        weights = [next((each.weight for each in every if each.name == name), None) for every in found]
        known = [weight for weight in weights if weight is not None]
        if len(known) == len(weights) and len({weight.shape for weight in known}) == 1:
            kind = next(each.kind for each in found[0] if each.name == name)
            _add(name, kind, known, writer, manifest, _Lot(most, seed))


def _add(name: str, kind: str, weights: list[Tensor], writer: Writer, manifest: dict[str, Any], lot: _Lot) -> None:
    clouds = [spatial_filters(weight) for weight in weights]
    common = clouds[0].index
    for cloud in clouds[1:]:
        common = common[torch.isin(common, cloud.index)]
    if len(common) > lot.most:
        draw = torch.randperm(len(common), generator=torch.Generator().manual_seed(lot.seed))[: lot.most]
        common = common[draw.sort().values]
    if not len(common):
        return
    layer, place, inputs = f"l{len(manifest['layers'])}", len(manifest["spaces"]), weights[0].shape[1]
    columns = [
        Column("output channel", (common // inputs).numpy().astype(np.float32)),
        Column("input channel", (common % inputs).numpy().astype(np.float32)),
    ]
    for number, (weight, cloud) in enumerate(zip(weights, clouds, strict=True)):
        points = cloud.points[torch.searchsorted(cloud.index, common)]
        writer.points(layer, f"c{number}", points.numpy())
        columns += _columns(weight, points, common, f"c{number}")
    kernel = weights[-1].flatten(0, 1)[common][:, None]
    sheets = write_sheets(shaded(_square(kernel), signed=True), lambda sheet, png: writer.tiles(place, sheet, png))
    manifest["spaces"].append(space(f"filters:{layer}", len(common), "filter", sheets, columns, writer, place))
    manifest["layers"].append(
        {
            "id": layer, "name": f"{name} filters", "kind": "filters", "space": f"filters:{layer}",
            "points": len(common), "features": weights[0][0, 0].numel(), "module": kind,
            "quantities": {
                f"c{number}": {"filters": cloud.total, "dead": cloud.dead, "constant": cloud.constant}
                for number, cloud in enumerate(clouds)
            },
        }
    )  # fmt: skip


def _columns(weight: Tensor, points: Tensor, rows: Tensor, checkpoint: str) -> list[Column]:
    flat = weight.detach().flatten(0, 1).flatten(1)[rows].double()
    found = [
        Column("norm", flat.norm(dim=1).numpy().astype(np.float32), None, "", checkpoint),
        Column("mean", flat.mean(1).numpy().astype(np.float32), None, "", checkpoint),
    ]
    if len(points) > NEIGHBOUR:
        far = neighbour_distance(points, NEIGHBOUR).numpy().astype(np.float32)
        found.append(Column(f"distance to neighbour {NEIGHBOUR}", far, None, "", checkpoint))
    return found


def _square(kernels: Tensor) -> Tensor:
    height, width = kernels.shape[2:]
    return torch.nn.functional.pad(kernels, (0, max(height - width, 0), 0, max(width - height, 0)))
