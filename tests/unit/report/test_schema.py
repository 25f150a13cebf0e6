"""The schema describes the whole report, refuses what is not one, and old readers are told what to do."""

import copy
import json

import jsonschema
import pytest

from topolens.plots import KINDS
from topolens.report.report import Report
from topolens.report.schema import SCHEMA_VERSION, checked, schema


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(schema())


def test_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())
    assert schema()["$schema"].endswith("2020-12/schema")


def test_report_follows_it(report: Report, validator: jsonschema.Draft202012Validator) -> None:
    assert [error.message for error in validator.iter_errors(report.to_json())] == []


def test_every_kind_of_picture_is_described() -> None:
    figure = schema()["$defs"]["figure"]
    assert figure["properties"]["kind"]["enum"] == list(KINDS)
    assert [rule["if"]["properties"]["kind"]["const"] for rule in figure["allOf"]] == list(KINDS)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: data.pop("schema_version"),
        lambda data: data.update(schema_version="2.0"),
        lambda data: data.update(extra=1),
        lambda data: data["findings"][0].pop("verdict"),
        lambda data: data["findings"][0].update(mood="good"),
        lambda data: data["findings"][0]["numbers"]["top_bar"].update(p_value=1.5),
        lambda data: data["findings"][0]["numbers"]["top_bar"].update(interval=[1.0]),
        lambda data: data["findings"][0]["figures"]["plane"].update(kind="pie"),
        lambda data: data["findings"][0]["figures"]["plane"]["data"].pop("phase"),
        lambda data: data["findings"][0]["figures"]["barcode"]["data"].update(bars=[[1, 0.0]]),
        lambda data: data["findings"][0]["diagrams"]["Rips on the landmarks"][0].append({"dim": 1, "birth": 0.0}),
        lambda data: data["provenance"].update(skipped=[{"layer": "a"}]),
    ],
)
def test_what_is_no_report_is_refused(report: Report, validator: jsonschema.Draft202012Validator, spoil) -> None:
    data = copy.deepcopy(report.to_json())
    spoil(data)
    assert not validator.is_valid(data)


def test_checked_takes_any_1_x(report: Report) -> None:
    data = {**report.to_json(), "schema_version": "1.7"}
    assert checked(data) is data


@pytest.mark.parametrize("data", [[], None, 3, {}, {"schema_version": "1.0"}])
def test_checked_refuses_what_is_no_report(data: object) -> None:
    with pytest.raises(ValueError, match="was it written by topolens report"):
        checked(data)


def test_checked_names_the_version_that_can_read_it(report: Report) -> None:
    with pytest.raises(
        ValueError, match=r"x\.json must have schema_version 1\.x, got '2\.0'; read it with topolens 9\.9"
    ):
        checked({**report.to_json(), "schema_version": "2.0", "topolens": "9.9"}, "x.json")


def test_version_in_schema_and_code_agree() -> None:
    import re

    assert re.fullmatch(schema()["properties"]["schema_version"]["pattern"], SCHEMA_VERSION)
    json.dumps(schema())
