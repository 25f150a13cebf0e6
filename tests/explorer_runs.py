"""Small runs that the explorer's tests look at, made in less than a second."""

from collections import OrderedDict
from pathlib import Path

import torch
from sklearn.datasets import load_digits
from torch import nn

from topolens.explorer.recording import Plan, make_run
from topolens.explorer.store import Run

PAGE = {
    "index.html": (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><link rel="icon" href="data:,">'
        '<script defer src="./app.js"></script><link rel="stylesheet" href="./app.css"></head>'
        '<body><div id="app"></div></body></html>'
    ),
    "app.js": 'const a = "</script><!-- <script>"; document.body.dataset.ready = a;',
    "app.css": "body { color: black }",
}


def digits_network(seed: int = 0) -> nn.Sequential:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        parts = {"conv": nn.Conv2d(1, 8, 3), "relu": nn.ReLU(), "flat": nn.Flatten(), "out": nn.Linear(288, 10)}
        return nn.Sequential(OrderedDict(parts))


def digits() -> tuple[torch.Tensor, torch.Tensor]:
    found = load_digits()
    return torch.tensor(found.images).float()[:, None] / 16, torch.tensor(found.target)


def digits_run(folder: Path, samples: int = 300, **options: object) -> Run:
    networks = options.pop("networks", None) or {"weights": digits_network()}
    classes = options.pop("classes", tuple(map(str, range(10))))
    columns = folder.with_suffix(".csv")
    if not options.get("columns"):
        columns.write_text("hole,shape\nnan,round\n" + "1,<b>bold</b>\n" * (samples - 1))
        options["columns"] = columns
    plan = Plan(networks, range(len(networks)), digits(), classes, samples=samples, name="digits", **options)
    return make_run(plan, folder)


def built_page(folder: Path) -> Path:
    folder.mkdir()
    for name, text in PAGE.items():
        (folder / name).write_text(text)
    return folder
