"""Signing in over HTTP, and the guard in front of everything else."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from flask.testing import FlaskClient
from sqlalchemy import MetaData

from commons.web import rate_limit, session_api
from commons.web.app import create_api
from commons.web.authentication import Authenticator
from commons.web.authentication_tables import authentication_tables
from commons.web.rate_limit import PUBLIC_BURST
from commons.web.session_api import SIGN_IN_BURST, require_session, session_blueprint
from tests.doubles.bare_database import bare_database


@pytest.fixture
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that is used up comes back during a test."""
    monkeypatch.setattr(session_api, "SIGN_INS_PER_S", 0.001)
    monkeypatch.setattr(rate_limit, "PUBLIC_PER_S", 0.001)


@pytest.fixture
def client(tmp_path: Path) -> FlaskClient:
    metadata = MetaData()
    tables = authentication_tables(metadata)
    database = bare_database(f"sqlite:///{tmp_path}/test.sqlite3")
    with database.session() as session:
        metadata.create_all(session.connection())
    authenticator = Authenticator(database, tables, hasher=PasswordHasher(time_cost=1, memory_cost=64))
    authenticator.ensure_admin("correct horse", tmp_path)
    app = create_api("test", "1", readiness=list)
    app.register_api(session_blueprint(authenticator))
    require_session(app, authenticator)
    app.add_url_rule("/v1/things", view_func=lambda: {"things": 1}, methods=["GET", "POST"])
    return app.test_client()


def sign_in(client: FlaskClient) -> dict[str, str]:
    answer = client.post("/v1/session", json={"user": "admin", "password": "correct horse"})
    assert answer.status_code == 200
    assert set(answer.get_json()) == {"token", "expires_at"}
    return {"Authorization": f"Bearer {answer.get_json()['token']}"}


def test_a_token_opens_the_other_routes_until_it_is_signed_out(client: FlaskClient) -> None:
    headers = sign_in(client)
    assert client.get("/v1/things", headers=headers).status_code == 200
    assert client.delete("/v1/session", headers=headers).status_code == 204
    assert client.get("/v1/things", headers=headers).status_code == 401


@pytest.mark.parametrize("header", [None, "Bearer", "Bearer  ", "Basic YWRtaW46eA==", "Bearer unknown"])
@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/v1/things"), ("POST", "/v1/things"), ("DELETE", "/v1/session"), ("GET", "/v1/unknown")],
)
def test_without_a_valid_token_nothing_under_v1_is_served(
    client: FlaskClient, header: str | None, method: str, path: str
) -> None:
    answer = client.open(path, method=method, headers={"Authorization": header} if header else {})
    assert answer.status_code == 401
    assert answer.get_json()["code"] == "not_authenticated"


def test_wrong_passwords_are_401_and_then_429_with_the_time_to_wait(client: FlaskClient) -> None:
    wrong = {"user": "admin", "password": "wrong"}
    assert [client.post("/v1/session", json=wrong).status_code for _ in range(5)] == [401] * 5
    answer = client.post("/v1/session", json={"user": "admin", "password": "correct horse"})
    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 900


def test_health_and_documentation_need_no_session(client: FlaskClient) -> None:
    for path in ("/healthz", "/readyz", "/openapi/openapi.json"):
        assert client.get(path).status_code == 200


def test_a_body_is_not_read_before_the_session_is_known(client: FlaskClient) -> None:
    class Unread(io.BytesIO):
        def read(self, *_: Any) -> bytes:
            raise AssertionError("a stranger's body was read")

        readinto = readline = read

    answer = client.post("/v1/things", input_stream=Unread(b"{}"), content_type="application/json")
    assert answer.status_code == 401


def test_what_signs_in_is_small(client: FlaskClient) -> None:
    document = json.dumps({"user": "admin", "password": "correct horse"}).ljust(16 * 2**10)
    assert client.post("/v1/session", data=document, content_type="application/json").status_code == 200
    refused = client.post("/v1/session", data=document + " ", content_type="application/json")
    assert (refused.status_code, refused.get_json()["code"]) == (413, "request_too_large")


@pytest.mark.usefixtures("still")
def test_a_client_that_tries_too_often_is_slowed_down_whatever_names_it_gives(client: FlaskClient) -> None:
    def attempt(number: int, address: str) -> Any:
        body = {"user": f"user {number}", "password": "x"}
        return client.post("/v1/session", json=body, environ_base={"REMOTE_ADDR": address})

    answers = [attempt(number, "10.0.0.1") for number in range(SIGN_IN_BURST + 20)]
    assert [answer.status_code for answer in answers] == [401] * SIGN_IN_BURST + [429] * 20
    assert answers[-1].get_json()["code"] == "too_many_requests"
    assert int(answers[-1].headers["Retry-After"]) >= 1
    assert attempt(0, "10.0.0.2").status_code == 401


@pytest.mark.usefixtures("still")
def test_requests_without_a_session_are_not_answered_without_end(client: FlaskClient) -> None:
    headers = sign_in(client)
    paths = ("/v1/things", "/v1/session")
    answers = [client.get(paths[number % 2]).status_code for number in range(PUBLIC_BURST + 10)]
    assert set(answers[:100]) == {200, 401}
    assert set(answers[-10:]) == {429}
    # Whoever has a session is not held up by those at the same address who have none.
    assert client.get("/v1/things", headers=headers).status_code == 200
