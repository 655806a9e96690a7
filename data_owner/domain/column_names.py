"""Which of the names at hand somebody may have meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from commons.errors import DatasetInvalid


def closest_name(name: str, candidates: Iterable[str]) -> str | None:
    """Return the candidate most like `name` (case, spaces, dashes and underscores aside), or None if none is close."""
    by_plain_form = {_plain(candidate): candidate for candidate in candidates}
    matches = difflib.get_close_matches(_plain(name), by_plain_form, n=1, cutoff=0.6)
    return by_plain_form[matches[0]] if matches else None


def did_you_mean(name: str, candidates: Iterable[str]) -> str:
    """Return " (did you mean 'x'?)" for the closest candidate, or the empty text if none is close."""
    closest = closest_name(name, candidates)
    return f" (did you mean {closest!r}?)" if closest is not None else ""


def missing_column_error(source: str, column: str, candidates: Iterable[str]) -> DatasetInvalid:
    """Return the error for a column that the table does not have, naming the ones it has."""
    names = list(candidates)
    listed = ", ".join(names[:20]) + (", …" if len(names) > 20 else "")
    return DatasetInvalid(
        f"{source}: there is no column {column!r}{did_you_mean(column, names)}; it has {listed}",
        file=source,
        column=column,
    )


def _plain(name: str) -> str:
    return "".join(character for character in name.casefold() if character not in " _-.")
