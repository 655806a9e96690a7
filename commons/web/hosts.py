"""Which names a service answers to: one that HTTP allows, and on somebody's own machine only its own.

A hostile page can have its own name point at 127.0.0.1 once a browser has loaded it ("DNS rebinding"), and then counts as
the local service's own page. Its requests still name the page's host, so those are refused. An address cannot be
pointed elsewhere, and `localhost` belongs to the machine.
"""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from flask import Flask, request
from werkzeug.exceptions import BadRequest

from commons.errors import NotAllowed


def require_host(app: Flask) -> None:
    """Refuse requests that do not say which host they are for, as HTTP/1.1 demands, or not in a form that can be one."""

    def guard() -> None:
        if "HTTP_HOST" not in request.environ:
            if request.environ.get("SERVER_PROTOCOL") == "HTTP/1.0":
                return
        elif request.host and _is_well_formed(request.host):
            return
        raise BadRequest("the request does not say which host it is for; send the header Host")

    app.before_request(guard)


def require_known_host(app: Flask, *, public_url: str | None, listens_on: str) -> None:
    """Refuse requests whose `Host` is neither an IP address nor localhost nor a name that the configuration has.

    Args:
        app: the service.
        public_url: the URL under which it is reached.
        listens_on: the configured address or name.
    """
    known = {"localhost", listens_on.lower(), (urlsplit(public_url or "").hostname or "localhost").lower()}

    def guard() -> None:
        name = _name(request.host)
        if name not in known and not name.endswith(".localhost") and not _is_address(name):
            raise NotAllowed(
                "this service does not answer to the host name of the request; "
                "use its address, or set DELTAML_PUBLIC_URL to the URL under which it is reached",
                field="Host",
            )

    app.before_request(guard)


def _name(host: str) -> str:
    try:
        return (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def _is_well_formed(host: str) -> bool:
    try:
        return urlsplit(f"//{host}").port != 0
    except ValueError:
        return False


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
