"""Numbers of clouds, weights and layers, without a verdict: analyses hold them against nulls and say what they mean."""

from topolens.measures.cka import cka
from topolens.measures.class_gap import ClassGap, persistent_class_gap
from topolens.measures.cross_barcode import MTopDivergence, cross_barcode, mtop_divergence
from topolens.measures.imd import heat_trace, imd
from topolens.measures.information_plane import (
    BinnedInformation,
    KernelInformation,
    binned_information,
    kernel_information,
)
from topolens.measures.neural_collapse import NeuralCollapse, neural_collapse
from topolens.measures.rtd import RTD, RTDCost, rtd, rtd_barcode, rtd_cost

__all__ = [
    "RTD",
    "BinnedInformation",
    "ClassGap",
    "KernelInformation",
    "MTopDivergence",
    "NeuralCollapse",
    "RTDCost",
    "binned_information",
    "cka",
    "cross_barcode",
    "heat_trace",
    "imd",
    "kernel_information",
    "mtop_divergence",
    "neural_collapse",
    "persistent_class_gap",
    "rtd",
    "rtd_barcode",
    "rtd_cost",
]
