"""Turns the problem documents (RFC 9457) of another DeltaML service back into the errors that caused them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from commons.errors import (
    Conflict,
    DeltaMLError,
    InvalidInput,
    NotAllowed,
    NotAuthenticated,
    NotFound,
    ProtocolViolation,
    ServiceUnavailable,
    TooManyRequests,
)

_STANDARD_MEMBERS = frozenset({"type", "title", "status", "detail", "code", "instance", "request_id", "fields"})
_BY_STATUS: dict[int, type[DeltaMLError]] = {
    400: InvalidInput,
    401: NotAuthenticated,
    403: NotAllowed,
    404: NotFound,
    409: Conflict,
    413: InvalidInput,
    422: InvalidInput,
    429: TooManyRequests,
    # A defect over there: repeating the same request would not help, unlike 502 to 504.
    500: DeltaMLError,
}


def _tree(root: type[DeltaMLError]) -> Iterator[type[DeltaMLError]]:
    yield root
    for child in root.__subclasses__():
        yield from _tree(child)


def error_from_problem(status: int, problem: Any, *, service: str) -> DeltaMLError:
    """Return the error that a service answered with.

    Args:
        status: the HTTP status.
        problem: the decoded JSON body, or None when the body was no JSON (a proxy's page, say).
        service: who answered, for the message of an answer that is not a problem document.
    """
    if not isinstance(problem, dict) or not isinstance(problem.get("detail"), str):
        kind = _BY_STATUS.get(status, ServiceUnavailable if status > 500 else ProtocolViolation)
        return kind(f"{service} answered with HTTP status {status} and no explanation", status=status)
    by_code = {kind.code: kind for kind in _tree(DeltaMLError)}
    kind = by_code.get(str(problem.get("code"))) or _BY_STATUS.get(status, ServiceUnavailable)
    nested = problem.get("fields")
    fields = dict(nested) if isinstance(nested, dict) else {}
    fields |= {str(name): value for name, value in problem.items() if name not in _STANDARD_MEMBERS}
    fields.pop("message", None)
    error = kind(problem["detail"], **fields)
    if "request_id" in problem:
        error.fields["request_id"] = problem["request_id"]
    return error
