"""A browser's session: a cookie that scripts cannot read, and that no other site can use."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from flask.testing import FlaskClient
from sqlalchemy import MetaData

from commons.web.app import create_api
from commons.web.authentication import Authenticator
from commons.web.authentication_tables import authentication_tables
from commons.web.session_api import require_session, session_blueprint
from tests.doubles.bare_database import bare_database

CREDENTIALS = {"user": "admin", "password": "correct horse", "kind": "browser"}


@pytest.fixture
def make_client(tmp_path: Path) -> Callable[..., FlaskClient]:
    metadata = MetaData()
    tables = authentication_tables(metadata)
    database = bare_database(f"sqlite:///{tmp_path}/test.sqlite3")
    with database.session() as session:
        metadata.create_all(session.connection())
    authenticator = Authenticator(database, tables, hasher=PasswordHasher(time_cost=1, memory_cost=64))
    authenticator.ensure_admin("correct horse", tmp_path)

    def make(public_url: str | None = None) -> FlaskClient:
        app = create_api("test", "1", readiness=list)
        app.register_api(session_blueprint(authenticator, public_url=public_url))
        require_session(app, authenticator, public_url=public_url)
        app.add_url_rule(
            "/v1/things", view_func=lambda: {"things": 1}, methods=["GET", "POST", "PUT", "PATCH", "DELETE"]
        )
        return app.test_client()

    return make


@pytest.fixture
def client(make_client: Callable[..., FlaskClient]) -> FlaskClient:
    return make_client()


def sign_in(client: FlaskClient, **request: Any) -> dict[str, str]:
    """The header that changing something takes."""
    answer = client.post("/v1/session", json=CREDENTIALS, **request)
    assert answer.status_code == 200
    assert set(answer.get_json()) == {"user", "csrf_token", "expires_at"}
    return {"X-CSRF-Token": answer.get_json()["csrf_token"]}


def cookie_of(client: FlaskClient, **request: Any) -> str:
    answer = client.post("/v1/session", json=CREDENTIALS, **request)
    return str(answer.headers["Set-Cookie"])


def test_a_cookie_opens_what_reads_and_the_csrf_token_what_changes(client: FlaskClient) -> None:
    headers = sign_in(client)
    assert client.get("/v1/things").status_code == 200
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        refused = client.open("/v1/things", method=method)
        assert (refused.status_code, refused.get_json()["code"]) == (403, "csrf_refused")
        assert client.open("/v1/things", method=method, headers=headers).status_code == 200


@pytest.mark.parametrize("token", ["", "x", "0" * 64, "é"])
def test_a_wrong_csrf_token_is_refused(client: FlaskClient, token: str) -> None:
    sign_in(client)
    assert client.post("/v1/things", headers={"X-CSRF-Token": token}).status_code == 403


def test_the_csrf_token_of_another_session_is_refused(client: FlaskClient) -> None:
    other = sign_in(client)
    own = sign_in(client)
    assert other != own
    assert client.post("/v1/things", headers=other).status_code == 403
    assert client.post("/v1/things", headers=own).status_code == 200


def test_the_cookie_is_for_this_host_and_port_alone_and_no_script_reads_it(client: FlaskClient) -> None:
    cookie = cookie_of(client, base_url="http://127.0.0.1:8200")
    assert cookie.startswith("deltaml_session_8200=")
    attributes = {part.strip() for part in cookie.split(";")[1:]}
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= attributes
    assert not any(part.startswith("Domain") for part in attributes)
    assert "Secure" not in attributes


def test_over_tls_the_cookie_is_secure(make_client: Callable[..., FlaskClient]) -> None:
    for client, base_url in (
        (make_client(), "https://owner.example"),
        (make_client("https://owner.example"), "http://owner.example"),
    ):
        cookie = cookie_of(client, base_url=base_url)
        assert cookie.startswith("__Host-deltaml_session_")
        assert "; Secure;" in cookie


def test_services_on_one_machine_do_not_take_each_others_cookies(client: FlaskClient) -> None:
    sign_in(client, base_url="http://127.0.0.1:8200")
    assert client.get("/v1/things", base_url="http://127.0.0.1:8200").status_code == 200
    assert client.get("/v1/things", base_url="http://127.0.0.1:8300").status_code == 401


def test_who_is_signed_in_can_be_asked_by_anybody(client: FlaskClient) -> None:
    nobody = {"user": None, "csrf_token": None, "expires_at": None}
    assert client.get("/v1/session").get_json() == nobody
    headers = sign_in(client)
    shown = client.get("/v1/session")
    assert (shown.get_json()["user"], shown.get_json()["csrf_token"]) == ("admin", headers["X-CSRF-Token"])
    assert shown.headers["Cache-Control"] == "no-store"
    client.delete("/v1/session", headers=headers)
    assert client.get("/v1/session").get_json() == nobody


def test_signing_out_ends_the_session_on_the_server(client: FlaskClient) -> None:
    headers = sign_in(client)
    kept = client.get_cookie("deltaml_session_80")
    assert kept is not None
    assert client.delete("/v1/session").status_code == 403
    answer = client.delete("/v1/session", headers=headers)
    assert answer.status_code == 204
    assert "Expires=Thu, 01 Jan 1970" in answer.headers["Set-Cookie"]
    client.set_cookie("deltaml_session_80", kept.value)
    assert client.get("/v1/things").status_code == 401


def test_signing_in_again_ends_the_session_before(client: FlaskClient) -> None:
    sign_in(client)
    first = client.get_cookie("deltaml_session_80")
    assert first is not None
    sign_in(client)
    client.set_cookie("deltaml_session_80", first.value)
    assert client.get("/v1/things").status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "http://localhost:8300"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
    ],
)
def test_a_page_of_another_origin_changes_nothing_even_with_the_right_token(
    client: FlaskClient, headers: dict[str, str]
) -> None:
    own = sign_in(client)
    refused = client.post("/v1/things", headers={**own, **headers})
    assert (refused.status_code, refused.get_json()["code"]) == (403, "csrf_refused")
    assert client.post("/v1/session", json=CREDENTIALS, headers=headers).status_code == 403


@pytest.mark.parametrize("headers", [{"Origin": "http://localhost"}, {"Sec-Fetch-Site": "same-origin"}])
def test_the_services_own_pages_may(client: FlaskClient, headers: dict[str, str]) -> None:
    own = sign_in(client, headers=headers)
    assert client.post("/v1/things", headers={**own, **headers}).status_code == 200


def test_behind_a_proxy_the_public_url_is_its_own(make_client: Callable[..., FlaskClient]) -> None:
    client = make_client("https://owner.example")
    headers = {"Origin": "https://owner.example"}
    own = sign_in(client, headers=headers, base_url="https://10.0.0.7:8000")
    assert client.post("/v1/things", headers={**own, **headers}, base_url="https://10.0.0.7:8000").status_code == 200


def test_a_program_with_a_token_needs_no_csrf_token(client: FlaskClient) -> None:
    token = client.post("/v1/session", json={**CREDENTIALS, "kind": "token"}).get_json()["token"]
    assert client.get_cookie("deltaml_session_80") is None
    bearer = {"Authorization": f"Bearer {token}"}
    assert client.post("/v1/things", headers=bearer).status_code == 200
    shown = client.get("/v1/session", headers=bearer).get_json()
    assert (shown["user"], shown["csrf_token"]) == ("admin", None)


def test_wrong_passwords_set_no_cookie(client: FlaskClient) -> None:
    answer = client.post("/v1/session", json={**CREDENTIALS, "password": "wrong"})
    assert answer.status_code == 401
    assert answer.get_json()["detail"] == "wrong user name or password"
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("origin", ["http://[", "http://[::1", "null", "http://", "//", "é", "x" * 5000])
def test_an_origin_that_is_none_is_another_site(client: FlaskClient, origin: str) -> None:
    refused = client.post("/v1/session", json=CREDENTIALS, headers={"Origin": origin})
    assert (refused.status_code, refused.get_json()["code"]) == (403, "csrf_refused")
