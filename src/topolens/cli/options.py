"""Options that several commands share."""

import os
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Annotated

import typer

Seed = Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Decides every random draw: same seed, same report.")]
Threads = Annotated[int | None, typer.Option(min=1, help="Processor threads; default as torch finds them.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress, no table: only where the report lies.")]
Directory = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="DIR", help="Where report.html and report.json go.")
]
Repeats = Annotated[int, typer.Option("--seeds", min=1, help="Repetitions of the cross-validation, from --seed on.")]
_WORKERS = typer.Option("--workers", min=0, help="Processes of one thread each; 0: one per core, or all of a cluster.")
Workers = Annotated[int, _WORKERS]
WorkersIfAny = Annotated[int | None, _WORKERS]
Backend = Annotated[
    str,
    typer.Option(
        "--backend",
        metavar="NAME",
        help="Where the work is done: local, dask or ray (installed apart), of two workers or more.",
    ),
]
Address = Annotated[
    str | None,
    typer.Option("--address", metavar="ADDRESS", help="Of the scheduler, tcp://host:8786; default: one here."),
]

Normalize = Annotated[
    str | None,
    typer.Option(
        metavar="MEAN/STD",
        help="What pictures of --data, in [0, 1], are normalised by, as in training: imagenet, cifar10, cifar100, "
        "mnist, fashion_mnist, or numbers, one for all channels or one for each: 0.5/0.5.",
    ),
]
FailIf = Annotated[
    list[str] | None,
    typer.Option(
        metavar="CONDITION",
        help="Exit code 3 if this holds of the report, for instance 'collapse.nc1 > 0.1' or "
        "'class_structure.verdict == \"collapsed\"'; 4 if it cannot be judged. May be given several times.",
    ),
]

ModelName = Annotated[
    str | None, typer.Option("--model", metavar="MODULE:FACTORY", help="Your code that makes the network; it is run.")
]
Layers = Annotated[list[str] | None, typer.Option("--layers", metavar="PATTERN", help="Names or globs of layers: a,b.")]
SamplesByLot = Annotated[
    int, typer.Option("--samples", min=1, help="Samples of --data looked at, by lot; of a DataLoader the first.")
]
Json = Annotated[bool, typer.Option("--json", help="Print the JSON alone; write files only if -o is given.")]


def split(given: list[str] | None) -> list[str]:
    """What stands between commas, of an option that may be given several times."""
    return [name for words in given or [] for name in words.split(",") if name]


def processes(workers: int, backend: str) -> int:
    """How many processes: as many as asked for, else one per core here, or all that a cluster has."""
    return workers or ((os.cpu_count() or 1) if backend == "local" else -1)


def spreading(workers: int | None, backend: str, address: str | None) -> AbstractContextManager[None]:
    """Where the parts of a report are made: in this process, unless workers or a cluster are asked for."""
    from topolens.runs.spread import spread

    if workers is None and backend == "local":
        workers = 1
    return spread(backend, address, processes(workers or 0, backend))


def use_threads(threads: int | None) -> None:
    """Let torch and the compiled core use so many threads."""
    if threads is not None:
        import torch

        torch.set_num_threads(threads)
