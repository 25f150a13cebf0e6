"""The closed list of verdicts of each analysis, for whoever compares one with a word."""

from topolens.analyses.attention import VERDICTS as ATTENTION
from topolens.analyses.class_structure import VERDICTS as CLASS_STRUCTURE
from topolens.analyses.class_topology import VERDICTS as CLASS_TOPOLOGY
from topolens.analyses.decision_boundary import VERDICTS as DECISION_BOUNDARY
from topolens.analyses.filter_training import VERDICTS as FILTER_TRAINING
from topolens.analyses.filter_verdict import VERDICTS as FILTER_SPACE
from topolens.analyses.information_plane import VERDICTS as INFORMATION_PLANE
from topolens.analyses.intrinsic_dimension import VERDICTS as INTRINSIC_DIMENSION
from topolens.analyses.layer_similarity import VERDICTS as LAYER_SIMILARITY
from topolens.analyses.model_difference import VERDICTS as MODEL_DIFFERENCE
from topolens.analyses.model_summary import VERDICTS as MODEL_SUMMARY
from topolens.analyses.neuron_compared import VERDICTS as NEURON_CORRELATIONS
from topolens.analyses.neuron_redundancy import VERDICTS as NEURON_REDUNDANCY
from topolens.analyses.suspicious_samples import VERDICTS as SUSPICIOUS_SAMPLES
from topolens.analyses.training import VERDICTS as TRAINING
from topolens.analyses.trajectory import VERDICTS as TRAJECTORY
from topolens.analyses.trust import VERDICTS as TRUST
from topolens.analyses.weight_spectra import VERDICTS as WEIGHT_SPECTRA
from topolens.analyses.weight_topology import VERDICTS as WEIGHT_TOPOLOGY

VERDICTS: dict[str, tuple[str, ...]] = {
    "model_summary": MODEL_SUMMARY,
    "weight_topology": WEIGHT_TOPOLOGY,
    "weight_spectra": WEIGHT_SPECTRA,
    "intrinsic_dimension": INTRINSIC_DIMENSION,
    "class_structure": CLASS_STRUCTURE,
    "class_topology": CLASS_TOPOLOGY,
    "layer_similarity": LAYER_SIMILARITY,
    "model_difference": MODEL_DIFFERENCE,
    "information_plane": INFORMATION_PLANE,
    "neuron_correlations": NEURON_CORRELATIONS,
    "neuron_redundancy": NEURON_REDUNDANCY,
    "decision_boundary": DECISION_BOUNDARY,
    "suspicious_samples": SUSPICIOUS_SAMPLES,
    "trust": TRUST,
    "training": TRAINING,
    "trajectory": TRAJECTORY,
    "attention": ATTENTION,
    "filter_space": FILTER_SPACE,
    "filter_training": FILTER_TRAINING,
}
