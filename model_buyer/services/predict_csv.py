"""Predictions for the rows of a CSV file, as the same file with one more column."""

from __future__ import annotations

import csv
import io

from commons.errors import InvalidInput
from commons.learning import LinearModel
from model_buyer.domain.prediction import predict_rows

MAX_ROWS = 100_000


def predict_csv(model: LinearModel, text: str) -> str:
    """Return the CSV with the predictions as last column, all other columns as they are.

    Raises:
        InvalidInput: no header or no rows, a feature without a column, too many rows, or naming row (from 1) and column of the
            first value that is no finite number.
    """
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""), restkey="", strict=True)
    try:
        header = [name.strip() for name in reader.fieldnames or ()]
        reader.fieldnames = header
        _check_header(model, header)
        rows = list(reader)
    except csv.Error as error:
        raise InvalidInput(f"line {reader.line_num}: not CSV ({error})", field="csv", line=reader.line_num) from error
    if not 0 < len(rows) <= MAX_ROWS:
        raise InvalidInput(f"csv: {len(rows)} rows; expected 1 to {MAX_ROWS}", field="csv")
    for number, row in enumerate(rows, start=1):
        if "" in row or None in row.values():
            raise InvalidInput(f"row {number}: has not as many cells as the header", field="csv", row=number)
    predictions = predict_rows(model, [_features(model, row) for row in rows])
    added = _new_name(f"predicted {model.target.name}", header)
    written = io.StringIO(newline="")
    writer = csv.writer(written)
    writer.writerow([*header, added])
    writer.writerows(
        [*(row[name] for name in header), repr(prediction)] for row, prediction in zip(rows, predictions, strict=True)
    )
    return written.getvalue()


def _check_header(model: LinearModel, header: list[str]) -> None:
    missing = [name for name in model.feature_names if name not in header]
    if missing:
        raise InvalidInput(
            f"csv: there is no column {missing[0]!r}; its first line names the columns", field=missing[0]
        )
    repeated = [name for name in header if header.count(name) > 1]
    if repeated:
        raise InvalidInput(f"csv: two columns are called {repeated[0]!r}", field="csv")


def _features(model: LinearModel, row: dict[str, str]) -> dict[str, object]:
    features: dict[str, object] = {}
    for name in model.feature_names:
        try:
            features[name] = float(row[name])
        except ValueError:
            # Named with row and column by whoever predicts.
            features[name] = row[name]
    return features


def _new_name(wanted: str, header: list[str]) -> str:
    while wanted in header:
        wanted += "'"
    return wanted
