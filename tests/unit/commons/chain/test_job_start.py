"""With whom a job started, and what these have signed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from eth_account import Account
from sqlalchemy.orm import DeclarativeBase

from commons.chain.event_log import EventLog
from commons.chain.event_table import ContractEventColumns, FollowedBlockColumns
from commons.chain.job_start import confirmed_start, declarations_of
from commons.chain.jobs import JobStarted
from commons.chain.signing import SigningDomain, sign_declaration
from commons.errors import ProtocolViolation, ServiceUnavailable
from commons.market.declaration import Declaration, SignedDeclaration
from commons.market.roles import Role, draw_roles, trainer_count
from commons.storage.database import Database
from tests.doubles.bare_database import bare_database

DOMAIN = SigningDomain(1337, "0x" + "c0" * 20)
JOB_ID, SEED = 7, 5
ACCOUNTS = {account.address: account for account in (Account.from_key(bytes([n]) * 32) for n in (1, 2, 3))}
ROLES = draw_roles(dict.fromkeys(ACCOUNTS, Role.EITHER), SEED)
STARTED = JobStarted(JOB_ID, ROLES.trainers, ROLES.validators, bytes(32), "0x" + "aa" * 32)


class Base(DeclarativeBase):
    pass


class FollowedBlock(FollowedBlockColumns, Base):
    __tablename__ = "followed_blocks"


class ContractEvent(ContractEventColumns, Base):
    __tablename__ = "contract_events"


EVENTS = EventLog(FollowedBlock, ContractEvent)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = bare_database(f"sqlite:///{tmp_path}/test.sqlite3")
    Base.metadata.create_all(database.engine)
    yield database
    database.dispose()


def store_start(database: Database) -> None:
    event = ContractEvent(
        block_number=5,
        block_hash="0x" + "05" * 32,
        block_time=50,
        log_index=0,
        tx_hash=STARTED.tx_hash,
        name="JobStarted",
        job_id=JOB_ID,
        account=None,
        arguments={
            "jobId": str(JOB_ID),
            "trainers": list(ROLES.trainers),
            "validators": list(ROLES.validators),
            "seedHash": "0x" + "00" * 32,
        },
    )
    with database.session() as session:
        session.add(event)


def declared(owner: str, job_id: int = JOB_ID) -> SignedDeclaration:
    declaration = Declaration(row_count=10, roles=3)
    signature = sign_declaration(ACCOUNTS[owner], DOMAIN, job_id, declaration.digest())
    return SignedDeclaration(owner, declaration, signature)


def test_a_start_that_is_known_is_not_looked_for(database: Database) -> None:
    store_start(database)
    looks: list[int] = []
    assert confirmed_start(database, EVENTS, JOB_ID, lambda: looks.append(1)) == STARTED
    assert looks == []


def test_a_start_that_is_not_known_yet_is_looked_for_once(database: Database) -> None:
    assert confirmed_start(database, EVENTS, JOB_ID, lambda: store_start(database)).members == STARTED.members
    looks: list[int] = []
    with pytest.raises(ServiceUnavailable, match="job 8: its start is not confirmed on chain yet") as refused:
        confirmed_start(database, EVENTS, 8, lambda: looks.append(1))
    assert (looks, refused.value.fields["job_id"]) == ([1], 8)


def test_what_all_members_declared_is_taken_when_they_signed_it_for_this_job() -> None:
    shown = [declared(owner) for owner in ACCOUNTS]
    found = declarations_of(STARTED, shown, DOMAIN, role_seed=SEED, n_trainers=trainer_count)
    assert set(found) == set(ACCOUNTS)
    for_another_job = [declared(owner, job_id=JOB_ID + 1) for owner in ACCOUNTS]
    with pytest.raises(ProtocolViolation, match="not signed by itself"):
        declarations_of(STARTED, for_another_job, DOMAIN, role_seed=SEED, n_trainers=trainer_count)


def test_roles_that_are_dealt_otherwise_than_the_kind_says_are_refused() -> None:
    shown = [declared(owner) for owner in ACCOUNTS]
    with pytest.raises(ProtocolViolation, match="the roles on chain"):
        declarations_of(STARTED, shown, DOMAIN, role_seed=SEED, n_trainers=lambda _: 1)
