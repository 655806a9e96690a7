"""Predictions for the rows of a CSV file, as the same file with one more column.

The text is read twice, once to find what is wrong with it and once to predict, a block of rows at a time: as tables of
Python's own strings a file takes many times the memory that it has bytes.
"""

from __future__ import annotations

import csv
import io
import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from commons.computations.base import Predictor
from commons.errors import InvalidInput

MAX_ROWS = 100_000
MAX_COLUMNS = 10_000
_DELIMITERS = (",", ";", "\t")
_NAMED_CELLS = 20
_BLOCK_ROWS = 1000


def predict_csv(model: Predictor, text: str) -> str:
    """Return the CSV with the predictions as last column, all other columns as they are.

    Cells are separated by commas, or as spreadsheets of many languages do by semicolons or tabs; numbers may then have a
    decimal comma, which the predictions have too if there is one.

    Raises:
        InvalidInput: no header or no rows, a feature without a column, too many rows or columns; or naming row (from 1) and
            column of the first value that is no finite number, with `cells` for the first of all such values and their
            `cell_count`.
    """
    table = _Table.of(model, text.removeprefix("\ufeff"))
    decimal_mark = "," if table.check() else "."
    written = io.StringIO(newline="")
    writer = csv.writer(written, delimiter=table.delimiter)
    writer.writerow([*table.header, _new_name(f"predicted {model.target[0]}", table.header)])
    rows, first = table.rows(), 1
    while block := list(islice(rows, _BLOCK_ROWS)):
        predictions = model.predict([table.numbers(row) for row in block], first=first)
        for row, prediction in zip(block, predictions, strict=True):
            writer.writerow([*row, repr(prediction).replace(".", decimal_mark)])
        first += len(block)
    return written.getvalue()


@dataclass(frozen=True)
class _Table:
    """A CSV text whose header has been checked; `places` says in which column each feature is."""

    text: str
    delimiter: str
    header: list[str]
    places: dict[str, int]

    @classmethod
    def of(cls, model: Predictor, text: str) -> _Table:
        delimiter = _delimiter(model, text)
        header = [name.strip() for name in next(_records(text, delimiter), [])]
        _check_header(model, header)
        return cls(text, delimiter, header, {name: header.index(name) for name in model.feature_names})

    def rows(self) -> Iterator[list[str]]:
        """The cells of each row, as many as the header has."""
        records = _records(self.text, self.delimiter)
        next(records)
        for number, row in enumerate(records, start=1):
            if len(row) != len(self.header):
                raise InvalidInput(f"row {number}: has not as many cells as the header", field="csv", row=number)
            yield row

    def numbers(self, row: list[str]) -> dict[str, float]:
        """The features of a row; not a number where there is none."""
        return {name: self._number(row[place]) for name, place in self.places.items()}

    def check(self) -> bool:
        """Whether there are decimal commas; raises InvalidInput when the file cannot be predicted for."""
        bad: list[dict[str, object]] = []
        count = bad_count = 0
        has_decimal_commas = False
        for count, row in enumerate(self.rows(), start=1):
            if count > MAX_ROWS:
                raise InvalidInput(f"the file has more than {MAX_ROWS} rows; split it", field="csv")
            for name, value in self.numbers(row).items():
                has_decimal_commas |= self.delimiter != "," and "," in row[self.places[name]]
                if not math.isfinite(value):
                    bad_count += 1
                    if len(bad) < _NAMED_CELLS:
                        bad.append({"row": count, "column": name})
        if count == 0:
            raise InvalidInput("the file has a header and no row; expected at least one", field="csv")
        if bad:
            row_number, column = bad[0]["row"], bad[0]["column"]
            message = f"row {row_number}, {column!r}: expected a finite number"
            if bad_count > 1:
                message = f"{message}; {bad_count} cells hold none"
            raise InvalidInput(message, field=column, row=row_number, cells=bad, cell_count=bad_count)
        return has_decimal_commas

    def _number(self, cell: str) -> float:
        try:
            return float(cell if self.delimiter == "," else cell.replace(",", ".", 1))
        except ValueError:
            return math.nan


def _records(text: str, delimiter: str) -> Iterator[list[str]]:
    """The lines of a CSV that are not blank; raises InvalidInput for what is no CSV."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=delimiter)
    try:
        yield from (record for record in reader if record)
    except csv.Error as error:
        raise InvalidInput(f"line {reader.line_num}: not CSV ({error})", field="csv", line=reader.line_num) from error


def _delimiter(model: Predictor, text: str) -> str:
    """The separator with which the first line names the most features."""

    def named(delimiter: str) -> int:
        try:
            first = next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), [])
        except csv.Error:
            # With another separator it may be readable; if with none, `_records` says why.
            return 0
        return len({name.strip() for name in first} & set(model.feature_names))

    return max(_DELIMITERS, key=named)


def _check_header(model: Predictor, header: list[str]) -> None:
    if not header:
        raise InvalidInput("the file is empty; expected a first line that names the columns", field="csv")
    if len(header) > MAX_COLUMNS:
        raise InvalidInput(f"the file has {len(header)} columns; expected at most {MAX_COLUMNS}", field="csv")
    missing = [name for name in model.feature_names if name not in header]
    if missing:
        raise InvalidInput(f"there is no column {missing[0]!r}; the first line names the columns", field=missing[0])
    repeated = [name for name, count in Counter(header).items() if count > 1]
    if repeated:
        raise InvalidInput(f"two columns are called {repeated[0]!r}; rename one of them", field="csv")


def _new_name(wanted: str, header: list[str]) -> str:
    while wanted in header:
        wanted += "'"
    return wanted
