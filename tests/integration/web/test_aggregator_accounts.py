"""What somebody can do to the aggregator who has made a key and signed in: not keep others from their polls and answers."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from typing import Any

import pytest
import requests
from eth_account import Account

from commons.agent.aggregator_client import AggregatorClient
from commons.errors import ServiceUnavailable
from federated_aggregator.api.routes import SIGN_IN_BURST, SIGN_INS_PER_S
from tests.doubles.rude_clients import Health, RunningService

pytestmark = pytest.mark.integration

POLLS = 170
CLOSE = "Connection: close"


@pytest.fixture(scope="module")
def service(start_service: Callable[[str], RunningService]) -> RunningService:
    return start_service("aggregator")


class Participant(AggregatorClient):
    """A participant whose token its polls can use."""

    def __init__(self, service: RunningService) -> None:
        super().__init__(service.url, Account.create(), name="somebody", kind="data_owner")
        self.service = service

    def poll_head(self, wait_s: int = 25) -> bytes:
        if self._token is None:
            self._sign_in()
        return self.service.head(f"GET /v1/tasks?wait={wait_s}", f"Authorization: Bearer {self._token}", CLOSE)


def test_many_polls_of_one_account_hold_nobody_up(service: RunningService) -> None:
    participant = Participant(service)
    started = time.monotonic()
    with service.crowd(POLLS, participant.poll_head()) as polls, Health([service.url]) as health:
        health.watch(4)
        answered = 0
        for poll in polls:
            poll.settimeout(0.05)
            with contextlib.suppress(TimeoutError):
                answered += poll.recv(20).startswith(b"HTTP/1.1 200")
        assert time.monotonic() - started < 25
        assert answered == POLLS - 2


def test_another_participant_waits_and_is_answered_meanwhile(service: RunningService) -> None:
    other = Participant(service)
    with service.crowd(POLLS, Participant(service).poll_head()):
        started = time.monotonic()
        assert other.tasks(wait_s=2) == []
        assert 1.5 < time.monotonic() - started < 6


def test_who_is_no_participant_cannot_wait(service: RunningService) -> None:
    participant = Participant(service)
    participant.poll_head()
    headers = {"Authorization": f"Bearer {participant._token}"}
    # The client registers itself; a stranger to this aggregator has not.
    stranger = AggregatorClient(service.url, Account.create(), name="x", kind="data_owner")
    stranger._service.call = _without_registering(stranger._service.call)  # type: ignore[method-assign]
    stranger._sign_in()
    refused = requests.get(
        f"{service.url}/v1/tasks?wait=25", headers={"Authorization": f"Bearer {stranger._token}"}, timeout=10
    )
    assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")
    assert requests.get(f"{service.url}/v1/tasks?wait=0", headers=headers, timeout=10).json() == {"tasks": []}


def _without_registering(call: Callable[..., object]) -> Callable[..., object]:
    def called(method: str, path: str, **options: object) -> object:
        return None if path == "/v1/participants/me" else call(method, path, **options)

    return called


def put_within(seconds: float, participant: Participant, entry: dict[str, Any]) -> None:
    """Register a dataset; while the service says that too many are on their way, come again as it asks."""
    until = time.monotonic() + seconds
    while True:
        try:
            participant.put_dataset("mine", entry)
            return
        except ServiceUnavailable:
            # A crowd that is still coming, as on a busy machine, cannot be called slow yet.
            if time.monotonic() > until:
                raise
            time.sleep(0.5)


def test_large_bodies_that_do_not_come_do_not_keep_others_from_sending_theirs(service: RunningService) -> None:
    participant = Participant(service)
    participant.poll_head()
    authorization = f"Authorization: Bearer {participant._token}"
    data = service.head("PUT /v1/datasets/x", authorization, "Content-Type: application/json", "Content-Length: 900000")
    entry = {
        "name": "rows",
        "columns": [{"name": f"column {n}", "type": "number"} for n in range(1900)],
        "row_count": 1,
    }
    with service.crowd(200, data + b"{"), Health([service.url]) as health:
        time.sleep(1)
        # More than is read ahead, which needs a place among those that are waited for, at most for a moment.
        put_within(5, participant, entry)
        health.watch(1)


def test_nonces_are_given_out_at_a_rate(service: RunningService) -> None:
    started, given = time.monotonic(), 0
    with requests.Session() as session:
        for _ in range(10 * SIGN_IN_BURST):
            answer = session.post(f"{service.url}/v1/sign-in/nonce", json={}, timeout=10)
            if answer.status_code != 200:
                break
            given += 1
    assert answer.status_code == 429
    assert given <= SIGN_IN_BURST + SIGN_INS_PER_S * (time.monotonic() - started) + 1


def test_the_log_of_all_this_has_no_crash(service: RunningService) -> None:
    lines = service.log_file.read_text().splitlines()
    assert [line for line in lines if "crashed" in line or "connection_failed" in line or "Traceback" in line] == []
