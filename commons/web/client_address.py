"""Who is asking, for limits that are counted by address.

Behind a proxy every request comes from the proxy. It says for whom in `X-Forwarded-For`, which anybody else can write too, so
that counts only from proxies that the configuration names.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from flask import Flask

from commons.web.configuration import Network

SUBSCRIBER_PREFIX = 64
"""An IPv6 subscriber has this many leading bits of an address, and all that begin with them."""


def client_network(address: str) -> str:
    """What counts as one client: an IPv4 address, or the network that an IPv6 subscriber has to itself."""
    parsed = _parsed(address)
    if parsed is None:
        return address
    if parsed.version == 4:
        return str(parsed)
    return str(ipaddress.ip_network((parsed, SUBSCRIBER_PREFIX), strict=False))


def take_addresses_from(app: Flask, proxies: Sequence[Network]) -> None:
    """Make `request.remote_addr` the client's address also where the request comes through these proxies."""
    if not proxies:
        return
    inner = app.wsgi_app

    def outer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        environ["REMOTE_ADDR"] = _client(environ.get("REMOTE_ADDR", ""), environ.get("HTTP_X_FORWARDED_FOR"), proxies)
        return inner(environ, start_response)

    app.wsgi_app = outer  # type: ignore[method-assign]


def _client(peer: str, forwarded: str | None, proxies: Sequence[Network]) -> str:
    """The last address that no named proxy has, going back from the peer."""
    address = peer
    for hop in reversed([part.strip() for part in (forwarded or "").split(",") if part.strip()]):
        if not _is_in(address, proxies):
            break
        address = hop
    return address


def _is_in(address: str, networks: Sequence[Network]) -> bool:
    parsed = _parsed(address)
    return parsed is not None and any(parsed in network for network in networks)


def _parsed(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return None
    # How a socket for both kinds shows the older one.
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return parsed if mapped is None else mapped
