"""What there is to see of a space of filters: tables, and figures as data."""

from __future__ import annotations

import torch
from torch import Tensor

from topolens.analyses.filter_circle import orientation
from topolens.analyses.filter_loops import HEADLINE, Settings, top_bars
from topolens.analyses.filter_measures import Measured
from topolens.analyses.filter_patches import PatchComparison
from topolens.analyses.finding import Figure, Table
from topolens.analyses.occupancy import BINS
from topolens.mapper.graph import MapperGraph, lens_positions

SHOWN = 1500  # points of a scatter
AROUND = 24  # angular bins of the filters drawn along the circle


def tables_of(measured: Measured) -> dict[str, Table]:
    """Bars of every filtration beside its nulls, and over two fields."""
    rows = []
    for name, diagrams in measured.diagrams.items():
        bars = top_bars(diagrams)
        null = max(reference.bars[name][0] for reference in measured.nulls)
        rows.append((name, *bars[:3], null))
    fields = [
        (name, f"Z/{field}", *top_bars(diagrams)[:3], *top_bars(diagrams, 2)[:2])
        for name, field, diagrams in measured.by_field
    ]
    return {
        "filtrations": Table(
            "Longest H1 bars by filtration, over Z/2",
            ("filtration", "first", "second", "third", "longest null"),
            tuple(rows),
        ),
        "fields": Table(
            "Longest bars by field: a Klein bottle has two loops and a void over Z/2, one loop and no void over Z/3",
            ("filtration", "field", "first H1", "second H1", "third H1", "first H2", "second H2"),
            tuple(fields),
        ),
    }


def figures_of(
    measured: Measured, patches: PatchComparison, size: tuple[int, int], settings: Settings
) -> dict[str, Figure]:
    """Figures of one finding, the one to look at first at the front."""
    figures = {"barcode": _barcode(measured), "nulls": _nulls(measured)}
    if measured.loop is not None:
        figures = {"filters_along_circle": _along(measured, size), **figures, **_around(measured, size)}
    if measured.graph is not None:
        figures["mapper"] = _mapper(measured, measured.graph, size)
    if measured.sweep is not None:
        sweep = measured.sweep
        figures["sweep"] = Figure(
            "sweep",
            "Longest H1 bar for other density parameters; outlined cells lie above the Gaussian null drawn for each.",
            {
                "k": sweep.k,
                "p": sweep.p,
                "top_bar": sweep.top_bar,
                "null_max": sweep.null,
                "chosen": [settings.k, settings.p],
            },
        )
    figures["patches"] = _patches(measured, patches, size)
    return figures


def _barcode(measured: Measured) -> Figure:
    bars = measured.diagrams[HEADLINE].finite()
    order = torch.argsort(bars.persistence, descending=True, stable=True)
    rows = [[int(bars.dim[i]), *bars.intervals[i].tolist()] for i in order]
    shown = [row for dim in (0, 1) for row in [row for row in rows if row[0] == dim][:12]]
    tops = [reference.top for reference in measured.nulls]
    return Figure(
        "barcode",
        f"Longest bars of the {HEADLINE} filtration on {len(measured.marks)} landmarks. A long H1 bar is a loop; the "
        "shade is the longest bar that random filters give.",
        {"bars": shown, "null_max": max(tops), "null_top_bars": tops, "scale_name": "lazy witness scale"},
    )


def _nulls(measured: Measured) -> Figure:
    groups = {
        "Gaussian filters": measured.nulls,
        "untrained twins": measured.twins,
        "same covariance": measured.moments,
    }
    spread = measured.repeats[:, 0]
    return Figure(
        "nulls",
        "The longest loop beside that of random filters, of the untrained layer, and of Gaussian filters with the "
        "same covariance.",
        {
            "observed": float(spread.median()),
            "interval": [float(spread.quantile(0.05)), float(spread.quantile(0.95))],
            "groups": {name: [reference.top for reference in group] for name, group in groups.items() if group},
            "quantity": "longest H1 bar",
        },
    )


def _turned(measured: Measured, size: tuple[int, int]) -> Tensor:
    """Circular coordinate of the core in radians, turned and reflected to agree best with edge orientation."""
    assert measured.loop is not None
    angle, edge = 2 * torch.pi * measured.loop.coordinate.phase, orientation(measured.core, size).double()
    means = {sign: torch.exp(1j * (edge - sign * angle)).mean() for sign in (1, -1)}
    sign = max(means, key=lambda s: float(means[s].abs()))
    return (sign * angle + means[sign].angle()) % (2 * torch.pi)


def _along(measured: Measured, size: tuple[int, int]) -> Figure:
    angle = _turned(measured, size)
    which = (angle / (2 * torch.pi) * AROUND).long().clamp_max(AROUND - 1)
    counts = torch.bincount(which, minlength=AROUND)
    sums = torch.zeros(AROUND, measured.core.shape[1]).index_add(0, which, measured.core.float())
    means = sums / torch.linalg.vector_norm(sums, dim=1, keepdim=True).clamp_min(1e-12)
    return Figure(
        "filters_along_circle",
        "Mean filter in each of 24 arcs of the circular coordinate; the ring inside shows how many filters lie there. "
        "The coordinate is turned so that angles agree with edge orientation as well as they can.",
        {
            "filters": means.reshape(AROUND, *size),
            "angles": (torch.arange(AROUND) + 0.5) / AROUND * 2 * torch.pi,
            "counts": counts,
        },
    )


def _around(measured: Measured, size: tuple[int, int]) -> dict[str, Figure]:
    assert measured.loop is not None
    loop, generator = measured.loop, torch.Generator().manual_seed(0)
    some = torch.randperm(len(measured.core), generator=generator)[:SHOWN]
    centred = measured.core.double() - measured.core.double().mean(0)
    axes = torch.linalg.svd(centred, full_matrices=False).Vh[:2]
    axes = axes * torch.sign(axes.gather(1, axes.abs().argmax(1, keepdim=True)))
    phase = loop.coordinate.phase[some]
    return {
        "occupancy": Figure(
            "occupancy",
            "Filters in each 10 degrees of the circular coordinate. A circle is evenly filled; clusters leave gaps.",
            {
                "counts": loop.around.counts,
                "gap": loop.around.gap,
                "entropy": loop.around.entropy,
                "gap_degrees": loop.around.gap_degrees,
            },
        ),
        "plane": Figure(
            "plane",
            "The core in its first two principal directions, coloured by the circular coordinate.",
            {"xy": (centred @ axes.T)[some], "phase": phase},
        ),
        "orientation": Figure(
            "orientation",
            "Circular coordinate against the direction in which a filter rises: a line means that the loop is edge "
            "orientation.",
            {
                "phase": phase,
                "orientation": orientation(measured.core, size)[some],
                "correlation": loop.orientation_correlation,
            },
        ),
    }


def _mapper(measured: Measured, graph: MapperGraph, size: tuple[int, int]) -> Figure:
    positions, sizes = torch.as_tensor(lens_positions(graph)).double(), torch.as_tensor(graph.sizes)
    large = torch.argsort(sizes, descending=True, stable=True)[: max(len(sizes) // 2, min(len(sizes), 16))]
    picked = _spread_nodes(positions[large], 16)
    loops = measured.nerve_b1
    means = torch.as_tensor(graph.node_means(measured.core.numpy()))[large[picked]]
    return Figure(
        "mapper",
        f"Mapper graph on two principal components (30 intervals, gain 3): nodes are clusters of filters, coloured by "
        f"size; beside it the mean filters of some nodes. Its nerve has {loops['connected']} loops, the cover alone "
        f"{loops['one_cluster']}.",
        {
            "positions": positions,
            "sizes": sizes,
            "edges": graph.edges,
            "filters": means.reshape(-1, *size),
            "filter_positions": positions[large[picked]],
            "b1": loops["connected"],
            "cover_b1": loops["one_cluster"],
        },
    )


def _spread_nodes(positions: Tensor, count: int) -> Tensor:
    """Rows of positions (n, 2) far apart from each other, starting with the outermost."""
    rows = [int((positions - positions.mean(0)).norm(dim=1).argmax())]
    nearest = (positions - positions[rows[0]]).norm(dim=1)
    while len(rows) < min(count, len(positions)):
        rows.append(int(nearest.argmax()))
        nearest = torch.minimum(nearest, (positions - positions[rows[-1]]).norm(dim=1))
    return torch.tensor(rows)


def _patches(measured: Measured, patches: PatchComparison, size: tuple[int, int]) -> Figure:
    def density(filters: Tensor) -> Tensor:
        turns = (orientation(filters.float(), size) / (2 * torch.pi)) % 1.0
        counts = torch.bincount((turns * BINS).long().clamp_max(BINS - 1), minlength=BINS)
        return counts.double() / max(len(filters), 1)

    return Figure(
        "patches",
        f"Edge orientations of the core filters and of high-contrast patches of {patches.source}.",
        {
            "angles": (torch.arange(BINS) + 0.5) / BINS * 2 * torch.pi,
            "filters": density(measured.core),
            "patches": density(patches.patches),
            "distance": float((density(measured.core) - density(patches.patches)).abs().sum() / 2),
        },
    )
