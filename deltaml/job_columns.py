"""Columns of a job on the command line: written out as options, or with ranges and levels from a local file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from commons.errors import InvalidInput, NotFound
from commons.tables.table import CellProblem

if TYPE_CHECKING:
    from data_owner.domain.dataset_profile import ColumnProfile

MOST_LEVELS = 20
"""Texts of a column of a file that are taken for levels; more of them are rather names or remarks."""


def parse_feature(text: str, *, option: str) -> dict[str, Any]:
    """Return the feature that `NAME:MINIMUM:MAXIMUM[:UNIT]` stands for; the name may hold colons if a unit is given."""
    parts = text.split(":")
    for bounds_at in (-3, -2):
        if len(parts) < 1 - bounds_at:
            continue
        minimum, maximum = _number(parts[bounds_at]), _number(parts[bounds_at + 1])
        if minimum is not None and maximum is not None:
            unit = parts[-1] if bounds_at == -3 else ""
            return {"name": ":".join(parts[:bounds_at]), "minimum": minimum, "maximum": maximum, "unit": unit}
    raise InvalidInput(
        f"{option} {text!r}: expected NAME:MINIMUM:MAXIMUM[:UNIT], for example age:0:120:years, or --from-csv FILE",
        field=option.removeprefix("--"),
    )


def parse_number_column(text: str) -> dict[str, Any]:
    """Return the column of numbers that `NAME:MINIMUM:MAXIMUM[:UNIT]` stands for."""
    return {"kind": "number", **parse_feature(text, option="--column")}


def parse_category(text: str) -> dict[str, Any]:
    """Return the category that `NAME:LEVEL,LEVEL…` stands for."""
    name, _, listed = text.partition(":")
    levels = [level.strip() for level in listed.split(",")]
    if not name.strip() or not all(levels):
        raise InvalidInput(f"--category {text!r}: expected NAME:LEVEL,LEVEL,…, for example sex:f,m", field="category")
    return {"kind": "category", "name": name.strip(), "levels": levels}


class LocalTable:
    """A file on this machine, read for names, ranges and levels only; no row leaves it.

    Args:
        path: a CSV or Parquet file; raises NotFound or DatasetInvalid when it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        from data_owner.adapters.data_files import open_data_file  # noqa: PLC0415 - pyarrow is heavy, few commands need it
        from data_owner.domain.dataset_profile import profile_blocks  # noqa: PLC0415

        self._path = path
        self._file = open_data_file(path)
        self._profile = profile_blocks(self._file.blocks())

    def features(self, but: str) -> list[dict[str, Any]]:
        """All columns of numbers but the target, and but those that hold one number only."""
        usable = (one for one in self._profile.columns if one.is_numeric and not one.is_constant and one.name != but)
        return [self.feature(one.name) for one in usable]

    def feature(self, name: str) -> dict[str, Any]:
        """A column of numbers with its range.

        Raises:
            NotFound: the file has no such column.
            InvalidInput: it holds something else, or the same number in every row.
        """
        column = self._column(name)
        if (problem := _problem(column)) is not None:
            raise InvalidInput(f"{self._path}, column {name!r}: {problem}", column=name, file=str(self._path))
        return {"name": name, "minimum": column.minimum, "maximum": column.maximum, "unit": ""}

    def described(self) -> list[dict[str, Any]]:
        """All columns that statistics can describe: those of differing numbers, and those of few texts."""
        columns = []
        for one in self._profile.columns:
            if one.is_numeric and not one.is_constant:
                columns.append(self.column(one.name))
            elif not one.is_numeric and (levels := self._levels(one.name)) and len(levels) <= MOST_LEVELS:
                columns.append({"kind": "category", "name": one.name, "levels": levels})
        return columns

    def column(self, name: str) -> dict[str, Any]:
        """A column of numbers with its range, or of few texts with these; raises as `feature`."""
        if self._column(name).is_numeric:
            return {"kind": "number", **self.feature(name)}
        levels = self._levels(name)
        if not levels or len(levels) > MOST_LEVELS:
            found = f"holds more than {MOST_LEVELS} different texts" if levels else "is empty"
            raise InvalidInput(
                f"{self._path}, column {name!r}: {found}; give its levels with --category NAME:LEVEL,LEVEL,…",
                column=name,
                file=str(self._path),
            )
        return {"kind": "category", "name": name, "levels": levels}

    def _column(self, name: str) -> ColumnProfile:
        column = self._profile.column(name)
        if column is None:
            listed = ", ".join(self._profile.column_names)
            raise NotFound(
                f"{self._path}: there is no column {name!r}; the file has {listed}", column=name, file=str(self._path)
            )
        return column

    def _levels(self, name: str) -> Sequence[str]:
        """The texts of a column, sorted; one more than `MOST_LEVELS` stands for any greater number."""
        found: set[str] = set()
        for block in self._file.blocks([name]):
            cells = block.columns[name]
            for index, problem in enumerate(cells.problems):
                if problem != CellProblem.MISSING:
                    found.add(cells.cell_text(index).strip())
                if len(found) > MOST_LEVELS:
                    return sorted(found)
        return sorted(found)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _problem(column: ColumnProfile) -> str | None:
    if column.first_unusable is not None:
        cell = column.first_unusable
        return f"row {cell.row} holds {cell.text!r}; {cell.expected}"
    if column.minimum is None:
        return "holds no number"
    if column.is_constant:
        return f"is {column.minimum} in every row; a constant teaches nothing"
    return None
