"""Tensors and diagrams become findings here. `ANALYSES` is the table of contents of the report, commands and docs."""

from topolens.analyses.decision_boundary import CARD as DECISION_BOUNDARY_CARD
from topolens.analyses.decision_boundary import decision_boundary
from topolens.analyses.filter_measures import Effort
from topolens.analyses.filter_space import filter_space
from topolens.analyses.filter_training import filter_training
from topolens.analyses.finding import Figure, Finding, Number, Series, Table
from topolens.analyses.method_card import MethodCard
from topolens.analyses.suspicious_samples import CARD as SUSPICIOUS_SAMPLES_CARD
from topolens.analyses.suspicious_samples import suspicious_samples
from topolens.analyses.trust import CARD as TRUST_CARD
from topolens.analyses.trust import Answers, trust

ANALYSES = (filter_space, filter_training, suspicious_samples, trust, decision_boundary)

# What a reader should know of each method, by the name of the analysis.
CARDS: dict[str, MethodCard] = {
    "suspicious_samples": SUSPICIOUS_SAMPLES_CARD,
    "trust": TRUST_CARD,
    "decision_boundary": DECISION_BOUNDARY_CARD,
}

__all__ = [
    "ANALYSES",
    "CARDS",
    "Answers",
    "Effort",
    "Figure",
    "Finding",
    "MethodCard",
    "Number",
    "Series",
    "Table",
    "decision_boundary",
    "filter_space",
    "filter_training",
    "suspicious_samples",
    "trust",
]
