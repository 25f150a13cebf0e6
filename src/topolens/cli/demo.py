"""`topolens demo`: real networks that come with the package, and some trained before your eyes."""

from pathlib import Path
from typing import Annotated

import typer

from topolens.cli.errors import one_sentence
from topolens.cli.options import Directory, Quiet, Seed, Threads, use_threads
from topolens.cli.output import check_directory, tell
from topolens.cli.progress import shown_progress

EXAMPLES = """Examples:

  topolens demo

  topolens demo --networks 8 -o somewhere
"""
Networks = Annotated[int, typer.Option(min=2, help="Networks to train on scikit-learn's digits.")]


def command(
    output: Directory = Path("topolens-demo"),
    seed: Seed = 0,
    threads: Threads = None,
    quiet: Quiet = False,
    networks: Networks = 48,
) -> None:
    """Report on 100 networks trained on MNIST, and on a small ensemble trained now. Takes some minutes, no download."""
    directory = output or Path("topolens-demo")
    with one_sentence():
        check_directory(directory)
        from topolens.studies.demo import demo_report

        use_threads(threads)
        with shown_progress(quiet) as progress:
            result = demo_report(networks=networks, seed=seed, progress=progress)
        tell(result, directory, as_json=False, quiet=quiet)
    if not quiet:
        typer.echo(
            "next:   topolens report your_weights.safetensors\n"
            "        topolens report checkpoint_*.pt\n"
            "        topolens report --help"
        )
