from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from commons.errors import DatasetInvalid, InvalidInput, NotFound
from deltaml.job_spec import build_request, parse_feature


@pytest.mark.parametrize(
    ("text", "feature"),
    [
        ("age:0:120", {"name": "age", "minimum": 0.0, "maximum": 120.0, "unit": ""}),
        ("age:0:120:years", {"name": "age", "minimum": 0.0, "maximum": 120.0, "unit": "years"}),
        ("a:b:-1:1:m", {"name": "a:b", "minimum": -1.0, "maximum": 1.0, "unit": "m"}),
        ("t:-1e-3:5:°C", {"name": "t", "minimum": -0.001, "maximum": 5.0, "unit": "°C"}),
    ],
)
def test_features_are_read(text: str, feature: dict[str, Any]) -> None:
    assert parse_feature(text, option="--feature") == feature


@pytest.mark.parametrize("text", ["age", "age:0", "age:low:high", ""])
def test_what_is_no_feature_is_refused_with_the_option(text: str) -> None:
    with pytest.raises(InvalidInput, match=r"--feature .*expected NAME:MINIMUM:MAXIMUM"):
        parse_feature(text, option="--feature")


def test_options_overrule_the_file_and_nested_ones_are_merged(tmp_path: Path) -> None:
    spec = tmp_path / "job.json"
    spec.write_text(json.dumps({"title": "A", "rounds": 5, "pay": {"trainer_bps": 1, "validator_bps": 2}}))
    options = {"rounds": 7, "local_steps": None, "pay": {"trainer_bps": 9}}
    request = build_request(spec, options, features=["a:0:1"], target="y:0:1")
    assert request["rounds"] == 7
    assert request["title"] == "A"
    assert "local_steps" not in request
    assert request["pay"] == {"trainer_bps": 9, "validator_bps": 2}
    assert [request["features"][0]["name"], request["target"]["name"]] == ["a", "y"]


def test_ranges_come_from_a_local_file(csv_file: Path) -> None:
    request = build_request(None, {}, target="yield", from_csv=csv_file)
    assert request["features"] == [{"name": "rain", "minimum": 10.0, "maximum": 90.5, "unit": ""}]
    assert request["target"] == {"name": "yield", "minimum": 1.5, "maximum": 8.0, "unit": ""}


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
        build_request(None, {}, features=features, target=target, from_csv=csv_file)


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
        build_request(None, {}, target="y", from_csv=tmp_path / "empty.csv")
