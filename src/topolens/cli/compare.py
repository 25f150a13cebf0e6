"""`topolens compare`: several networks on the same samples."""

from pathlib import Path
from typing import Annotated

import typer

from topolens.cli.errors import one_sentence
from topolens.cli.gates import conditions, judge
from topolens.cli.options import (
    Directory,
    FailIf,
    Json,
    Layers,
    Normalize,
    Quiet,
    SamplesByLot,
    Seed,
    Threads,
    split,
    use_threads,
)
from topolens.cli.output import check_directory, tell
from topolens.cli.progress import shown_progress

EXAMPLES = """Examples:

  topolens compare before.pt after.pt --model mypackage.nets:resnet20 --data test.npz

  topolens compare a.pt b.pt --like a2.pt --like a3.pt --model mypackage.nets:resnet20 --data digits

  topolens compare before.pt after.pt --model mypackage.nets:resnet20 --data digits --fail-if 'cka_distance > 0.3'
"""
Weights = Annotated[
    list[Path], typer.Argument(help="Weights of two networks or more; the first is held against each other.")
]
Model = Annotated[
    str, typer.Option("--model", metavar="MODULE:FACTORY", help="Your code that makes the network; it is run.")
]
DataOf = Annotated[str, typer.Option("--data", metavar="SPEC", help="Samples, as of topolens report --data.")]
Like = Annotated[
    list[Path] | None,
    typer.Option(
        metavar="FILE", help="Weights of the first network trained from another seed: noise, to compare with."
    ),
]


def command(
    weights: Weights,
    model: Model,
    data: DataOf,
    like: Like = None,
    output: Directory = None,
    layers: Layers = None,
    normalize: Normalize = None,
    samples: SamplesByLot = 2000,
    seed: Seed = 0,
    threads: Threads = None,
    fail_if: FailIf = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Show where networks of one architecture see the same samples differently, more than other seeds do.

    Writes report.html and report.json into the directory topolens-comparison or -o.
    """
    directory = output or (None if as_json else Path("topolens-comparison"))
    gates = conditions(fail_if)
    patterns = split(layers)
    with one_sentence():
        if len(weights) < 2:
            raise ValueError(f"compare needs the weights of two networks at least, got {len(weights)}")
        if directory is not None:
            check_directory(directory)
        from topolens.cli.inputs import named_networks, samples_of
        from topolens.report.comparison import compare

        use_threads(threads)
        networks, seeds = named_networks(weights, model), named_networks(like or [], model)
        source = samples_of(data, normalize)
        told = {"source": " against ".join(networks), "data": source.name}
        with shown_progress(quiet) as progress:
            result = compare(
                networks, source.data, seeds=seeds, layers=patterns or None, samples=samples, seed=seed, source=told,
                progress=progress,
            )  # fmt: skip
        tell(result, directory, as_json, quiet)
        judge(result, gates)
