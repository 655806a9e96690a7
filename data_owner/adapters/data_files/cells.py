"""From Arrow columns to `ColumnBlock`s: numbers as float64, and what is wrong with the cells that are none."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from commons.arrays import FloatArray
from commons.tables.table import CellProblem, ColumnBlock, ColumnType

# Up to here every integer is a float64; beyond it some are not.
_EXACT_LIMIT = 2.0**53
_NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"
# Python refuses to read very long numbers, whose zeros in front say nothing.
_INTEGER = re.compile(r"[+-]?0*([0-9]+)")
_MISSING = ("", "nan", "na", "n/a", "#n/a", "null", "none")
_INFINITE = tuple(sign + word for sign in ("", "+", "-") for word in ("inf", "infinity"))
_BOOLEAN = ("true", "false")


@cache
def _words(*words: str) -> pa.StringArray:
    """An arrow array; made when it is needed, because the first one imports pandas."""
    return pa.array(words)


def text_column(cells: pa.StringArray) -> ColumnBlock:
    """Return a block of CSV cells, read as numbers where they are.

    A number is what `float` reads, without underscores; `true` and `false` are 1 and 0; empty cells, NaN, NA, N/A,
    null and none are missing. Letters may be of either case, and spaces around a cell do not count.
    """
    values = _cast_all(cells)
    if values is not None:
        problems = np.zeros(len(values), dtype=np.uint8)
        boolean = False
    else:
        values, problems, boolean = _cast_each(cells)
    for index in np.flatnonzero(np.abs(values) >= _EXACT_LIMIT):
        text = cells[int(index)].as_py().strip()
        if (found := _INTEGER.fullmatch(text)) and int(found[1]) != abs(int(values[index])):
            values, problems = _mark(values, problems, int(index), CellProblem.NOT_EXACT)
    return ColumnBlock(
        type=_type_of(values, problems, boolean=boolean, integer=None),
        values=values,
        problems=problems,
        cell_text=lambda index: str(cells[index].as_py()),
    )


def is_number_type(arrow_type: pa.DataType) -> bool:
    """Whether `arrow_column` reads numbers of this type."""
    types = pa.types
    if types.is_dictionary(arrow_type):
        arrow_type = arrow_type.value_type
    return bool(
        types.is_integer(arrow_type)
        or types.is_floating(arrow_type)
        or types.is_boolean(arrow_type)
        or types.is_decimal(arrow_type)
    )


def arrow_column(cells: pa.Array) -> ColumnBlock:
    """Return a block of Parquet cells that are numbers (`is_number_type`).

    Booleans are 1 and 0, decimals the nearest float64, null and NaN are missing.
    """
    if pa.types.is_dictionary(cells.type):
        cells = cells.dictionary_decode()
    values = np.array(pc.cast(cells, pa.float64(), safe=False).to_numpy(zero_copy_only=False), dtype=np.float64)
    problems = np.zeros(len(values), dtype=np.uint8)
    problems[np.isnan(values)] = CellProblem.MISSING
    problems[np.isinf(values)] = CellProblem.NOT_FINITE
    values[np.isinf(values)] = np.nan
    integer = pa.types.is_integer(cells.type) or (pa.types.is_decimal(cells.type) and cells.type.scale <= 0)
    if integer:
        for index in np.flatnonzero(np.abs(values) >= _EXACT_LIMIT):
            if int(cells[int(index)].as_py()) != int(values[index]):
                values, problems = _mark(values, problems, int(index), CellProblem.NOT_EXACT)
    return ColumnBlock(
        type=_type_of(values, problems, boolean=pa.types.is_boolean(cells.type), integer=integer),
        values=values,
        problems=problems,
        cell_text=_arrow_text(cells),
    )


def unread_column(row_count: int, kind: str, *, missing: bool) -> ColumnBlock:
    """Return a block of cells that are not looked at, because none of them is a number.

    Args:
        row_count: number of rows.
        kind: what the cells are, in place of what they hold.
        missing: whether all of them are known to be missing.
    """
    problem = CellProblem.MISSING if missing else CellProblem.NOT_A_NUMBER
    return ColumnBlock(
        type="empty" if missing else "text",
        values=np.full(row_count, np.nan),
        problems=np.full(row_count, problem, dtype=np.uint8),
        cell_text=lambda _index: "" if missing else kind,
    )


def _cast_all(cells: pa.StringArray) -> FloatArray | None:
    """Return the cells as numbers when all of them are finite numbers: the common case, at full speed."""
    try:
        values = np.array(pc.cast(cells, pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64)
    except pa.ArrowInvalid:
        return None
    return values if np.isfinite(values).all() else None


def _cast_each(cells: pa.StringArray) -> tuple[FloatArray, npt.NDArray[np.uint8], bool]:
    trimmed = pc.utf8_trim_whitespace(cells)
    lower = pc.utf8_lower(trimmed)
    is_boolean = pc.is_in(lower, _words(*_BOOLEAN))
    is_missing = pc.is_in(lower, _words(*_MISSING))
    is_number = pc.match_substring_regex(trimmed, _NUMBER)
    digits = pc.if_else(is_boolean, pc.if_else(pc.equal(lower, "true"), "1", "0"), trimmed)
    digits = pc.if_else(pc.or_(is_number, is_boolean), digits, pa.scalar(None, pa.string()))
    values = np.array(pc.cast(digits, pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64)
    problems = np.full(len(values), CellProblem.NOT_A_NUMBER, dtype=np.uint8)
    problems[np.isfinite(values)] = CellProblem.NONE
    problems[_as_mask(is_missing)] = CellProblem.MISSING
    problems[np.isinf(values) | _as_mask(pc.is_in(lower, _words(*_INFINITE)))] = CellProblem.NOT_FINITE
    values[np.isinf(values)] = np.nan
    present = problems != CellProblem.MISSING
    boolean = bool(present.any() and _as_mask(is_boolean)[present].all())
    return values, problems, boolean


def _mark(
    values: FloatArray, problems: npt.NDArray[np.uint8], index: int, problem: CellProblem
) -> tuple[FloatArray, npt.NDArray[np.uint8]]:
    values[index] = np.nan
    problems[index] = problem
    return values, problems


def _type_of(values: FloatArray, problems: npt.NDArray[np.uint8], *, boolean: bool, integer: bool | None) -> ColumnType:
    if (problems == CellProblem.NOT_A_NUMBER).any():
        return "text"
    usable = values[problems == CellProblem.NONE]
    if not usable.size:
        return "empty"
    if boolean:
        return "boolean"
    whole = bool((usable == np.floor(usable)).all()) if integer is None else integer
    return "integer" if whole else "number"


def _arrow_text(cells: pa.Array) -> Callable[[int], str]:
    def text(index: int) -> str:
        value = cells[index].as_py()
        return "" if value is None else str(value)

    return text


def _as_mask(booleans: pa.BooleanArray) -> npt.NDArray[np.bool_]:
    return np.asarray(booleans.to_numpy(zero_copy_only=False), dtype=np.bool_)
