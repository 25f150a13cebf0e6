"""Writes docs/zoo.md: what each analysis says of one tiny, untrained network of every family.

python docs/zoo_page.py
"""

from __future__ import annotations

from result_pages import DOCS, table

from topolens.report import network_report
from topolens.report.network import PLAN
from topolens.studies.zoo import MEMBERS, network_of, samples_of

ASKED = [name for name in PLAN if name not in ("training", "trajectory")]  # those look at checkpoints
INTRODUCTION = """# The zoo

What each analysis of `topolens report --data` says of one tiny network of every family: untrained, on 120 random
samples of three classes that differ a little, beside an untrained twin. So verdicts here are about nothing but whether
an analysis runs; where it cannot, the reason stands below. Made by `docs/zoo_page.py`; the networks are in
`topolens.studies.zoo`.
"""


def main() -> None:
    """Run all analyses on all members, and write the page."""
    rows, reasons = [], {}
    for member in MEMBERS:
        twin = network_of(member, seed=1)
        report = network_report(network_of(member), samples_of(member, 120), twin=twin, only=ASKED)
        for finding in report.findings:
            if finding.verdict == "not defined":
                why = finding.answer.removeprefix("Not defined for this network and data: ")
                reasons.setdefault((finding.name.replace("_", " "), why), []).append(member.name)
        counts = {finding.name: finding.verdict for finding in report.findings}
        rows.append((member.name, member.peculiar, *(counts[name] for name in ASKED)))
    lines = [INTRODUCTION, *table(("network", "peculiar", *(n.replace("_", " ") for n in ASKED)), rows)]
    lines += ["## Where an analysis is not defined", ""]
    told = [(name, why, ", ".join(members)) for (name, why), members in reasons.items()]
    lines += table(("analysis", "because", "networks"), told)
    (DOCS / "zoo.md").write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
