"""Pydantic's errors as one line that names the field and what was expected, never the offending value."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from commons.errors import InvalidInput

Model = TypeVar("Model", bound=BaseModel)

_SHOWN = 3


def to_invalid_input(error: ValidationError, *, name: str = "body") -> InvalidInput:
    """Turn pydantic's error into `InvalidInput`.

    Values are left out of the message, because they may be passwords or cells of somebody's data.

    Args:
        error: what pydantic raised.
        name: what to call the whole input when the error is about no single field.
    """
    problems = [
        {"field": ".".join(str(part) for part in item["loc"]) or name, "message": _expected(item["msg"])}
        for item in error.errors(include_url=False, include_context=False, include_input=False)
    ]
    shown = "; ".join(_line(problem) for problem in problems[:_SHOWN])
    more = f" (and {len(problems) - _SHOWN} more)" if len(problems) > _SHOWN else ""
    return InvalidInput(shown + more, field=problems[0]["field"], errors=problems)


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


def _expected(message: str) -> str:
    text = message.removeprefix("Value error, ").removeprefix("Input ")
    return text[:1].lower() + text[1:]


def _line(problem: dict[str, Any]) -> str:
    return f"{problem['field']}: {problem['message']}"
