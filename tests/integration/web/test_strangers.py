"""What somebody without an account can do to each service: nothing that keeps it from answering others within a second."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest
import requests

from tests.doubles.rude_clients import Health, RunningService, statuses

pytestmark = pytest.mark.integration

MANY = 200
MOST_GROWTH_MIB = 150
JSON = "Content-Type: application/json"
CHUNKED = "Transfer-Encoding: chunked"
CLOSE = "Connection: close"
SIGN_IN = {"owner": "/v1/session", "buyer": "/v1/session", "aggregator": "/v1/sign-in"}


@dataclass(frozen=True)
class Door:
    """A service, where one signs in there, and how much memory it had before anybody was rude to it."""

    service: RunningService
    sign_in: str
    memory_mib: float

    @property
    def url(self) -> str:
        return self.service.url


@pytest.fixture(scope="module", params=list(SIGN_IN))
def door(request: pytest.FixtureRequest, start_service: Callable[[str], RunningService]) -> Door:
    service = start_service(request.param)
    # What is loaded and cached by the first requests is no growth.
    for path in ("/healthz", "/readyz", "/openapi/openapi.json", "/"):
        requests.get(service.url + path, timeout=10)
    requests.post(service.url + SIGN_IN[request.param], json={"user": "x", "password": "y"}, timeout=10)
    return Door(service, SIGN_IN[request.param], service.memory_mib())


def test_connections_that_send_nothing_hold_nobody_up(door: Door) -> None:
    with door.service.crowd(MANY, b""), Health([door.url]) as health:
        health.watch(1.5)


def test_half_a_head_holds_nobody_up(door: Door) -> None:
    with door.service.crowd(MANY, door.service.head("GET /healthz")[:-2]) as held, Health([door.url]) as health:
        health.watch(1)
        for connection in held:
            connection.send(b"a")
        health.watch(1)


@pytest.mark.parametrize(
    ("framing", "body"),
    [("Content-Length: 100", b'{"a'), ("Content-Length: 1000000", b'{"a'), (CHUNKED, b'5\r\n{"a')],
)
def test_half_a_body_holds_nobody_up(door: Door, framing: str, body: bytes) -> None:
    data = door.service.head(f"POST {door.sign_in}", JSON, framing) + body
    with door.service.crowd(MANY, data), Health([door.url]) as health:
        health.watch(2)


def test_answers_that_nobody_takes_hold_nobody_up(door: Door) -> None:
    asked = door.service.head("GET /openapi/openapi.json")
    # On one connection each: the second answer waits until the first is taken.
    with door.service.crowd(60, asked * 40, receive_buffer=1024), Health([door.url]) as health:
        health.watch(2)


def test_a_huge_sign_in_is_refused_unread(door: Door) -> None:
    body = b'{"message":[' + b"{}," * (20 * 2**20) + b'{}],"signature":"0x"}'
    assert len(body) > 60 * 2**20
    for _ in range(2):
        started = time.monotonic()
        answer = requests.post(
            door.url + door.sign_in, data=body, headers={"Content-Type": "application/json"}, timeout=30
        )
        assert answer.status_code == 413
        assert str(16 * 2**10) in answer.json()["detail"]
        assert time.monotonic() - started < 3
    assert door.service.memory_mib() - door.memory_mib < MOST_GROWTH_MIB


@pytest.mark.parametrize("depth", [100, 990, 1500, 5000])
@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_json_nested_too_deeply_is_unprocessable(door: Door, depth: int, opening: str) -> None:
    answer = requests.post(
        door.url + door.sign_in, data=opening * depth, headers={"Content-Type": "application/json"}, timeout=10
    )
    assert answer.status_code in (422, 413)
    if answer.status_code == 413:
        assert depth * len(opening) > 16 * 2**10


@pytest.mark.parametrize(
    "name", ["a" * 253 + ".js", "a" * 5000, "a" * 200 + "/" + "b" * 300 + ".css", "%00.js", "%ff.js"]
)
def test_a_page_that_cannot_be_a_file_is_not_found(door: Door, name: str) -> None:
    assert requests.get(f"{door.url}/{name}", timeout=10).status_code in (404, 414)


@pytest.mark.parametrize("rest", [b"zz\r\n\r\n", b"2\r\n{}\r\n0\r\nTrailer: a\r\n\r\n", b"2\r\n{}zz\r\n"])
def test_a_body_in_broken_chunks_is_a_bad_request(door: Door, rest: bytes) -> None:
    answer = door.service.exchange(door.service.head(f"POST {door.sign_in}", JSON, CHUNKED, CLOSE) + rest)
    assert statuses(answer) == [400]


def test_a_request_of_today_names_its_host(door: Door) -> None:
    assert statuses(door.service.exchange(b"GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n")) == [400]
    assert b"HTTP/1.0 200 " in door.service.exchange(b"GET /healthz HTTP/1.0\r\n\r\n")


@pytest.mark.parametrize(
    "host", ["", "[", "[::1", "127.0.0.1:99999", "127.0.0.1:x", "a b", "a/b", "\x7f", "é", ":", "@"]
)
def test_a_host_that_can_be_none_is_refused(door: Door, host: str) -> None:
    head = f"GET {door.sign_in} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    (status,) = statuses(door.service.exchange(head.encode("latin-1")))
    assert status in (400, 403)


@pytest.mark.parametrize("origin", ["http://[", "http://[::1", "null", "http://", "é", "http://evil.example"])
def test_no_origin_brings_the_service_down(door: Door, origin: str) -> None:
    body = b'{"user":"a","password":"b","kind":"browser"}'
    head = door.service.head(f"POST {door.sign_in}", JSON, f"Origin: {origin}", f"Content-Length: {len(body)}", CLOSE)
    (status,) = statuses(door.service.exchange(head + body))
    assert status == (422 if door.sign_in == "/v1/sign-in" else 403)


def test_pages_are_not_given_without_end(door: Door) -> None:
    with requests.Session() as session:
        for _ in range(1500):
            answer = session.get(f"{door.url}/openapi/openapi.json", timeout=10)
            if answer.status_code != 200:
                break
        assert session.get(f"{door.url}/healthz", timeout=10).status_code == 200
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) >= 1


def test_after_all_of_this_memory_is_about_what_it_was_and_nothing_crashed(door: Door) -> None:
    assert door.service.memory_mib() - door.memory_mib < MOST_GROWTH_MIB
    log = door.service.log_file.read_text()
    assert [line for line in log.splitlines() if "crashed" in line or "Traceback" in line] == []
