"""Graphs of a run: the documents say what the Mapper graph is, and settings that cannot be are refused."""

from pathlib import Path

import numpy as np
import pytest
import torch

import topolens as tl
from explorer_runs import digits_run
from topolens.explorer.aligned import aligned, graph_of_document
from topolens.explorer.cost import estimate, memory_mb
from topolens.explorer.graphs import make_graph
from topolens.explorer.grid import checked_axes, make_grid
from topolens.explorer.packed import unpacked
from topolens.explorer.settings import complete, described, key_of
from topolens.explorer.store import NotFoundError, Run
from topolens.explorer.trust import make_stability
from topolens.mapper import betti_numbers, pca, purity


def silent(done: float, what: str) -> None:
    pass


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return digits_run(tmp_path_factory.mktemp("explorer") / "run")


@pytest.fixture(scope="module")
def made(run: Run) -> dict:
    settings = complete(run, {"layer": "l2", "cover": {"kind": "uniform", "resolution": 8, "gain": 2.5}})
    return run.result("graphs", make_graph(run, settings, silent))


def graph_like(run: Run) -> tl.MapperGraph:
    points = torch.from_numpy(np.array(run.points("l2", "c0")))
    return tl.mapper(points, pca(points, 2), resolution=8, gain=2.5, clusters="connected")


def test_the_document_is_the_graph(run: Run, made: dict) -> None:
    graph = graph_like(run)
    assert made["nodes"]["count"] == len(graph)
    assert np.array_equal(unpacked(made["nodes"]["size"]), graph.sizes)
    offsets, rows = (unpacked(made["members"][name]) for name in ("offsets", "rows"))
    assert all(np.array_equal(rows[offsets[i] : offsets[i + 1]], graph.members(i)) for i in range(len(graph)))
    assert np.array_equal(np.column_stack([unpacked(made["edges"][end]) for end in "ab"]), graph.edges)
    assert np.array_equal(unpacked(made["edges"]["shared"]), graph.weights)
    assert np.array_equal(np.column_stack([unpacked(made["triangles"][end]) for end in "abc"]), graph.triangles)
    assert (made["statistics"]["components"], made["statistics"]["loops"]) == betti_numbers(graph)
    assert np.allclose(unpacked(made["lenses"][1]["values"]), graph.lens[:, 1])
    for axis in ("x", "y", "lens_x", "lens_y"):
        assert np.abs(unpacked(made["nodes"][axis])).max() <= 1 + 1e-6
    assert made["statistics"]["coverage"]["sentence"] == "all 300 points lie in a node"


def test_typical_points_are_those_nearest_to_the_mean(run: Run, made: dict) -> None:
    from topolens.mapper import variance_normalised

    points = variance_normalised(torch.from_numpy(np.array(run.points("l2", "c0")))).double().numpy()
    members, typical = ({n: unpacked(made[k][n]) for n in ("offsets", "rows")} for k in ("members", "typical"))
    for node in range(made["nodes"]["count"]):
        own = members["rows"][members["offsets"][node] : members["offsets"][node + 1]]
        far = np.linalg.norm(points[own] - points[own].mean(0), axis=1)
        told = typical["rows"][typical["offsets"][node] : typical["offsets"][node + 1]]
        assert set(told) <= set(own)
        assert len(told) == min(len(own), 12)
        assert np.allclose(np.sort(far)[: len(told)], [far[list(own).index(row)] for row in told])


def test_the_snippet_makes_the_same_graph(run: Run, made: dict, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(run.folder.parent)
    names: dict = {}
    exec(made["snippet"], names)
    assert np.array_equal(names["graph"].edges, graph_like(run).edges)


@pytest.mark.parametrize("kind", [kind["kind"] for kind in described()["lenses"]])
def test_every_lens_makes_a_graph_and_a_snippet(run: Run, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fields = {"column": {"column": "loss"}, "density": {"neighbours": 5}, "feature": {"index": 3}}.get(kind, {})
    given = {"layer": "l2", "lenses": [{"kind": kind, **fields}], "cover": {"kind": "uniform", "resolution": 5}}
    document = run.result("graphs", make_graph(run, complete(run, given), silent))
    names: dict = {}
    monkeypatch.chdir(run.folder.parent)
    exec(document["snippet"], names)
    assert len(names["graph"]) == document["nodes"]["count"] > 1
    assert np.allclose(names["graph"].lens[:, 0], unpacked(document["lenses"][0]["values"]))


def test_a_document_gives_its_graph_back(run: Run, made: dict) -> None:
    graph, back = graph_like(run), graph_of_document(made)
    assert (graph.membership != back.membership).nnz == 0
    assert np.array_equal(graph.edges, back.edges)
    assert np.array_equal(graph.triangles, back.triangles)
    assert np.array_equal(graph.cell, back.cell)


@pytest.mark.parametrize("kind", [kind["kind"] for kind in described()["covers"]])
def test_every_cover_makes_a_graph_an_estimate_and_a_snippet(run: Run, kind: str, monkeypatch) -> None:
    settings = complete(run, {"layer": "l2", "cover": {"kind": kind}, "lenses": [{"kind": "pca"}]})
    assert estimate(run, settings)["nodes"] >= 1
    document = run.result("graphs", make_graph(run, settings, silent))
    names: dict = {}
    monkeypatch.chdir(run.folder.parent)
    exec(document["snippet"], names)
    assert np.array_equal(names["graph"].sizes, unpacked(document["nodes"]["size"]))


def test_noise_is_counted_and_said(run: Run) -> None:
    given = {"layer": "l2", "clusterer": {"kind": "dbscan", "min_samples": 12}, "cover": {"kind": "uniform"}}
    coverage = run.result("graphs", make_graph(run, complete(run, given), silent))["statistics"]["coverage"]
    assert coverage["in_nodes"] < coverage["points"] == 300
    assert "lie in no node" in coverage["sentence"]
    kept = {**given, "noise": "nearest"}
    assert key_of(complete(run, kept)) != key_of(complete(run, given))


@pytest.mark.parametrize("kind", [kind["kind"] for kind in described()["clusterers"]])
def test_every_clusterer_makes_a_graph(run: Run, kind: str) -> None:
    given = {"layer": "l2", "clusterer": {"kind": kind}, "cover": {"kind": "uniform", "resolution": 5}}
    assert run.result("graphs", make_graph(run, complete(run, given), silent))["nodes"]["count"] > 1


def test_every_field_has_a_default_that_may_be_given(run: Run) -> None:
    for group, kinds in described().items():
        for kind in kinds if group != "general" else []:
            for field in kind["fields"]:
                assert set(field) == {"name", "label", "type", "default", "min", "max", "choices", "per_lens", "help"}
                assert field["type"] in ("int", "float", "choice", "column", "class")
    full = complete(run, {})
    assert complete(run, full) == full
    assert key_of(complete(run, {})) == key_of(full)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"cover": {"kind": "uniform", "resolution": 0}}, "resolution must be a whole number from 1 to 200, got 0"),
        ({"cover": {"kind": "uniform", "resolution": [3]}}, "one per lens, got 1 for 2 lenses"),
        ({"cover": {"kind": "uniform", "gain": "3"}}, "gain must be a number from 1 to 10, got '3'"),
        ({"cover": {"kind": "uniform", "gain": float("nan")}}, "gain must be a number"),
        ({"cover": {"kind": "uniform", "gain": 10**400}}, "gain must be a number from 1 to 10"),
        ({"clusterer": {"kind": "connected", "scale": 10**400}}, "scale must be a number from 0"),
        ({"cover": {"kind": "spiral"}}, "cover must have a kind, one of uniform"),
        ({"lenses": [{"kind": "pca", "component": True}]}, "component must be a whole number"),
        ({"lenses": [{"kind": "pca", "size": 1}]}, "pca has no 'size'; it has component"),
        ({"lenses": [{"kind": "norm"}] * 4}, "lenses must be a list of 1 to 3"),
        ({"lenses": [{"kind": "column"}]}, "needs the id of a column"),
        ({"lenses": ["pca", 3]}, "lens must have a kind, one of"),
        ({"layer": "l3", "lenses": [{"kind": "entropy"}]}, "lens entropy is of samples"),
        ({"metric": "manhattan"}, "metric must be one of std, variance, cosine, None"),
        ({"colour": 1}, "settings have no 'colour'"),
        ([], "settings must be an object"),
    ],
)
def test_settings_that_cannot_be_are_refused(run: Run, given: object, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        complete(run, given)


def test_what_the_run_has_not_is_not_found(run: Run) -> None:
    for given in ({"layer": "../l0"}, {"checkpoint": "c9"}, {"lenses": [{"kind": "column", "column": "../label"}]}):
        with pytest.raises(NotFoundError, match="there is no"):
            complete(run, given)


def test_estimates_grow_with_the_work_and_learn(run: Run, tmp_path: Path) -> None:
    fresh = digits_run(tmp_path / "run")
    few, many = (
        estimate(fresh, complete(fresh, {"layer": "l2", "cover": {"kind": "uniform", "resolution": r, "gain": g}}))
        for r, g in ((5, 1.5), (60, 6.0))
    )
    assert 0 < few["seconds"] < many["seconds"]
    assert few["nodes"] < many["nodes"]
    assert many["warning"] is None
    settings = complete(fresh, {"layer": "l2"})
    before = estimate(fresh, settings)["seconds"]
    made = fresh.result("graphs", make_graph(fresh, settings, silent))
    for off, learned in ((3.0, 3.0), (100.0, 5.0)):
        head = {**fresh.heads()[0], "cost": {**made["cost"], "seconds": off, "model_seconds": 1.0}}
        fresh.keep("graphs", made["key"], made, head)
        assert estimate(fresh, settings)["seconds"] == pytest.approx(learned * before, rel=0.02)


def test_purity_is_that_of_the_graph(run: Run, made: dict) -> None:
    found = purity(graph_like(run), np.array(run.column("samples", "label")[1]))
    assert np.array_equal(unpacked(made["purity"]["label"]["class"]), found.classes)
    assert np.allclose(unpacked(made["purity"]["label"]["p"]), found.p, atol=1e-6)
    assert set(made["purity"]) == {"label", "prediction", "correct", "shape"}


def test_stability_goes_into_the_document(run: Run, made: dict) -> None:
    assert make_stability(run, made["key"], 3, silent) == made["key"]
    found = run.result("graphs", made["key"])["confidence"]
    assert found["resamples"] == 3
    assert len(unpacked(found["nodes"])) == made["nodes"]["count"]
    assert len(unpacked(found["edges"])) == len(unpacked(made["edges"]["a"]))
    assert 0 < unpacked(found["nodes"]).mean() <= 1
    for feature in (*found["branches"], *found["loops"]):
        assert max(feature["nodes"]) < made["nodes"]["count"]
    assert "resamples" in found["sentence"]


def test_a_graph_drawn_as_itself_stays(made: dict) -> None:
    found = aligned(made, made)
    for axis in "xy":
        assert np.corrcoef(unpacked(found[axis]), unpacked(made["nodes"][axis]))[0, 1] > 0.95
    a, b, shared = (unpacked(found["pairs"][name]) for name in ("a", "b", "shared"))
    sizes = unpacked(made["nodes"]["size"])
    assert np.array_equal(shared[a == b], sizes[a[a == b]])
    with pytest.raises(ValueError, match="must be of the same points"):
        aligned({**made, "space": "filters:l3"}, made)


def test_a_grid_holds_the_numbers_of_its_graphs(run: Run) -> None:
    settings = complete(run, {"layer": "l2"})
    found = run.result("grids", make_grid(run, settings, [4, 8], [1.5, 2.5, 3.0], silent))
    assert np.shape(found["nodes"]) == np.shape(found["purity"]) == (2, 3)
    assert found["nodes"][1][1] == len(graph_like(run))
    assert found["loops"][1][1] == betti_numbers(graph_like(run))[1]


def test_lenses_that_are_nan_are_refused(run: Run) -> None:
    settings = complete(run, {"layer": "l2", "lenses": [{"kind": "column", "column": "hole"}]})
    with pytest.raises(ValueError, match="no finite number at 1 of 300 points"):
        make_graph(run, settings, silent)


def test_what_a_graph_took_is_told(made: dict) -> None:
    cost = made["cost"]
    assert 0 < cost["seconds"] < 60
    assert cost["estimated_seconds"] > 0
    assert cost["memory_mb"] is None or 0 <= cost["memory_mb"] < 1000


def test_the_peak_of_memory_starts_anew() -> None:
    before = memory_mb(reset=True)
    if before is None:
        pytest.skip("this system does not tell")
    block = np.ones(2**24)  # 128 MB
    assert memory_mb() - before > 100
    del block
    assert memory_mb(reset=True) < before + 100


def test_grids_need_intervals(run: Run) -> None:
    settings = complete(run, {"layer": "l2"})
    assert checked_axes({"resolutions": [4], "gains": [2]}, settings) == ([4], [2.0])
    for wrong in (
        {"resolutions": []},
        {"gains": "3"},
        {"gains": [2.0] * 13},
    ):
        with pytest.raises(ValueError, match="must be a list of 1 to 12 numbers"):
            checked_axes(wrong, settings)
    for values in ([2.5], [0], [201], [10**9], [True]):
        with pytest.raises(ValueError, match="resolution must be a whole number from 1 to 200"):
            checked_axes({"resolutions": values}, settings)
    for values in ([True], [0.5], [11], [float("nan")], ["3"]):
        with pytest.raises(ValueError, match="gain must be a number from 1 to 10"):
            checked_axes({"gains": values}, settings)
    with pytest.raises(ValueError, match="cover ball has not"):
        checked_axes({}, {"cover": {"kind": "ball"}})
