"""`topolens report`: a network's weights in, a page and its numbers out."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from topolens.cli.errors import one_sentence
from topolens.cli.options import Directory, Quiet, Seed, Threads, use_threads
from topolens.cli.output import check_directory, tell
from topolens.cli.progress import shown_progress

if TYPE_CHECKING:
    from topolens.report.build import Model
    from topolens.report.report import Report

EXAMPLES = r"""Examples:

  topolens report vgg19.safetensors --layers 'conv2_\*' -o vgg19-report

  topolens report ckpt_0.pt ckpt_500.pt ckpt_2000.pt

  topolens report --model mypackage.nets:resnet20 --weights resnet20.pt --budget 60

  topolens report weights.npz --json | jq '.findings\[].verdict'
""".replace("\\*", "*")

Weights = Annotated[
    list[Path] | None,
    typer.Argument(
        help="safetensors, a torch state_dict or npz; several files are checkpoints of one run, in the order of the "
        "last number in their names.",
        show_default=False,
    ),
]
MoreWeights = Annotated[list[Path] | None, typer.Option("--weights", metavar="FILE", help="The same, beside --model.")]
ModelName = Annotated[
    str | None, typer.Option("--model", metavar="MODULE:FACTORY", help="Your code that makes the network; it is run.")
]
Layers = Annotated[
    list[str] | None,
    typer.Option("--layers", metavar="PATTERN", help="Names, globs or places from 0 on: a,b."),
]
K = Annotated[int, typer.Option("--k", min=1, help="Neighbour that density is judged by.")]
P = Annotated[float, typer.Option("--p", min=0.001, max=1.0, help="Fraction of the filters kept as dense core.")]
Landmarks = Annotated[int, typer.Option(min=4, help="Points that persistence is computed on.")]
Budget = Annotated[float | None, typer.Option(min=0.0, metavar="SECONDS", help="Time to stay within; cuts are said.")]
Images = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Real images (png, npz, npz:name) whose patches are compared with.")
]
Json = Annotated[bool, typer.Option("--json", help="Print the JSON alone; write files only if -o is given.")]


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
    images: Images = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Show what shape the filters of a trained network form, beside what chance gives.

    Writes report.html, one page that opens offline, and report.json, into the directory topolens-report or -o.
    """
    files = [*(weights or []), *(more_weights or [])]
    if not files and model is None:
        raise typer.BadParameter("give a weights file, or --model package.module:factory", param_hint="WEIGHTS")
    patterns = [name for given in layers or [] for name in given.split(",") if name]
    directory = output or (None if as_json else Path("topolens-report"))
    with one_sentence():
        if directory is not None:
            check_directory(directory)
        from topolens.cli.inputs import inputs
        from topolens.probes import load_images

        use_threads(threads)
        found = inputs(files, model, patterns, seed)
        with shown_progress(quiet) as progress:
            options: dict[str, Any] = {
                "layers": patterns or None, "k": k, "p": p, "landmarks": landmarks, "seed": seed, "budget": budget,
                "images": load_images(images) if images else None,
                "twin": found.twin, "source": found.source, "progress": progress,
            }  # fmt: skip
            result = _made(found.networks, options)
        tell(result, directory, as_json, quiet)


def _made(networks: "dict[int, Model]", options: dict[str, Any]) -> "Report":
    from topolens.report.build import report, training_report

    if len(networks) > 1:
        return training_report(networks, **options)
    return report(next(iter(networks.values())), **options)
