"""The planar points that the paper on topological autoencoders published of its spheres, measured again."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from topolens.studies.embedding_measures import measures
from topolens.studies.spheres import spheres


def published_measures(folder: Path) -> dict[str, dict[str, float]]:
    """Measures of each method's `latents.csv` in a folder, by the name of its own folder.

    Args:
        folder: As `data/visualizations/spheres` in the repository BorgwardtLab/topological-autoencoders: files
            METHOD/latents.csv with a header and the columns x, y and label, one row per test point.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If a file is of another shape, or its labels are not those of the test points.
    """
    files = sorted(folder.glob("*/latents.csv"))
    if not files:
        raise FileNotFoundError(f"{folder} must hold files METHOD/latents.csv, and has none")
    data = spheres()
    points, labels = data.test.numpy(), data.test_labels.numpy()
    found = {}
    for file in files:
        try:
            rows = np.loadtxt(file, delimiter=",", skiprows=1, ndmin=2)
        except ValueError as error:
            raise ValueError(f"{file} must hold rows of numbers after a header ({error})") from None
        if rows.shape[1] != 3 or len(rows) > len(points) or not np.array_equal(rows[:, 2], labels[: len(rows)]):
            raise ValueError(f"{file} must hold x, y and the label of the first of the {len(points)} test points")
        found[file.parent.name] = measures(points[: len(rows)], rows[:, :2])
    return found
