"""Errors as problem details (RFC 9457): the one place that knows both the error tree and HTTP.

Every answer of 400 and above is `application/problem+json`::

    {"type": "about:blank", "title": "Conflict", "status": 409, "code": "conflict",
     "detail": "…what was found, what was expected, what to do…", "fields": {…}, "request_id": "…"}

An error that nobody foresaw is logged with its traceback and answered with the request id only.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import structlog
from flask import Flask, Response, g, request
from pydantic import ValidationError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as WerkzeugResponse

from commons import errors
from commons.errors import DeltaMLError
from commons.web.validation import to_invalid_input

STATUS: Mapping[type[DeltaMLError], HTTPStatus] = {
    DeltaMLError: HTTPStatus.INTERNAL_SERVER_ERROR,
    errors.InvalidInput: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.DatasetInvalid: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.KeyTooSmall: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.IdempotencyKeyReused: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.KeyProofInvalid: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.InvalidCiphertext: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.HeadroomExceeded: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.NotAuthenticated: HTTPStatus.UNAUTHORIZED,
    errors.NotAllowed: HTTPStatus.FORBIDDEN,
    errors.NotFound: HTTPStatus.NOT_FOUND,
    errors.Conflict: HTTPStatus.CONFLICT,
    errors.ProtocolViolation: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.ContentRefused: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.ServiceUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.ChainUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.ComputationFault: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.TooManyRequests: HTTPStatus.TOO_MANY_REQUESTS,
    errors.TransactionFailed: HTTPStatus.BAD_GATEWAY,
}
"""HTTP status of each error class; a class of a service's own takes that of its nearest parent here."""

_CODES = {
    HTTPStatus.NOT_FOUND: errors.NotFound.code,
    HTTPStatus.METHOD_NOT_ALLOWED: "method_not_allowed",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "request_too_large",
}

log = structlog.get_logger(__name__)


def status_of(error: DeltaMLError) -> HTTPStatus:
    """The HTTP status for an error."""
    return next(STATUS[base] for base in type(error).__mro__ if base in STATUS)


def problem_response(error: DeltaMLError) -> Response:
    """The error as problem details."""
    fields = dict(error.fields)
    if "field" in fields:
        # So that a form finds what to write beside which field in one place, whoever found the error.
        fields.setdefault("errors", [{"field": fields["field"], "message": error.message}])
    response = _problem(status_of(error), error.code, error.message, fields)
    if "retry_after_s" in error.fields:
        response.headers["Retry-After"] = str(error.fields["retry_after_s"])
    if response.status_code == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def validation_response(error: ValidationError) -> Response:
    """A request that does not fit its schema, as problem details; flask-openapi3's validation callback."""
    if request.method not in {"POST", "PUT", "PATCH"} or request.mimetype == "multipart/form-data":
        return problem_response(to_invalid_input(error))
    if not request.is_json:
        expected = "JSON with the header Content-Type: application/json"
        return problem_response(errors.InvalidInput(f"body: expected {expected}", field="body"))
    if request.get_json(silent=True) is None:
        return problem_response(errors.InvalidInput("body: expected a well-formed JSON document", field="body"))
    return problem_response(to_invalid_input(error))


def register_error_handlers(app: Flask) -> None:
    """Make `app` answer every error with problem details."""
    app.register_error_handler(DeltaMLError, _on_expected)
    app.register_error_handler(HTTPException, _on_http)
    app.register_error_handler(Exception, _on_unknown)


def _on_expected(error: DeltaMLError) -> Response:
    response = problem_response(error)
    # The message may quote the caller's input, so the log gets the code only.
    log.info("request_refused", code=error.code, status=response.status_code)
    return response


def _on_http(error: HTTPException) -> WerkzeugResponse:
    status = HTTPStatus(error.code or HTTPStatus.INTERNAL_SERVER_ERROR)
    # A redirect, or an answer that a validation callback has prepared.
    if error.response is not None or status < HTTPStatus.BAD_REQUEST:
        return error.get_response(request.environ)
    detail = error.description or status.description
    if status is HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        detail = _too_large()
    response = _problem(status, _CODES.get(status, "http_error"), detail, {})
    if (retry_after := getattr(error, "retry_after", None)) is not None:
        response.headers["Retry-After"] = str(retry_after)
    return response


def _too_large() -> str:
    allowed = request.max_content_length or 0
    if request.mimetype != "multipart/form-data" or (request.content_length or 0) > allowed:
        return f"the request body is larger than the {allowed} bytes allowed here"
    # The library that reads forms does not say which of these it was.
    return (
        f"the form is too large: it may have {request.max_form_parts} parts, {request.max_form_memory_size} bytes in a field "
        f"that is no file, and {allowed} bytes in all"
    )


def _on_unknown(error: Exception) -> Response:
    log.error("request_crashed", exc_info=error)
    detail = f"an unexpected error occurred; the service's log has it under request id {_request_id()}"
    return _problem(HTTPStatus.INTERNAL_SERVER_ERROR, "internal_error", detail, {})


def _problem(status: HTTPStatus, code: str, detail: str, fields: Mapping[str, Any]) -> Response:
    body = {
        "type": "about:blank",
        "title": status.phrase,
        "status": int(status),
        "code": code,
        "detail": detail,
        "fields": fields,
        "request_id": _request_id(),
    }
    text = json.dumps(body, default=str)
    return Response(text, status=int(status), content_type="application/problem+json")


def _request_id() -> str:
    return str(g.get("request_id", ""))
