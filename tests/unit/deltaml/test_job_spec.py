from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from commons.errors import DatasetInvalid, InvalidInput, NotFound
from deltaml.job_spec import ColumnOptions, build_request


def test_options_overrule_the_file_and_nested_ones_are_merged(tmp_path: Path) -> None:
    spec = tmp_path / "job.json"
    pay = {"trainer_bps": 1, "validator_bps": 2}
    spec.write_text(json.dumps({"title": "A", "pay": pay, "computation": {"rounds": 5, "local_steps": 3}}))
    options = {"computation": {"rounds": 7}, "description": None, "pay": {"trainer_bps": 9}}
    request = build_request(spec, options, ColumnOptions(features=["a:0:1"], target="y:0:1"))
    computation = request["computation"]
    assert (computation["kind"], computation["rounds"], computation["local_steps"]) == ("linear_regression", 7, 3)
    assert request["title"] == "A"
    assert "description" not in request
    assert request["pay"] == {"trainer_bps": 9, "validator_bps": 2}
    assert [computation["features"][0]["name"], computation["target"]["name"]] == ["a", "y"]


def test_ranges_come_from_a_local_file(csv_file: Path) -> None:
    computation = build_request(None, {}, ColumnOptions(target="yield", from_csv=csv_file))["computation"]
    assert computation["features"] == [{"name": "rain", "minimum": 10.0, "maximum": 90.5, "unit": ""}]
    assert computation["target"] == {"name": "yield", "minimum": 1.5, "maximum": 8.0, "unit": ""}


@pytest.mark.parametrize(
    ("features", "target", "error", "words"),
    [
        ((), None, InvalidInput, "--target is missing"),
        ((), "height", NotFound, "no column 'height'; the file has rain, note, yield, flat"),
        (("note",), "yield", InvalidInput, "column 'note': row 1 holds 'dry'"),
        (("flat",), "yield", InvalidInput, "a constant teaches nothing"),
    ],
)
def test_columns_that_cannot_be_used_are_named(
    csv_file: Path, features: tuple[str, ...], target: str | None, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        build_request(None, {}, ColumnOptions(features=features, target=target, from_csv=csv_file))


def test_files_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"job\.json: there is no such file"):
        build_request(tmp_path / "job.json", {})
    broken = tmp_path / "broken.json"
    for text, words in (("{", "not valid JSON"), ("[]", "a JSON object"), ('{"a": NaN}', "NaN is no JSON number")):
        broken.write_text(text)
        with pytest.raises(InvalidInput, match=words):
            build_request(broken, {})
    (tmp_path / "empty.csv").write_text("")
    with pytest.raises(DatasetInvalid, match=r"empty\.csv"):
        build_request(None, {}, ColumnOptions(target="y", from_csv=tmp_path / "empty.csv"))


RAIN = {"kind": "number", "name": "rain", "minimum": 10.0, "maximum": 90.5, "unit": ""}
NOTE = {"kind": "category", "name": "note", "levels": ["dry", "wet"]}
YIELD = {"kind": "number", "name": "yield", "minimum": 1.5, "maximum": 8.0, "unit": ""}


def statistics(**options: Any) -> dict[str, Any]:
    computation: dict[str, Any] = build_request(None, {}, ColumnOptions(**options), kind="statistics")["computation"]
    return computation


def test_statistics_take_ranges_and_levels_of_named_columns_from_a_local_file(csv_file: Path) -> None:
    asked = statistics(columns=["note", "rain"], from_csv=csv_file)
    assert asked == {"kind": "statistics", "columns": [NOTE, RAIN]}


def test_without_names_statistics_take_all_that_can_be_described(csv_file: Path) -> None:
    assert statistics(from_csv=csv_file)["columns"] == [RAIN, NOTE, YIELD]


def test_columns_of_statistics_need_no_file_when_they_are_written_out() -> None:
    asked = statistics(numbers=["age:0:120:years"], categories=["sex:f, m", "when:9:00,10:30"], correlation=True)
    assert asked == {
        "kind": "statistics",
        "columns": [
            {"kind": "number", "name": "age", "minimum": 0.0, "maximum": 120.0, "unit": "years"},
            {"kind": "category", "name": "sex", "levels": ["f", "m"]},
            {"kind": "category", "name": "when", "levels": ["9:00", "10:30"]},
        ],
        "correlation": True,
    }


def test_what_is_written_out_overrules_the_file_of_rows(csv_file: Path) -> None:
    asked = statistics(columns=["rain", "note"], numbers=["rain:0:100:mm", "sun:0:24"], from_csv=csv_file)
    sun, rain = ({"kind": "number", "minimum": 0.0} | one for one in ({"name": "sun"}, {"name": "rain"}))
    assert asked["columns"] == [
        {**rain, "maximum": 100.0, "unit": "mm"},
        NOTE,
        {**sun, "maximum": 24.0, "unit": ""},
    ]


def test_bins_are_of_all_number_columns_those_of_the_file_too(tmp_path: Path) -> None:
    spec = tmp_path / "job.json"
    columns = [{"kind": "number", "name": "a", "minimum": 0, "maximum": 1}, NOTE]
    spec.write_text(json.dumps({"computation": {"kind": "statistics", "columns": columns}}))
    asked = build_request(spec, {}, ColumnOptions(bins=7))["computation"]
    assert asked == {"kind": "statistics", "columns": [{**columns[0], "bins": 7}, NOTE]}


def test_a_file_can_ask_for_any_kind(tmp_path: Path) -> None:
    spec = tmp_path / "job.json"
    computation = {"kind": "labelling", "labels": ["a", "b"]}
    spec.write_text(json.dumps({"title": "A", "computation": computation}))
    assert build_request(spec, {"title": "B"}) == {"title": "B", "computation": computation}


@pytest.mark.parametrize(
    ("options", "field", "words"),
    [
        ({"features": ["a:0:1"]}, "feature", "--feature is for --kind linear_regression"),
        ({"target": "a"}, "target", "--target is for --kind linear_regression"),
        ({"columns": ["a"]}, "columns", "add --from-csv FILE, or give each one with --column NAME:MIN:MAX"),
        ({"numbers": ["a:0"]}, "column", "--column 'a:0': expected NAME:MINIMUM:MAXIMUM"),
        ({"categories": ["a"]}, "category", "--category 'a': expected NAME:LEVEL,LEVEL"),
        ({"categories": ["a:b,,c"]}, "category", "expected NAME:LEVEL,LEVEL"),
        ({"categories": [":b"]}, "category", "expected NAME:LEVEL,LEVEL"),
    ],
)
def test_options_that_statistics_cannot_use_are_named(options: dict[str, Any], field: str, words: str) -> None:
    with pytest.raises(InvalidInput, match=words) as raised:
        statistics(**options)
    assert raised.value.fields["field"] == field


@pytest.mark.parametrize("options", [{"columns": ["a"]}, {"numbers": ["a:0:1"]}, {"correlation": True}, {"bins": 3}])
def test_options_of_statistics_are_none_of_a_regression(options: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput, match="is for --kind statistics, and this job is of linear_regression"):
        build_request(None, {}, ColumnOptions(**options))


def test_kinds_that_contradict_each_other_are_refused(tmp_path: Path) -> None:
    spec = tmp_path / "job.json"
    for kind, words in (("labelling", "asks for labelling; leave out --kind"), (7, "computation.kind is not a text")):
        spec.write_text(json.dumps({"computation": {"kind": kind}}))
        with pytest.raises(InvalidInput, match=words):
            build_request(spec, {}, kind="statistics")
    spec.write_text(json.dumps({"computation": {"kind": "labelling"}}))
    with pytest.raises(InvalidInput, match="--from-csv is for --kind linear_regression and statistics"):
        build_request(spec, {}, ColumnOptions(from_csv=tmp_path / "rows.csv"))
    spec.write_text(json.dumps({"computation": []}))
    with pytest.raises(InvalidInput, match="computation is not an object"):
        build_request(spec, {})
