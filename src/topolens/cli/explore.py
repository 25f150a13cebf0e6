"""`topolens explore`: a network and samples, or a run of them, as a live page on this machine."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from topolens.cli.errors import one_sentence
from topolens.cli.options import Layers, ModelName, Quiet, Seed, Threads, split, use_threads
from topolens.cli.progress import shown_progress

if TYPE_CHECKING:
    from topolens.explorer.store import Run

EXAMPLES = r"""Examples:

  topolens explore --model mypackage.nets:resnet20 --weights resnet20.pt --data test.npz -o my-run

  topolens explore my-run

  topolens explore weights.safetensors

  topolens explore my-run --export page.html
"""

Things = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="RUN | WEIGHTS",
        help="The folder of a run or of a report, or weights files; several are checkpoints of one network.",
        show_default=False,
    ),
]
MoreWeights = Annotated[list[Path] | None, typer.Option("--weights", metavar="FILE", help="Weights, beside --model.")]
DataOf = Annotated[
    str | None,
    typer.Option(
        "--data", metavar="SPEC", help="Samples, as topolens report takes them: a file, a folder, digits, code."
    ),
]
Samples = Annotated[int, typer.Option(min=1, help="Samples recorded, the first ones.")]
Columns = Annotated[
    Path | None, typer.Option(metavar="FILE.csv", help="Further columns, with a head line and a row per sample.")
]
Folder = Annotated[Path | None, typer.Option("--output", "-o", metavar="RUN", help="Folder of the new run.")]
WithReport = Annotated[bool, typer.Option("--report", help="Make the findings of topolens report, too.")]
Log = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Training log of report.Watch(..., log=FILE), shown live.")
]
Port = Annotated[int | None, typer.Option(min=1, max=65535, help="Where to listen; the next free one if in use.")]
NoBrowser = Annotated[bool, typer.Option("--no-browser", help="Print the address, open nothing.")]
Export = Annotated[
    Path | None, typer.Option(metavar="FILE.html", help="Write the page as one offline file, and serve nothing.")
]


def command(
    things: Things = None,
    model: ModelName = None,
    weights: MoreWeights = None,
    data: DataOf = None,
    layers: Layers = None,
    samples: Samples = 2000,
    columns: Columns = None,
    output: Folder = None,
    report: WithReport = False,
    log: Log = None,
    port: Port = None,
    no_browser: NoBrowser = False,
    export: Export = None,
    seed: Seed = 0,
    threads: Threads = None,
    quiet: Quiet = False,
) -> None:
    """Look at a network live: Mapper graphs, bars, samples and findings, on a page that only this machine sees."""
    given = things or []
    folders = [thing for thing in given if thing.is_dir()]
    if not given and model is None and log is None:
        raise typer.BadParameter("give a run, weights, or --model package.module:factory", param_hint="RUN")
    with one_sentence():
        use_threads(threads)
        if export is not None:
            from topolens.explorer.export import built

            built()  # says so before the work begins
        if folders:
            run = _opened(given, log, bool(model or weights or data or output))
        elif log is not None and not given and model is None:
            run = _log_alone(log)
        else:
            files = [*given, *(weights or [])]
            options = {"layers": layers, "samples": samples, "columns": columns, "seed": seed}
            with shown_progress(quiet) as progress:
                run = _recorded(files, model, data, output or Path("topolens-run"), log, report, options, progress)
        if export is not None:
            _export(run, export, quiet)
        else:
            _serve(run, port, not no_browser, quiet)


def _opened(given: list[Path], log: Path | None, more: bool) -> "Run":
    from topolens.explorer.store import Run

    if len(given) > 1 or more:
        raise ValueError("a run is opened alone; leave out the other files and --model, --weights, --data and -o")
    return Run(given[0], log)


def _log_alone(log: Path) -> "Run":
    from topolens.explorer.store import Run

    return Run(log.absolute().parent, log)


def _recorded(
    files: list[Path],
    model: str | None,
    data: str | None,
    folder: Path,
    log: Path | None,
    report: bool,
    options: dict[str, Any],
    progress: Any,
) -> "Run":
    from topolens.cli.inputs import inputs
    from topolens.explorer.recording import Plan, make_run
    from topolens.explorer.store import Run, Writer
    from topolens.probes import load_source

    if data is not None and model is None:
        raise ValueError("--data needs the code of the network: --model package.module:factory")
    if report and data is None:
        raise ValueError("--report needs --data; for filters alone, topolens report makes the findings")
    Writer(folder)  # refuses before the work begins
    patterns = split(options["layers"])
    found = inputs(files, model, patterns, options["seed"], filters=data is None)
    source = None if data is None else load_source(data)
    names = [file.stem for file in files] or [str(model)]
    plan = Plan(
        dict(zip(_different(names), found.networks.values(), strict=True)), list(found.networks),
        None if source is None else source.data, () if source is None else source.classes,
        patterns or None, options["samples"], options["columns"], folder.resolve().name, options["seed"],
    )  # fmt: skip
    run = make_run(plan, folder, progress)
    if report and source is not None:
        from topolens.report.network import network_report

        last = list(found.networks.values())[-1]
        network_report(
            last, source.data, layers=plan.layers, samples=plan.samples, twin=found.twin, seed=plan.seed,  # type: ignore[arg-type]
            source={**found.source, "data": source.name}, progress=progress,
        ).save(folder)  # fmt: skip
    return run if log is None else Run(folder, log)


def _different(names: list[str]) -> list[str]:
    return [name if names.count(name) == 1 else f"{name} ({place})" for place, name in enumerate(names)]


def _export(run: "Run", path: Path, quiet: bool) -> None:
    """The page; of a run without graphs, one of each layer is made first."""
    from topolens.explorer.export import export_page
    from topolens.explorer.graphs import make_graph
    from topolens.explorer.settings import complete

    if not run.heads():
        for layer in run.manifest["layers"]:
            try:
                make_graph(run, complete(run, {"layer": layer["id"]}), lambda done, what: None)
            except ValueError as error:
                typer.echo(f"no graph of {layer['name']}: {error}", err=True)
    page = export_page(run, path)
    typer.echo(str(page) if quiet else f"page: {page}")


def _serve(run: "Run", port: int | None, browser: bool, quiet: bool) -> None:
    from topolens.explorer.listening import PORT, Listening

    shown = Listening(run, PORT if port is None else port)
    if shown.taken is not None:
        typer.echo(f"port {shown.taken} is in use; took {shown.port}", err=True)
    notice = run.document()["notice"]
    if notice:
        typer.echo(notice, err=True)
    typer.echo(shown.url if quiet else f"explorer: {shown.url}\nCtrl-C ends it; {run.folder} keeps everything.")
    if browser:
        shown.open_browser()
    shown.serve()
