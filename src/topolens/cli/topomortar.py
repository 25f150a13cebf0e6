"""`topolens reproduce topomortar`: topological losses on photographs of walls of bricks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from topolens.cli.options import Address, Backend, Directory, Quiet, Repeats, Seed, Workers
from topolens.cli.study import study

EXAMPLES = """Examples:

  topolens reproduce topomortar --data TopoMortar --quick

  topolens reproduce topomortar --data TopoMortar --labels accurate --workers 8 -o topomortar

  topolens reproduce topomortar --data TopoMortar --full --device cuda -o topomortar
"""
MortarData = Annotated[
    list[Path],
    typer.Option("--data", metavar="DIR", help="The folder of github.com/jmlipman/TopoMortar, or one with "
                 "topomortar_labels.npz and topomortar_images.zip, or both of these files."),
]  # fmt: skip
LabelKinds = Annotated[
    list[str] | None, typer.Option("--labels", metavar="KIND", help="accurate, noisy or pseudo; without it all three.")
]
QuickMortar = Annotated[
    bool, typer.Option("--quick", help="Accurate labels, fewer images and steps, a smaller network: minutes.")
]
FullMortar = Annotated[bool, typer.Option("--full", help="The paper's size: whole images, 12,000 steps; for a GPU.")]
TrainingSteps = Annotated[int | None, typer.Option(min=1, help="Steps of training, in place of those of the recipe.")]
Device = Annotated[str, typer.Option(help="Where networks are trained: cpu, cuda, ...")]


def command(
    data: MortarData,
    labels: LabelKinds = None,
    output: Directory = None,
    quick: QuickMortar = False,
    full: FullMortar = False,
    steps: TrainingSteps = None,
    seeds: Repeats = 3,
    device: Device = "cpu",
    workers: Workers = 0,
    backend: Backend = "local",
    address: Address = None,
    seed: Seed = 0,
    quiet: Quiet = False,
) -> None:
    """Topological losses on TopoMortar, in and out of distribution, beside the figures of its authors.

    Finished runs are kept in the folder runs beside the report: a killed study goes on where it was.
    """
    one_process = device != "cpu" and not workers
    with study(output or Path("topolens-topomortar"), quiet, 1 if one_process else workers, backend, address) as run:
        from topolens.studies.mortar_data import LABELS
        from topolens.studies.mortar_page import FULL, PAPERS, QUICK, mortar_study
        from topolens.studies.mortar_runs import Source

        if quick and full:
            raise ValueError("--quick and --full exclude each other, got both; leave one out")
        recipe = PAPERS if full else QUICK if quick else FULL
        recipe = recipe if steps is None else replace(recipe, steps=steps)
        source = Source(tuple(str(path) for path in data), device)
        kinds = labels or (["accurate"] if quick else LABELS)
        run.report = mortar_study(source, kinds, recipe=recipe, seeds=range(seed, seed + seeds), **run.runs)
