"""What every service's app has: health, documentation, headers, request ids, a log without secrets."""

from __future__ import annotations

import json
import logging
import re
import threading
from collections.abc import Iterator

import pytest
import structlog
from flask import Response
from flask.testing import FlaskClient
from structlog.testing import capture_logs

from commons.web import app as web_app
from commons.web.app import PAGES_BURST, create_api, live_response
from commons.web.json_logging import configure_logging
from commons.web.readiness import Readiness, ReadinessCheck


@pytest.fixture
def checks() -> list[ReadinessCheck]:
    return [ReadinessCheck("database", ok=True)]


@pytest.fixture
def client(checks: list[ReadinessCheck]) -> FlaskClient:
    app = create_api("test service", "1.2", readiness=lambda: checks)

    @app.get("/v1/things")
    def things() -> dict[str, int]:
        return {"things": 1}

    @app.get("/v1/live")
    def live() -> Response:
        return live_response(Readiness.of(checks))

    return app.test_client()


@pytest.fixture
def logging_restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()


def test_health_names_service_and_version(client: FlaskClient) -> None:
    assert client.get("/healthz").get_json() == {"status": "ok", "service": "test service", "version": "1.2"}


def test_readiness_follows_the_checks(client: FlaskClient, checks: list[ReadinessCheck]) -> None:
    assert client.get("/readyz").status_code == 200
    checks.append(ReadinessCheck("chain", ok=False, detail="no node answers at http://node.internal:8545"))
    with capture_logs() as logged:
        answer = client.get("/readyz")
    assert answer.status_code == 503
    # Anybody may ask, so the reason is for the log.
    assert answer.get_json()["checks"][1] == {"name": "chain", "ok": False, "detail": ""}
    reasons = [entry["reason"] for entry in logged if entry["event"] == "not_ready"]
    assert reasons == ["no node answers at http://node.internal:8545"]


def test_the_document_lists_routes_and_the_form_of_errors(client: FlaskClient) -> None:
    document = client.get("/openapi/openapi.json").get_json()
    responses = document["paths"]["/v1/things"]["get"]["responses"]
    assert responses["default"]["content"]["application/problem+json"]["schema"]["$ref"].endswith("/Problem")
    assert "422" not in responses
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"


def test_the_documentation_can_be_browsed_and_alone_may_use_inline_scripts(client: FlaskClient) -> None:
    page = client.get("/openapi/swagger")
    assert page.status_code == 200
    assert "swagger" in page.text
    assert "script-src 'self' 'unsafe-inline'" in page.headers["Content-Security-Policy"]
    for path in ("/v1/things", "/healthz", "/nowhere"):
        assert "unsafe" not in client.get(path).headers["Content-Security-Policy"]


def test_every_answer_has_the_security_headers(client: FlaskClient) -> None:
    for path in ("/v1/things", "/nowhere"):
        headers = client.get(path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Referrer-Policy"] == "no-referrer"
    assert client.get("/v1/things").headers["Cache-Control"] == "no-store"


def test_a_live_answer_is_sent_again_only_when_it_has_changed(
    client: FlaskClient, checks: list[ReadinessCheck]
) -> None:
    first = client.get("/v1/live")
    assert first.headers["Cache-Control"] == "private, no-cache"
    assert {"Cookie", "Authorization"} <= set(first.headers["Vary"].split(", "))
    headers = {"If-None-Match": first.headers["ETag"]}
    unchanged = client.get("/v1/live", headers=headers)
    assert (unchanged.status_code, unchanged.data) == (304, b"")
    checks.append(ReadinessCheck("chain", ok=False))
    changed = client.get("/v1/live", headers=headers)
    assert (changed.status_code, changed.get_json()["ready"]) == (200, False)
    assert changed.headers["ETag"] != first.headers["ETag"]


@pytest.mark.parametrize("given", ["", "a b", "x" * 65, 'a"b'])
def test_a_request_id_that_could_forge_a_log_line_is_replaced(client: FlaskClient, given: str) -> None:
    assert re.fullmatch(
        r"[0-9a-f]{16}", client.get("/healthz", headers={"X-Request-ID": given}).headers["X-Request-ID"]
    )


def test_the_log_is_json_and_shows_neither_query_nor_token(
    client: FlaskClient, logging_restored: None, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging("test")
    client.get("/v1/things?password=geheim", headers={"Authorization": "Bearer geheim", "X-Request-ID": "r1"})
    logging.getLogger("some.library").warning("hello %s", "there")
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    access = next(line for line in lines if line["event"] == "request")
    assert (access["path"], access["status"], access["request_id"]) == ("/v1/things", 200, "r1")
    assert access["service"] == "test"
    assert any(line["event"] == "hello there" for line in lines)
    assert "geheim" not in json.dumps(lines)


def test_while_somebody_looks_after_readiness_others_are_told_what_was_found_last() -> None:
    looking, go_on = threading.Event(), threading.Event()
    go_on.set()
    looks = []

    def look() -> list[ReadinessCheck]:
        looks.append(1)
        looking.set()
        assert go_on.wait(10)
        return [ReadinessCheck("chain", ok=True)]

    app = create_api("test", "1", readiness=look)
    assert app.test_client().get("/readyz").status_code == 200
    looking.clear()
    go_on.clear()
    slow = threading.Thread(target=lambda: app.test_client().get("/readyz"))
    slow.start()
    assert looking.wait(10)
    assert [app.test_client().get("/readyz").status_code for _ in range(5)] == [200] * 5
    go_on.set()
    slow.join(10)
    assert len(looks) == 2


def test_pages_are_given_at_a_rate_and_health_always(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web_app, "PAGES_PER_S", 0.001)
    client = create_api("test", "1", readiness=list).test_client()
    answers = [client.get("/openapi/openapi.json") for _ in range(PAGES_BURST + 1)]
    assert (answers[0].status_code, answers[-1].status_code) == (200, 429)
    assert int(answers[-1].headers["Retry-After"]) >= 1
    assert {client.get("/healthz").status_code for _ in range(5)} == {200}
    other = client.get("/openapi/openapi.json", environ_base={"REMOTE_ADDR": "10.0.0.9"})
    assert other.status_code == 200
