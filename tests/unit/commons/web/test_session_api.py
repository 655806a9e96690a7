"""Signing in over HTTP, and the guard in front of everything else."""

from __future__ import annotations

from pathlib import Path

import pytest
from argon2 import PasswordHasher
from flask.testing import FlaskClient
from sqlalchemy import MetaData

from commons.storage.database import create_database
from commons.web.app import create_api
from commons.web.authentication import Authenticator
from commons.web.authentication_tables import authentication_tables
from commons.web.session_api import require_session, session_blueprint


@pytest.fixture
def client(tmp_path: Path) -> FlaskClient:
    metadata = MetaData()
    tables = authentication_tables(metadata)
    database = create_database(f"sqlite:///{tmp_path}/test.sqlite3")
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
