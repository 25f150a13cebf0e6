"""Conditions on the numbers of a report, as a check before a merge asks them: `collapse.nc1 > 0.1`."""

from __future__ import annotations

import difflib
import operator
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from topolens.analyses import CARDS
from topolens.analyses.finding import Finding, plain
from topolens.report.report import Report

ALIASES: Mapping[str, str] = {"collapse": "class_structure"}
COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq, "!=": operator.ne,
}  # fmt: skip
# What stands beside a number and can be asked for behind its name.
PARTS: Mapping[str, Callable[[Any], float | None]] = {
    "": lambda n: n.value,
    ".low": lambda n: None if n.interval is None else n.interval[0],
    ".high": lambda n: None if n.interval is None else n.interval[1],
    ".reference": lambda n: n.reference,
    ".p": lambda n: n.p_value,
}
MOST_LISTED = 40
_FORM = re.compile(
    r"""\s*(?P<address>(?:[^<>=!]|=(?![=<>]))+?)\s*(?P<comparison><=|>=|==|!=|<|>)\s*
    (?:"(?P<double>[^"]*)"|'(?P<single>[^']*)'|(?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?))\s*""",
    re.VERBOSE | re.IGNORECASE,
)


@dataclass(frozen=True)
class Condition:
    """A comparison of one number of a report, or of a verdict.

    Args:
        text: As it was written.
        address: What is compared, for instance "class_structure.nc1".
        comparison: One of < <= > >= == !=.
        bound: What it is compared with; a word for verdicts.
    """

    text: str
    address: str
    comparison: str
    bound: float | str


class Outcome(NamedTuple):
    """What a condition came to.

    Args:
        condition: The condition.
        values: Each number or verdict it is about, by its address.
        holds: Those for which it holds; none where it does not hold.
    """

    condition: Condition
    values: Mapping[str, float | str]
    holds: tuple[str, ...]


class _Place(NamedTuple):
    """A number or verdict of a report: all that it may be called, the full address first, and its value."""

    names: tuple[str, ...]
    number: str  # its name in the finding; "" for the verdict
    part: str  # of PARTS, or ".verdict"
    value: float | str | None
    finding: Finding

    @property
    def address(self) -> str:
        """The full address."""
        return self.names[0]


def condition(text: str) -> Condition:
    """The condition that a text says; nothing of it is run as code.

    Args:
        text: ADDRESS, one of < <= > >= == !=, then a number; or an address that ends in ".verdict", == or !=, and a
            verdict in quotes. See `outcome` for addresses.

    Raises:
        ValueError: If the text is no such condition, or no analysis has that verdict.

    Example:
        >>> condition("collapse.nc1 > 0.1").bound
        0.1
    """
    found = _FORM.fullmatch(text)
    if found is None:
        raise ValueError(
            f"a condition must be ADDRESS, one of {' '.join(COMPARISONS)} and a number, for instance "
            f"'collapse.nc1 > 0.1', or 'class_structure.verdict == \"collapsed\"', got {text!r}"
        )
    address, comparison = found["address"], found["comparison"]
    word = found["double"] if found["double"] is not None else found["single"]
    if address.endswith(".verdict") != (word is not None):
        raise ValueError(f"verdicts are compared with a word in quotes, and only they; got {text!r}")
    if word is None:
        return Condition(text, address, comparison, float(found["number"]))
    if comparison not in ("==", "!="):
        raise ValueError(f"verdicts can be compared with == and != only, got {text!r}")
    _check_verdict(address, word)
    return Condition(text, address, comparison, word)


def outcome(report: Report, asked: str | Condition) -> Outcome:
    """Whether a condition holds of a report.

    An address is `analysis.subject.number`, for instance `class_structure.model.nc1`. The subject may be left out where
    the analysis has one, and the analysis too where only one has a number of that name: `class_structure.nc1`, `nc1`.
    `collapse` stands for `class_structure`. A `*` stands for any subject or part of one: the condition then holds if it
    holds for one of them. Behind a number, `.low` and `.high` are the ends of its interval, `.reference` is what stands
    beside it, `.p` its p-value. `analysis.verdict` is the verdict.

    Args:
        report: The report.
        asked: The condition, or its text.

    Returns:
        The numbers or verdicts it is about, rounded as in report.json, and for which of them it holds.

    Raises:
        ValueError: If the text is no condition, see `condition`.
        LookupError: If no number has this address, several have, or the number is not defined in this report. This is
            never taken for a condition that does not hold.

    Example:
        >>> from topolens.analyses import Finding, Number
        >>> report = Report((Finding("class_structure", "model", "?", "!", "collapsed", {"nc1": Number(0.02, "NC1")}),))
        >>> outcome(report, "collapse.nc1 > 0.1").holds, outcome(report, "nc1 < 0.1").holds
        ((), ('class_structure.model.nc1',))
    """
    wanted = condition(asked) if isinstance(asked, str) else asked
    values = {}
    for place in _meant(report, wanted.address):
        if place.value is None:
            raise LookupError(_not_defined(place.address, place.finding))
        values[place.address] = place.value
    holds = COMPARISONS[wanted.comparison]
    return Outcome(wanted, values, tuple(name for name, value in values.items() if holds(value, wanted.bound)))


def addresses(report: Report) -> dict[str, float | str | None]:
    """Each number and verdict of a report by its full address, as `outcome` takes it; None where it is not defined."""
    return {place.address: place.value for place in _places(report)}


def _check_verdict(address: str, word: str) -> None:
    """A misspelt verdict would never hold, and the check would pass for ever."""
    name = ALIASES.get(address.split(".")[0], address.split(".")[0])
    cards = [CARDS[name]] if name in CARDS else CARDS.values()
    known = list(dict.fromkeys(word for card in cards for word in card.verdicts))
    if word not in (*known, "not defined"):
        near = ", ".join(map(repr, difflib.get_close_matches(word, known, n=3) or known))
        raise ValueError(f"no verdict of {name if name in CARDS else 'any analysis'} is {word!r}; nearest: {near}")


def _places(report: Report) -> Iterator[_Place]:
    for finding in report.findings:
        called = [finding.name, *(alias for alias, name in ALIASES.items() if name == finding.name)]
        heads = [f"{name}.{finding.subject}" for name in called] + called
        yield _Place(tuple(f"{head}.verdict" for head in heads), "", ".verdict", finding.verdict, finding)
        for name, number in finding.numbers.items():
            for part, of in PARTS.items():
                if not part or of(number) is not None:
                    names = (*(f"{head}.{name}{part}" for head in heads), name + part)
                    yield _Place(names, name, part, plain(of(number)), finding)


def _meant(report: Report, address: str) -> list[_Place]:
    """The places of an address: one, or with a `*` one or more."""
    places = list(_places(report))
    if "*" in address:
        pattern = re.compile(".*".join(map(re.escape, address.split("*"))))
        found = [place for place in places if _matches(place, pattern, address)]
        return _complete(report, found, pattern) if found else _unknown(report, address)
    found = [place for place in places if address in place.names]
    if len(found) > 1:
        listed = _listed([place.address for place in found])
        raise LookupError(f"{address} is one of several numbers, {listed}; name one, or all with a *")
    return found or _unknown(report, address)


def _matches(place: _Place, pattern: re.Pattern[str], address: str) -> bool:
    """Whether a pattern means a place; ends of intervals and the like only if it says so."""
    return address.endswith(place.part) and any(pattern.fullmatch(name) for name in place.names if "." in name)


def _complete(report: Report, found: list[_Place], pattern: re.Pattern[str]) -> list[_Place]:
    """The places, if no subject that the pattern means too lacks the number: it would be left out without a word."""
    held = {place.address for place in found}
    wanted = {(place.finding.name, place.number + place.part) for place in found if place.number}
    for finding in report.findings:
        for name, number in wanted:
            address = f"{name}.{finding.subject}.{number}"
            if finding.name == name and address not in held and pattern.fullmatch(address):
                raise LookupError(_not_defined(address, finding))
    return found


def _not_defined(address: str, finding: Finding) -> str:
    return f"{address} has no value in this report: {finding.name} of {finding.subject} says {finding.verdict!r}"


def _unknown(report: Report, address: str) -> list[_Place]:
    """Raises, with what is nearest and what there is."""
    head = address.split(".")[0]
    name = ALIASES.get(head, head)
    findings = [finding for finding in report.findings if finding.name == name]
    if findings and not any(finding.numbers for finding in findings):
        raise LookupError(_not_defined(address, findings[0]))
    if name in CARDS and not findings:
        made = ", ".join(dict.fromkeys(finding.name for finding in report.findings))
        raise LookupError(f"{address} has no value in this report: it has no {name}, only {made}")
    places = list(_places(report))
    near = difflib.get_close_matches(address, {called for place in places for called in place.names}, n=3)
    among = [p.address for p in places if (p.finding in findings or not findings) and p.part in ("", ".verdict")]
    nearest = f"nearest: {', '.join(near)}; " if near else ""
    raise LookupError(f"no number is called {address}; {nearest}there are {_listed(among)}")


def _listed(names: list[str]) -> str:
    rest = len(names) - MOST_LISTED
    return ", ".join(names[:MOST_LISTED]) + (f" and {rest} more, see report.json" if rest > 0 else "")
