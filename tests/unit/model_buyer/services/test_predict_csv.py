"""A CSV in, the same CSV with predictions out."""

from __future__ import annotations

import csv
import io
import time
import tracemalloc

import pytest

from commons.computations.linear_regression.learning import FeatureRange, LinearModel
from commons.computations.linear_regression.outcome import TrainedModel
from commons.errors import InvalidInput
from model_buyer.services import predict_csv as module
from model_buyer.services.predict_csv import predict_csv

LINEAR = LinearModel(
    features=(FeatureRange("rain", 0, 100, "mm"), FeatureRange("sun, hours", 0, 24, "h")),
    target=FeatureRange("yield", 0, 10, "t"),
    weights=(0.5, -0.25),
    intercept=1.0,
)
MODEL = TrainedModel(LINEAR)


def rows(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


def test_predictions_are_a_last_column_and_the_rest_stays() -> None:
    text = '\ufefffield,"sun, hours",rain\r\n"North, upper",4,10\r\nü,8,0\r\n'
    assert rows(predict_csv(MODEL, text)) == [
        ["field", "sun, hours", "rain", "predicted yield"],
        ["North, upper", "4", "10", "5.0"],
        ["ü", "8", "0", "-1.0"],
    ]


def test_a_column_of_that_name_is_not_overwritten() -> None:
    text = 'rain,"sun, hours",predicted yield\n10,4,9\n'
    assert rows(predict_csv(MODEL, text))[0][-2:] == ["predicted yield", "predicted yield'"]


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_cells_may_be_separated_as_in_spreadsheets_with_decimal_commas(delimiter: str) -> None:
    text = "field;rain;sun, hours\nNorth, upper;10,5;4\nSouth;0;8\n".replace(";", delimiter)
    written = list(csv.reader(io.StringIO(predict_csv(MODEL, text), newline=""), delimiter=delimiter))
    assert written == [
        ["field", "rain", "sun, hours", "predicted yield"],
        ["North, upper", "10,5", "4", "5,25"],
        ["South", "0", "8", "-1,0"],
    ]


def test_without_decimal_commas_predictions_have_none() -> None:
    assert predict_csv(MODEL, "rain;sun, hours\n10;4\n").splitlines()[1] == "10;4;5.0"


def test_a_comma_in_a_number_between_commas_is_no_decimal_comma() -> None:
    with pytest.raises(InvalidInput, match="row 1, 'rain'"):
        predict_csv(MODEL, 'rain,"sun, hours"\n"1,5",2\n')


def test_all_cells_that_are_no_numbers_are_counted_and_the_first_ones_named() -> None:
    text = 'rain,"sun, hours"\n' + "wet,nan\n" * 15 + "1,2\n"
    with pytest.raises(InvalidInput, match="30 cells hold none") as caught:
        predict_csv(MODEL, text)
    fields = caught.value.fields
    assert (fields["row"], fields["field"], fields["cell_count"], len(fields["cells"])) == (1, "rain", 30, 20)
    assert fields["cells"][2:4] == [{"row": 2, "column": "rain"}, {"row": 2, "column": "sun, hours"}]


@pytest.mark.parametrize(
    ("text", "field", "words"),
    [
        ("", "csv", "the file is empty"),
        ("town\nLeón\n", "rain", "no column 'rain'"),
        ("rain\n1\n", "sun, hours", "no column 'sun, hours'"),
        ('rain,"sun, hours"\n', "csv", "a header and no row"),
        ("x" * 131_073, "csv", r"line 1: not CSV \(field larger than field limit"),
        ('rain,"sun, hours",' + ",".join(map(str, range(9999))), "csv", "10001 columns; expected at most 10000"),
        ('rain,"sun, hours"\n1,2\n3,\n', "sun, hours", "row 2"),
        ('rain,"sun, hours"\n1,2\nwet,2\n', "rain", "row 2, 'rain': expected a finite number"),
        ('rain,"sun, hours"\n1,inf\n', "sun, hours", "row 1"),
        ('rain,"sun, hours"\n1,2\n1\n', "csv", "row 2"),
        ('rain,"sun, hours"\n1,2,3\n', "csv", "row 1"),
        ('rain,"sun, hours",rain\n1,2,3\n', "csv", "two columns are called 'rain'"),
        ('rain,"sun, hours"\n"1"x,2\n', "csv", "not CSV"),
    ],
)
def test_what_cannot_be_predicted_is_named_with_row_and_column(text: str, field: str, words: str) -> None:
    with pytest.raises(InvalidInput, match=words) as caught:
        predict_csv(MODEL, text)
    assert caught.value.fields["field"] == field


def test_too_many_rows_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_ROWS", 2)
    with pytest.raises(InvalidInput, match="more than 2 rows; split it"):
        predict_csv(MODEL, 'rain,"sun, hours"\n' + "1,2\n" * 3)


def test_a_row_far_down_is_named_by_its_own_number() -> None:
    lines = ["1,2"] * 2500
    lines[2100] = "1e308,-1e308"
    model = TrainedModel(LinearModel(LINEAR.features, LINEAR.target, weights=(1e300, 1.0), intercept=0.0))
    with pytest.raises(InvalidInput, match="row 2101: the values are too large"):
        predict_csv(model, 'rain,"sun, hours"\n' + "\n".join(lines))


def test_a_long_file_takes_little_more_memory_than_its_text() -> None:
    text = 'rain,"sun, hours",a,b,c,d\n' + "1,2,x,y,z,w\n" * module.MAX_ROWS
    tracemalloc.start()
    try:
        predict_csv(MODEL, text)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 20 * len(text)


def test_a_header_of_a_million_names_is_refused_at_once() -> None:
    started = time.process_time()
    with pytest.raises(InvalidInput, match="expected at most 10000"):
        predict_csv(MODEL, 'rain,"sun, hours"' + ",a" * 1_000_000 + "\n1\n")
    assert time.process_time() - started < 5
