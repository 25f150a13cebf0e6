"""Python that makes a graph again, without the explorer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from topolens.explorer.settings import kind_of
from topolens.explorer.store import NotFoundError, Run, points_file, probabilities_file
from topolens.explorer.tables import CLUSTERERS, COVERS, LENSES

NAMES = (
    "ball_cover", "connected", "dbscan", "density", "eccentricity", "feature", "first_gap", "gmapper_cover", "hdbscan",
    "kmeans_cover", "norm", "one_cluster", "pca", "single_linkage",
)  # fmt: skip


def snippet(run: Run, settings: Mapping[str, Any]) -> str:
    """A script that gives the `MapperGraph` of completed settings; it asks for the folder of the run alone."""
    cover, clusterer = settings["cover"], settings["clusterer"]
    lenses = [_code(run, settings, lens) for lens in settings["lenses"]]
    body = [
        f"run = Path({run.folder.name!r})",
        f"points = torch.from_numpy(np.load(run / {points_file(settings['layer'], settings['checkpoint'])!r}))",
        f"lens = torch.stack([{', '.join(lenses)}], 1)",
        "graph = tl.mapper(",
        f"    points, lens, {kind_of(COVERS, 'cover', cover).code.format(**cover)},",
        f"    metric={settings['metric']!r}, clusters={_clusterer(clusterer)}, noise={settings['noise']!r},",
        f"    min_shared={settings['min_shared']}, cap={settings['cap']},",
        ")",
    ]
    used = [name for name in NAMES if any(re.search(rf"[\s(\[=]{name}[,()]", line) for line in body)]
    head = [
        "from functools import partial",
        "from pathlib import Path",
        "",
        "import numpy as np",
        "import torch",
        "import topolens as tl",
        f"from topolens.mapper import {', '.join(used)}",
        "",
    ]
    return "\n".join([*head, *body, ""])


def _clusterer(given: Mapping[str, Any]) -> str:
    kind = kind_of(CLUSTERERS, "clusterer", given)
    return (kind.code or kind.kind).format(**given)


def _code(run: Run, settings: Mapping[str, Any], lens: Mapping[str, Any]) -> str:
    space = run.layer(settings["layer"])["space"]
    files = {"probabilities_file": probabilities_file(settings["checkpoint"])}
    for name, column in (("column_file", lens.get("column")), ("entropy_file", "entropy")):
        try:
            files[name] = run.column_file(space, column, settings["checkpoint"]) if column else ""
        except NotFoundError:
            files[name] = ""
    return kind_of(LENSES, "lens", lens).code.format(**lens, **files)
