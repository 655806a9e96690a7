from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker
from sqlalchemy.orm.exc import StaleDataError

from commons.chain.jobs import ContractCall
from commons.chain.outbox import MONEY_PAUSES, Outbox, RetryPauses
from commons.chain.outbox_table import OutboxColumns, OutboxState
from commons.errors import Conflict, InvalidInput

CALL = ContractCall("0x" + "ab" * 20, b"\x01\x02", 2**255, "escrow a deposit")


class Base(DeclarativeBase):
    pass


class OutboxTransaction(OutboxColumns, Base):
    __tablename__ = "outbox_transactions"


@pytest.fixture
def sessions() -> Iterator[sessionmaker[Session]]:
    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine)
    yield sessionmaker(engine)
    engine.dispose()


OUTBOX = Outbox(OutboxTransaction, clock=lambda: 1000.0)


def test_an_enqueued_call_is_stored_as_it_is(sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        OUTBOX.enqueue(session, key="job-1/create", call=CALL)
    with sessions() as session:
        row = OUTBOX.find(session, "job-1/create")
        assert row is not None
        assert (row.to_address, row.data, row.value_wei, row.description) == (
            CALL.to,
            CALL.data,
            2**255,
            CALL.description,
        )
        assert row.state is OutboxState.QUEUED
        assert row.queued_at == 1000.0
        assert row.nonce is None
        assert OUTBOX.count_unfinished(session) == 1


def test_enqueuing_again_changes_nothing(sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        first = OUTBOX.enqueue(session, key="job-1/create", call=CALL).id
    with sessions.begin() as session:
        assert OUTBOX.enqueue(session, key="job-1/create", call=CALL).id == first
    with sessions() as session:
        assert OUTBOX.count_unfinished(session) == 1


def test_another_call_under_the_same_key_is_a_conflict(sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        OUTBOX.enqueue(session, key="job-1/create", call=CALL)
        with pytest.raises(Conflict, match="job-1/create"):
            OUTBOX.enqueue(session, key="job-1/create", call=ContractCall(CALL.to, b"\x03", 0, "something else"))


def test_what_the_unit_of_work_takes_back_is_not_sent(sessions: sessionmaker[Session]) -> None:
    with sessions() as session:
        OUTBOX.enqueue(session, key="job-1/create", call=CALL)
        session.rollback()
    with sessions() as session:
        assert OUTBOX.find(session, "job-1/create") is None


def test_a_deployment_does_not_go_through_the_outbox(sessions: sessionmaker[Session]) -> None:
    with sessions() as session, pytest.raises(InvalidInput, match="deploy"):
        OUTBOX.enqueue(session, key="deploy", call=ContractCall(None, b"\x01", 0, "deploy"))


def test_two_senders_cannot_move_the_same_row(sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        OUTBOX.enqueue(session, key="k", call=CALL)
    with sessions() as first, sessions() as second:
        mine, theirs = OUTBOX.find(first, "k"), OUTBOX.find(second, "k")
        assert mine is not None
        assert theirs is not None
        mine.state = OutboxState.SIGNED
        first.commit()
        theirs.state = OutboxState.SIGNED
        with pytest.raises(StaleDataError):
            second.commit()


def test_tries_get_keys_of_their_own_and_are_counted(sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        keys = [OUTBOX.enqueue_again(session, key="job/7/checkpoint/1", call=CALL).key for _ in range(3)]
        OUTBOX.enqueue_again(session, key="job/7/checkpoint/10", call=CALL)
        OUTBOX.enqueue_again(session, key="job/7/checkpoint_1/1", call=CALL)
    assert keys == ["job/7/checkpoint/1", "job/7/checkpoint/1/2", "job/7/checkpoint/1/3"]
    with sessions() as session:
        assert [row.key for row in OUTBOX.tries(session, "job/7/checkpoint/1")] == keys[::-1]
        assert OUTBOX.tries(session, "job/7/checkpoint/2") == []


def test_pauses_between_tries_grow_up_to_the_longest() -> None:
    pauses = [RetryPauses(15, 100).after(failures) for failures in (1, 2, 3, 4, 5, 10_000)]
    assert pauses == [15, 30, 60, 100, 100, 100]


@pytest.mark.parametrize("state", [state for state in OutboxState if state is not OutboxState.FAILED])
def test_what_is_insisted_on_is_queued_once_as_long_as_it_does_not_fail(
    sessions: sessionmaker[Session], state: OutboxState
) -> None:
    with sessions.begin() as session:
        first = OUTBOX.insist(session, key="expire/7", call=CALL, now=0.0)
        first.state = state
        assert OUTBOX.insist(session, key="expire/7", call=CALL, now=10**9) is first
        assert [row.key for row in OUTBOX.tries(session, "expire/7")] == ["expire/7"]


def test_what_is_insisted_on_is_tried_again_after_each_failure_less_and_less_often(
    sessions: sessionmaker[Session],
) -> None:
    now, keys = 5000.0, ["expire/7", "expire/7/2", "expire/7/3"]
    with sessions.begin() as session:
        OUTBOX.insist(session, key="expire/7", call=CALL, now=now)
        for failures, key in enumerate(keys, 1):
            latest = OUTBOX.latest(session, "expire/7")
            assert latest is not None
            assert latest.key == key
            latest.state, latest.finished_at = OutboxState.FAILED, now
            now += MONEY_PAUSES.after(failures)
            assert OUTBOX.insist(session, key="expire/7", call=CALL, now=now - 1) is latest
            assert OUTBOX.insist(session, key="expire/7", call=CALL, now=now).key == f"expire/7/{failures + 1}"
        assert OUTBOX.latest(session, "expire/8") is None


def test_a_transaction_is_explained_by_its_note_or_else_by_its_reason(sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        row = OUTBOX.enqueue(session, key="k", call=CALL)
        assert row.explanation is None
        row.reason = "MarketplaceTooLate"
        assert row.explanation == "MarketplaceTooLate"
        row.note = "too late"
        assert row.explanation == "too late"
