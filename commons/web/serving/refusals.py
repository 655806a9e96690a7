"""Answers to requests that never reach the app, because they are no requests, or come too slowly."""

from __future__ import annotations

import json
from http import HTTPStatus

from gunicorn.http import errors


class Refused(Exception):
    """A request that gets no other answer than this one."""

    def __init__(self, status: HTTPStatus, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


def too_slow() -> Refused:
    """The answer to a request that is not complete in time."""
    return Refused(HTTPStatus.REQUEST_TIMEOUT, "the request did not come in time; send it again")


def head_too_large() -> Refused:
    """The answer to a request whose head does not end."""
    return Refused(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "the request's headers are longer than allowed")


def crashed() -> Refused:
    """The answer where the app gave none."""
    return Refused(HTTPStatus.INTERNAL_SERVER_ERROR, "an unexpected error occurred; the service's log has it")


def refusal_of(error: Exception) -> Refused:
    """The answer to a request that gunicorn cannot parse."""
    if isinstance(error, errors.LimitRequestLine):
        return Refused(HTTPStatus.REQUEST_URI_TOO_LONG, "the request's address is longer than allowed")
    if isinstance(error, errors.LimitRequestHeaders):
        return head_too_large()
    if isinstance(error, errors.UnsupportedTransferCoding):
        return Refused(HTTPStatus.NOT_IMPLEMENTED, "of transfer codings only chunked is known here")
    if type(error).__name__ == "ExpectationFailed":  # not in all versions
        return Refused(HTTPStatus.EXPECTATION_FAILED, "of expectations only 100-continue is known here")
    return Refused(HTTPStatus.BAD_REQUEST, "this is not a request as HTTP demands")


def answer_bytes(refused: Refused) -> bytes:
    """The whole answer, as problem details (RFC 9457) like those of the app; the connection ends with it."""
    problem = {
        "type": "about:blank",
        "title": refused.status.phrase,
        "status": int(refused.status),
        "code": "http_error",
        "detail": refused.detail,
        "fields": {},
        "request_id": "",
    }
    body = json.dumps(problem).encode()
    head = (
        b"HTTP/1.1 %d %s\r\nContent-Type: application/problem+json\r\nX-Content-Type-Options: nosniff\r\n"
        b"Content-Length: %d\r\nConnection: close\r\n\r\n"
    )
    return head % (int(refused.status), refused.status.phrase.encode(), len(body)) + body
