"""Pydantic's errors as one line that names the field and what was expected, never the offending value."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

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
    problems = [_problem(item["loc"], _expected(item["msg"]), name) for item in found]
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
    if place:
        return {"field": ".".join(map(str, place)), "message": message}
    # A check of a whole model names the member that it is about in front: "finish_by: must be after start_by".
    member, colon, rest = message.partition(": ")
    return (
        {"field": member, "message": rest}
        if colon and _MEMBER.fullmatch(member)
        else {"field": name, "message": message}
    )


def _expected(message: str) -> str:
    text = message.removeprefix("Value error, ").removeprefix("Input ")
    return text[:1].lower() + text[1:]


def _line(problem: dict[str, Any]) -> str:
    return f"{problem['field']}: {problem['message']}"
