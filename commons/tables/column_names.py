"""Which of the names at hand somebody may have meant."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable

from commons.errors import DatasetInvalid

CLOSE = 0.8
"""From this likeness on a name is worth asking about: one letter amiss in five."""

_BRACKETED = re.compile(r"[(\[{]([^)\]}]*)[)\]}]\s*$")
_SHORTEST = 4
_DIGITS = re.compile(r"\d+")


def likeness(name: str, other: str, *, unit: str = "") -> float:
    """Return how alike two names of columns are, from 0 to 1.

    1 means that case, accents, punctuation and a unit are all that they differ in: "Age (years)" is "age", and "age_years" too
    when `unit` says so. A unit stands in brackets at the end; two different ones, or different numbers ("s1" and "s2"), are 0.
    Shorter names than four letters are alike or not.

    Args:
        name: of a column that is wanted.
        other: of a column that there is.
        unit: of the wanted column, if known.
    """
    (plain, note), (other_plain, other_note) = _parts(name), _parts(other)
    note = note or plain_form(unit)
    if not plain or not other_plain:
        return float(name == other)
    if plain_form(name) == plain_form(other) or plain + note == other_plain:
        return 1.0
    if note and other_note and note != other_note:
        return 0.0
    if plain == other_plain or plain == other_plain + other_note:
        return 1.0
    if _DIGITS.findall(plain) != _DIGITS.findall(other_plain) or min(len(plain), len(other_plain)) < _SHORTEST:
        return 0.0
    return difflib.SequenceMatcher(None, plain, other_plain).ratio()


def plain_form(name: str) -> str:
    """Return the letters and digits of a name, without accents and in one case."""
    decomposed = unicodedata.normalize("NFKD", name.casefold())
    return "".join(character for character in decomposed if character.isalnum())


def closest_name(name: str, candidates: Iterable[str]) -> str | None:
    """Return the candidate most like `name`, the first of several, or None if none is close."""
    best = max(
        ((likeness(name, candidate), candidate) for candidate in candidates), key=lambda pair: pair[0], default=None
    )
    return best[1] if best is not None and best[0] >= CLOSE else None


def did_you_mean(what: str, name: str, candidates: Iterable[str]) -> str:
    """Return `what` with a question for the candidate closest to `name` behind it, or `what` alone if none is close."""
    closest = closest_name(name, candidates)
    return what if closest is None else f"{what} (did you mean {closest!r}?)"


def missing_column_error(source: str, column: str, candidates: Iterable[str]) -> DatasetInvalid:
    """Return the error for a column that the table does not have, naming the ones it has."""
    names = list(candidates)
    listed = ", ".join(names[:20]) + (", …" if len(names) > 20 else "")
    return DatasetInvalid(
        f"{source}: there is no column {did_you_mean(repr(column), column, names)}; it has {listed}",
        file=source,
        column=column,
    )


def _parts(name: str) -> tuple[str, str]:
    """The plain form of a name and that of the unit in brackets at its end."""
    bracketed = _BRACKETED.search(name)
    if bracketed is None or not plain_form(name[: bracketed.start()]):
        return plain_form(name), ""
    return plain_form(name[: bracketed.start()]), plain_form(bracketed[1])
