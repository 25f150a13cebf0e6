"""The zoo: every member is small, answers, and can be recorded layer by layer."""

import pytest
import torch
from torch import nn

from topolens.probes import record
from topolens.studies.zoo import MEMBERS, network_of, samples_of
from topolens.studies.zoo_blocks import HatReLU, squash


@pytest.mark.parametrize("member", MEMBERS, ids=lambda member: member.name)
def test_members_are_small_and_recorded(member) -> None:
    model, data = network_of(member), samples_of(member, 12)
    assert sum(p.numel() for p in model.parameters()) <= 50_000
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), network_of(member).parameters(), strict=True))
    found = record(model, data, batch_size=5)
    assert found.activations or member.name == "parameter-free pooling"
    called = {name for name, why in found.skipped.items() if why != "it was not called"}
    assert called == set()
    for name, x in found.activations.items():
        assert x.shape[0] == 12, name
        assert torch.isfinite(x).all()
    with torch.no_grad():
        answer = model(data[0])
    answer = answer if isinstance(answer, torch.Tensor) else next(iter(answer.values()))
    torch.testing.assert_close(found.outputs, answer)


def test_names_are_unique() -> None:
    names = [member.name for member in MEMBERS]
    assert len(set(names)) == len(names) >= 35


def test_hats_without_weights_are_relu() -> None:
    x = torch.randn(5, 8)
    for gaussian in (False, True):
        assert torch.equal(HatReLU(8, gaussian)(x), torch.relu(x))


def test_squash_keeps_directions() -> None:
    x = torch.tensor([[3.0, 4.0]])
    torch.testing.assert_close(squash(x), x / 5 * 25 / 26)


def test_a_siamese_network_answers_twice() -> None:
    member = next(member for member in MEMBERS if member.name == "siamese")
    found = record(network_of(member), samples_of(member, 6), nn.Linear)
    assert list(found.activations) == ["tower.0", "tower.2", "tower.0#2", "tower.2#2"]
