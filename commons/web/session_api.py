"""Starting, showing and ending a session, and the guard in front of every other `/v1` route.

A program gets a token and sends it as `Authorization: Bearer …`; a browser gets a cookie, and sends `X-CSRF-Token` with
whatever changes something (`commons.web.browser_session`).
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Literal

from flask import Flask, Response, g, request
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel, Field, RootModel

from commons.errors import NotAuthenticated
from commons.messages import FrozenModel
from commons.web.app import BEARER, SIGN_IN_CONTENT_LENGTH, allow_body, json_response
from commons.web.authentication import SESSION_LIFETIME_S, Authenticator
from commons.web.browser_session import SAFE_METHODS, SessionCookie, check_csrf, csrf_token
from commons.web.rate_limit import RateLimit, public_limit

SIGN_INS_PER_S = 1
SIGN_IN_BURST = 30
_PREFIX = "/v1"
_PATH = f"{_PREFIX}/session"
_WITHOUT_SESSION = {("POST", _PATH), ("GET", _PATH), ("HEAD", _PATH)}


class Credentials(FrozenModel):
    """Who signs in, and whether as a program, which gets a token, or as a browser, which gets a cookie."""

    user: str = Field(min_length=1, max_length=100)
    password: str = Field(min_length=1, max_length=1000, json_schema_extra={"format": "password"})
    kind: Literal["token", "browser"] = "token"


class SessionToken(BaseModel):
    """What every other request carries as `Authorization: Bearer …`, and until when (Unix seconds)."""

    token: str
    expires_at: float


class BrowserSession(BaseModel):
    """Who is signed in, what `X-CSRF-Token` must say, and until when (Unix seconds); all null when nobody is."""

    user: str | None = None
    csrf_token: str | None = None
    expires_at: float | None = None


class NewSession(RootModel[SessionToken | BrowserSession]):
    """A token for a program; for a browser, whose token is in a cookie, the rest."""


def session_blueprint(
    authenticator: Authenticator, *, public_url: str | None = None, limit: RateLimit | None = None
) -> APIBlueprint:
    """The routes that start, show and end a session.

    Args:
        authenticator: of the service.
        public_url: as for `SessionCookie`.
        limit: how often a client may try to sign in; by default `SIGN_INS_PER_S`.
    """
    blueprint = APIBlueprint("session", __name__, url_prefix=_PREFIX, abp_tags=[Tag(name="session")])
    cookie = SessionCookie(public_url)
    sign_ins = limit or RateLimit(per_s=SIGN_INS_PER_S, burst=SIGN_IN_BURST)

    @blueprint.before_request
    def bound_body() -> None:
        allow_body(SIGN_IN_CONTENT_LENGTH)

    @blueprint.post("/session", responses={HTTPStatus.OK: NewSession})
    def sign_in(body: Credentials) -> Response:
        """Sign in with name and password.

        With `"kind": "browser"` the answer is a `BrowserSession`, and the token is in a cookie.
        """
        cookie.refuse_other_sites(request)
        sign_ins.take_for_request()
        signed_in = authenticator.sign_in(body.user, body.password)
        if body.kind == "token":
            return json_response(SessionToken(token=signed_in.token, expires_at=signed_in.expires_at))
        if (replaced := cookie.token(request)) is not None:
            authenticator.sign_out(replaced)
        session = BrowserSession(
            user=body.user, csrf_token=csrf_token(signed_in.token), expires_at=signed_in.expires_at
        )
        response = json_response(session)
        cookie.set(request, response, signed_in.token, lifetime_s=SESSION_LIFETIME_S)
        return response

    @blueprint.get("/session", responses={HTTPStatus.OK: BrowserSession})
    def show_session() -> Response:
        """Who is signed in; answers a browser that has no session too, with nulls."""
        token = _bearer_token() or cookie.token(request)
        try:
            opened = authenticator.session_of(token or "")
        except NotAuthenticated:
            return json_response(BrowserSession())
        csrf = None if _bearer_token() else csrf_token(token or "")
        return json_response(BrowserSession(user=opened.user, csrf_token=csrf, expires_at=opened.expires_at))

    @blueprint.delete("/session", responses={HTTPStatus.NO_CONTENT: None}, security=BEARER)
    def sign_out() -> Response:
        """End the session."""
        authenticator.sign_out(g.token)
        response = Response(status=HTTPStatus.NO_CONTENT)
        cookie.clear(request, response)
        return response

    return blueprint


def require_session(app: Flask, authenticator: Authenticator, *, public_url: str | None = None) -> None:
    """Refuse every request under `/v1` except signing in unless it carries a session, as a token or as a cookie.

    Bodies are not read before. Requests without a session are limited by address.
    """
    cookie = SessionCookie(public_url)
    limit = public_limit()

    def guard() -> None:
        if not request.path.startswith(f"{_PREFIX}/"):
            return
        if (request.method, request.path) in _WITHOUT_SESSION:
            limit.take_for_request()
            return
        try:
            g.user, g.token = _session(authenticator, cookie)
        except NotAuthenticated:
            limit.take_for_request()
            raise
        # Browsers never send a token by themselves, so a request that has one was meant.
        if _bearer_token() is None and request.method not in SAFE_METHODS:
            cookie.refuse_other_sites(request)
            check_csrf(request, g.token)

    app.before_request(guard)


def _session(authenticator: Authenticator, cookie: SessionCookie) -> tuple[str, str]:
    """User and token of the session that the request carries."""
    token = _bearer_token() or cookie.token(request)
    if token is None:
        raise NotAuthenticated(
            "sign in first: expected the header Authorization: Bearer TOKEN or the cookie that POST /v1/session gives"
        )
    return authenticator.session_of(token).user, token


def _bearer_token() -> str | None:
    header = request.headers.get("Authorization")
    if header is None:
        return None
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise NotAuthenticated("expected the header Authorization: Bearer TOKEN; POST /v1/session gives a token")
    return token.strip()
