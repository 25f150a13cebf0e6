"""What a report on data costs: `python -m benchmarks.report_costs --data FOLDER`.

Four parts, each in a process of its own: predicted against spent seconds of whole reports, the command on a ResNet-18
and 2,000 images, what `Watch` adds to an epoch, and the memory of recording 50 layers. FOLDER holds mnist.npz and
cifar10.npz with Keras's names. Processor seconds stand for seconds, on one thread: the machine has other users.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

import topolens as tl
from benchmarks.harness import ROOT, environment, limited, now, write
from benchmarks.report_networks import cnn, mlp, resnet18, trained, watched_cnn
from topolens.probes import record
from topolens.report import Watch
from topolens.report.budget import plan, work_of
from topolens.report.costs import measured_rates
from topolens.report.network import PLAN, network_report
from topolens.studies.images import read_images
from topolens.studies.zoo import MEMBERS, network_of, samples_of

ROOMS = ("src/topolens", "benchmarks/report_costs.py", "benchmarks/report_networks.py")
FEW_STEPS = 8  # of training a ResNet-18
EPOCHS = 1  # of training beside `Watch`
PARTS = ("predictions", "report", "watch", "recording")


class Reported(NamedTuple):
    """A network and its data, of which a report is made."""

    name: str
    model: nn.Module
    twin: nn.Module
    data: tuple[Tensor, Tensor]


def zoo(name: str, samples: int) -> Callable[[Path], Reported]:
    """A tiny network of the zoo on random samples."""
    member = next(member for member in MEMBERS if member.name == name)
    title = f"{name} of the zoo, {samples:,} samples"
    return lambda folder: Reported(title, network_of(member), network_of(member, 1), samples_of(member, samples))


def on_images(title: str, make: Callable[[], nn.Module], images: str, samples: int, steps: int = 60) -> Any:
    """A network trained for some steps on images."""

    def made(folder: Path) -> Reported:
        x, y = some_images(folder, images, max(samples, 2000))
        torch.manual_seed(0)
        twin = make().eval()
        model = trained(make(), x, y, steps)
        return Reported(f"{title}, {samples:,} samples", model, twin, (x[:samples], y[:samples]))

    return made


CASES: dict[str, Callable[[Path], Reported]] = {
    "mlp-300": on_images("MLP 784-300-100-10", lambda: mlp(784, 300, 100, 10), "mnist", 300),
    "mlp-2000": on_images("MLP 784-300-100-10", lambda: mlp(784, 300, 100, 10), "mnist", 2000),
    "wide-1000": on_images("MLP 784-1000-1000-10", lambda: mlp(784, 1000, 1000, 10), "mnist", 1000),
    "deep-2000": on_images("MLP of 8 layers of 200", lambda: mlp(784, *[200] * 8, 10), "mnist", 2000),
    "cnn-500": on_images("CNN, 24 and 48 channels", lambda: cnn(24), "mnist", 500),
    "cnn-2000": on_images("CNN, 24 and 48 channels", lambda: cnn(24), "mnist", 2000),
    "vit-500": zoo("vit", 500),
    "transformer-300": zoo("transformer encoder", 300),
    "transformer-2000": zoo("transformer encoder", 2000),
    "dense-1000": zoo("dense", 1000),
    "lstm-1000": zoo("lstm", 1000),
    "resnet-1000": on_images("ResNet-18", resnet18, "cifar10", 1000, FEW_STEPS),
}


def some_images(folder: Path, name: str, count: int) -> tuple[Tensor, Tensor]:
    """The first test images of a data set with their labels."""
    images = read_images(folder / f"{name}.npz")
    return images.test[:count].clone(), images.test_labels[:count].clone()


def predictions(folder: Path, only: list[str] | None) -> list[dict[str, Any]]:
    """Predicted and spent processor seconds of whole reports, no budget, on one thread."""
    rows = []
    for name, make in CASES.items():
        if only and name not in only:
            continue
        case = make(folder)
        with limited(1):
            begun = time.process_time()
            work = work_of(case.model, case.data, None, 2000, twin=True, clock=time.process_time)
            planned = plan(list(PLAN), work, None, measured_rates(time.process_time))
            trial = time.process_time() - begun
            begun = time.process_time()
            made = network_report(case.model, case.data, twin=case.twin)
            spent = time.process_time() - begun - trial  # the report has a trial of its own
        defined = sum(finding.verdict != "not defined" for finding in made.findings)
        row = {
            "name": name,
            "case": case.name,
            "predicted": planned.seconds,
            "spent": spent,
            "trial": trial,
            "defined": defined,
        }
        rows.append(row | {"recording": planned.recording, "analyses": len(made.findings)})
        print(f"{case.name:45} predicted {planned.seconds:6.1f} s, spent {spent:6.1f} s", flush=True)
    return rows


def command(folder: Path) -> dict[str, Any]:
    """`topolens report --model --weights --data` on a ResNet-18 and 2,000 CIFAR-10 images.

    Its clock is processor time, so that its budget is kept as on a machine of its own; one thread.
    """
    x, y = some_images(folder, "cifar10", 2000)
    with tempfile.TemporaryDirectory() as place:
        torch.manual_seed(0)
        torch.save(trained(resnet18(), x, y, FEW_STEPS).state_dict(), Path(place) / "resnet18.pt")
        np.savez(Path(place) / "cifar.npz", x_test=x.numpy(), y_test=y.numpy())
        asked = ["report", "--model", "benchmarks.report_networks:resnet18", "--weights", f"{place}/resnet18.pt"]
        asked += ["--data", f"{place}/cifar.npz", "--threads", "1", "-o", place, "-q"]
        code = f"import time; time.perf_counter = time.process_time; from topolens.cli import app; app({asked!r})"
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
        wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
        made = json.loads((Path(place) / "report.json").read_text(encoding="utf-8"))["provenance"]
    return {
        "parameters": made["model"]["parameters"],
        "samples": made["model"]["samples"],
        "wall": wall,
        "cpu": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        "peak_mb": made["peak_memory_mb"],
        "budget": made["budget"],
        "load": os.getloadavg()[0],
    }


def watched(folder: Path) -> dict[str, Any]:
    """Processor seconds of an epoch of a CNN on MNIST, and of the check after it, one thread."""
    images = read_images(folder / "mnist.npz")
    x, y = images.train, images.train_labels
    torch.manual_seed(0)
    model = watched_cnn()
    optimizer, watch, rows = torch.optim.Adam(model.parameters(), 1e-3), Watch((x, y)), []
    with limited(1):
        watch(0, model)  # before training, as loops do; the first check also loads what it needs
        for epoch in range(1, EPOCHS + 1):
            begun = time.process_time()
            for batch in torch.randperm(len(x)).split(128):
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(x[batch]), y[batch]).backward()
                optimizer.step()
            trained_for, begun = time.process_time() - begun, time.process_time()
            watch(epoch, model)
            rows.append({"epoch": trained_for, "check": time.process_time() - begun})
            print(f"epoch {epoch}: {trained_for:.1f} s, check {rows[-1]['check']:.2f} s", flush=True)
    largest = max(row["check"] / row["epoch"] for row in rows)
    return {"images": len(x), "epochs": rows, "share": largest}


def recorded() -> dict[str, Any]:
    """Peak memory of recording 50 layers of 256 neurons on 10,000 samples, above that of the process before."""
    model = nn.Sequential(*(layer for _ in range(25) for layer in (nn.Linear(256, 256), nn.ReLU())))
    data = torch.rand(10_000, 256)
    with limited(1):
        record(model, data[:64])
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        found = record(model, data)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    held = sum(x.nbytes for x in found.activations.values()) / 2**20
    layers = len(found.activations)
    return {"layers": layers, "samples": 10_000, "neurons": 256, "before_mb": before, "peak_mb": after, "held_mb": held}


def child(part: str, folder: Path, only: list[str] | None, output: Path) -> None:
    """One part, in this process."""
    does: dict[str, Callable[[], Any]] = {
        "predictions": lambda: predictions(folder, only),
        "report": lambda: command(folder),
        "watch": lambda: watched(folder),
        "recording": recorded,
    }
    write(output, {part: does[part](), "measured": now()})


def _merged(found: dict[str, Any], known: dict[str, Any]) -> dict[str, Any]:
    """What was found; cases that were not run again stay."""
    if "predictions" not in found:
        return found
    rows = {row["name"]: row for row in (*known.get("predictions", ()), *found["predictions"])}
    return {**found, "predictions": [rows[name] for name in CASES if name in rows]}


def main() -> None:
    """Measure and write the results."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.report_costs", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, metavar="FOLDER", help="where the npz files are")
    parser.add_argument("--part", action="append", choices=PARTS, help="of the four; the others are kept")
    parser.add_argument("--only", action="append", choices=[*CASES], help="cases of the predictions")
    parser.add_argument(
        "-o", "--output", type=Path, default=ROOT / "benchmarks" / "results" / tl.__version__ / "report_costs.json"
    )
    parser.add_argument("--child", choices=PARTS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(options.child, options.data.absolute(), options.only, options.output)
        return
    known = json.loads(options.output.read_text(encoding="utf-8")) if options.output.exists() else {}
    data = known | {"suite": "report_costs", "environment": environment(("torch", "numpy", "scipy"), ROOMS)}
    for part in options.part or PARTS:
        with tempfile.TemporaryDirectory() as place:
            found = Path(place) / "found.json"
            asked = ["--data", str(options.data), "--child", part, "-o", str(found)]
            asked += [word for name in options.only or () for word in ("--only", name)]
            subprocess.run([sys.executable, "-m", "benchmarks.report_costs", *asked], check=True, cwd=ROOT)
            data |= _merged(json.loads(found.read_text(encoding="utf-8")), known)
        write(options.output, data)


if __name__ == "__main__":
    main()
