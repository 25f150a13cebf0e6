"""Every analysis that looks at one trained network runs on a ResNet-20 of CIFAR-10, and says what is known of it.

`training`, `trajectory` and `filter_training` need a run, `attention` needs attention; they have no place here.
"""

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional

from topolens.analyses import Answers, Effort, RTDRounds, filter_space, model_difference, trust
from topolens.probes import record
from topolens.report import network_report
from topolens.report.network import PLAN

pytestmark = pytest.mark.real_data
Samples = tuple[Tensor, Tensor]


class Block(nn.Module):
    """Two convolutions added to their input; where it grows, the shortcut skips pixels and is padded on both sides."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        stride = outputs // inputs
        self.conv1, self.bn1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs)
        self.conv2, self.bn2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False), nn.BatchNorm2d(outputs)
        self.stride, self.padding = stride, (outputs - inputs) // 2

    def forward(self, x: Tensor) -> Tensor:
        h = self.bn2(self.conv2(functional.relu(self.bn1(self.conv1(x)))))
        short = functional.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, self.padding, self.padding))
        return functional.relu(h + short)


class ResNet20(nn.Module):
    """The network of "Deep residual learning for image recognition", 2016, section 4.2, with n = 3."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16)
        self.layer1 = nn.Sequential(*(Block(16, 16) for _ in range(3)))
        self.layer2 = nn.Sequential(Block(16, 32), Block(32, 32), Block(32, 32))
        self.layer3 = nn.Sequential(Block(32, 64), Block(64, 64), Block(64, 64))
        self.linear = nn.Linear(64, 10)

    def forward(self, x: Tensor) -> Tensor:
        h = self.layer3(self.layer2(self.layer1(functional.relu(self.bn1(self.conv1(x))))))
        return self.linear(h.mean((2, 3)))


@pytest.fixture(scope="module")
def images(data_folder: Path) -> Samples:
    """Sixty test images of each class, normalised as the network was trained."""
    file = np.load(data_folder / "cifar10_jpeg.npz")
    header, blob, offsets = file["header"].tobytes(), file["blob"].tobytes(), file["offsets"]
    rows = [50_000 + 1000 * label + i for i in range(60) for label in range(10)]
    x = np.stack([np.asarray(Image.open(io.BytesIO(header + blob[offsets[i] : offsets[i + 1]]))) for i in rows])
    mean, spread = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    return ((torch.tensor(x).float() / 255 - mean) / spread).permute(0, 3, 1, 2), torch.tensor(
        file["labels"][rows]
    ).long()


@pytest.fixture(scope="module")
def trained(data_folder: Path) -> nn.Module:
    """The network with published weights."""
    file, model = np.load(data_folder / "resnet20_cifar10.npz"), ResNet20()
    weights = {name: torch.tensor(file[name]) for name in model.state_dict() if "num_batches" not in name}
    model.load_state_dict(weights, strict=False)
    return model.eval()


@pytest.fixture(autouse=True)
def _two_random_states() -> Iterator[None]:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield


def test_every_analysis_of_the_plan_runs(images: Samples, trained: nn.Module) -> None:
    report = network_report(trained, images, layers=[Block, nn.Linear], samples=600, twin=ResNet20().eval())
    found = {finding.name: finding for finding in report.findings}
    assert list(found) == [name for name in PLAN if name not in ("attention", "training", "trajectory")]
    assert [name for name, finding in found.items() if finding.verdict == "not defined"] == []
    assert report.provenance["model"]["layers"] == 10
    assert found["model_summary"].numbers["accuracy"].value == pytest.approx(0.81, abs=0.05)
    assert found["model_summary"].verdict == "learned"
    assert found["weight_topology"].verdict == "beyond the weight distribution"
    assert found["weight_spectra"].verdict == "directions above the bulk"
    assert found["class_structure"].verdict in ("separated", "collapsed")
    assert found["layer_similarity"].verdict == "layers change step by step"


def test_analyses_beside_the_plan_run(images: Samples, trained: nn.Module) -> None:
    x, _ = images
    twin = ResNet20().eval()
    layers = [record(net, x[:200], [Block]).activations for net in (trained, twin)]
    assert model_difference(*layers, nulls=19, rounds=RTDRounds(50, 2, 2)).verdict == "differs"

    def answers(part: Tensor) -> Answers:
        last = record(trained, part, ["layer3"]).activations["layer3"]
        with torch.no_grad():
            return Answers({"linear": last}, trained.linear(last))

    noise = x[400:] + torch.randn(200, 3, 32, 32)
    weights = {"linear": trained.linear.weight.detach()}
    found = trust(weights, answers(x[:200]), answers(x[200:400]), {"noise": answers(noise)}, draws=20, nulls=39)
    assert found.verdict != "not defined"
    weight = trained.layer3[2].conv2.weight.detach()
    lean = Effort(twins=1, repeats=5, sweep=False, graph=False)
    assert filter_space(weight, landmarks=60, effort=lean).verdict != "too few filters"
