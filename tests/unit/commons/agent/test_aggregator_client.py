"""The client against a real HTTP server on loopback that behaves like the aggregator's API."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from eth_account import Account
from flask import Flask, Response, jsonify, request
from siwe import SiweMessage
from werkzeug.serving import make_server

from commons.agent.aggregator_client import Acceptance, AggregatorClient, Answer
from commons.agent.http_service import checked_service_url
from commons.computations.linear_regression.messages import VerifyResult
from commons.errors import (
    Conflict,
    InvalidInput,
    NotAuthenticated,
    NotFound,
    ProtocolViolation,
    ServiceUnavailable,
)

ACCOUNT = Account.from_key("0x" + "22" * 32)
CHAIN_ID = 1337


@dataclass
class Board:
    """What the server was asked, and how it is to behave."""

    url: str = ""
    seen: list[tuple[str, str, Any]] = field(default_factory=list)
    valid_tokens: set[str] = field(default_factory=set)
    sign_ins: int = 0
    lifetime_s: float = 3600
    nonces: set[str] = field(default_factory=set)
    refuse: bool = False
    versions: dict[str, str] = field(default_factory=lambda: {"7": "a1", "8": "b2"})


def aggregator_app(board: Board) -> Flask:
    app = Flask("aggregator")

    @app.get("/v1/status")
    def status() -> Any:
        return {"chain_id": CHAIN_ID, "contract_address": "0xc", "aggregator_address": "0xa", "version": "1"}

    @app.post("/v1/sign-in/nonce")
    def nonce() -> Any:
        board.nonces.add(f"nonce{len(board.nonces):08d}")
        return {"nonce": max(board.nonces)}

    @app.post("/v1/sign-in")
    def sign_in() -> Any:
        body = request.get_json()
        message = SiweMessage.from_message(body["message"])
        message.verify(body["signature"], domain=board.url.removeprefix("http://"), nonce=max(board.nonces))
        assert message.chain_id == CHAIN_ID
        board.nonces.discard(message.nonce)
        board.sign_ins += 1
        token = f"token{board.sign_ins}"
        if not board.refuse:
            board.valid_tokens.add(token)
        return {"token": token, "expires_at": 1000 + board.lifetime_s, "address": message.address}

    @app.route("/v1/<path:path>", methods=["GET", "PUT", "POST", "DELETE"])
    def anything(path: str) -> Any:
        if (path != "participants/me" and request.method != "GET") or path == "tasks":
            token = request.headers.get("Authorization", "").removeprefix("Bearer ")
            if token not in board.valid_tokens:
                return problem(401, "not_authenticated", "the token is unknown")
        board.seen.append((request.method, "/v1/" + path, request.get_json(silent=True)))
        return special(path)

    def special(path: str) -> Any:
        answers: dict[str, Any] = {
            "jobs/7": {"job_id": 7, "state": "running"},
            "jobs": {"jobs": [{"job_id": int(number)} for number in request.args.getlist("job_id")]},
            "jobs/versions": {"versions": board.versions},
            "tasks": {"tasks": [{"task_id": "t/1", "deadline": 5, "task": {"kind": "x"}}]},
            "tasks/t%2F1/result": {"outcome": "accepted"},
            "tasks/t/1/result": {"outcome": "accepted"},
            "datasets": {"datasets": [{"dataset_id": f"d{request.args.get('offset')}"}], "total": 3},
            "jobs/11": [1],
        }
        if path == "jobs/8":
            return problem(404, "not_found", "job 8 is not known here")
        if path == "jobs/9":
            return Response("<html>gateway</html>", 200, content_type="text/html")
        if path == "jobs/10":
            return Response(status=302, headers={"Location": board.url + "/v1/jobs/7"})
        return jsonify(answers.get(path, {}))

    return app


def problem(status: int, code: str, detail: str) -> Response:
    response = jsonify(
        type="about:blank", title="x", status=status, code=code, detail=detail, fields={}, request_id="r"
    )
    response.status_code = status
    return response


@pytest.fixture
def board() -> Iterator[Board]:
    board = Board()
    server = make_server("127.0.0.1", 0, aggregator_app(board), threaded=True)
    board.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield board
    server.shutdown()
    thread.join()
    server.server_close()


def make_client(board: Board, **options: Any) -> AggregatorClient:
    options = {"chain_id": CHAIN_ID, "clock": lambda: 1000.0, **options}
    return AggregatorClient(board.url, ACCOUNT, name="Alice", kind="data_owner", **options)


def test_it_signs_in_once_and_registers_before_the_first_private_request(board: Board) -> None:
    client = make_client(board)
    [task] = client.tasks(0)
    client.tasks(0)
    assert board.sign_ins == 1
    assert board.seen[0] == ("PUT", "/v1/participants/me", {"name": "Alice", "kind": "data_owner"})
    assert (task.task_id, task.deadline, task.body) == ("t/1", 5.0, {"kind": "x"})


def test_a_token_that_the_aggregator_forgot_is_renewed_and_the_request_repeated(board: Board) -> None:
    client = make_client(board)
    client.tasks(0)
    board.valid_tokens.clear()
    assert client.tasks(0)
    assert board.sign_ins == 2


def test_a_token_is_renewed_before_it_runs_out(board: Board) -> None:
    now = 1000.0
    client = make_client(board, clock=lambda: now)
    client.tasks(0)
    now += board.lifetime_s - 10
    client.tasks(0)
    assert board.sign_ins == 2


def test_a_refused_account_is_told_so_and_does_not_sign_in_for_ever(board: Board) -> None:
    board.refuse = True
    with pytest.raises(NotAuthenticated, match="token is unknown"):
        make_client(board).tasks(0)
    assert board.sign_ins == 1


def test_another_chain_is_refused_before_anything_is_signed(board: Board) -> None:
    with pytest.raises(Conflict, match="works on chain 1337, this service on chain 1"):
        make_client(board, chain_id=1).tasks(0)
    assert board.sign_ins == 0


def test_results_failures_and_acceptances_arrive_as_the_interface_says(board: Board) -> None:
    client = make_client(board)
    assert client.post_result("t/1", VerifyResult(accepted=True)) == Answer("accepted")
    client.post_failure("7", "no room")
    client.accept(
        7,
        Acceptance(
            row_count=88,
            facts={"growth": 1.0},
            roles=3,
            deadline=99,
            signature=b"\x01\x02",
            declaration_signature=b"\x03",
        ),
    )
    client.withdraw_acceptance(7)
    bodies = {path: body for _, path, body in board.seen}
    assert bodies["/v1/tasks/t/1/result"] == {
        "result": {"kind": "linear_regression/verify", "accepted": True, "reason": ""}
    }
    assert bodies["/v1/tasks/7/failure"] == {"reason": "no room"}
    accepted = next(body for method, path, body in board.seen if path == "/v1/jobs/7/acceptances")
    assert accepted == {
        "row_count": 88,
        "facts": {"growth": 1.0},
        "roles": 3,
        "deadline": 99,
        "signature": "0x0102",
        "declaration_signature": "0x03",
    }
    assert ("DELETE", "/v1/jobs/7/acceptances/me", None) in board.seen


def test_summaries_are_asked_for_by_number_once_their_versions_are_known(board: Board) -> None:
    client = make_client(board)
    assert client.job_versions() == {7: "a1", 8: "b2"}
    assert client.jobs([7, 8]) == [{"job_id": 7}, {"job_id": 8}]
    board.versions = {"seven": "a1"}
    with pytest.raises(ProtocolViolation, match="numbers jobs with something else than numbers"):
        client.job_versions()


def test_the_catalogue_is_read_page_by_page(board: Board) -> None:
    client = make_client(board)
    assert [client.datasets(offset=offset)[0]["dataset_id"] for offset in (0, 50)] == ["d0", "d50"]


def test_an_error_of_the_aggregator_comes_back_as_itself(board: Board) -> None:
    with pytest.raises(NotFound, match="job 8 is not known here"):
        make_client(board).job(8)


def test_an_answer_that_is_no_json_or_no_object_is_refused(board: Board) -> None:
    with pytest.raises(ProtocolViolation, match="something else than JSON"):
        make_client(board).job(9)
    with pytest.raises(ProtocolViolation, match="something else than an object"):
        make_client(board).job(11)


def test_redirects_are_not_followed(board: Board) -> None:
    with pytest.raises(ProtocolViolation, match="302"):
        make_client(board).job(10)


def test_nothing_at_the_url_is_unavailable_and_names_url_and_setting() -> None:
    client = AggregatorClient("http://127.0.0.1:9", ACCOUNT, name="Alice", kind="data_owner")
    with pytest.raises(ServiceUnavailable, match=r"http://127\.0\.0\.1:9 does not answer.*aggregator_url"):
        client.status()


@pytest.mark.parametrize("url", ["", "127.0.0.1:80", "ftp://x", "http://user:secret@x", "http://x/?a=b"])
def test_unusable_urls_are_refused_without_repeating_a_password(url: str) -> None:
    with pytest.raises(InvalidInput, match="aggregator_url") as raised:
        checked_service_url(url, field="aggregator_url")
    assert "secret" not in raised.value.message
