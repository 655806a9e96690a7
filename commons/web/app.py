"""The Flask app that every service starts from: OpenAPI, limits, security headers, request ids, health, error form."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from http import HTTPStatus

import structlog
from flask import Flask, Response, g, jsonify, request
from flask_openapi3.models.info import Info
from pydantic import BaseModel

from commons.web.client_address import take_addresses_from
from commons.web.configuration import Network
from commons.web.core_app import CoreApp
from commons.web.errors import register_error_handlers
from commons.web.hosts import require_host
from commons.web.rate_limit import RateLimit
from commons.web.readiness import OneLookAtATime, Readiness, ReadinessCheck

MAX_CONTENT_LENGTH = 2**20
"""Largest body in bytes of a request that is not allowed more."""
SIGN_IN_CONTENT_LENGTH = 16 * 2**10
"""Largest body in bytes of a request to sign in, which anybody may make."""
PAGES_PER_S = 30
PAGES_BURST = 120
"""How often a client may ask for pages and documentation; one page is half a dozen files."""
STRICT_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# The bundled Swagger page starts itself with an inline script and styles; it is served under /openapi only.
DOCS_CSP = (
    "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
)
BEARER: list[dict[str, list[str]]] = [{"bearer": []}]
"""`abp_security` of blueprints whose routes need a token."""

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
log = structlog.get_logger(__name__)


def create_api(
    name: str,
    version: str,
    *,
    readiness: Callable[[], list[ReadinessCheck]],
    description: str = "",
    max_content_length: int = MAX_CONTENT_LENGTH,
    trusted_proxies: Sequence[Network] = (),
    app: CoreApp | None = None,
) -> CoreApp:
    """Return a Flask app with `/healthz`, `/readyz`, `/openapi/openapi.json` and browsable documentation at `/openapi`.

    Args:
        name: of the service, for documentation and health answers.
        version: of the service.
        readiness: what the service needs, checked at each request of `/readyz`; its details go to the log only.
        description: opens the documentation.
        max_content_length: largest request body in bytes; `allow_body` allows more or less before a view.
        trusted_proxies: whose `X-Forwarded-For` says who the client is.
        app: the app to add them to, that of the service's database (`Database.app`); without one a new app.
    """
    app = app or CoreApp()
    app.info = Info(title=name, version=version, description=description)
    app.add_documentation()
    app.config["MAX_CONTENT_LENGTH"] = max_content_length
    app.before_request(_begin_request)
    require_host(app)
    _limit_pages(app)
    app.after_request(_end_request)
    take_addresses_from(app, trusted_proxies)
    register_error_handlers(app)
    _add_health(app, name, version, readiness)
    return app


def allow_body(max_bytes: int) -> None:
    """Have the body of the present request read up to this size; for what runs before a view, whose body is not read yet."""
    request.max_content_length = max_bytes


def json_response(model: BaseModel, status: HTTPStatus = HTTPStatus.OK) -> Response:
    """`model` as a JSON answer."""
    return Response(model.model_dump_json(), status=int(status), content_type="application/json")


def live_response(model: BaseModel) -> Response:
    """`model` as a JSON answer for somebody who asks again and again: unchanged, it is a 304 without a body.

    A browser may keep it, but has to ask each time whether it still holds.
    """
    response = json_response(model)
    response.headers["Cache-Control"] = "private, no-cache"
    response.vary.update(("Authorization", "Cookie"))
    response.add_etag()
    response.make_conditional(request)
    return response


def _add_health(app: Flask, name: str, version: str, readiness: Callable[[], list[ReadinessCheck]]) -> None:
    def healthz() -> Response:
        return jsonify(status="ok", service=name, version=version)

    look = OneLookAtATime(readiness)

    def readyz() -> tuple[Response, HTTPStatus]:
        checks = look()
        for check in checks:
            if not check.ok:
                log.warning("not_ready", check=check.name, reason=check.detail)
        # Anybody may ask, and reasons name hosts and files.
        found = Readiness.of([replace(check, detail="") for check in checks])
        return json_response(found), HTTPStatus.OK if found.ready else HTTPStatus.SERVICE_UNAVAILABLE

    app.add_url_rule("/healthz", view_func=healthz)
    app.add_url_rule("/readyz", view_func=readyz)


def _limit_pages(app: Flask) -> None:
    """What is not under `/v1` anybody may ask for, though not too often; services limit the rest where they look for sessions."""
    limit = RateLimit(per_s=PAGES_PER_S, burst=PAGES_BURST)

    def guard() -> None:
        # Whoever watches over the service must get its answer.
        if not request.path.startswith("/v1/") and request.path != "/healthz":
            limit.take_for_request()

    app.before_request(guard)


def _begin_request() -> None:
    given = request.headers.get("X-Request-ID", "")
    g.request_id = given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
    g.started_at = time.perf_counter()
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=g.request_id)


def _end_request(response: Response) -> Response:
    headers = response.headers
    headers["X-Request-ID"] = g.request_id
    if response.status_code == HTTPStatus.NO_CONTENT:
        # Nothing has no type; Flask takes it for HTML.
        headers.pop("Content-Type", None)
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Referrer-Policy"] = "no-referrer"
    headers["X-Frame-Options"] = "DENY"
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
    documentation = request.path == "/openapi" or request.path.startswith("/openapi/")
    headers["Content-Security-Policy"] = DOCS_CSP if documentation else STRICT_CSP
    if request.path.startswith("/v1/"):
        headers.setdefault("Cache-Control", "no-store")
    log.info(
        "request",
        method=request.method,
        path=request.path,
        status=response.status_code,
        duration_ms=round((time.perf_counter() - g.started_at) * 1000, 1),
    )
    return response
