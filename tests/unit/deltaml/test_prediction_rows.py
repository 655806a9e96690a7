from __future__ import annotations

from pathlib import Path

import pytest

from commons.errors import InvalidInput, NotFound
from deltaml.prediction_rows import read_rows


def test_rows_of_a_file_keep_their_numbers(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("\ufeff rain ,note,sun\n1,dry,2.5\n3,wet,nan\n,x,4\n", encoding="utf-8")
    assert read_rows(path, ()) == [{"rain": 1.0, "sun": 2.5}, {"rain": 3.0}, {"sun": 4.0}]


def test_values_make_one_row() -> None:
    assert read_rows(None, ("rain=1", "a=b=2")) == [{"rain": 1.0, "a=b": 2.0}]


@pytest.mark.parametrize("values", [(), ("rain",), ("rain=wet",)])
def test_what_is_no_value_is_refused(values: tuple[str, ...]) -> None:
    with pytest.raises(InvalidInput, match=r"--value|--csv"):
        read_rows(None, values)


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no such file"):
        read_rows(tmp_path / "absent.csv", ())
    header = tmp_path / "header.csv"
    header.write_text("rain\n")
    with pytest.raises(InvalidInput, match="holds no rows"):
        read_rows(header, ())
    binary = tmp_path / "binary.csv"
    binary.write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(InvalidInput, match="cannot be read as CSV"):
        read_rows(binary, ())
