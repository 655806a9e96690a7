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
from commons.protocol.training_job import FrozenModel
from commons.web.app import BEARER, json_response
from commons.web.authentication import SESSION_LIFETIME_S, Authenticator
from commons.web.browser_session import SAFE_METHODS, SessionCookie, check_csrf, csrf_token

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


def session_blueprint(authenticator: Authenticator, *, public_url: str | None = None) -> APIBlueprint:
    """The routes that start, show and end a session; `public_url` as for `SessionCookie`."""
    blueprint = APIBlueprint("session", __name__, url_prefix=_PREFIX, abp_tags=[Tag(name="session")])
    cookie = SessionCookie(public_url)

    @blueprint.post("/session", responses={HTTPStatus.OK: NewSession})
    def sign_in(body: Credentials) -> Response:
        """Sign in with name and password.

        With `"kind": "browser"` the answer is a `BrowserSession`, and the token is in a cookie.
        """
        cookie.refuse_other_sites(request)
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
    """Refuse every request under `/v1` except signing in unless it carries a session, as a token or as a cookie."""
    cookie = SessionCookie(public_url)

    def guard() -> None:
        if not request.path.startswith(f"{_PREFIX}/") or (request.method, request.path) in _WITHOUT_SESSION:
            return
        token = bearer = _bearer_token()
        if bearer is None:
            token = cookie.token(request)
        if token is None:
            raise NotAuthenticated(
                "sign in first: expected the header Authorization: Bearer TOKEN or the cookie that POST /v1/session gives"
            )
        g.user, g.token = authenticator.session_of(token).user, token
        # Browsers never send a token by themselves, so a request that has one was meant.
        if bearer is None and request.method not in SAFE_METHODS:
            cookie.refuse_other_sites(request)
            check_csrf(request, token)

    app.before_request(guard)


def _bearer_token() -> str | None:
    header = request.headers.get("Authorization")
    if header is None:
        return None
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise NotAuthenticated("expected the header Authorization: Bearer TOKEN; POST /v1/session gives a token")
    return token.strip()
