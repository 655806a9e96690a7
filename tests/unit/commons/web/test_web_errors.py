"""The error tree over HTTP: problem details, and nothing of what nobody foresaw."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
import structlog
from flask import request
from flask.testing import FlaskClient
from pydantic import BaseModel, Field
from werkzeug.exceptions import ServiceUnavailable as HTTPServiceUnavailable

from commons.errors import (
    Conflict,
    DatasetInvalid,
    DeltaMLError,
    NotAuthenticated,
    ServiceUnavailable,
    TooManyRequests,
)
from commons.web.app import create_api
from commons.web.errors import STATUS, status_of
from commons.web.json_logging import configure_logging


class Body(BaseModel):
    count: int = Field(ge=1)
    secret: str = Field(min_length=5)


class Kind(BaseModel):
    kind: str


@pytest.fixture(autouse=True)
def json_logs() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    configure_logging("test")
    yield
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()


@pytest.fixture
def client() -> FlaskClient:
    app = create_api("test", "1", readiness=list, max_content_length=1000)

    @app.get("/refuse/<kind>")
    def refuse(path: Kind) -> str:
        raise {
            "conflict": Conflict("the job has started", job_id=3),
            "cell": DatasetInvalid("row 3", row=3),
            "who": NotAuthenticated("who is it?"),
            "field": Conflict("deposit_wei is 5; lower it", field="deposit_wei"),
            "slow": TooManyRequests("too many", retry_after_s=12),
            "crash": RuntimeError("inner secret"),
        }[path.kind]

    @app.post("/body")
    def take(body: Body) -> str:
        return str(body.count)

    return app.test_client()


def classes(root: type[DeltaMLError]) -> Iterator[type[DeltaMLError]]:
    yield root
    for child in root.__subclasses__():
        if child.__module__ == "commons.errors":
            yield from classes(child)


def test_every_error_class_has_a_status_of_its_own() -> None:
    unmapped = [kind.__name__ for kind in classes(DeltaMLError) if kind not in STATUS]
    assert unmapped == []
    codes = [kind.code for kind in classes(DeltaMLError)]
    assert len(codes) == len(set(codes))


def test_a_class_of_a_service_takes_the_status_of_its_parent() -> None:
    class LedgerAway(ServiceUnavailable):
        code = "ledger_away"

    assert status_of(LedgerAway("gone")) == 503


def test_an_expected_error_is_a_problem_with_code_detail_and_fields(client: FlaskClient) -> None:
    answer = client.get("/refuse/conflict", headers={"X-Request-ID": "abc"})
    assert answer.status_code == 409
    assert answer.content_type == "application/problem+json"
    assert answer.get_json() == {
        "type": "about:blank",
        "title": "Conflict",
        "status": 409,
        "code": "conflict",
        "detail": "the job has started",
        "fields": {"job_id": 3},
        "request_id": "abc",
    }


def test_an_error_about_one_field_lists_it_as_all_errors_about_fields_are_listed(client: FlaskClient) -> None:
    fields = client.get("/refuse/field").get_json()["fields"]
    assert fields["errors"] == [{"field": "deposit_wei", "message": "deposit_wei is 5; lower it"}]
    fields = client.post("/body", json={"count": 0, "secret": "abc"}).get_json()["fields"]
    assert [error["field"] for error in fields["errors"]] == ["count", "secret"]


def test_an_unknown_exception_shows_its_request_id_only(client: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    answer = client.get("/refuse/crash", headers={"X-Request-ID": "abc"})
    assert answer.status_code == 500
    assert "inner secret" not in answer.text
    assert answer.get_json()["request_id"] == "abc"
    assert "abc" in answer.get_json()["detail"]
    assert "request_crashed" in caplog.text
    assert "inner secret" in caplog.text


def test_an_error_that_says_when_to_try_again_is_429(client: FlaskClient) -> None:
    answer = client.get("/refuse/slow")
    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "12"


def test_401_names_the_scheme(client: FlaskClient) -> None:
    assert client.get("/refuse/who").headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("path", "status", "code"), [("/nowhere", 404, "not_found"), ("/healthz", 405, "method_not_allowed")]
)
def test_errors_of_routing_are_problems_too(client: FlaskClient, path: str, status: int, code: str) -> None:
    answer = client.post(path)
    assert (answer.status_code, answer.get_json()["code"]) == (status, code)


def test_an_invalid_field_is_named_without_its_value(client: FlaskClient) -> None:
    answer = client.post("/body", json={"count": 0, "secret": "abc"})
    assert answer.status_code == 422
    problem = answer.get_json()
    assert (
        problem["detail"]
        == "count: should be greater than or equal to 1; secret: string should have at least 5 characters"
    )
    assert problem["fields"]["field"] == "count"
    assert "abc" not in answer.text


@pytest.mark.parametrize(
    ("data", "content_type", "expected"),
    [
        (b'{"count": ', "application/json", "well-formed JSON"),
        (b"count=1", "application/x-www-form-urlencoded", "Content-Type: application/json"),
        (b"", None, "Content-Type: application/json"),
        (b"[]", "application/json", "should be a valid dictionary"),
        (
            json.dumps({"count": "x", "secret": "abcdef"}).encode(),
            "application/json",
            "count: should be a valid integer",
        ),
    ],
)
def test_a_body_that_is_no_usable_json_is_told_what_is_expected(
    client: FlaskClient, data: bytes, content_type: str | None, expected: str
) -> None:
    answer = client.post("/body", data=data, content_type=content_type)
    assert answer.status_code == 422
    assert expected in answer.get_json()["detail"]


def test_a_body_over_the_limit_is_413_and_names_the_limit(client: FlaskClient) -> None:
    answer = client.post("/body", json={"count": 1, "secret": "x" * 2000})
    assert answer.status_code == 413
    assert answer.get_json()["code"] == "request_too_large"
    assert "1000 bytes" in answer.get_json()["detail"]


@pytest.mark.parametrize("depth", [50, 990, 5000, 100_000])
@pytest.mark.parametrize("opening", ["[", '{"count":'])
def test_json_nested_too_deeply_is_no_well_formed_json(depth: int, opening: str) -> None:
    app = create_api("test", "1", readiness=list)

    @app.post("/body")
    def take(body: Body) -> str:
        return str(body.count)

    answer = app.test_client().post("/body", data=opening * depth, content_type="application/json")
    assert answer.status_code == 422
    assert "well-formed JSON" in answer.get_json()["detail"]


FORM = "multipart/form-data; boundary=y"


@pytest.fixture
def forms() -> FlaskClient:
    app = create_api("test", "1", readiness=list, max_content_length=2 * 2**20)
    app.add_url_rule("/form", view_func=lambda: str(len(request.form)), methods=["POST"])
    return app.test_client()


@pytest.mark.parametrize("form", [{f"part{n}": "x" for n in range(1500)}, {"field": "x" * 2**20}])
def test_a_form_with_too_much_in_it_is_told_what_it_may_have(forms: FlaskClient, form: dict[str, str]) -> None:
    parts = [f'--y\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in form.items()]
    answer = forms.post("/form", data="".join((*parts, "--y--\r\n")), content_type=FORM)
    assert answer.status_code == 413
    assert "1000 parts, 500000 bytes in a field" in answer.get_json()["detail"]


def test_a_form_that_is_larger_than_bodies_may_be_is_told_that(forms: FlaskClient) -> None:
    answer = forms.post("/form", data=b"x" * 3 * 2**20, content_type=FORM)
    assert answer.status_code == 413
    assert f"larger than the {2 * 2**20} bytes" in answer.get_json()["detail"]


def test_an_http_error_that_says_when_to_try_again_is_passed_on() -> None:
    app = create_api("test", "1", readiness=list)

    @app.get("/busy")
    def busy() -> str:
        raise HTTPServiceUnavailable("busy", retry_after=3)

    answer = app.test_client().get("/busy")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "3")
