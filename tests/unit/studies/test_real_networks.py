"""Networks of torchvision, timm and transformers at random weights: every analysis runs or says why not."""

import pytest

from topolens.studies.real_networks import REAL_MEMBERS
from topolens.studies.zoo import Member


@pytest.fixture(params=REAL_MEMBERS, ids=lambda member: member.name)
def member(request) -> Member:
    pytest.importorskip(request.param.package, exc_type=(ImportError, RuntimeError))
    return request.param
