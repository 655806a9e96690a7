"""Names that a service does not have, as a page sends them that has its own name point here."""

from __future__ import annotations

import io

import pytest
from flask.testing import FlaskClient
from werkzeug.test import run_wsgi_app

from commons.web.app import create_api
from commons.web.hosts import require_known_host


@pytest.fixture
def client() -> FlaskClient:
    app = create_api("test", "1", readiness=list)
    require_known_host(app, public_url="https://Owner.example:8443/x", listens_on="nas.home")
    return app.test_client()


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1:8300",
        "127.0.0.1",
        "[::1]:8300",
        "192.168.1.20:8300",
        "localhost:8300",
        "LOCALHOST",
        "owner-1.localhost:8300",
        "owner.example",
        "OWNER.example:8443",
        "nas.home:8300",
    ],
)
def test_addresses_localhost_and_configured_names_are_answered(client: FlaskClient, host: str) -> None:
    assert client.get("/healthz", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8300",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "notlocalhost",
        "owner.example.evil.example",
        "[::1",
        "127.0.0.1@evil.example",
    ],
)
def test_other_names_are_refused_with_the_remedy(client: FlaskClient, host: str) -> None:
    answer = client.get("/healthz", headers={"Host": host})
    assert answer.status_code in (400, 403)
    if answer.status_code == 403:
        assert "DELTAML_PUBLIC_URL" in answer.get_json()["detail"]
        assert "evil" not in answer.text


@pytest.mark.parametrize("host", ["", "[", "[::1", "a b", "a/b", "127.0.0.1:99999", "127.0.0.1:x", "x:0"])
def test_what_can_be_no_host_is_a_bad_request_at_every_service(host: str) -> None:
    anywhere = create_api("test", "1", readiness=list).test_client()
    assert anywhere.get("/healthz", headers={"Host": host}).status_code == 400


@pytest.mark.parametrize(("version", "status"), [("HTTP/1.1", 400), ("HTTP/1.0", 200)])
def test_only_a_request_of_old_may_leave_its_host_out(version: str, status: int) -> None:
    app = create_api("test", "1", readiness=list)
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/healthz", "SERVER_NAME": "127.0.0.1", "SERVER_PORT": "80"}
    environ |= {"SERVER_PROTOCOL": version, "wsgi.url_scheme": "http"}
    answer = run_wsgi_app(app, {**environ, "wsgi.input": io.BytesIO(), "wsgi.errors": io.StringIO()})
    assert answer[1].startswith(f"{status} ")
