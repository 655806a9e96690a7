from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from commons.errors import InvalidInput, NotFound
from deltaml.job_columns import MOST_LEVELS, LocalTable, parse_feature


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


def table(tmp_path: Path, *lines: str) -> LocalTable:
    path = tmp_path / "rows.csv"
    path.write_text("\n".join(lines) + "\n")
    return LocalTable(path)


def test_levels_are_the_stripped_texts_of_cells_that_are_not_missing(tmp_path: Path) -> None:
    found = table(tmp_path, "n,code", "1, b", "2,NA", "3,7", "4,b ", "5,").column("code")
    assert found == {"kind": "category", "name": "code", "levels": ["7", "b"]}


def test_too_many_texts_are_no_levels(tmp_path: Path) -> None:
    few = [f"{n},name {n:02}" for n in range(MOST_LEVELS)]
    assert len(table(tmp_path, "n,name", *few).column("name")["levels"]) == MOST_LEVELS
    many = table(tmp_path, "n,name", *few, "20,one more")
    with pytest.raises(InvalidInput, match="column 'name': holds more than 20 different texts; give its levels with"):
        many.column("name")
    assert [column["name"] for column in many.described()] == ["n"]


@pytest.mark.parametrize(
    ("name", "error", "words"),
    [
        ("absent", NotFound, "no column 'absent'; the file has n, flat, empty"),
        ("flat", InvalidInput, "column 'flat': is 1.0 in every row"),
        ("empty", InvalidInput, "column 'empty': is empty; give its levels with --category"),
    ],
)
def test_columns_that_cannot_be_described_are_named(
    tmp_path: Path, name: str, error: type[Exception], words: str
) -> None:
    rows = table(tmp_path, "n,flat,empty", "1,1,", "2,1,")
    with pytest.raises(error, match=words):
        rows.column(name)
    assert [column["name"] for column in rows.described()] == ["n"]
