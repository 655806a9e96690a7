"""Predictions for the rows of a CSV file, as the same file with one more column."""

from __future__ import annotations

import csv
import io
import math

from commons.errors import InvalidInput
from commons.learning import LinearModel
from model_buyer.domain.prediction import predict_rows

MAX_ROWS = 100_000
_DELIMITERS = (",", ";", "\t")
_NAMED_CELLS = 20


def predict_csv(model: LinearModel, text: str) -> str:
    """Return the CSV with the predictions as last column, all other columns as they are.

    Cells are separated by commas, or as spreadsheets of many languages do by semicolons or tabs; numbers may then have a
    decimal comma, which the predictions have too if there is one.

    Raises:
        InvalidInput: no header or no rows, a feature without a column, too many rows; or naming row (from 1) and column of the
            first value that is no finite number, with `cells` for the first of all such values and their `cell_count`.
    """
    text = text.removeprefix("\ufeff")
    delimiter = _delimiter(model, text)
    header, rows = _read(model, text, delimiter)
    has_decimal_commas = delimiter != "," and any("," in row[name] for row in rows for name in model.feature_names)
    numbers = [{name: _number(row[name], delimiter) for name in model.feature_names} for row in rows]
    _require_numbers(numbers)
    predictions = [repr(prediction) for prediction in predict_rows(model, numbers)]
    if has_decimal_commas:
        predictions = [prediction.replace(".", ",") for prediction in predictions]
    written = io.StringIO(newline="")
    writer = csv.writer(written, delimiter=delimiter)
    writer.writerow([*header, _new_name(f"predicted {model.target.name}", header)])
    writer.writerows(
        [*(row[name] for name in header), prediction] for row, prediction in zip(rows, predictions, strict=True)
    )
    return written.getvalue()


def _delimiter(model: LinearModel, text: str) -> str:
    """The separator with which the first line names the most features."""

    def named(delimiter: str) -> int:
        first = next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), [])
        return len({name.strip() for name in first} & set(model.feature_names))

    return max(_DELIMITERS, key=named)


def _read(model: LinearModel, text: str, delimiter: str) -> tuple[list[str], list[dict[str, str]]]:
    """The names of the columns, and the cells of each row by them."""
    reader = csv.DictReader(io.StringIO(text, newline=""), restkey="", strict=True, delimiter=delimiter)
    try:
        header = [name.strip() for name in reader.fieldnames or ()]
        reader.fieldnames = header
        _check_header(model, header)
        rows = list(reader)
    except csv.Error as error:
        raise InvalidInput(f"line {reader.line_num}: not CSV ({error})", field="csv", line=reader.line_num) from error
    if not 0 < len(rows) <= MAX_ROWS:
        raise InvalidInput(f"the file has {len(rows)} rows; expected 1 to {MAX_ROWS}", field="csv")
    for number, row in enumerate(rows, start=1):
        if "" in row or None in row.values():
            raise InvalidInput(f"row {number}: has not as many cells as the header", field="csv", row=number)
    return header, rows


def _check_header(model: LinearModel, header: list[str]) -> None:
    if not header:
        raise InvalidInput("the file is empty; expected a first line that names the columns", field="csv")
    missing = [name for name in model.feature_names if name not in header]
    if missing:
        raise InvalidInput(f"there is no column {missing[0]!r}; the first line names the columns", field=missing[0])
    repeated = [name for name in header if header.count(name) > 1]
    if repeated:
        raise InvalidInput(f"two columns are called {repeated[0]!r}; rename one of them", field="csv")


def _number(cell: str, delimiter: str) -> float | str:
    try:
        return float(cell if delimiter == "," else cell.replace(",", ".", 1))
    except ValueError:
        return cell


def _require_numbers(rows: list[dict[str, float | str]]) -> None:
    bad = [
        {"row": number, "column": name}
        for number, row in enumerate(rows, start=1)
        for name, value in row.items()
        if isinstance(value, str) or not math.isfinite(value)
    ]
    if bad:
        row, column = bad[0]["row"], bad[0]["column"]
        message = f"row {row}, {column!r}: expected a finite number"
        if len(bad) > 1:
            message = f"{message}; {len(bad)} cells hold none"
        raise InvalidInput(message, field=column, row=row, cells=bad[:_NAMED_CELLS], cell_count=len(bad))


def _new_name(wanted: str, header: list[str]) -> str:
    while wanted in header:
        wanted += "'"
    return wanted
