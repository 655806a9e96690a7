"""When a chain is another one than a database's, and when it may only have been reorganised or be behind."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine
from sqlalchemy.orm import DeclarativeBase, Session

from commons.chain import known_chain
from commons.chain.blocks import FINAL_DEPTH, Block, BlockId
from commons.chain.connection import ChainConnection
from commons.chain.event_log import EventLog
from commons.chain.event_table import ContractEventColumns, FollowedBlockColumns
from commons.chain.known_chain import KnownChain
from commons.errors import ChainUnavailable

CONTRACT = "0x" + "ab" * 20
START = BlockId(100, "0x" + "11" * 32)
OTHER = "0x" + "22" * 32
CONNECTION = ChainConnection("http://127.0.0.1:1")


class Base(DeclarativeBase):
    pass


class FollowedBlock(FollowedBlockColumns, Base):
    __tablename__ = "followed_blocks"


class ContractEvent(ContractEventColumns, Base):
    __tablename__ = "contract_events"


def block(number: int, block_hash: str = OTHER) -> Block:
    return Block(number, block_hash, parent_hash="0x" + "00" * 32, time=0, gas_limit=0, base_fee_wei=None)


@pytest.fixture
def session() -> Iterator[Session]:
    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        yield session
    engine.dispose()


class Chain:
    """A chain of which a test says how long it is and what is at block 100."""

    def __init__(self, session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
        self.session, self.at_start, self.refusal = session, block(100), None
        self.known = KnownChain(CONTRACT, EventLog(FollowedBlock, ContractEvent), START.number)
        monkeypatch.setattr(known_chain, "find_block", self.find_block)

    at_start: Block | None
    refusal: ChainUnavailable | None

    def find_block(self, connection: ChainConnection, number: int) -> Block | None:
        assert (connection, number) == (CONNECTION, START.number)
        if self.refusal is not None:
            raise self.refusal
        return self.at_start

    def follow(self, *blocks: BlockId) -> None:
        for one in blocks:
            self.session.add(FollowedBlock(number=one.number, hash=one.hash, contract=CONTRACT))
        self.session.flush()

    def check(self, latest: int) -> None:
        self.known.check(self.session, CONNECTION, block(latest))


@pytest.fixture
def chain(session: Session, monkeypatch: pytest.MonkeyPatch) -> Chain:
    return Chain(session, monkeypatch)


def head(above: int) -> BlockId:
    return BlockId(START.number + above, "0x" + "33" * 32)


@pytest.mark.parametrize(("followed", "latest"), [(FINAL_DEPTH, 1), (1, FINAL_DEPTH), (500, 500)])
def test_another_block_under_final_ones_is_another_chain_and_everything_is_named(
    chain: Chain, followed: int, latest: int
) -> None:
    chain.follow(START, head(followed))
    with pytest.raises(ChainUnavailable) as caught:
        chain.check(START.number + latest)
    assert caught.value.message == (
        "the Ethereum node at http://127.0.0.1:1 serves another chain than this database's: the contract "
        f"{CONTRACT} was followed from block 100 (0x11111111…) on, and now that block is 0x22222222…; "
        "configure the former node, or start with an empty database"
    )


def test_another_block_near_the_end_of_both_chains_may_be_a_reorganisation(chain: Chain) -> None:
    chain.follow(START, head(FINAL_DEPTH - 1))
    chain.check(START.number + FINAL_DEPTH - 1)


def test_the_same_block_is_the_same_chain_however_short_it_is(chain: Chain) -> None:
    chain.follow(START, head(1000))
    chain.at_start = block(100, START.hash)
    chain.check(START.number)
    chain.check(START.number + 2000)


def test_before_the_first_look_every_chain_will_do(chain: Chain) -> None:
    chain.check(10_000)
    chain.follow(head(1000))
    chain.check(10_000)


def test_a_chain_that_ends_below_the_first_block_is_behind(chain: Chain) -> None:
    chain.follow(START, head(FINAL_DEPTH))
    chain.at_start = None
    with pytest.raises(ChainUnavailable, match="is behind: its latest block is 99, and block 164 was seen already"):
        chain.check(99)


def test_a_node_that_keeps_no_old_blocks_says_nothing_about_the_chain(chain: Chain) -> None:
    chain.follow(START, head(FINAL_DEPTH))
    chain.at_start = None
    chain.check(5000)
    chain.refusal = ChainUnavailable("refused", rpc_message="pruned history unavailable")
    chain.check(5000)


def test_a_node_that_does_not_answer_is_not_taken_for_one_that_agrees(chain: Chain) -> None:
    chain.follow(START, head(FINAL_DEPTH))
    chain.refusal = ChainUnavailable("no Ethereum node answers")
    with pytest.raises(ChainUnavailable, match="no Ethereum node answers"):
        chain.check(5000)
