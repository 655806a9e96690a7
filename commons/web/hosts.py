"""Which names a service on somebody's own machine answers to.

A hostile page can have its own name point at 127.0.0.1 once a browser has loaded it ("DNS rebinding"), and then counts as
the local service's own page. Its requests still name the page's host, so those are refused. An address cannot be
pointed elsewhere, and `localhost` belongs to the machine.
"""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from flask import Flask, request

from commons.errors import NotAllowed


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


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
