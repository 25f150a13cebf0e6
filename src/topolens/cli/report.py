"""`topolens report`: a network's weights in, a page and its numbers out."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from topolens.cli.embedded import foreseen, with_page
from topolens.cli.errors import one_sentence
from topolens.cli.gates import conditions, judge
from topolens.cli.options import (
    Address,
    Backend,
    Directory,
    FailIf,
    Json,
    ModelName,
    Normalize,
    Quiet,
    SamplesByLot,
    Seed,
    Threads,
    WorkersIfAny,
    split,
    spreading,
    use_threads,
)
from topolens.cli.output import check_directory, tell
from topolens.cli.progress import shown_progress

if TYPE_CHECKING:
    from topolens.cli.inputs import Inputs
    from topolens.explorer.embedding import Embedding
    from topolens.probes import Source
    from topolens.report.build import Model
    from topolens.report.report import Report

EXAMPLES = r"""Examples:

  topolens report vgg19.safetensors --layers 'conv2_\*' -o vgg19-report

  topolens report ckpt_0.pt ckpt_500.pt ckpt_2000.pt

  topolens report --model mypackage.nets:resnet20 --weights resnet20.pt --budget 60

  topolens report --model mypackage.nets:resnet20 --weights resnet20.pt --data test.npz --normalize cifar10

  topolens report --model mypackage.nets:resnet20 --weights resnet20.pt --data test.npz --fail-if 'collapse.nc1 > 0.1'

  topolens report ckpt_*.pt --model mypackage.nets:resnet20 --data digits

  topolens report vgg19.safetensors --workers 4

  topolens report weights.npz --json | jq '.findings\[].verdict'
""".replace("\\*", "*")

DATA_BUDGET = 180.0  # seconds
FILTERS = 0.4  # of the budget, kept for filters where the network has some

Weights = Annotated[
    list[Path] | None,
    typer.Argument(
        help="safetensors, a torch state_dict or npz; several files are checkpoints of one run, in the order of the "
        "last number in their names.",
        show_default=False,
    ),
]
MoreWeights = Annotated[list[Path] | None, typer.Option("--weights", metavar="FILE", help="The same, beside --model.")]
Layers = Annotated[
    list[str] | None,
    typer.Option("--layers", metavar="PATTERN", help="Names, globs or places from 0 on: a,b."),
]
K = Annotated[int, typer.Option("--k", min=1, help="Neighbour that density is judged by.")]
P = Annotated[float, typer.Option("--p", min=0.001, max=1.0, help="Fraction of the filters kept as dense core.")]
Landmarks = Annotated[int, typer.Option(min=4, help="Points that persistence is computed on.")]
Budget = Annotated[
    float | None,
    typer.Option(
        min=0.0,
        metavar="SECONDS",
        help="Time to stay within; cuts are said. With --data 180 unless given, else none; inf: no limit.",
    ),
]
Cache = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        help="Where findings are kept: the same command, or one with more analyses, goes on from there.",
    ),
]
Images = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Real images (png, npz, npz:name) whose patches are compared with.")
]
DataOf = Annotated[
    str | None,
    typer.Option(
        "--data",
        metavar="SPEC",
        help="Samples, prepared as in training, to look at layers, neurons and decisions with: an npz or safetensors "
        "file (x_test and y_test, ...), a folder of pictures, digits, NAME:ROOT of torchvision, or MODULE:FACTORY of a "
        "DataLoader. Needs --model.",
    ),
]
Only = Annotated[
    list[str] | None,
    typer.Option("--analyses", metavar="NAMES", help="Which analyses of --data, a,b; default all."),
]
NoExplorer = Annotated[
    bool, typer.Option("--no-explorer", help="Leave the interactive Mapper graphs out of report.html.")
]


def command(
    weights: Weights = None,
    output: Directory = None,
    model: ModelName = None,
    more_weights: MoreWeights = None,
    layers: Layers = None,
    k: K = 100,
    p: P = 0.3,
    landmarks: Landmarks = 100,
    seed: Seed = 0,
    budget: Budget = None,
    threads: Threads = None,
    workers: WorkersIfAny = None,
    backend: Backend = "local",
    address: Address = None,
    cache: Cache = None,
    images: Images = None,
    data: DataOf = None,
    normalize: Normalize = None,
    samples: SamplesByLot = 2000,
    analyses: Only = None,
    no_explorer: NoExplorer = False,
    fail_if: FailIf = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Show what shape the filters of a trained network form, and with data its layers, beside what chance gives.

    Writes report.html, one page that opens offline, and report.json, into the directory topolens-report or -o.
    """
    files = [*(weights or []), *(more_weights or [])]
    if not files and model is None:
        raise typer.BadParameter("give a weights file, or --model package.module:factory", param_hint="WEIGHTS")
    if data is not None and model is None:
        raise typer.BadParameter(
            "--data needs the code of the network: --model package.module:factory", param_hint="--data"
        )
    if normalize is not None and data is None:
        raise typer.BadParameter("there is nothing to normalise without --data", param_hint="--normalize")
    patterns, only, gates = split(layers), split(analyses), conditions(fail_if)
    directory = output or (None if as_json else Path("topolens-report"))
    with one_sentence():
        if directory is not None:
            check_directory(directory)
        from topolens.cli.inputs import inputs, samples_of
        from topolens.probes import load_images

        use_threads(threads)
        found = inputs(files, model, patterns, seed, filters=data is None)
        source = None if data is None else _again(samples_of(data, normalize), samples)
        with shown_progress(quiet) as progress, spreading(workers, backend, address):
            options: dict[str, Any] = {
                "layers": patterns or None, "k": k, "p": p, "landmarks": landmarks, "seed": seed,
                "budget": DATA_BUDGET if source is not None and budget is None else budget,
                "images": load_images(images) if images else None,
                "twin": found.twin, "source": found.source, "cache": cache, "progress": progress,
            }  # fmt: skip
            shown = None if no_explorer or directory is None else _foreseen(found, source, samples, options)
            if source is None:
                result = _made(found.networks, options)
            else:
                result = _with_data(found.networks, options, source, samples, only)
            result, page = (result, "") if shown is None else with_page(result, shown, progress)
        tell(result, directory, as_json, quiet, page)
        judge(result, gates)


def _again(source: "Source", samples: int) -> "Source":
    """Samples that the report and then the explorer's page can go through."""
    from topolens.report.budget import replayable

    return source._replace(data=replayable(source.data, samples))


def _foreseen(found: "Inputs", source: "Source | None", samples: int, options: dict[str, Any]) -> "Embedding | str":
    """What of the explorer will be in the page, or why nothing; its time is taken from the budget of `options`."""
    what: dict[str, Any] = {"name": found.source["source"], "layers": options["layers"], "seed": options["seed"]}
    if source is not None:
        what |= {"data": source.data, "classes": source.classes, "samples": samples}
    shown = foreseen(found.networks, options["budget"], **what)
    if options["budget"] is not None and not isinstance(shown, str):
        options["budget"] -= shown.seconds
    return shown


def _made(networks: "dict[int, Model]", options: dict[str, Any]) -> "Report":
    from topolens.report.build import report, training_report

    if len(networks) > 1:
        return training_report(networks, **options)
    return report(next(iter(networks.values())), **options)


def _with_data(
    networks: "dict[int, Model]", options: dict[str, Any], source: "Source", samples: int, only: list[str]
) -> "Report":
    """Findings on activations, on training where there are checkpoints, and on filters where there are some."""
    from torch import nn

    from topolens.report.network import joined, network_report

    run = {step: network for step, network in sorted(networks.items()) if isinstance(network, nn.Module)}
    told = {**options["source"], "data": source.name}
    filters = not only and all(map(_has_filters, run.values()))
    budget = options["budget"]
    first = network_report(
        list(run.values())[-1],
        source.data,
        layers=options["layers"],
        only=only or None,
        samples=samples,
        twin=options["twin"],
        checkpoints=run if len(run) > 1 else None,
        seed=options["seed"],
        budget=budget * (1 - FILTERS) if filters else budget,
        source=told,
        cache=options["cache"],
        progress=options["progress"],
    )
    if not filters:
        return first
    rest = max(budget - first.provenance["seconds"], FILTERS * budget / 2)
    return joined(first, _made(networks, {**options, "layers": None, "source": told, "budget": rest}), budget)


def _has_filters(network: "Model") -> bool:
    """Whether there are convolutions that a report on filters could look at."""
    from topolens.probes import convolutions

    try:
        return bool(convolutions(network)[0])
    except ValueError:
        return False
