"""Zoos of networks: the grid's file, training to one loss, and what a kill leaves."""

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from small_zoo import SMALL, stripes
from topolens.studies.grid_networks import network
from topolens.studies.grid_training import DIVERGED, NOT_REACHED, REACHED, train_group
from topolens.studies.grid_zoo import load_member, make_zoo, read_zoo
from topolens.studies.network_grid import Grid, Member, grid_from, read_grid


def test_a_grid_is_all_combinations() -> None:
    assert len(Grid().members()) == 96
    names = [member.name for member in SMALL.members()]
    assert names[:2] == ["mlp-d1-w16-p0-wd0-b16-s0", "mlp-d1-w16-p0-wd0.1-b16-s0"]
    assert len(set(names)) == 8


def test_a_grid_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "grid.toml"
    file.write_text('architecture = "vgg1"\nwidth = [4, 8]\ndropout = 0\ntarget_loss = 1\n')
    grid = read_grid(file)
    assert (grid.architecture, grid.width, grid.dropout, grid.target_loss) == (("vgg1",), (4, 8), (0.0,), 1.0)
    assert grid_from(json.loads(json.dumps(grid.as_dict()))) == grid


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("widht = [8]", "did you mean 'width'"),
        ("width = [8", "must be a TOML file"),
        ("width = []", "at least one value"),
        ("width = [8, 8]", "each once"),
        ("width = [8.5]", "must be of type int"),
        ("width = [true]", "must be of type int"),
        ("dropout = 1.0", "must lie from 0 to 0.95"),
        ('architecture = "lstm"', "must be one of mlp"),
        ("target_loss = -1.0", "must lie from"),
    ],
)
def test_a_bad_grid_is_one_sentence(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "grid.toml"
    file.write_text(text)
    with pytest.raises(ValueError, match=says):
        read_grid(file)
    with pytest.raises(FileNotFoundError, match="does not exist"):
        read_grid(tmp_path / "none.toml")


def test_members_learn_to_the_same_loss(tmp_path: Path) -> None:
    found = make_zoo(SMALL, stripes(), tmp_path)
    assert [each.member for each in found] == SMALL.members()
    for member, outcome in found:
        assert outcome["status"] == REACHED
        assert float(outcome["train_loss"]) <= 0.2
        made = load_member(tmp_path, member, (1, 6, 6), 3)
        right = (made(stripes().test).argmax(1) == stripes().test_labels).double().mean()
        assert float(right) == pytest.approx(float(outcome["test_accuracy"]))
    assert read_zoo(tmp_path)[2] == found


def test_a_member_does_not_feel_its_neighbours() -> None:
    data, members = stripes(), [member for member in SMALL.members() if member.dropout and member.depth == 2]
    together: dict[str, dict[str, torch.Tensor]] = {}
    alone: dict[str, dict[str, torch.Tensor]] = {}
    train_group(members, data, SMALL, lambda own, weights, _: together.update({own.name: weights}))
    for member in members:
        train_group([member], data, SMALL, lambda own, weights, _: alone.update({own.name: weights}))
    assert together.keys() == alone.keys()
    for name, weights in together.items():
        for part, value in weights.items():
            torch.testing.assert_close(alone[name][part], value, rtol=1e-3, atol=1e-4)


def test_what_does_not_learn_is_marked(tmp_path: Path) -> None:
    data = stripes()
    noise = data._replace(train_labels=torch.randint(3, (120,), generator=torch.Generator().manual_seed(1)))
    slow = Grid(depth=(1,), width=(2,), dropout=(0.0,), weight_decay=(0.0,), batch_size=(64,), most_epochs=2)
    assert make_zoo(slow, noise, tmp_path / "slow")[0].outcome["status"] == NOT_REACHED
    wild = Grid(depth=(2,), width=(8,), dropout=(0.0,), weight_decay=(100.0,), batch_size=(16,), rate=10.0)
    outcome = make_zoo(wild, data, tmp_path / "wild")[0].outcome
    assert outcome["status"] == DIVERGED
    assert len(read_zoo(tmp_path / "wild")[2]) == 1


def test_another_grid_or_other_data_are_refused(tmp_path: Path) -> None:
    one = Grid(depth=(1,), width=(8,), dropout=(0.0,), weight_decay=(0.0,), batch_size=(16,), most_epochs=2)
    make_zoo(one, stripes(), tmp_path)
    with pytest.raises(ValueError, match="another grid"):
        make_zoo(SMALL, stripes(), tmp_path)
    with pytest.raises(ValueError, match="another data"):
        make_zoo(one, stripes(seed=1), tmp_path)
    (tmp_path / "members" / f"{one.members()[0].name}.safetensors").write_bytes(b"broken")
    with pytest.raises(ValueError, match="delete it"):
        read_zoo(tmp_path)
    (tmp_path / "zoo.json").write_text("[]")
    with pytest.raises(ValueError, match="no manifest"):
        read_zoo(tmp_path)
    with pytest.raises(FileNotFoundError, match="no zoo"):
        read_zoo(tmp_path / "none")


def test_too_many_blocks_for_an_image() -> None:
    with pytest.raises(ValueError, match="cannot be halved 3 times"):
        network(Member("vgg1", 3, 4, 0.0, 0.0, 16, 0), (1, 6, 6), 3)
    made = network(Member("vgg2", 2, 4, 0.0, 0.0, 16, 0), (1, 6, 6), 3)
    assert made(torch.rand(5, 1, 6, 6)).shape == (5, 3)


def _make(folder: str) -> None:
    make_zoo(SMALL, stripes(), folder)


def test_a_killed_run_goes_on(tmp_path: Path) -> None:
    process = multiprocessing.get_context("spawn").Process(target=_make, args=(str(tmp_path),))
    process.start()
    members = tmp_path / "members"
    deadline = time.monotonic() + 120
    while len(list(members.glob("*.safetensors"))) < 2 and process.is_alive() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    before = {file.name: file.read_bytes() for file in members.glob("*.safetensors")}
    assert before
    with pytest.raises(FileNotFoundError, match="members are missing"):
        read_zoo(tmp_path)
    times = {name: (members / name).stat().st_mtime_ns for name in before}
    found = make_zoo(SMALL, stripes(), tmp_path)
    assert len(found) == 8
    for name, content in before.items():
        assert (members / name).read_bytes() == content
        assert (members / name).stat().st_mtime_ns == times[name]


FULL_DISK = """
import resource, sys
from pathlib import Path
from small_zoo import SMALL, stripes
from topolens.studies.grid_zoo import make_zoo
folder = Path(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
try:
    make_zoo(SMALL, stripes(), folder)
except OSError as error:
    (folder / "said").write_text(str(error))
"""


def test_a_full_disk_is_said_and_leaves_nothing_half_done(tmp_path: Path) -> None:
    """Files of more than 2,000 bytes cannot be written, as on a disk that is full."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", FULL_DISK, str(tmp_path)], check=True, env=environment, timeout=120)
    assert "cannot be written" in (tmp_path / "said").read_text()
    assert list((tmp_path / "members").iterdir()) == []
    assert len(make_zoo(SMALL, stripes(), tmp_path)) == 8
