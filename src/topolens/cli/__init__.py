"""The command line: one file per command, which parses, calls and prints."""
"""The command line: `report`, `explore`, `compare`, `demo` and `reproduce`. Each command parses, calls and prints."""

from typing import Annotated

import typer

from topolens import __version__
from topolens.cli import compare, demo, explore, gap, report, reproduce, zoo

app = typer.Typer(
    help="See, with numbers and their references, what shape the weights of a neural network have.",
    epilog=(
        "Try:\n\n  topolens demo\n\n  topolens report weights.safetensors\n\n  topolens explore my-run\n\n"
        "Every error is one sentence; TOPOLENS_DEBUG=1 shows its traceback."
    ),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command(name="report", epilog=report.EXAMPLES)(report.command)
app.command(name="explore", epilog=explore.EXAMPLES)(explore.command)
app.command(name="compare", epilog=compare.EXAMPLES)(compare.command)
app.command(name="demo", epilog=demo.EXAMPLES)(demo.command)
app.add_typer(reproduce.app, name="reproduce")
app.command(name="zoo", epilog=zoo.EXAMPLES)(zoo.command)
app.command(name="gap", epilog=gap.EXAMPLES)(gap.command)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"topolens {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_print_version, help="Print the version and leave.")
    ] = False,
) -> None:
    """Options before the command."""


def main() -> None:
    """Entry of the console script and of `python -m topolens`."""
    app(prog_name="topolens")
