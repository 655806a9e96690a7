"""Twenty equal requests at once do what one does."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import func, select

from data_owner.tables import Acceptance, AcceptanceState, Dataset, OutboxTransaction
from tests.doubles.at_once import MANY, at_once


def statuses(client: FlaskClient, method: str, *paths: str, body: Any = None) -> Counter[int]:
    """How often each status came; callers take the paths in turn."""
    token = client.environ_base["HTTP_AUTHORIZATION"]

    def ask(path: str) -> int:
        own = client.application.test_client()
        return own.open(path, method=method, json=body or {}, headers={"Authorization": token}).status_code

    return Counter(at_once(*[partial(ask, path) for path in paths]))


def count(world: Any, table: Any) -> int:
    with world.database.snapshot() as session:
        return int(session.scalar(select(func.count()).select_from(table)))


def test_one_withdrawal_is_sent(client: FlaskClient, world: Any) -> None:
    world.chain.owed = 12
    assert statuses(client, "POST", "/v1/withdrawals") == {202: 1, 409: MANY - 1}
    assert count(world, OutboxTransaction) == 1


def test_a_job_is_accepted_once(client: FlaskClient, world: Any) -> None:
    world.post_job(1)
    world.add_rows()
    assert statuses(client, "POST", "/v1/offers/1/accept") == {200: MANY}
    assert count(world, Acceptance) == 1
    with world.database.snapshot() as session:
        stored = session.get_one(Acceptance, 1)
    # What the aggregator has is what is stored here: no second signature or mask secret took the first one's place.
    assert world.aggregator.acceptances[1].signature == stored.signature


def test_accepting_and_taking_back_in_any_order_ends_in_one_of_the_two(client: FlaskClient, world: Any) -> None:
    world.post_job(1)
    world.add_rows()
    found = statuses(client, "POST", "/v1/offers/1/accept", "/v1/offers/1/withdraw")
    assert sum(found.values()) == MANY
    assert set(found) <= {200, 404, 409}
    world.deliveries.deliver_all()
    with world.database.snapshot() as session:
        state = session.get_one(Acceptance, 1).state
    assert state in (AcceptanceState.POSTED, AcceptanceState.WITHDRAWN)
    assert (1 in world.aggregator.acceptances) == (state is AcceptanceState.POSTED)


def test_a_file_is_added_once(client: FlaskClient, world: Any) -> None:
    body = {"path": str(world.write_rows())}
    assert statuses(client, "POST", "/v1/datasets", body=body) == {201: 1, 409: MANY - 1}
    assert count(world, Dataset) == 1
