"""Networks of torchvision, timm and transformers at random weights: every analysis runs or says why not."""

import importlib.util
import json
import os
import warnings
from functools import cache
from typing import Any

import pytest
import torch
from torch import nn

from topolens import _optional, analyses
from topolens.analyses import Answers
from topolens.probes import record, record_attention, weight_graph, weight_matrices
from topolens.report import Watch, network_report
from topolens.report.network import PLAN
from topolens.studies.real_networks import REAL_MEMBERS, is_installed
from topolens.studies.zoo import Member, network_of, samples_of

COSTLY = ("weight_topology", "weight_spectra")  # on 20 million weights


@pytest.fixture(params=REAL_MEMBERS, ids=lambda member: member.name)
def member(request) -> Member:
    if not is_installed(request.param):
        pytest.skip(f"needs {request.param.package}")
    return request.param


@cache
def made(member: Member, seed: int = 0) -> nn.Module:
    return network_of(member, seed)


def of(name: str) -> Member:
    found = next(member for member in REAL_MEMBERS if member.name == name)
    if not is_installed(found):
        pytest.skip(f"needs {found.package}")
    return found


def test_every_layer_is_recorded(member) -> None:
    found = record(made(member), samples_of(member, 6), batch_size=4)
    assert len(found.activations) >= 15
    assert all(torch.isfinite(x).all() and len(x) == 6 for x in found.activations.values())
    assert all("position_embeddings" in name or "wpe" in name for name in found.skipped)  # one for all samples
    assert found.outputs is not None
    assert torch.equal(found.labels, torch.arange(6) % 3)


def test_every_analysis_of_the_plan_runs_or_says_why_not(member) -> None:
    large = sum(p.numel() for p in made(member).parameters()) > 10**6
    if large and os.environ.get("TOPOLENS_EXHAUSTIVE") != "1":
        pytest.skip("20 million weights: a minute or more")
    only = [name for name in PLAN if name not in COSTLY or not large]
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        report = network_report(made(member), samples_of(member, 40), twin=made(member, 1), only=only)
        assert "could not be drawn" not in report.html()
    assert [finding.name for finding in report.findings] == only
    assert all(finding.answer and finding.verdict for finding in report.findings)
    json.dumps(report.to_json(), allow_nan=False)


def test_watching(member) -> None:
    data: Any = samples_of(member, 20)
    watch = Watch(data)
    for step in range(2):
        watch(step, made(member))
    assert watch.history[1]["neural_persistence"] == watch.history[0]["neural_persistence"]
    assert watch.finding().name == "training"


def test_trust_on_the_last_layer(member) -> None:
    model = made(member)
    name, head = [(n, m) for n, m in model.named_modules() if isinstance(m, nn.Linear)][-1]
    if member.name == "small gpt":
        outputs = record(model, samples_of(member, 4)).outputs
        assert outputs.ndim == 3  # an answer for each token, where trust asks for one for each sample
        return
    groups = []
    for seed in range(3):
        taken: list[torch.Tensor] = []
        hook = head.register_forward_pre_hook(lambda _m, x, taken=taken: taken.append(x[0].detach()))
        try:
            found = record(model, samples_of(member, 15, seed), layers=name)
        finally:
            hook.remove()
        groups.append(Answers({name: torch.cat(taken)}, found.outputs))
    finding = analyses.trust({name: head.weight.detach()}, groups[0], groups[1], {"others": groups[2]}, nulls=19)
    assert finding.verdict in ("adds to the baselines", "sees the shift", "does not see the shift", "not defined")


def test_attention(member) -> None:
    if member.name == "resnet-50":
        with pytest.raises(ValueError, match="nothing in the network calls"):
            record_attention(made(member), samples_of(member, 4))
        return
    maps = record_attention(made(member), samples_of(member, 4))
    assert len(maps) == {"vit-s": 12, "bert-tiny": 2, "small gpt": 4}[member.name]
    assert all(float((x.sum(-1) - 1).abs().max()) < 1e-4 for x in maps.values())
    first = next(iter(maps.values()))
    assert analyses.attention({"first": first}, shuffles=2).name == "attention"


def test_attention_is_what_transformers_gives() -> None:
    member = of("bert-tiny")
    model, data = made(member), samples_of(member, 4)
    maps = record_attention(model, data)
    model.set_attn_implementation("eager")
    try:
        with torch.no_grad():
            given = model(data["input_ids"], data["attention_mask"], output_attentions=True).attentions
    finally:
        model.set_attn_implementation("sdpa")
    for ours, theirs in zip(maps.values(), given, strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-4)


def test_conv1d_of_transformers_is_a_linear_layer() -> None:
    member = of("small gpt")
    model = made(member)
    assert weight_matrices(model)["transformer.h.0.mlp.c_fc"].shape == (384, 96)
    found = record(model, samples_of(member, 4), layers="transformer.h.0.mlp.c_fc")
    assert found.activations["transformer.h.0.mlp.c_fc"].shape == (4, 384)


def test_shortcuts_of_a_resnet_are_followed() -> None:
    model = made(of("resnet-50"))
    graph = weight_graph(model, weight_matrices(model))
    kinds = [joint.kind for joint in graph]
    assert kinds.count("weight") == 54
    assert kinds.count("sum") == 16


def test_channels_come_first_in_a_layer_norm_of_images() -> None:
    if importlib.util.find_spec("timm") is None:
        pytest.skip("needs timm")
    if importlib.util.find_spec("torchvision") is not None:
        _optional.torchvision()
    _optional.timm()
    from timm.layers import LayerNorm2d

    found = record(nn.Sequential(nn.Conv2d(3, 8, 1), LayerNorm2d(8)), torch.rand(4, 3, 5, 6))
    assert found.activations["1"].shape == (4, 8)
