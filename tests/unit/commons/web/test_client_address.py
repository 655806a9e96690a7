"""Whose request it is: the peer's, unless the peer is a proxy that the configuration names."""

from __future__ import annotations

from ipaddress import ip_network

import pytest
from flask import request

from commons.web.app import create_api
from commons.web.client_address import client_network

PROXIES = (ip_network("10.0.0.5"), ip_network("192.168.0.0/16"))


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("10.1.2.3", "10.1.2.3"),
        ("::ffff:10.1.2.3", "10.1.2.3"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("no address", "no address"),
    ],
)
def test_one_client_is_an_address_or_a_subscribers_network(address: str, network: str) -> None:
    assert client_network(address) == network


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("10.0.0.9", "1.2.3.4", "10.0.0.9"),
        ("10.0.0.5", "1.2.3.4", "1.2.3.4"),
        ("::ffff:10.0.0.5", "1.2.3.4", "1.2.3.4"),
        ("10.0.0.5", "9.9.9.9, 1.2.3.4", "1.2.3.4"),
        ("10.0.0.5", "1.2.3.4, 192.168.7.7", "1.2.3.4"),
        ("10.0.0.5", "192.168.7.7", "192.168.7.7"),
        ("10.0.0.5", " , ", "10.0.0.5"),
        ("10.0.0.5", None, "10.0.0.5"),
        ("10.0.0.5", "made up", "made up"),
    ],
)
def test_only_a_named_proxy_is_believed(peer: str, forwarded: str | None, client: str) -> None:
    app = create_api("test", "1", readiness=list, trusted_proxies=PROXIES)
    app.add_url_rule("/who", view_func=lambda: request.remote_addr or "")
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    answer = app.test_client().get("/who", headers=headers, environ_base={"REMOTE_ADDR": peer})
    assert answer.text == client


def test_without_named_proxies_nobody_is_believed() -> None:
    app = create_api("test", "1", readiness=list)
    app.add_url_rule("/who", view_func=lambda: request.remote_addr or "")
    answer = app.test_client().get("/who", headers={"X-Forwarded-For": "1.2.3.4"})
    assert answer.text == "127.0.0.1"
