"""Predictions for rows that a person typed or sent as JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from commons.computations.linear_regression.learning import LinearModel
from commons.errors import InvalidInput

_SHOWN_CHARACTERS = 40


def predict_rows(model: LinearModel, rows: Sequence[Mapping[str, object]], *, first: int = 1) -> list[float]:
    """Return one prediction a row, in units of the target; columns that are no features are left out of account.

    Args:
        model: in original units.
        rows: values by the names of features.
        first: the number of the first row, for messages.

    Raises:
        InvalidInput: naming row and field of the first value that is missing or no finite number.
    """
    if not rows:
        raise InvalidInput("rows is empty; expected at least one object of feature names and values", field="rows")
    table = [
        [_value(row, name, number) for name in model.feature_names] for number, row in enumerate(rows, start=first)
    ]
    with np.errstate(over="ignore", invalid="ignore"):
        predictions: list[float] = model.predict(table).tolist()
    for number, prediction in enumerate(predictions, start=first):
        if not math.isfinite(prediction):
            raise InvalidInput(f"row {number}: the values are too large to predict with", field="rows", row=number)
    return predictions


def _value(row: Mapping[str, object], name: str, number: int) -> float:
    if name not in row:
        raise InvalidInput(f"row {number}, {name!r}: missing; expected a number", field=name, row=number)
    value = row[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or not _finite(value):
        shown = repr(value)[:_SHOWN_CHARACTERS]
        raise InvalidInput(f"row {number}, {name!r}: {shown} is not a finite number", field=name, row=number)
    return float(value)


def _finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer beyond float64
        return False
