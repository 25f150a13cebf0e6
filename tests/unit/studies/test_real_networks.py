"""Networks of torchvision, timm and transformers at random weights: every analysis runs or says why not."""

import json
from functools import cache

import pytest
import torch
from torch import nn

from topolens.probes import record, weight_matrices
from topolens.report import network_report
from topolens.report.network import PLAN
from topolens.studies.real_networks import REAL_MEMBERS, is_installed
from topolens.studies.zoo import Member, network_of, samples_of


@pytest.fixture(params=REAL_MEMBERS, ids=lambda member: member.name)
def member(request) -> Member:
    pytest.importorskip(request.param.package, exc_type=(ImportError, RuntimeError))
    return request.param
