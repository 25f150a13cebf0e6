"""Mapper as an estimator: fitted once, it places other points in its graph."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from scipy import sparse
from torch import Tensor

from topolens.mapper.cover import Cover
from topolens.mapper.coverage import Coverage
from topolens.mapper.lens_values import Lens, lens_values
from topolens.mapper.mapper import Clusterer, Covering, Rest, covering, mapped
from topolens.mapper.metric import PRECOMPUTED, variance_normalised
from topolens.mapper.placement import Placement, placed


class Mapper:
    """Mapper graphs in the manner of scikit-learn: settings first, then `fit`, `transform` and `fit_transform`.

    Points may be tensors or arrays. After `fit`, `graph_` is the `MapperGraph`, `membership_` its points by nodes,
    `n_features_in_` the number of coordinates, and `left_out_` says which points are in no node.

    Args:
        lens, resolution, gain, metric, clusters, convention, cover, noise, min_shared, cap: As in `topolens.mapper`.

    Example:
        >>> points = torch.linspace(0, 1, 50)[:, None]
        >>> line = Mapper(resolution=5, gain=1.5).fit(points)
        >>> line.graph_
        MapperGraph(points=50, nodes=5, edges=4, triangles=0)
        >>> line.transform([[0.01], [2.0]]).toarray().astype(int).tolist()   # the second lies outside the cover
        [[1, 0, 0, 0, 0], [0, 0, 0, 0, 0]]
    """

    def __init__(
        self,
        lens: Lens = None,
        resolution: int | Sequence[int] = 30,
        gain: float | Sequence[float] = 3.0,
        metric: str | None = "std",
        clusters: str | Clusterer = "first_gap",
        convention: str = "spanning",
        cover: str | Covering | Cover = "uniform",
        noise: str = "drop",
        min_shared: int = 1,
        cap: int | None = None,
    ) -> None:
        self.lens = lens
        self.resolution = resolution
        self.gain = gain
        self.metric = metric
        self.clusters = clusters
        self.convention = convention
        self.cover = cover
        self.noise = noise
        self.min_shared = min_shared
        self.cap = cap

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The settings by name; `deep` is there for scikit-learn and changes nothing."""
        return {name: getattr(self, name) for name in inspect.signature(type(self)).parameters}

    def set_params(self, **settings: Any) -> Mapper:
        """The estimator itself with some settings changed.

        Raises:
            ValueError: If there is no such setting.
        """
        known = self.get_params()
        for name, value in settings.items():
            if name not in known:
                raise ValueError(f"settings are {', '.join(known)}, got {name!r}")
            setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        defaults = inspect.signature(type(self)).parameters
        changed = {name: x for name, x in self.get_params().items() if x is not defaults[name].default}
        return f"Mapper({', '.join(f'{name}={x!r}' for name, x in changed.items())})"

    def fit(self, X: Any, y: Any = None, *, lens: Any = None) -> Mapper:
        """The estimator itself, with the graph of the points.

        Args:
            X: Points, shape (n, d), or distances, shape (n, n), with `metric="precomputed"`.
            y: Not looked at.
            lens: Lens values of these points, in place of the setting.

        Raises:
            ValueError: As `topolens.mapper`.
        """
        points = _tensor(X)
        self._rule = covering(self.cover, self.resolution, self.gain, self.convention)
        chosen = self.lens if lens is None else _tensor(lens)
        self._made = mapped(
            points, chosen, self._rule, self.metric, self.clusters, Rest(self.noise, self.min_shared, self.cap)
        )
        self._points, self._lens = points.detach().cpu(), chosen
        self.graph_ = self._made.graph
        self.membership_: sparse.csr_array = self.graph_.membership
        self.left_out_: Coverage = self.graph_.left_out
        self.n_features_in_: int = points.shape[1]
        return self

    def fit_transform(self, X: Any, y: Any = None, *, lens: Any = None) -> sparse.csr_array:
        """Which point lies in which node, sparse boolean (n, nodes); arguments as in `fit`."""
        return self.fit(X, y, lens=lens).membership_

    def transform(self, X: Any, *, lens: Any = None, max_distance: float | None = None) -> sparse.csr_array:
        """Which other point lies in which node, sparse boolean (m, nodes); `place` also counts those in none.

        Args:
            X, lens, max_distance: As in `place`.
        """
        return self.place(X, lens=lens, max_distance=max_distance).membership

    def place(self, X: Any, *, lens: Any = None, max_distance: float | None = None) -> Placement:
        """The nodes of other points, and how many lie in none.

        A point is put in the boxes of its lens values, and in each into the node of the nearest point that the graph
        was made of. Points of the graph itself come back to their nodes, unless they were noise.

        Args:
            X: Other points, shape (m, d); with precomputed distances theirs to the points of the graph, (m, n).
            lens: Their lens values, needed if values were given to make the graph. Functions are called again: with
                the graph's points as `reference` if they take it, so that principal components stay the same.
            max_distance: Distance in the metric up to which a point joins another's cluster. None: any.

        Raises:
            AttributeError: If `fit` was not called.
            ValueError: If the shape does not fit, or the lens or the cover says nothing of other points.
        """
        if not hasattr(self, "_made"):
            raise AttributeError("this Mapper has no graph yet; call fit first")
        points = _tensor(X).detach().cpu().to(self._points.dtype)
        if points.ndim != 2 or points.shape[1] != self.n_features_in_:
            raise ValueError(f"X must have shape (m, {self.n_features_in_}), got {tuple(points.shape)}")
        are_distances = self.metric == PRECOMPUTED
        seen = points if are_distances else variance_normalised(points, self.metric, self._points)
        boxed = seen if self._rule.of_points else self._values(points, lens)
        return placed(self._made, seen, boxed, max_distance, are_distances)

    def _values(self, points: Tensor, lens: Any) -> Tensor:
        if lens is not None:
            return lens_values(points, _tensor(lens))
        parts = self._lens if isinstance(self._lens, list | tuple) else [self._lens]
        if any(isinstance(part, Tensor) for part in parts):
            raise ValueError("the graph was made of given lens values; pass those of the other points as lens=")
        return lens_values(points, self._lens, self._points)


def _tensor(given: Any) -> Tensor:
    """Points or values as a tensor of floating-point numbers."""
    if isinstance(given, Tensor):
        return given
    array = np.asarray(given)
    return torch.from_numpy(array if array.dtype in (np.float32, np.float64) else array.astype(np.float64))
