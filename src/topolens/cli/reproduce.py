"""`topolens reproduce`: published experiments, run again, each with its protocol and its baselines."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from topolens.cli.errors import one_sentence
from topolens.cli.options import Directory, Quiet, Seed, Threads, use_threads
from topolens.cli.output import check_directory, tell_study
from topolens.cli.progress import shown_progress

app = typer.Typer(
    help="Run a published experiment again: the paper's figures beside ours, with baselines, wins and defeats alike.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
QuickEdges = Annotated[bool, typer.Option("--quick", help="Fewer and smaller pictures: half a minute.")]
NoiseSeeds = Annotated[
    int | None, typer.Option("--seeds", min=1, help="Draws of the noise for each picture and rate; default 5, quick 3.")
]


@app.command()
def edges(
    output: Directory = Path("topolens-edges"),
    quick: QuickEdges = False,
    seeds: NoiseSeeds = None,
    seed: Seed = 0,
    threads: Threads = None,
    quiet: Quiet = False,
) -> None:
    """Find edges under salt-and-pepper noise: persistence filters against Sobel and Canny, with and without medians.

    Takes some minutes and scikit-image, no download.
    """
    directory = output or Path("topolens-edges")
    with one_sentence():
        check_directory(directory)
        from topolens.studies.edges import edges_study

        use_threads(threads)
        with shown_progress(quiet) as progress:
            report = edges_study(quick=quick, seeds=seeds, seed=seed, progress=progress)
        tell_study(report, directory, quiet)
