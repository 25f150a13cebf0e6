"""What the engine is to reach. Each goal says which cases and peers it is about and what share of their cost we allow.

Keys: `text`; `groups` of cases; `cases`, part of their names, where it is not all of them; `ours` and `peer`, how the
names of rows begin (peer: a list; empty: every peer); `gives`, what a peer must give; `factor`, the largest allowed;
`kind`, what is held against it:

- "each" (default): our time over the peer's, for every case and every peer.
- "best": our time over that of the fastest peer of the case.
- "mean": the geometric mean of those over the cases.
- "memory": our peak memory over the peer's.
- "seconds": our wall time.
"""

from __future__ import annotations

from typing import Any

CRITICAL = "bars and critical cells"
TREE = {"groups": ["h0"], "cases": ["4000"], "ours": "topolens spanning_tree"}

GOALS: tuple[dict[str, Any], ...] = (
    {"text": "H0 of 4,000 points ≥ 50× ripser.py", **TREE, "peer": ["ripser"], "factor": 1 / 50},
    {"text": "H0 of 4,000 points ≥ 15× giotto-ph and gudhi", **TREE, "peer": ["giotto", "gudhi"], "factor": 1 / 15},
    {"text": "H0 of 4,000 points ≥ 3× scipy's single linkage", **TREE, "peer": ["scipy linkage"], "factor": 1 / 3},
    {"text": "H0 of 4,000 points within 10× of reading the matrix", **TREE, "peer": ["torch sum"], "factor": 10.0},
    {"text": "Rips, H0 and H1: faster than every peer in every row", "groups": ["rips"], "peer": [], "factor": 1.0},
    {
        "text": "Rips, H0 and H1: geometric mean ≥ 5× the best peer",
        "groups": ["rips"],
        "peer": [],
        "factor": 0.2,
        "kind": "mean",
    },
    {
        "text": "Rips, H0 and H1: memory no higher than any peer's",
        "groups": ["rips"],
        "peer": [],
        "factor": 1.0,
        "kind": "memory",
    },
    {
        "text": "Neuron correlations ≥ 20× the best peer",
        "groups": ["neurons"],
        "peer": [],
        "factor": 0.05,
        "kind": "best",
    },
    {
        "text": "Neuron correlations of 3,000 neurons in 60 s",
        "groups": ["neurons"],
        "cases": ["3000"],
        "peer": [],
        "factor": 60.0,
        "kind": "seconds",
    },
    {"text": "Rips to H2 no slower than ripser.py", "groups": ["rips-h2"], "peer": ["ripser"], "factor": 1.0},
    {
        "text": "2D cubical ≥ 10× the fastest peer with critical pixels",
        "groups": ["cubical"],
        "peer": [],
        "gives": CRITICAL,
        "factor": 0.1,
        "kind": "best",
    },
    {
        "text": "2D cubical, T ≥ 1.5× the fastest peer without",
        "groups": ["cubical"],
        "cases": ["/T"],
        "peer": [],
        "gives": "bars",
        "factor": 1 / 1.5,
        "kind": "best",
    },
    {
        "text": "Forward and backward of a batch ≥ 15× cripser's torch wrapper",
        "groups": ["gradient"],
        "peer": ["cripser"],
        "factor": 1 / 15,
    },
    {
        "text": "Forward and backward of a batch ≥ 40× torch_topological or a loop over gudhi",
        "groups": ["gradient"],
        "cases": ["28-noise"],
        "peer": ["torch_topological", "gudhi"],
        "factor": 1 / 40,
    },
    {
        "text": "3D cubical ≥ 2× cripser and gudhi",
        "groups": ["volumes"],
        "peer": ["cripser", "gudhi"],
        "factor": 0.5,
    },
    {
        "text": "3D cubical: memory no higher than cripser's and gudhi's",
        "groups": ["volumes"],
        "peer": ["cripser", "gudhi"],
        "factor": 1.0,
        "kind": "memory",
    },
    {"text": "Extended persistence of graphs ≥ 10× gudhi", "groups": ["extended"], "peer": ["gudhi"], "factor": 0.1},
    {
        "text": "Two threads ≥ 1.8× one, from 128 images of 28 × 28 on",
        "groups": ["scaling"],
        "cases": ["/128x", "/512x", "/256"],
        "peer": [],
        "factor": 1 / 1.8,
    },
    {
        "text": "Two threads no loss for 1 and 8 images",
        "groups": ["scaling"],
        "cases": ["/1x", "/8x"],
        "peer": [],
        "factor": 1.05,
    },
)
