"""`topolens zoo`: many networks of one family, trained to the same loss, for studies that compare networks."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from topolens.cli.errors import one_sentence
from topolens.cli.options import Address, Backend, Quiet, Workers, processes
from topolens.cli.output import check_directory
from topolens.cli.progress import shown_progress

if TYPE_CHECKING:
    from topolens.studies.grid_zoo import Trained

EXAMPLES = """Examples:

  topolens zoo --data mnist.npz --dry-run

  topolens zoo --data mnist.npz -o mnist-zoo

  topolens zoo grid.toml --data cifar10.npz -o cifar-zoo --workers 8

  topolens zoo grid.toml --data cifar10.npz -o /shared/cifar-zoo --backend dask --address tcp://head:8786

A grid.toml names what varies, and how members are trained; what it leaves out has its default:

  architecture = ["mlp"]            # mlp, vgg1, vgg2

  depth = [2, 3, 4, 6]              # width, dropout, weight_decay, batch_size, seed likewise

  train_images = 5000               # test_images, target_loss, most_epochs, rate likewise
"""
GridFile = Annotated[
    Path | None, typer.Argument(metavar="GRID.toml", help="What varies; default: 96 perceptrons.", show_default=False)
]
DataFile = Annotated[
    Path, typer.Option("--data", metavar="FILE", help="An npz file with x_train, y_train, x_test and y_test.")
]
Folder = Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="Where the zoo is, or is to be.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be trained and how long it takes; train none.")]


def command(
    data: DataFile,
    grid: GridFile = None,
    output: Folder = Path("topolens-zoo"),
    workers: Workers = 0,
    backend: Backend = "local",
    address: Address = None,
    dry_run: DryRun = False,
    quiet: Quiet = False,
) -> None:
    """Train all networks of a grid until each has the same loss on the training images.

    Each network is a file of its own, written when it is done: a killed run goes on where it was by the same command.
    """
    with one_sentence():
        check_directory(output)
        from topolens.runs.spread import spread
        from topolens.studies.grid_zoo import make_zoo, zoo_cost
        from topolens.studies.images import read_images
        from topolens.studies.network_grid import Grid, read_grid

        chosen, many = Grid() if grid is None else read_grid(grid), processes(workers, backend)
        images = read_images(data)
        if not quiet or dry_run:
            cost = zoo_cost(chosen, images, output)
            typer.echo(
                f"{cost.missing} of {cost.members} networks in {cost.groups} groups are to be trained: about "
                f"{cost.seconds / 60:.0f} minutes of one thread, {cost.megabytes:.0f} MB of files"
            )
        if dry_run:
            return
        with shown_progress(quiet) as progress, spread(backend, address):
            found = make_zoo(chosen, images, output.absolute(), workers=many, progress=progress)
        typer.echo(str(output / "zoo.json") if quiet else f"{_said(found)}\nzoo: {output / 'zoo.json'}")


def _said(found: "list[Trained]") -> str:
    reached = [each.outcome for each in found if each.outcome["status"] == "reached"]
    others = len(found) - len(reached)
    if not reached:
        return f"none of {others} networks reached the loss; raise target_loss or most_epochs, or lower rate"
    gaps = sorted(float(outcome["gap"]) for outcome in reached)
    left = f"; {others} others did not or diverged" if others else ""
    return f"{len(reached)} networks reached the loss, gaps from {gaps[0]:.3f} to {gaps[-1]:.3f}{left}"
