"""Checks that every module of this folder makes on the arrays it is given."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from commons.errors import InvalidInput

FloatArray = npt.NDArray[np.float64]


def as_matrix(values: npt.ArrayLike, n_columns: int, *, field: str) -> FloatArray:
    """Return `values` as a float64 matrix of shape (m, n_columns); raises InvalidInput for another shape or NaN/inf."""
    matrix = _as_finite(values, field=field)
    if matrix.ndim != 2 or matrix.shape[1] != n_columns:
        raise InvalidInput(f"{field} has shape {matrix.shape}; expected (rows, {n_columns})", field=field)
    return matrix


def as_vector(values: npt.ArrayLike, length: int, *, field: str) -> FloatArray:
    """Return `values` as a float64 vector of shape (length,); raises InvalidInput for another shape or NaN/inf."""
    vector = _as_finite(values, field=field)
    if vector.shape != (length,):
        raise InvalidInput(f"{field} has shape {vector.shape}; expected ({length},)", field=field)
    return vector


def read_only(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return a copy of `array` that cannot be written to, as frozen dataclasses need it."""
    copy = array.copy()
    copy.flags.writeable = False
    return copy


def _as_finite(values: npt.ArrayLike, *, field: str) -> FloatArray:
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidInput(f"{field} holds something that is not a number: {error}", field=field) from error
    if not np.isfinite(array).all():
        raise InvalidInput(f"{field} holds NaN or infinite values; expected finite numbers", field=field)
    return array
