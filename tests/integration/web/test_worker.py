"""The worker in a process of its own, with short times and few connections: framing, times, and who has to go."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Iterator

import pytest
import requests

from tests.doubles.rude_clients import Health, RunningService, read_to_end, statuses

pytestmark = pytest.mark.integration

PROGRAM = """
import sys
from pathlib import Path
from flask import request
from commons.web.app import create_api
from commons.web.json_logging import configure_logging
from commons.web.server import serve
from commons.web.serving import connection_table, transfers, worker
from commons.web.serving.connection_table import Phase

connection_table.LIMIT_S.update({Phase.FRESH: 1.0, Phase.READING: 1.0, Phase.IDLE: 3.0, Phase.LINGERING: 1.0})
transfers.START_S, transfers.PATIENCE_S = 1.0, 0.2
worker.MOST_CONNECTIONS, worker.MOST_OF_ONE_CLIENT = 60, 50
large = b"x" * 8 * 2**20

def app():
    app = create_api("test", "1", readiness=list, max_content_length=2**20)
    app.add_url_rule("/echo", "echo", view_func=lambda: request.get_data(), methods=["POST"])
    app.add_url_rule("/ignore", "ignore", view_func=lambda: "ignored", methods=["POST"])
    app.add_url_rule("/large", "large", view_func=lambda: large)
    return app

configure_logging("test")
sys.exit(serve(app, host="127.0.0.1", port=0, threads=8, ready_file=Path(sys.argv[2])))
"""
CHUNKED = "Transfer-Encoding: chunked"
CLOSE = "Connection: close"
MANY = 40


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    service = RunningService(PROGRAM, tmp_path_factory.mktemp("worker"))
    yield service
    service.stop()


# -- framing


def test_requests_on_one_connection_are_answered_in_order(service: RunningService) -> None:
    first = service.head("POST /echo", "Content-Length: 5") + b"first"
    second = service.head("POST /echo", CHUNKED) + b"6\r\nsecond\r\n0\r\n\r\n"
    ignored = service.head("POST /ignore", "Content-Length: 7") + b"nothing"
    last = service.head("GET /healthz", CLOSE)
    answers = service.exchange(first + second + ignored + last)
    assert statuses(answers) == [200, 200, 200, 200]
    assert [part in answers for part in (b"first", b"second", b"ignored", b'"ok"')] == [True] * 4


def test_a_request_may_come_in_single_bytes(service: RunningService) -> None:
    data = service.head("POST /echo", "Content-Length: 3", CLOSE) + b"abc"
    with contextlib.closing(service.connect()) as connection:
        for byte in data:
            connection.send(bytes([byte]))
        answer = read_to_end(connection, 5)
    assert statuses(answer) == [200]
    assert answer.endswith(b"abc")


def test_large_bodies_are_taken_as_far_as_they_are_allowed(service: RunningService) -> None:
    body = b"y" * 1_000_000
    assert requests.post(f"{service.url}/echo", data=body, timeout=10).content == body
    chunks = (body[at : at + 70_000] for at in range(0, len(body), 70_000))
    assert requests.post(f"{service.url}/echo", data=chunks, timeout=10).content == body
    # What is not read is thrown away, so that the answer arrives.
    assert requests.post(f"{service.url}/echo", data=body * 20, timeout=10).status_code == 413


@pytest.mark.parametrize(
    "rest", [b"zz\r\n", b"-1\r\n", b"\r\n", b"2\r\n{}0\r\n\r\n", b"2\r\n{}\r\n0\r\nTrailer: a\r\n\r\n"]
)
def test_after_a_body_that_is_not_framed_well_nothing_more_is_taken_from_the_connection(
    service: RunningService, rest: bytes
) -> None:
    smuggled = service.head("GET /healthz")
    answers = service.exchange(service.head("POST /echo", CHUNKED) + rest + smuggled)
    assert statuses(answers) == [400]


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (["Content-Length: 3", CHUNKED], b"0\r\n\r\n"),
        (["Content-Length: 3", "Content-Length: 4"], b"abc"),
        (["Content-Length: 3, 4"], b"abc"),
        (["Content-Length: +3"], b"abc"),
        (["Content-Length : 3"], b"abc"),
        (["Transfer-Encoding: chunked, chunked"], b"0\r\n\r\n"),
        (["Transfer-Encoding: identity"], b"abc"),
        ([" folded: yes"], b""),
        (["A: b\x00c"], b""),
        (["A: b\nSmuggled: yes"], b""),
        (["Host: elsewhere"], b""),
    ],
)
def test_a_head_that_can_be_read_in_two_ways_is_refused_once(
    service: RunningService, headers: list[str], body: bytes
) -> None:
    smuggled = service.head("GET /healthz")
    assert statuses(service.exchange(service.head("POST /echo", *headers) + body + smuggled)) == [400]


def test_the_body_that_a_client_withholds_is_asked_for_when_the_app_wants_it(service: RunningService) -> None:
    for size in (5, 500_000):
        head = service.head("POST /echo", "Expect: 100-continue", f"Content-Length: {size}", CLOSE)
        with contextlib.closing(service.connect(head)) as connection:
            assert connection.recv(100).startswith(b"HTTP/1.1 100 ")
            connection.sendall(b"b" * size)
            assert statuses(read_to_end(connection, 5)) == [200]
    unwanted = service.head("POST /ignore", "Expect: 100-continue", "Content-Length: 500000")
    assert statuses(service.exchange(unwanted)) == [200]


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"GET /" + b"a" * 5000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 9000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: a\r\n" * 200 + b"\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 60_000, 431),
        (b"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gopher\r\n\r\n", 501),
        (b"GET / HTTP/1.1\r\nHost: x\r\nExpect: the worst\r\n\r\n", 417),
        (b"GET / HTTP/9.9\r\nHost: x\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
        (b"GET / HTTP/1.1\nHost: x\n\n", 400),
        (b"\r\n\r\n", 400),
    ],
)
def test_what_is_no_request_gets_a_problem_and_the_end(service: RunningService, data: bytes, status: int) -> None:
    answer = service.exchange(data, within_s=3)
    assert statuses(answer) == [status]
    assert b"application/problem+json" in answer


def test_nobody_says_where_the_app_begins(service: RunningService) -> None:
    answer = service.exchange(service.head("GET /healthz", "SCRIPT_NAME: /x", "PATH_INFO: /y", CLOSE))
    assert statuses(answer) == [200]


# -- times


@pytest.mark.parametrize("sent", [b"", b"G", b"GET /healthz HTTP/1.1\r\nHost: x\r\nA: "])
def test_a_request_that_does_not_come_ends_in_time(service: RunningService, sent: bytes) -> None:
    started = time.monotonic()
    answer = service.exchange(sent, within_s=4)
    assert statuses(answer) == ([408] if sent else [])
    assert 0.5 < time.monotonic() - started < 4


def test_a_byte_now_and_then_does_not_buy_time(service: RunningService) -> None:
    with contextlib.closing(service.connect(b"GET /healthz HTTP/1.1\r\nHost: x\r\nA: ")) as connection:
        started = time.monotonic()
        with contextlib.suppress(OSError):
            while time.monotonic() - started < 6:
                connection.send(b"a")
                time.sleep(0.1)
        assert time.monotonic() - started < 4


@pytest.mark.parametrize("headers", [["Content-Length: 100"], ["Content-Length: 500000"], [CHUNKED]])
def test_a_body_that_does_not_come_ends_in_time(service: RunningService, headers: list[str]) -> None:
    started = time.monotonic()
    assert statuses(service.exchange(service.head("POST /echo", *headers) + b"5\r\nab", within_s=5)) == [408]
    assert time.monotonic() - started < 4


def test_an_answer_that_is_not_taken_ends_in_time(service: RunningService) -> None:
    with contextlib.closing(service.connect(service.head("GET /large"), receive_buffer=4096)) as connection:
        time.sleep(2.5)
        with contextlib.suppress(ConnectionResetError):
            assert len(read_to_end(connection, 10)) < 8 * 2**20


def test_an_idle_connection_is_kept_for_a_while_and_then_closed(service: RunningService) -> None:
    with contextlib.closing(service.connect()) as connection:
        for pause_s in (1.5, 0):
            connection.sendall(service.head("GET /healthz"))
            answer = b""
            while not answer.endswith(b"}\n"):
                answer += connection.recv(4096)
            assert statuses(answer) == [200]
            time.sleep(pause_s)
        started = time.monotonic()
        assert read_to_end(connection, 8) == b""
        assert time.monotonic() - started > 1


# -- many


@pytest.mark.parametrize(
    ("line", "headers", "body"),
    [
        ("GET /healthz", ["A: "], None),
        ("POST /echo", ["Content-Length: 100"], b"x"),
        ("POST /echo", ["Content-Length: 500000"], b"x"),
        ("POST /echo", [CHUNKED], b"5\r\nab"),
    ],
)
def test_slow_senders_hold_nobody_up(
    service: RunningService, line: str, headers: list[str], body: bytes | None
) -> None:
    data = service.head(line, *headers)
    data = data[: -len(b"\r\n\r\n")] if body is None else data + body
    with service.crowd(MANY, data), Health([service.url]) as health:
        health.watch(1.5)


def test_slow_readers_hold_nobody_up(service: RunningService) -> None:
    with service.crowd(MANY, service.head("GET /large"), receive_buffer=4096), Health([service.url]) as health:
        health.watch(1.5)


def test_a_newcomer_takes_the_place_of_the_slowest(service: RunningService) -> None:
    with service.crowd(49, service.head("GET /healthz")[:-2]) as slow:
        kept = requests.Session()
        assert kept.get(f"{service.url}/healthz", timeout=5).status_code == 200
        for _ in range(5):
            assert statuses(service.exchange(service.head("GET /healthz", CLOSE))) == [200]
        assert kept.get(f"{service.url}/healthz", timeout=5).status_code == 200
        assert sum(map(is_open, slow)) < len(slow)
    time.sleep(1.2)
    assert requests.get(f"{service.url}/healthz", timeout=5).status_code == 200


def is_open(connection: socket.socket) -> bool:
    connection.settimeout(0.01)
    try:
        return connection.recv(1) != b""
    except TimeoutError:
        return True
    except OSError:
        return False


def test_the_log_of_all_this_has_no_crash(service: RunningService) -> None:
    lines = service.log_file.read_text().splitlines()
    assert [line for line in lines if "crashed" in line or "connection_failed" in line or "Traceback" in line] == []
