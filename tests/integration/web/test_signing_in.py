"""Guessing passwords at an owner and a buyer: few are looked at at once, few in all, and others are served meanwhile."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from commons.web.authentication import MAX_FAILURES
from commons.web.session_api import SIGN_IN_BURST, SIGN_INS_PER_S
from tests.doubles.rude_clients import ADMIN_PASSWORD, Health, RunningService

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module", params=["owner", "buyer"])
def service(request: pytest.FixtureRequest, start_service: Callable[[str], RunningService]) -> RunningService:
    return start_service(request.param)


def attempts(service: RunningService, users: list[str], at_once: int) -> Counter[int]:
    """The statuses of attempts with a wrong password."""

    def attempt(user: str) -> int:
        body = {"user": user, "password": "wrong"}
        return requests.post(f"{service.url}/v1/session", json=body, timeout=30).status_code

    with ThreadPoolExecutor(at_once) as pool:
        return Counter(pool.map(attempt, users))


def test_of_many_guesses_at_once_few_are_looked_at(service: RunningService) -> None:
    # Before the client's own allowance is used up by the next test.
    body = {"user": "admin", "password": ADMIN_PASSWORD}
    token = requests.post(f"{service.url}/v1/session", json=body, timeout=10).json()["token"]
    answers = attempts(service, ["somebody"] * 40, 40)
    assert answers.keys() == {401, 429}
    assert answers[401] <= MAX_FAILURES
    jobs = requests.get(f"{service.url}/v1/about", headers={"Authorization": f"Bearer {token}"}, timeout=10)
    assert jobs.status_code == 200


def test_guesses_under_ever_new_names_are_few_and_hold_nobody_up(service: RunningService) -> None:
    started = time.monotonic()
    with Health([service.url]) as health:
        answers = attempts(service, [f"user {number}" for number in range(120)], 24)
        took_s = time.monotonic() - started
        health.watch(0.5)
    assert answers.keys() <= {401, 429}
    assert answers[401] <= SIGN_IN_BURST + SIGN_INS_PER_S * took_s + 1
