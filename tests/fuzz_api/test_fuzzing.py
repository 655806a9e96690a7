"""What is wrong with a service's answers is found; a service that does as its document says passes."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask, Response, jsonify, request
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel, Field

from commons.errors import NotAuthenticated
from commons.web.app import BEARER, create_api, json_response
from commons.web.errors import problem_response
from tests.doubles.serving import serving
from tests.fuzz_api.fuzzing import Fuzzer, Report


class Thing(BaseModel):
    number: int = Field(ge=0, le=1000)


class Page(BaseModel):
    limit: int = Field(default=1, ge=1, le=9)


def service(fault: str) -> Flask:
    app = create_api("things", "1", readiness=list)

    @app.post("/v1/things", responses={200: Thing}, tags=[Tag(name="things")], security=BEARER)
    def take(body: Thing) -> Response:
        if request.headers.get("Authorization") != "Bearer t" and fault != "open":
            return problem_response(NotAuthenticated("sign in first"))
        if fault == "crash" and body.number > 500:
            raise RuntimeError
        if fault == "content":
            return jsonify(number="many")
        if fault == "type":
            return Response("<p>1</p>", content_type="text/html")
        return json_response(body)

    @app.get("/v1/things", responses={200: Thing})
    def look(query: Page) -> Response:
        return jsonify(number=query.limit)

    return app


def run(fault: str, *, signed_in: bool = True) -> Report:
    with serving(service(fault)) as url:
        sign_in = (lambda: {"Authorization": "Bearer t"}) if signed_in else None
        return Fuzzer(url, sign_in=sign_in, known={}, start=1).run(80)


def test_a_service_that_does_as_it_says_passes() -> None:
    reports = [run("none", signed_in=signed_in) for signed_in in (True, False)]
    for report in reports:
        assert (report.requests, dict(report.wrong)) == (80, {})
        assert {200, 422} <= set(report.statuses)
    # Some of what is wrong on purpose is that the session is missing.
    assert reports[0].statuses[401] < reports[1].statuses[401]


@pytest.mark.parametrize(
    ("fault", "signed_in", "said"),
    [
        ("crash", True, "POST /v1/things: 500 Server error"),
        ("content", True, "POST /v1/things: 200 Response violates schema"),
        ("type", True, "POST /v1/things: 200 Undocumented Content-Type"),
        ("open", False, "POST /v1/things: done without a session: 200"),
    ],
)
def test_each_fault_is_found(fault: str, signed_in: bool, said: str) -> None:
    found: Any = run(fault, signed_in=signed_in).wrong
    assert any(line.startswith(said) for line in found), found


def test_the_same_start_asks_the_same() -> None:
    assert run("none").statuses == run("none").statuses
