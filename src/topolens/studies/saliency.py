"""Do networks look elsewhere with another pooling? Grad-CAM over poolings, with other seeds as the measure."""

from __future__ import annotations

import time
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from topolens.analyses.finding import Figure, Finding, Number, Series, Table
from topolens.analyses.provenance import Cost, versions
from topolens.report import Report
from topolens.studies.grad_cam import answers_under, correlation, grad_cam
from topolens.studies.images import Images
from topolens.studies.pooling import CONVOLUTIONAL, Progress, Recipe, Run, network, part_of, trained

PAPER = (
    'M. G. Bergomi, M. Ferri, A. Mella, P. Vertechi: "Persistence-based operators in machine learning", 2022, figure 7'
)
POOLINGS = ("max", "LEAP", "PL", "PML")
LAST_POOLING = 5  # of the layers of architecture (b)
STEPS, DRAWS, SHOWN = 20, 1000, 4
ELSEWHERE, ALIKE = "other poolings look elsewhere", "no more than other seeds do"
BETTER, NO_BETTER = "maps find what matters", "maps no better than chance"
QUICK = Recipe(images=2000, test_images=500, epochs=5)
FULL = Recipe(images=10000, test_images=1000, epochs=15)


def saliency_study(
    data: str | Path, *, recipe: Recipe = FULL, seed: int = 0, progress: Progress | None = None
) -> Report:
    """Heat maps of architecture (b) with each pooling on the test images of a data set.

    Raises:
        ValueError: If the file is no data set of images or images are too few.
    """
    with Cost() as cost:
        images = part_of(str(data), recipe)
        if len(images.test) < 20:
            raise ValueError(f"the saliency study needs at least 20 test images, got {len(images.test)}")
        networks = _networks(str(data), recipe, seed, progress)
        heats = {key: grad_cam(model, images.test, LAST_POOLING) for key, model in networks.items()}
        findings = (_agreement(heats, images, seed), _faithfulness(networks, heats, images, seed))
    provenance = cost.provenance(seed, tuple(images.test.shape), dict(recipe.__dict__))
    return Report(
        tuple(replace(finding, provenance=provenance) for finding in findings),
        {
            "study": {
                "name": "saliency",
                "title": f"Where networks look with other poolings: {images.name}",
                "paper": PAPER,
                "protocol": protocol(recipe, len(images.test)),
            },
            "seed": seed,
            "versions": versions(),
            "seconds": cost.seconds,
            "references": [
                PAPER,
                "R. Selvaraju et al.: Grad-CAM: visual explanations from deep networks via gradient-based "
                "localization, 2017.",
                "V. Petsiuk, A. Das, K. Saenko: RISE: randomized input sampling for explanation, 2018.",
            ],
        },
    )


def protocol(recipe: Recipe, count: int) -> list[str]:
    """How the study was made, in sentences."""
    used = f"{recipe.images:,} images" if recipe.images else "all images"
    return [
        "The paper shows heat maps of one image per data set and names neither the layer nor a measure; all that "
        "follows is ours.",
        f"Architecture (b) of the pooling study, trained on {used} for at most {recipe.epochs} passes, once with each "
        f"pooling ({', '.join(POOLINGS)}) from one seed, once more from the next, and once not at all.",
        "Grad-CAM of the predicted class on the output of the last pooling, scaled up to the image.",
        f"Agreement is Pearson's correlation of two maps of one image, averaged over {count:,} test images; what "
        "networks with the same pooling and another seed agree is the measure for what other poolings do. Intervals "
        f"are 95 % of {DRAWS:,} bootstrap draws of images.",
        f"Deletion and insertion: pixels are set to 0, or put back on an empty image, in {STEPS} equal portions from "
        "the hottest on; the area under the probability of the first answer is averaged over images. Random order is "
        "the reference. Lower is better in deletion, higher in insertion.",
    ]


Key = tuple[str, int | None]  # pooling, and seed; None: untrained


def _networks(data: str, recipe: Recipe, seed: int, progress: Progress | None) -> dict[Key, nn.Sequential]:
    todo = [(pooling, seed + k) for pooling in POOLINGS for k in (0, 1)]
    found: dict[Key, nn.Sequential] = {}
    begun = time.perf_counter()
    for count, (pooling, start) in enumerate(todo, 1):
        found[pooling, start] = trained(Run(data, CONVOLUTIONAL, pooling, start), recipe)
        if progress is not None:
            seconds = time.perf_counter() - begun
            progress(seconds, seconds * len(todo) / count, f"training with {pooling} pooling, seed {start}")
    images = part_of(data, recipe)
    for pooling in POOLINGS:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            found[pooling, None] = network(CONVOLUTIONAL, pooling, tuple(images.train.shape[1:]), images.classes)
    return found


def _agreement(heats: dict[Key, Tensor], images: Images, seed: int) -> Finding:
    first, second = (min(k for _, k in heats if k is not None) + step for step in (0, 1))
    rows: list[tuple[Any, ...]] = []
    across: list[Tensor] = []
    within: list[Tensor] = []
    untrained: list[Tensor] = []
    for a in POOLINGS:
        row: list[Any] = [a]
        for b in POOLINGS:
            other = heats[b, second if a == b else first]
            values = correlation(heats[a, first], other)
            (within if a == b else across).append(values)
            row.append(round(float(values.nanmean()), 3))
        blank = correlation(heats[a, first], heats[a, None])
        untrained.append(blank)
        rows.append((*row, round(float(blank.nanmean()), 3)))
    means = {name: _pairs(torch.stack(x), seed) for name, x in
             (("across", across), ("within", within), ("untrained", untrained))}  # fmt: skip
    difference = means["within"].draws - means["across"].draws
    apart = means["within"].mean - means["across"].mean, tuple(np.quantile(difference, (0.025, 0.975)).tolist())
    empty = {pooling: float((heats[pooling, first].amax((1, 2)) == 0).double().mean()) for pooling in POOLINGS}
    kind = f"95 % of {DRAWS:,} bootstrap draws of images"
    return Finding(
        name="reproduce_saliency",
        subject="agreement of heat maps",
        question="Do networks with other poolings look at other places?",
        answer=(
            f"Maps of networks with different poolings correlate by {means['across'].mean:.3f}, with the same pooling "
            f"and another seed by {means['within'].mean:.3f}; the difference is {apart[0]:.3f} ({apart[1][0]:.3f} to "
            f"{apart[1][1]:.3f})."
        ),
        verdict=ELSEWHERE if apart[1][0] > 0 else ALIKE,
        numbers={
            "across": Number(means["across"].mean, "correlation between poolings", means["across"].interval, kind,
                             means["within"].mean, "same pooling, another seed"),
            "apart": Number(apart[0], "how much more two seeds of one pooling agree", apart[1], kind, 0.0,
                            "no difference"),
            "untrained": Number(means["untrained"].mean, "correlation with the untrained network",
                                means["untrained"].interval, kind),
        },
        tables={"correlations": Table("Mean correlation of heat maps; on the diagonal two seeds of one pooling",
                                      ("pooling", *POOLINGS, "untrained"), tuple(rows))},
        figures={"maps": _pictures(heats, images, first)},
        warnings=(
            "Grad-CAM marks nothing at all where every channel speaks against the answer; such maps are left out of "
            "the correlations: " + ", ".join(f"{share:.0%} with {pooling}" for pooling, share in empty.items()) + ".",
        ),
    )  # fmt: skip


def _pictures(heats: dict[Key, Tensor], images: Images, seed: int) -> Figure:
    pictures, titles = [], []
    marked = torch.stack([heats[pooling, seed].amax((1, 2)) > 0 for pooling in POOLINGS]).sum(0)
    for item in marked.argsort(descending=True, stable=True)[:SHOWN].sort().values.tolist():
        pictures.append((255 * images.test[item].mean(0)).round().int())
        titles.append("image")
        for pooling in POOLINGS:
            pictures.append((255 * heats[pooling, seed][item]).round().int())
            titles.append(pooling)
    return Figure("images", "Test images and the heat maps of each pooling, of those with the fewest empty maps", {
        "images": pictures, "titles": titles, "columns": 1 + len(POOLINGS)})  # fmt: skip


def _faithfulness(networks: dict[Key, nn.Sequential], heats: dict[Key, Tensor], images: Images, seed: int) -> Finding:
    first = min(k for _, k in networks if k is not None)
    generator = torch.Generator().manual_seed(seed)
    x = tuple(float(100 * step / STEPS) for step in range(STEPS + 1))
    rows, curves, bands, gains = [], {}, {}, []
    kind = f"95 % of {DRAWS:,} bootstrap draws of images"
    for pooling in POOLINGS:
        model, heat = networks[pooling, first], heats[pooling, first].flatten(1)
        by_heat = heat.argsort(dim=1, descending=True, stable=True)
        chance = torch.rand(heat.shape, generator=generator).argsort(1)
        row: list[Any] = [pooling]
        areas = {}
        for insert, word in ((False, "deletion"), (True, "insertion")):
            for order, whose in ((by_heat, "hottest first"), (chance, "random order")):
                found = answers_under(model, images.test, order, STEPS, insert)
                areas[word, whose] = found.mean(1)
                row.append(round(float(found.mean()), 3))
                if whose == "hottest first":
                    curves[f"{pooling}, {word}"] = tuple(found.mean(0).tolist())
                    bands[f"{pooling}, {word}"] = tuple(_interval(column, seed)[1] for column in found.T)
        gains.append(areas["insertion", "hottest first"] - areas["insertion", "random order"]
                     + areas["deletion", "random order"] - areas["deletion", "hottest first"])  # fmt: skip
        rows.append(tuple(row))
    gain = _interval(torch.stack(gains).mean(0), seed)
    return Finding(
        name="reproduce_saliency",
        subject="deletion and insertion",
        question="Do the marked pixels carry the answer?",
        answer=(
            f"Over all poolings, taking the hottest pixels first changes the areas by {gain[0]:.3f} ({gain[1][0]:.3f} "
            f"to {gain[1][1]:.3f}) in favour of the maps, against random order."
        ),
        verdict=BETTER if gain[1][0] > 0 else NO_BETTER,
        numbers={"gain": Number(gain[0], "areas gained over random order, insertion and deletion together", gain[1],
                                kind, 0.0, "random order")},
        tables={"areas": Table("Area under the probability of the first answer", (
            "pooling", "deletion", "deletion, random", "insertion", "insertion, random"), tuple(rows))},
        series={
            word: Series(
                f"Probability of the first answer under {word}", f"pixels {gone}, %", x,
                {name.split(",")[0]: curve for name, curve in curves.items() if name.endswith(word)},
                {name.split(",")[0]: band for name, band in bands.items() if name.endswith(word)},
            )
            for word, gone in (("deletion", "gone"), ("insertion", "put back"))
        },
    )  # fmt: skip


class _Pairs(NamedTuple):
    """A mean over pairs of networks of their mean over images, with what draws of images make of it."""

    mean: float
    interval: tuple[float, float]
    draws: np.ndarray


def _pairs(values: Tensor, seed: int) -> _Pairs:
    """Correlations (pairs, images), NaN where one of two maps is empty."""
    known = values.double().numpy()
    picks = np.random.default_rng(seed).integers(0, known.shape[1], (DRAWS, known.shape[1]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a pair without a single image is left out
        means = np.stack([np.nanmean(np.nanmean(known[:, pick], 1)) for pick in picks])
        mean = float(np.nanmean(np.nanmean(known, 1)))
    low, high = np.nanquantile(means, (0.025, 0.975))
    return _Pairs(mean, (float(low), float(high)), means)


def _interval(values: Tensor, seed: int) -> tuple[float, tuple[float, float]]:
    """Mean over images and its bootstrap interval; images without a value are left out."""
    known = values[~values.isnan()].double().numpy()
    if not len(known):
        return float("nan"), (float("nan"), float("nan"))
    draws = np.random.default_rng(seed).integers(0, len(known), (DRAWS, len(known)))
    low, high = np.quantile(known[draws].mean(1), (0.025, 0.975))
    return float(known.mean()), (float(low), float(high))
