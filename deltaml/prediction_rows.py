"""Rows to predict for, from a CSV file or from options."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from pathlib import Path

from commons.errors import InvalidInput, NotFound


def read_rows(csv_file: Path | None, values: Sequence[str]) -> list[dict[str, float]]:
    """Return one object of feature names and numbers a row; columns of the file that hold text are left out.

    Raises:
        NotFound: there is no such file.
        InvalidInput: neither or both sources are given, or one of them cannot be read.
    """
    if (csv_file is None) == (not values):
        raise InvalidInput("give either --csv FILE or --value FEATURE=NUMBER", field="csv")
    if csv_file is None:
        return [dict(_assignment(text) for text in values)]
    try:
        with csv_file.open(encoding="utf-8-sig", newline="") as stream:
            rows = [_numbers(row) for row in csv.DictReader(stream)]
    except FileNotFoundError as error:
        raise NotFound(f"{csv_file}: there is no such file", file=str(csv_file)) from error
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InvalidInput(f"{csv_file}: cannot be read as CSV ({error})", file=str(csv_file)) from error
    if not rows:
        raise InvalidInput(f"{csv_file}: holds no rows under its header", file=str(csv_file))
    return rows


def _assignment(text: str) -> tuple[str, float]:
    name, _, number = text.rpartition("=")
    try:
        return name.strip(), float(number)
    except ValueError as error:
        raise InvalidInput(f"--value {text!r}: expected FEATURE=NUMBER", field="value") from error


def _numbers(row: dict[str | None, str | None]) -> dict[str, float]:
    numbers = {}
    for name, text in row.items():
        try:
            number = float(text or "")
        except (TypeError, ValueError):
            # Only the service knows which columns are features; it names row and column of one that is missing.
            continue
        if math.isfinite(number):
            numbers[(name or "").strip()] = number
    return numbers
