"""Habits that a reader of the sources relies on."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "src" / "topolens").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("test_*.py"))
NO_DRAWERS = {"utils", "helpers", "common", "misc", "util", "helper"}


def short(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", [p for p in SOURCES if "cli" not in p.parts], ids=short)
def test_nothing_prints_but_the_command_line(path: Path) -> None:
    tree = ast.parse(path.read_text())
    calls = [n for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)]
    assert [call.lineno for call in calls if call.func.id == "print"] == []


@pytest.mark.parametrize("path", SOURCES, ids=short)
def test_every_file_says_what_it_is_in_its_first_line(path: Path) -> None:
    doc = ast.get_docstring(ast.parse(path.read_text()))
    assert doc
    assert len(doc.splitlines()[0]) <= 120


@pytest.mark.parametrize("path", SOURCES, ids=short)
def test_no_drawers_and_no_long_files(path: Path) -> None:
    assert path.stem not in NO_DRAWERS
    assert len(path.read_text().splitlines()) <= 400


@pytest.mark.parametrize("path", SOURCES, ids=short)
def test_no_default_is_changeable(path: Path) -> None:
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            defaults = [*node.args.defaults, *node.args.kw_defaults]
            assert not any(isinstance(d, ast.List | ast.Dict | ast.Set) for d in defaults), node.name


@pytest.mark.parametrize("path", SOURCES, ids=short)
def test_global_random_numbers_are_put_back(path: Path) -> None:
    """Generators carry seeds; code of others that knows only the global state runs inside fork_rng."""
    tree = ast.parse(path.read_text())
    used = {
        (n.value.id, n.attr) for n in ast.walk(tree) if isinstance(n, ast.Attribute) and isinstance(n.value, ast.Name)
    }
    assert ("torch", "manual_seed") not in used or "fork_rng" in path.read_text()
    assert not used & {("random", "seed"), ("torch", "seed")}


def asserts(function: ast.FunctionDef) -> bool:
    """Whether a test can fail: an assert, an expected error, or a call of something that asserts."""
    for node in ast.walk(function):
        if isinstance(node, ast.Assert):
            return True
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in ("raises", "warns", "fail", "agrees") or name.startswith(("assert", "check")):
                return True
            if any(k.arg == "check" and isinstance(k.value, ast.Constant) and k.value.value for k in node.keywords):
                return True  # a program that must not fail
    return False


@pytest.mark.parametrize("path", TESTS, ids=short)
def test_every_test_can_fail(path: Path) -> None:
    tree = ast.parse(path.read_text())
    tests = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and n.name.startswith("test_")]
    assert tests
    assert [t.name for t in tests if not asserts(t)] == []
