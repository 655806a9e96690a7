"""Pydantic's errors as one line that names the field and what was expected, never the offending value."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from commons.computations.registry import BY_KIND
from commons.errors import InvalidInput

Model = TypeVar("Model", bound=BaseModel)

_SHOWN = 3
_MEMBER = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)*")


def to_invalid_input(error: ValidationError, *, name: str = "body") -> InvalidInput:
    """Turn pydantic's error into `InvalidInput`.

    Values are left out of the message, because they may be passwords or cells of somebody's data.

    Args:
        error: what pydantic raised.
        name: what to call the whole input when the error is about no single field.
    """
    found = error.errors(include_url=False, include_context=False, include_input=False)
    problems = [_problem(_place(item), _expected(item["msg"]), name) for item in found]
    shown = "; ".join(_line(problem) for problem in problems[:_SHOWN])
    if len(problems) > _SHOWN:
        shown = f"{shown} (and {len(problems) - _SHOWN} more)"
    return InvalidInput(shown, field=problems[0]["field"], errors=problems)


def parse_json(model: type[Model], text: str | bytes, *, name: str) -> Model:
    """Parse JSON text into `model`; raises InvalidInput that names the field.

    Args:
        model: the pydantic model to check against.
        text: a JSON document.
        name: what to call the document in errors, e.g. its file name.
    """
    try:
        return TypeAdapter(model).validate_json(text)
    except ValidationError as error:
        raise to_invalid_input(error, name=name) from error


def _problem(place: Sequence[int | str], message: str, name: str) -> dict[str, str]:
    places = [str(one) for one in _without_kind(place)]
    # A check of a whole model names the member that it is about in front: "finish_by: must be after start_by".
    member, colon, rest = message.partition(": ")
    if colon and _MEMBER.fullmatch(member) and places in ([], ["computation"]):
        return {"field": ".".join([*places, member]), "message": rest}
    return {"field": ".".join(places) or name, "message": message}


def _place(error: ErrorDetails) -> Sequence[int | str]:
    """Where in a document: pydantic leaves out which member says what kind something is of, if that is what is wrong."""
    return (*error["loc"], "kind") if error["type"].startswith("union_tag") else error["loc"]


def _without_kind(place: Sequence[int | str]) -> Sequence[int | str]:
    """Pydantic names the kind of a computation as if it were a member of it."""
    for index, name in enumerate(place[:-1]):
        if name == "computation" and place[index + 1] in BY_KIND:
            return [*place[: index + 1], *place[index + 2 :]]
    return place


def _expected(message: str) -> str:
    text = message.removeprefix("Value error, ").removeprefix("Input ")
    return text[:1].lower() + text[1:]


def _line(problem: dict[str, Any]) -> str:
    return f"{problem['field']}: {problem['message']}"
