"""The session of a browser: a cookie that scripts cannot read, and what keeps other sites from using it.

A browser sends a cookie along with every request to its host, whichever page makes it. So a request that changes something
counts only when it comes from a page of this service's own (`refuse_other_sites`) and carries a value that such a page
alone can know (`csrf_token`). The value is derived from the session's token, which needs no place to be kept and cannot
be turned back.

Cookies do not know ports: services beside each other on one machine would overwrite each other's, so the name has the port.
"""

from __future__ import annotations

import hashlib
import hmac
from urllib.parse import urlsplit

from flask import Request, Response

from commons.errors import NotAllowed

CSRF_HEADER = "X-CSRF-Token"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN_SITE = frozenset({"same-origin", "none"})


class CrossSiteRequest(NotAllowed):
    """A request with a browser's session that one of this service's own pages did not make."""

    code = "csrf_refused"


class SessionCookie:
    """The cookie that holds a session's token.

    Args:
        public_url: the URL that browsers use, where it is not the one that the requests name (behind a proxy).
    """

    def __init__(self, public_url: str | None) -> None:
        public = urlsplit(public_url or "")
        self._public_host = public.netloc.lower()
        self._public_is_secure = public.scheme == "https"

    def token(self, request: Request) -> str | None:
        """The token that a request carries."""
        return request.cookies.get(self._name(request)) or None

    def set(self, request: Request, response: Response, token: str, *, lifetime_s: int) -> None:
        """Have the browser keep `token`, for this host only and out of reach of scripts."""
        response.set_cookie(
            self._name(request),
            token,
            max_age=lifetime_s,
            path="/",
            secure=self._is_secure(request),
            httponly=True,
            samesite="Strict",
        )

    def clear(self, request: Request, response: Response) -> None:
        """Have the browser forget the token."""
        response.delete_cookie(
            self._name(request), path="/", secure=self._is_secure(request), httponly=True, samesite="Strict"
        )

    def refuse_other_sites(self, request: Request) -> None:
        """Raise `CrossSiteRequest` if the browser says that a page of another origin made the request."""
        site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
        own_hosts = {request.host.lower(), self._public_host} - {""}
        if (site is not None and site not in _OWN_SITE) or (origin is not None and _host_of(origin) not in own_hosts):
            raise CrossSiteRequest("the request comes from a page of another site; open this service's own page")

    def _is_secure(self, request: Request) -> bool:
        return self._public_is_secure or request.is_secure

    def _name(self, request: Request) -> str:
        port = urlsplit(f"//{request.host}").port or request.environ["SERVER_PORT"]
        # Browsers take a cookie of this prefix only from the host itself, over TLS.
        return f"{'__Host-' if self._is_secure(request) else ''}deltaml_session_{port}"


def _host_of(origin: str) -> str:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""


def csrf_token(token: str) -> str:
    """The value for `X-CSRF-Token` that belongs to the session of `token`."""
    return hmac.new(token.encode(), b"deltaml csrf", hashlib.sha256).hexdigest()


def check_csrf(request: Request, token: str) -> None:
    """Raise `CrossSiteRequest` unless the request carries the value that belongs to its session."""
    given = request.headers.get(CSRF_HEADER, "")
    if not hmac.compare_digest(given.encode(), csrf_token(token).encode()):
        raise CrossSiteRequest(f"{CSRF_HEADER}: missing or not this session's; GET /v1/session shows it")
