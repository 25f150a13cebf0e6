"""Writes docs/zoo.md: what each analysis says of one tiny, untrained network of every family, and of real ones.

python docs/zoo_page.py
"""

from __future__ import annotations

from collections.abc import Sequence

from result_pages import DOCS, table

from topolens.report import network_report
from topolens.report.network import PLAN
from topolens.studies.real_networks import REAL_MEMBERS, is_installed
from topolens.studies.zoo import MEMBERS, Member, network_of, samples_of

INTRODUCTION = """# The zoo

What each analysis of `topolens report --data`, and that of attention maps, says of one tiny network of every family,
and of networks as torchvision, timm and transformers define them: untrained, on 120 random samples of three classes
that differ a little, beside an untrained twin. So verdicts here are about nothing but whether an analysis runs; where
it cannot, the reason stands below. Tokens of the networks of transformers are random whatever the class. Made by
`docs/zoo_page.py`; the networks are in `topolens.studies.zoo` and `topolens.studies.real_networks`.
"""
COLUMNS = [name for name in PLAN if name not in ("training", "trajectory")]  # those look at checkpoints
PREFIXES = ("Not defined for this network and data: ", "Not defined: ")


def verdicts_of(member: Member, only: Sequence[str] = COLUMNS) -> dict[str, tuple[str, str]]:
    """Verdict of each analysis, with the reason where it is not defined."""
    model, twin = network_of(member), network_of(member, seed=1)
    report = network_report(model, samples_of(member, 120), twin=twin, only=only)
    found = {finding.name: (finding.verdict, finding.answer) for finding in report.findings}
    return {
        name: (verdict, _reason(answer) if verdict == "not defined" else "")
        for name, (verdict, answer) in found.items()
    }


def _reason(answer: str) -> str:
    return next((answer.removeprefix(prefix) for prefix in PREFIXES if answer.startswith(prefix)), answer)


def page(found: Sequence[tuple[Member, dict[str, tuple[str, str]]]]) -> str:
    """The page, from the verdicts of each member."""
    reasons: dict[tuple[str, str], list[str]] = {}
    for name in COLUMNS:
        for member, verdicts in found:
            if verdicts[name][1]:
                reasons.setdefault((name.replace("_", " "), verdicts[name][1]), []).append(member.name)
    rows = [(m.name, m.package, m.peculiar, *(verdicts[name][0] for name in COLUMNS)) for m, verdicts in found]
    heads = ("network", "defined by", "peculiar", *(name.replace("_", " ") for name in COLUMNS))
    lines = [INTRODUCTION, *table(heads, rows), "## Where an analysis is not defined", ""]
    lines += table(("analysis", "because", "networks"), [(n, w, ", ".join(m)) for (n, w), m in reasons.items()])
    return "\n".join(lines).rstrip() + "\n"


def main() -> None:
    """Run all analyses on all members, and write the page."""
    members = [member for member in (*MEMBERS, *REAL_MEMBERS) if is_installed(member)]
    text = page([(member, verdicts_of(member)) for member in members])
    (DOCS / "zoo.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
