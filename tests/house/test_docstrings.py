"""Every public function says what it takes, gives and refuses; every public class says what it is."""

import ast
import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable, Iterator
from types import ModuleType

import pytest

import topolens

PRIVATE_ROOMS = {"topolens.engines"}  # integers for our own rooms; documented by contract, not by docstring
# Rooms of mathematics, where a reader wants to know which paper a definition comes from.
SOURCED = ("topolens.filtrations", "topolens.persistence", "topolens.analyses")


def rooms() -> Iterator[ModuleType]:
    """The front door and every room below it that names its public things."""
    yield topolens
    for found in pkgutil.iter_modules(topolens.__path__, "topolens."):
        if not found.name.startswith("topolens._") and found.name not in PRIVATE_ROOMS:
            room = importlib.import_module(found.name)
            if hasattr(room, "__all__"):
                yield room


def public() -> dict[str, object]:
    things = {}
    for room in rooms():
        for name in room.__all__:
            thing = getattr(room, name)
            if (inspect.isfunction(thing) or inspect.isclass(thing)) and thing.__module__.startswith("topolens"):
                things[f"{thing.__module__}.{name}"] = thing
    return things


PUBLIC = public()
FUNCTIONS = {name: thing for name, thing in PUBLIC.items() if inspect.isfunction(thing)}
FRONT_DOOR = {name for name in PUBLIC if getattr(topolens, name.rsplit(".", 1)[1], None) is PUBLIC[name]}


def section(doc: str, title: str) -> str:
    """Text of a section of a Google docstring, up to the next line that stands at the margin."""
    match = re.search(rf"^{title}:(.*?)(?=^\S|\Z)", doc, flags=re.MULTILINE | re.DOTALL)
    return match.group(1) if match else ""


def mentions(text: str, word: str) -> bool:
    """Whether a word stands in a text, in the singular or the plural."""
    return re.search(rf"\b{word.removesuffix('s')}(s|es)?\b", text) is not None


def refuses(function: Callable) -> bool:
    """Whether the function's own body raises or checks its input."""
    tree = ast.parse(inspect.cleandoc("\n" + inspect.getsource(function)))
    called = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    return any(isinstance(node, ast.Raise) for node in ast.walk(tree)) or any(n.startswith("check_") for n in called)


@pytest.mark.parametrize("name", PUBLIC)
def test_has_a_docstring_of_its_own(name: str) -> None:
    doc = PUBLIC[name].__doc__ or ""
    first = doc.strip().splitlines()[0] if doc.strip() else ""
    assert first.endswith((".", ":")), f"{name}: the first line must be one sentence, got {first!r}"
    assert "NewType" not in first
    assert not re.match(r"(Compute|Calculate|Return|Get)s?\b", first), f"{name}: say what comes back, not the deed"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_parameter_is_explained(name: str) -> None:
    """At the front door in Args; functions of a room may do it in passing, and leave out their only parameter."""
    doc = inspect.getdoc(FUNCTIONS[name]) or ""
    args = section(doc, "Args") if name in FRONT_DOOR else doc
    parameters = list(inspect.signature(FUNCTIONS[name]).parameters)
    missing = [p for p in parameters if not mentions(args, p)]
    if name not in FRONT_DOOR and len(parameters) == 1:
        return
    assert missing == [], f"{name}: nothing is said of {missing}"


@pytest.mark.parametrize("name", [n for n in FUNCTIONS if n in FRONT_DOOR or n.startswith(SOURCED)])
def test_returns_are_described(name: str) -> None:
    assert section(inspect.getdoc(FUNCTIONS[name]) or "", "Returns").strip(), f"{name}: no Returns section"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_refusals_are_described(name: str) -> None:
    if refuses(FUNCTIONS[name]):
        doc = inspect.getdoc(FUNCTIONS[name]) or ""
        assert re.search(r"(Error|Warning): ", section(doc, "Raises")), f"{name}: raises, but has no Raises section"


@pytest.mark.parametrize("name", [n for n in FUNCTIONS if n.startswith(SOURCED)])
def test_mathematics_has_a_source(name: str) -> None:
    assert section(inspect.getdoc(FUNCTIONS[name]) or "", "Source").strip(), f"{name}: no Source"


@pytest.mark.parametrize("name", [n for n, thing in PUBLIC.items() if inspect.isclass(thing)])
def test_args_of_classes_name_every_field(name: str) -> None:
    thing = PUBLIC[name]
    args = section(inspect.getdoc(thing) or "", "Args")
    if args:
        fields = [p for p in inspect.signature(thing).parameters if p not in ("args", "kwargs")]
        assert [p for p in fields if not mentions(args, p)] == []


@pytest.mark.parametrize("name", [n for n, thing in PUBLIC.items() if inspect.isclass(thing)])
def test_public_methods_have_a_docstring(name: str) -> None:
    own = vars(PUBLIC[name])
    methods = {m: f for m, f in own.items() if not m.startswith("_") and callable(f)}
    assert [m for m, f in methods.items() if not (inspect.getdoc(f) or "").strip()] == []
