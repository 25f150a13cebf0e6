"""`topolens reproduce`: published experiments, run again, each with its protocol and its baselines."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from topolens.cli import topomortar
from topolens.cli.options import Address, Backend, Directory, Quiet, Repeats, Seed, Threads, Workers, use_threads
from topolens.cli.study import study

app = typer.Typer(
    help="Run a published experiment again: the paper's figures beside ours, with baselines, wins and defeats alike.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command(name="topomortar", epilog=topomortar.EXAMPLES)(topomortar.command)
Data = Annotated[
    list[Path], typer.Option("--data", metavar="FILE", help="Images as .npz with x_train, y_train, x_test, y_test.")
]
Seeds = Annotated[int, typer.Option(min=2, help="Runs of each row, from --seed on.")]
Images = Annotated[int, typer.Option(min=0, help="Training images used of each set; 0: all.")]
Tests = Annotated[int, typer.Option("--test-images", min=0, help="Test images used of each set; 0: all.")]
Epochs = Annotated[int, typer.Option(min=1, help="Passes over the training images at most.")]
QuickRun = Annotated[bool, typer.Option("--quick", help="A small part of the data: minutes, and so much less sure.")]
OneData = Annotated[
    Path, typer.Option("--data", metavar="FILE", help="Images as .npz with x_train, y_train, x_test, y_test.")
]
SALIENCY_EXAMPLES = """Examples:

  topolens reproduce saliency --data mnist.npz --quick

  topolens reproduce saliency --data fashion_mnist.npz -o saliency
"""
POOLING_EXAMPLES = """Examples:

  topolens reproduce pooling --data mnist.npz --quick

  topolens reproduce pooling --data mnist.npz --data fashion_mnist.npz --data cifar10.npz --workers 8 -o pooling
"""


@app.command(name="pooling", epilog=POOLING_EXAMPLES)
def pooling(
    data: Data,
    output: Directory = None,
    quick: QuickRun = False,
    seeds: Seeds = 3,
    images: Images = 0,
    test_images: Tests = 0,
    epochs: Epochs = 100,
    workers: Workers = 0,
    backend: Backend = "local",
    address: Address = None,
    seed: Seed = 0,
    quiet: Quiet = False,
) -> None:
    """Persistence pooling against max and LEAP pooling on images, beside the table of the paper.

    Finished runs are kept in the folder runs beside the report: a killed study goes on where it was.
    """
    with study(output or Path("topolens-pooling"), quiet, workers, backend, address) as run:
        from topolens.studies.pooling import Recipe
        from topolens.studies.pooling_page import QUICK, pooling_study

        recipe = QUICK if quick else Recipe(images=images, test_images=test_images, epochs=epochs)
        run.report = pooling_study(data, recipe=recipe, seeds=seeds, seed=seed, **run.runs)


@app.command(name="saliency", epilog=SALIENCY_EXAMPLES)
def saliency(
    data: OneData,
    output: Directory = None,
    quick: QuickRun = False,
    seed: Seed = 0,
    threads: Threads = None,
    quiet: Quiet = False,
) -> None:
    """Where networks with other poolings look: heat maps, how far they agree, whether they find what matters."""
    with study(output or Path("topolens-saliency"), quiet) as run:
        from topolens.studies.saliency import FULL, QUICK, saliency_study

        use_threads(threads)
        run.report = saliency_study(data, recipe=QUICK if quick else FULL, seed=seed, progress=run.progress)


QuickEdges = Annotated[bool, typer.Option("--quick", help="Fewer and smaller pictures: half a minute.")]
NoiseSeeds = Annotated[
    int | None, typer.Option("--seeds", min=1, help="Draws of the noise for each picture and rate; default 5, quick 3.")
]


@app.command()
def edges(
    output: Directory = None,
    quick: QuickEdges = False,
    seeds: NoiseSeeds = None,
    seed: Seed = 0,
    threads: Threads = None,
    quiet: Quiet = False,
) -> None:
    """Find edges under salt-and-pepper noise: persistence filters against Sobel and Canny, with and without medians.

    Takes some minutes and scikit-image, no download.
    """
    with study(output or Path("topolens-edges"), quiet) as run:
        from topolens.studies.edges import edges_study

        use_threads(threads)
        run.report = edges_study(quick=quick, seeds=seeds, seed=seed, progress=run.progress)


GRAPHS_EXAMPLES = """Examples:

  topolens reproduce graphs --quick

  topolens reproduce graphs --data graphs.npz --set MUTAG --set PROTEINS --workers 8 -o graphs
"""
GraphFile = Annotated[
    Path | None,
    typer.Option("--data", metavar="FILE", help="Graphs as .npz with NAME__num_nodes, __num_edges, __edges and __y."),
]
Sets = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME", help="CYCLES, NECKLACES or a set of the file; without it both, and MUTAG "
                 "and PROTEINS of the file."),
]  # fmt: skip
QuickGraphs = Annotated[bool, typer.Option("--quick", help="Fewer graphs, folds, epochs and rates, two seeds at most.")]


@app.command(name="graphs", epilog=GRAPHS_EXAMPLES)
def graphs(
    data: GraphFile = None,
    sets: Sets = None,
    output: Directory = None,
    quick: QuickGraphs = False,
    seeds: Repeats = 3,
    workers: Workers = 0,
    backend: Backend = "local",
    address: Address = None,
    seed: Seed = 0,
    quiet: Quiet = False,
) -> None:
    """Graph classification by TOGL and PersLay beside the same networks without topology, in nested cross-validation.

    Finished folds are kept in the folder runs beside the report: a killed study goes on where it was.
    """
    with study(output or Path("topolens-graphs"), quiet, workers, backend, address) as run:
        from topolens.studies.graph_runs import Source
        from topolens.studies.graphs_page import DRAWN, DRAWN_QUICK, FULL, QUICK, graphs_study

        source = Source(None if data is None else str(data), DRAWN_QUICK if quick else DRAWN)
        repeats = range(seed, seed + (min(seeds, 2) if quick else seeds))
        run.report = graphs_study(source, sets or (), recipe=QUICK if quick else FULL, seeds=repeats, **run.runs)


AUTOENCODER_EXAMPLES = """Examples:

  topolens reproduce autoencoder --quick

  topolens reproduce autoencoder --data mnist.npz --data fashion_mnist.npz --workers 8 -o autoencoder
"""
MoreData = Annotated[
    list[Path] | None,
    typer.Option(
        "--data", metavar="FILE", help="Images as .npz with x_train, y_train, x_test, y_test, besides spheres."
    ),
]
QuickAutoencoders = Annotated[
    bool, typer.Option("--quick", help="6,000 points of each set, 20 passes, three seeds at most: some minutes.")
]
Points = Annotated[int, typer.Option("--points", min=0, help="Training points used of each set; 0: all.")]
TestPoints = Annotated[int, typer.Option("--test-points", min=0, help="Test points measured of each set; 0: all.")]
Latents = Annotated[
    Path | None,
    typer.Option(metavar="FOLDER", help="data/visualizations/spheres of the paper's repository, to be measured, too."),
]


@app.command(name="autoencoder", epilog=AUTOENCODER_EXAMPLES)
def autoencoder(
    data: MoreData = None,
    output: Directory = None,
    quick: QuickAutoencoders = False,
    seeds: Seeds = 5,
    points: Points = 0,
    test_points: TestPoints = 0,
    epochs: Epochs = 100,
    latents: Latents = None,
    workers: Workers = 0,
    backend: Backend = "local",
    address: Address = None,
    seed: Seed = 0,
    quiet: Quiet = False,
) -> None:
    """Topological against plain autoencoders on spheres within a sphere and on images, by the measures of the paper.

    Finished runs are kept in the folder runs beside the report: a killed study goes on where it was.
    """
    with study(output or Path("topolens-autoencoder"), quiet, workers, backend, address) as run:
        from topolens.studies.autoencoder import Recipe
        from topolens.studies.autoencoder_page import QUICK, autoencoder_study

        recipe = QUICK if quick else Recipe(points=points, test_points=test_points, epochs=epochs)
        repeats = min(seeds, 3) if quick else seeds
        run.report = autoencoder_study(data or (), recipe=recipe, seeds=repeats, seed=seed, latents=latents, **run.runs)


PURIFICATION_EXAMPLES = """Examples:

  topolens reproduce purification --data mnist.npz --quick

  topolens reproduce purification --data mnist.npz --data fashion_mnist.npz --workers 8 -o purification
"""
Attacked = Annotated[int, typer.Option("--test-images", min=0, help="Test images attacked of each set; 0: all.")]
Passes = Annotated[int, typer.Option("--epochs", min=1, help="Passes over the training images, of every network.")]
Steps = Annotated[int, typer.Option(min=1, help="Steps of projected gradient descent in PGD, BPDA and EOT.")]
Restarts = Annotated[int, typer.Option(min=1, help="Random starts of each.")]
Draws = Annotated[int, typer.Option(min=1, help="Draws of a random purifier that EOT averages.")]
Descent = Annotated[int, typer.Option("--cw-steps", min=1, help="Steps of C&W in each of its five rounds.")]
Strength = Annotated[float, typer.Option(min=0, help="Weight of the topological loss.")]
QuickAttacks = Annotated[bool, typer.Option("--quick", help="A part of the data, short attacks, three seeds: minutes.")]


@app.command(name="purification", epilog=PURIFICATION_EXAMPLES)
def purification(
    data: Data,
    output: Directory = None,
    quick: QuickAttacks = False,
    seeds: Seeds = 5,
    images: Images = 0,
    epochs: Passes = 20,
    strength: Strength = 0.5,
    test_images: Attacked = 500,
    steps: Steps = 40,
    restarts: Restarts = 2,
    draws: Draws = 10,
    cw_steps: Descent = 100,
    workers: Workers = 0,
    backend: Backend = "local",
    address: Address = None,
    seed: Seed = 0,
    quiet: Quiet = False,
) -> None:
    """Topological autoencoders before a classifier under attack, beside plain ones; needs foolbox, topolens[studies].

    Networks and attacks are kept in the folder runs beside the report: a killed study goes on where it was.
    """
    with study(output or Path("topolens-purification"), quiet, workers, backend, address) as run:
        from topolens.studies.attacks import Effort
        from topolens.studies.purification_page import QUICK, purification_study
        from topolens.studies.purifiers import Training

        training = Training(images, epochs, strength)
        effort = Effort(test_images, steps, restarts, draws, descent=cw_steps)
        if quick:
            (training, effort), seeds = QUICK, 3
        run.report = purification_study(data, training=training, effort=effort, seeds=seeds, seed=seed, **run.runs)
