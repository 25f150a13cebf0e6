"""`topolens gap`: whether the topology of neurons tells how much worse networks do on new data."""

from pathlib import Path
from typing import Annotated

import typer

from topolens.cli.options import Address, Backend, Directory, Quiet, Seed, Workers
from topolens.cli.study import study

EXAMPLES = """Examples:

  topolens zoo --data mnist.npz -o mnist-zoo

  topolens gap mnist-zoo --data mnist.npz -o mnist-gap

  topolens gap mnist-zoo --data mnist.npz --neurons 300 --sampling stratified
"""
Zoo = Annotated[Path, typer.Argument(metavar="ZOO", help="The folder of a finished zoo.", show_default=False)]
DataFile = Annotated[Path, typer.Option("--data", metavar="FILE", help="The npz file the zoo was trained on.")]
Samples = Annotated[int, typer.Option(min=10, help="Training images that neurons are looked at with, in each draw.")]
Neurons = Annotated[int, typer.Option(min=10, help="Neurons of each draw.")]
Resamples = Annotated[int, typer.Option(min=2, help="Draws of images and neurons.")]
Sampling = Annotated[str, typer.Option(metavar="WAY", help="How neurons are drawn: importance, uniform, stratified.")]
Draws = Annotated[int, typer.Option(min=19, help="Shuffles for p-values.")]


def command(
    zoo: Zoo,
    data: DataFile,
    output: Directory = None,
    samples: Samples = 2000,
    neurons: Neurons = 3000,
    resamples: Resamples = 5,
    sampling: Sampling = "importance",
    draws: Draws = 199,
    workers: Workers = 0,
    backend: Backend = "local",
    address: Address = None,
    seed: Seed = 0,
    quiet: Quiet = False,
) -> None:
    """Tell the generalisation gap of a zoo's networks from bars of their neurons, and from what is known without them.

    Numbers of each network are kept in the folder cache beside the report: a killed study goes on where it was.
    """
    with study(output or Path("topolens-gap"), quiet, workers, backend, address) as run:
        from topolens.measures.neuron_sampling import WAYS
        from topolens.studies.gap import gap_study
        from topolens.studies.gap_features import Protocol
        from topolens.studies.images import read_images

        if sampling not in WAYS:
            raise ValueError(f"--sampling must be one of {', '.join(WAYS)}, got {sampling!r}")
        run.report = gap_study(
            zoo.absolute(),
            read_images(data),
            protocol=Protocol(samples, neurons, resamples, sampling, seed),
            draws=draws,
            cache=run.directory.absolute() / "cache",
            workers=run.workers,
            progress=run.progress,
        )
