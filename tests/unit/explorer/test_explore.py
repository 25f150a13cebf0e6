"""The explorer from Python and in a notebook."""

from pathlib import Path

import httpx
import pytest
import torch

import topolens as tl
from explorer_runs import built_page, digits, digits_network
from topolens.explorer import export, listening
from topolens.explorer.jobs import Jobs


@pytest.fixture
def no_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "Jobs", lambda run, workers: Jobs(run, 0))


def test_a_network_is_shown_until_it_is_closed(no_workers: None, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(export, "PAGE", tmp_path / "unbuilt")
    shown = tl.explore(digits_network(), digits(), samples=30, layers="out", folder=tmp_path / "run")
    address = shown.url.partition("/?")[0]
    with httpx.Client(base_url=address, transport=httpx.HTTPTransport(retries=10)) as client:
        client.get(shown.url)
        assert client.get("/api/run").json()["layers"][0]["name"] == "out"
    assert shown._repr_html_() == (
        f'<p><a href="{shown.url}" target="_blank" rel="noopener">Open the live explorer</a></p>'
    )
    monkeypatch.setattr(export, "PAGE", built_page(tmp_path / "page"))
    assert 'sandbox="allow-scripts allow-downloads"' in shown._repr_html_()
    assert "<script" not in shown._repr_html_()  # it stands in an attribute, escaped
    shown.close()
    with pytest.raises(httpx.ConnectError):
        httpx.get(address)


def test_checkpoints_have_names(no_workers: None, tmp_path: Path) -> None:
    networks = {"before": digits_network(0), "after": digits_network(1)}
    shown = tl.explore(networks, digits(), samples=30, folder=tmp_path / "run")
    shown.close()
    assert [each["name"] for each in shown.run.manifest["checkpoints"]] == ["before", "after"]
    again = tl.explore(tmp_path / "run")
    again.close()
    assert again.run.manifest == shown.run.manifest


@pytest.mark.parametrize("model", [3, {}, []])
def test_what_is_no_network_is_refused(model: object) -> None:
    with pytest.raises(ValueError, match="model must be a network"):
        tl.explore(model)
    with pytest.raises(ValueError, match="samples need the code"):
        tl.explore({"a.weight": torch.randn(4, 3, 3, 3)}, torch.rand(3, 3, 8, 8))
