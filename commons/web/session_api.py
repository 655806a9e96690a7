"""`POST /v1/session`, `DELETE /v1/session`, and the guard in front of every other `/v1` route."""

from __future__ import annotations

from http import HTTPStatus

from flask import Flask, Response, g, request
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel, Field

from commons.errors import NotAuthenticated
from commons.web.app import BEARER, json_response
from commons.web.authentication import Authenticator

_PREFIX = "/v1"
_SIGN_IN = ("POST", f"{_PREFIX}/session")


class Credentials(BaseModel):
    """Who signs in."""

    user: str = Field(min_length=1, max_length=100)
    password: str = Field(min_length=1, max_length=1000, json_schema_extra={"format": "password"})


class SessionToken(BaseModel):
    """What every other request carries as `Authorization: Bearer …`, and until when (Unix seconds)."""

    token: str
    expires_at: float


def session_blueprint(authenticator: Authenticator) -> APIBlueprint:
    """The routes that start and end a session."""
    blueprint = APIBlueprint("session", __name__, url_prefix=_PREFIX, abp_tags=[Tag(name="session")])

    @blueprint.post("/session", responses={HTTPStatus.OK: SessionToken})
    def sign_in(body: Credentials) -> Response:
        """Sign in with name and password."""
        signed_in = authenticator.sign_in(body.user, body.password)
        return json_response(SessionToken(token=signed_in.token, expires_at=signed_in.expires_at))

    @blueprint.delete("/session", responses={HTTPStatus.NO_CONTENT: None}, security=BEARER)
    def sign_out() -> tuple[str, HTTPStatus]:
        """End the session."""
        authenticator.sign_out(_bearer_token())
        return "", HTTPStatus.NO_CONTENT

    return blueprint


def require_session(app: Flask, authenticator: Authenticator) -> None:
    """Refuse every request under `/v1` except signing in unless it carries the token of a session."""

    def guard() -> None:
        if request.path.startswith(f"{_PREFIX}/") and (request.method, request.path) != _SIGN_IN:
            g.user = authenticator.user_of(_bearer_token())

    app.before_request(guard)


def _bearer_token() -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise NotAuthenticated("expected the header Authorization: Bearer TOKEN; POST /v1/session gives a token")
    return token.strip()
