"""Before a body is read: who asks, how often, and how large it may be."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account
from eth_account.signers.local import LocalAccount
from flask.testing import FlaskClient

from commons.agent.sign_in import sign_in_message, sign_text
from commons.errors import NotAuthenticated
from commons.web import rate_limit
from federated_aggregator.api import routes
from federated_aggregator.api.admission import admit_first
from federated_aggregator.app import create_app
from federated_aggregator.services.scheduler import MOST_RESULT_BYTES, PROOF_BYTES
from federated_aggregator.services.sign_in import Arrival

PUBLIC = {
    ("GET", "/v1/status"),
    ("POST", "/v1/sign-in/nonce"),
    ("POST", "/v1/sign-in"),
    ("GET", "/v1/datasets"),
    ("GET", "/v1/jobs"),
    ("GET", "/v1/jobs/versions"),
    ("GET", "/v1/jobs/1"),
}
DOMAIN = "127.0.0.1:8100"
ARRIVAL = Arrival(port=8100, peer="127.0.0.1")


class Unread(io.BytesIO):
    def read(self, *_: Any) -> bytes:
        raise AssertionError("a stranger's body was read")

    readinto = readline = read


@pytest.fixture
def client_of(tmp_path: Path) -> Callable[[Any], FlaskClient]:
    return lambda play: create_app(play.aggregator, tmp_path).test_client()


def message(play: Any, account: LocalAccount, nonce: str | None = None) -> str:
    return sign_in_message(
        domain=DOMAIN,
        uri=f"http://{DOMAIN}",
        address=account.address,
        chain_id=play.chain.chain_id,
        nonce=nonce or play.aggregator.sign_in.nonce(),
        issued_at=play.clock.now,
    )


def bearer(play: Any, account: LocalAccount) -> dict[str, str]:
    text = message(play, account)
    token = play.aggregator.sign_in.sign_in(text, sign_text(account, text), ARRIVAL).token
    return {"Authorization": f"Bearer {token}"}


def padded(document: dict[str, Any], size: int) -> str:
    """The document as JSON of exactly so many bytes."""
    text = json.dumps(document)
    return text + " " * (size - len(text))


@pytest.mark.parametrize("header", [None, "Bearer", "Bearer unknown", "Basic eDp5"])
def test_no_route_but_the_public_ones_reads_the_body_of_a_stranger(
    play: Any, client_of: Callable[[Any], FlaskClient], header: str | None
) -> None:
    client = client_of(play)
    headers = {"Authorization": header} if header else {}
    guarded = set()
    for rule in client.application.url_map.iter_rules():
        path = re.sub(r"<[^>]*>", "1", rule.rule)
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            if not path.startswith("/v1/") or path.startswith("/v1/board") or (method, path) in PUBLIC:
                continue
            answer = client.open(
                path, method=method, headers=headers, input_stream=Unread(b"{}"), content_type="application/json"
            )
            assert (answer.status_code, answer.get_json()["code"]) == (401, "not_authenticated"), (method, path)
            guarded.add((method, path))
    assert len(guarded) >= 10


@pytest.mark.parametrize("path", ["/v1/sign-in", "/v1/sign-in/nonce"])
def test_what_signs_in_is_small(play: Any, client_of: Callable[[Any], FlaskClient], path: str) -> None:
    client = client_of(play)
    body = {"message": "x", "signature": "0x00"}
    for size, refused in ((16 * 2**10, False), (16 * 2**10 + 1, True)):
        answer = client.post(path, data=padded(body, size), content_type="application/json")
        # The nonce's body is not looked at, so it is not too large either.
        assert (answer.status_code == 413) is (refused and path == "/v1/sign-in")


def test_large_bodies_are_results_only_and_only_of_those_who_were_asked(
    play_at: Callable[..., Any], client_of: Callable[[Any], FlaskClient]
) -> None:
    play = play_at("linear_regression/train", 1)
    client = client_of(play)
    trainer = play.members("trainer")[0]
    (task,) = [item for item in play.pending(trainer.address) if item["task"]["kind"] == "linear_regression/train"]
    path = f"/v1/tasks/{task['task_id']}/result"
    asked, other = bearer(play, trainer.account), bearer(play, Account.create())
    allowed = play.aggregator.scheduler.result_bytes(trainer.address, task["task_id"])
    assert PROOF_BYTES < allowed < MOST_RESULT_BYTES

    def posted(headers: dict[str, str], size: int, to: str = path) -> int:
        body = padded({"result": {"kind": "linear_regression/train"}}, size)
        return client.post(to, data=body, content_type="application/json", headers=headers).status_code

    assert posted(asked, allowed) == 422
    assert posted(asked, allowed + 1) == 413
    assert posted(other, 2**20) == 404
    assert posted(other, 2**20 + 1) == 413
    assert posted(asked, 2**20 + 1, "/v1/tasks/1/failure") == 413
    dataset = client.put("/v1/datasets/x", data=b"x" * (2**20 + 1), headers=asked, content_type="application/json")
    assert dataset.status_code == 413


def test_every_honest_result_fits(play: Any) -> None:
    play.start()
    seen = set()
    while (view := play.view())["state"] == "running":
        for address in play.everybody():
            for item in play.pending(address):
                result = play.aggregator.scheduler.result_bytes(address, item["task_id"])
                seen.add(item["task"]["kind"])
                assert result is not None
        for address, task in play.answered:
            # What does not depend on the key's size alone is smaller than four times its task.
            answer, body = json.dumps(play.answer(address, task)), task.model_dump_json()
            assert len(answer) < 4 * len(body) + PROOF_BYTES / 8, task.kind
        play.answered.clear()
        play.answer_all([view["step"]])
    assert {
        "linear_regression/train",
        "linear_regression/refresh",
        "linear_regression/evaluate",
        "linear_regression/square",
        "linear_regression/unmask",
        "linear_regression/open",
    } <= seen


@pytest.mark.parametrize("depth", [100, 900, 990, 3000])
def test_a_result_nested_too_deeply_is_unprocessable(
    play_at: Callable[..., Any], client_of: Callable[[Any], FlaskClient], depth: int
) -> None:
    play = play_at("linear_regression/train", 1)
    trainer = play.members("trainer")[0]
    (task,) = [item for item in play.pending(trainer.address) if item["task"]["kind"] == "linear_regression/train"]
    client, headers = client_of(play), bearer(play, trainer.account)
    for value in ("[" * depth + "]" * depth, '{"a":' * depth + "1" + "}" * depth):
        body = '{"result": {"kind": "linear_regression/train", "update": ' + value + "}}"
        path = f"/v1/tasks/{task['task_id']}/result"
        assert client.post(path, data=body, content_type="application/json", headers=headers).status_code == 422


def test_a_client_gets_nonces_and_sessions_at_a_rate(
    play: Any, client_of: Callable[[Any], FlaskClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes, "SIGN_IN_BURST", 6)
    monkeypatch.setattr(routes, "SIGN_INS_PER_S", 0.001)
    client = client_of(play)

    def asked(path: str, address: str) -> Any:
        body = {"message": "x", "signature": "0x00"}
        return client.post(path, json=body, environ_base={"REMOTE_ADDR": address})

    assert [asked("/v1/sign-in/nonce", "10.0.0.1").status_code for _ in range(3)] == [200] * 3
    assert [asked("/v1/sign-in", "10.0.0.1").status_code for _ in range(3)] == [401] * 3
    for path in ("/v1/sign-in/nonce", "/v1/sign-in"):
        refused = asked(path, "10.0.0.1")
        assert (refused.status_code, refused.get_json()["code"]) == (429, "too_many_requests")
        assert int(refused.headers["Retry-After"]) >= 1
    assert asked("/v1/sign-in/nonce", "10.0.0.2").status_code == 200


def test_twenty_owners_of_one_machine_can_start_at_once() -> None:
    requests_of_an_owner = 3 * 2
    assert 20 * requests_of_an_owner <= routes.SIGN_IN_BURST


def test_what_is_public_is_not_answered_without_end(
    play: Any, client_of: Callable[[Any], FlaskClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rate_limit, "PUBLIC_BURST", 10)
    monkeypatch.setattr(rate_limit, "PUBLIC_PER_S", 0.001)
    client = client_of(play)
    headers = bearer(play, Account.create())
    paths = ("/v1/status", "/v1/datasets", "/v1/jobs", "/v1/jobs/versions", "/v1/tasks")
    statuses = [client.get(paths[number % 5]).status_code for number in range(15)]
    assert statuses == [200, 200, 200, 200, 401] * 2 + [429] * 5
    # Whoever has a session is not held up by those at the same address who have none.
    assert client.get("/v1/tasks", headers=headers).status_code == 200


def test_a_message_without_a_nonce_of_ours_is_not_parsed(play: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def parse(_text: str) -> None:
        raise AssertionError("parsed, which takes a third of a second")

    monkeypatch.setattr("siwe.SiweMessage.from_message", parse)
    for text in ("a." * 350, message(play, Account.create(), nonce="0" * 32), "Nonce: short"):
        with pytest.raises(NotAuthenticated):
            play.aggregator.sign_in.sign_in(text, "0x00", ARRIVAL)


def test_a_view_that_nobody_named_public_needs_a_caller(play: Any, tmp_path: Path) -> None:
    from flask_openapi3 import APIBlueprint

    app = create_app(play.aggregator, tmp_path)
    api = APIBlueprint("new", __name__, url_prefix="/v1/new")
    admit_first(api, play.aggregator.sign_in, play.aggregator.scheduler)
    api.get("")(lambda: "new")
    app.register_api(api)
    assert app.test_client().get("/v1/new").status_code == 401
