"""Withdrawals as they stand in the outbox, and what the contract's events say that they took out."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine
from sqlalchemy.orm import DeclarativeBase, Session

from commons.chain.calls import MarketplaceCalls
from commons.chain.event_log import EventLog
from commons.chain.event_table import ContractEventColumns, FollowedBlockColumns
from commons.chain.outbox import Outbox
from commons.chain.outbox_table import OutboxColumns, OutboxState
from commons.chain.withdrawals import Withdrawals

CALLS = MarketplaceCalls("0x" + "ab" * 20)
ACCOUNT = "0x" + "11" * 20
TX_HASH = "0x" + "aa" * 32


class Base(DeclarativeBase):
    pass


class OutboxTransaction(OutboxColumns, Base):
    __tablename__ = "outbox"


class FollowedBlock(FollowedBlockColumns, Base):
    __tablename__ = "followed_blocks"


class ContractEvent(ContractEventColumns, Base):
    __tablename__ = "contract_events"


OUTBOX = Outbox(OutboxTransaction)
WITHDRAWALS = Withdrawals(OUTBOX, EventLog(FollowedBlock, ContractEvent), prefix="take_out/")


@pytest.fixture
def session() -> Iterator[Session]:
    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        yield session
    engine.dispose()


def withdrawn(payee: str) -> ContractEvent:
    return ContractEvent(
        block_number=5,
        block_hash="0x" + "05" * 32,
        block_time=50,
        log_index=0,
        tx_hash=TX_HASH,
        name="Withdrawn",
        job_id=None,
        account=payee,
        arguments={"payee": payee, "to": payee, "amount": "12"},
    )


@pytest.mark.parametrize("state", [OutboxState.QUEUED, OutboxState.SIGNED, OutboxState.BROADCAST])
def test_a_withdrawal_is_under_way_until_it_is_mined_or_has_failed(session: Session, state: OutboxState) -> None:
    assert WITHDRAWALS.under_way(session) is None
    row = WITHDRAWALS.begin(session, CALLS.withdraw())
    row.state = state
    assert WITHDRAWALS.under_way(session) is row
    row.state = OutboxState.MINED
    assert WITHDRAWALS.under_way(session) is None
    row.state = OutboxState.FAILED
    assert WITHDRAWALS.under_way(session) is None


def test_other_transactions_are_no_withdrawals(session: Session) -> None:
    # The underscore of the prefix stands for itself.
    for key in ("expire/1", "take-out/1"):
        OUTBOX.enqueue(session, key=key, call=CALLS.expire_job(1))
    assert WITHDRAWALS.under_way(session) is None
    assert WITHDRAWALS.all(session, ACCOUNT) == []


def test_withdrawals_come_newest_first_with_what_they_took_out_once_that_is_confirmed(session: Session) -> None:
    first, second = (WITHDRAWALS.begin(session, CALLS.withdraw(to)) for to in (None, "0x" + "22" * 20))
    assert first.key != second.key
    first.state, first.tx_hash = OutboxState.MINED, TX_HASH
    assert WITHDRAWALS.all(session, ACCOUNT) == [(second, None), (first, None)]
    session.add(withdrawn(ACCOUNT))
    assert WITHDRAWALS.all(session, ACCOUNT) == [(second, None), (first, 12)]


def test_what_another_account_took_out_is_not_this_one_s(session: Session) -> None:
    row = WITHDRAWALS.begin(session, CALLS.withdraw())
    row.tx_hash = TX_HASH
    session.add(withdrawn("0x" + "33" * 20))
    assert WITHDRAWALS.all(session, ACCOUNT) == [(row, None)]
