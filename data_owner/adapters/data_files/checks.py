"""Checks that both file formats share: column names, and what the operating system says of the file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from commons.errors import DatasetInvalid, NotFound
from commons.market.catalogue import LONGEST_COLUMN_NAME, MOST_COLUMNS
from commons.tables.column_names import missing_column_error
from commons.tables.table import shorten

MOST_ROWS = 2**30
MOST_CELLS = 2**32
"""Some minutes of reading."""


def clean_names(names: Sequence[str], *, source: str) -> tuple[str, ...]:
    """Return the names without surrounding spaces.

    Raises:
        DatasetInvalid: a name is empty, holds NUL, comes twice or is longer than `LONGEST_COLUMN_NAME`, or there are more than
            `MOST_COLUMNS`.
    """
    cleaned = tuple(name.strip() for name in names)
    if len(cleaned) > MOST_COLUMNS:
        raise DatasetInvalid(
            f"{source}: there are {len(cleaned)} columns; expected at most {MOST_COLUMNS}", file=source
        )
    for position, name in enumerate(cleaned, start=1):
        if len(name) > LONGEST_COLUMN_NAME:
            raise DatasetInvalid(
                f"{source}: the name of column {position} has {len(name)} characters; expected at most {LONGEST_COLUMN_NAME}",
                file=source,
            )
        if "\0" in name:
            raise DatasetInvalid(
                f"{source}: the name of column {position} holds the character NUL; name it anew", file=source
            )
        if not name:
            raise DatasetInvalid(
                f"{source}: column {position} of {len(cleaned)} has no name; name it or remove it", file=source
            )
    repeated = next((name for name, count in Counter(cleaned).items() if count > 1), None)
    if repeated is not None:
        positions = ", ".join(str(i) for i, name in enumerate(cleaned, start=1) if name == repeated)
        raise DatasetInvalid(
            f"{source}: {shorten(repeated)!r} is the name of more than one column ({positions}); expected distinct "
            "names",
            file=source,
            column=repeated,
        )
    return cleaned


def check_columns(columns: Sequence[str] | None, available: Sequence[str], *, source: str) -> list[str]:
    """Return the wanted columns, all when None; raises DatasetInvalid naming the first one that is not there."""
    wanted = list(available) if columns is None else list(dict.fromkeys(columns))
    for name in wanted:
        if name not in available:
            raise missing_column_error(source, name, available)
    return wanted


def require_room(row_count: int, column_count: int, *, source: str) -> None:
    """Raise DatasetInvalid when a table has more rows or cells than are read here."""
    if row_count > MOST_ROWS:
        raise DatasetInvalid(f"{source}: there are {row_count} rows; expected at most {MOST_ROWS}", file=source)
    if row_count * column_count > MOST_CELLS:
        raise DatasetInvalid(
            f"{source}: there are {row_count} rows of {column_count} cells; expected at most {MOST_CELLS} cells",
            file=source,
        )


@contextmanager
def readable(source: str) -> Iterator[None]:
    """Turn the operating system's errors about the file `source` into NotFound and DatasetInvalid."""
    try:
        yield
    except FileNotFoundError as error:
        raise NotFound(f"there is no file {source}; check the path", file=source) from error
    except OSError as error:
        raise DatasetInvalid(f"{source} cannot be read: {error.strerror or error}", file=source) from error
