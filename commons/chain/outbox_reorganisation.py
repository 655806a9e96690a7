"""Takes back what an outbox holds for decided, when the block that decided it is no longer on the chain.

A transaction is decided by a block: the one in which it was mined, or the latest one at the moment when the contract
refused it without being sent. A decision is stored only right after a check that every earlier one still stands. So all
of them were on the chain together, and as long as the newest one's block stays there, so do the blocks of all others:
one block's hash is all that a pass has to ask for, and not even that while the latest block is the same as before.

Nothing is taken back, decided or sent on another chain than the one that this database was written with. That is looked at
whenever the latest block does not continue the one before.

After a reorganisation other parties' transactions come back as well, in whatever order. Until they have had the time to, a
call that would revert may only be waiting for one of them: see `is_settling`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import structlog
from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from commons.chain.blocks import FINAL_DEPTH, Block, BlockId, is_on_chain, latest_block
from commons.chain.connection import ChainConnection
from commons.chain.known_chain import KnownChain, find_old_block, short_hash
from commons.chain.outbox_table import OutboxColumns, OutboxState
from commons.errors import ChainUnavailable

SETTLING_S: Final = 120.0
"""How long after a reorganisation a refusal is not final: other parties' transactions take some blocks to come back."""

_log = structlog.get_logger(__name__)


class DecidedTransactions:
    """The transactions of `sender` in an outbox's table that a block has decided.

    Args:
        known_chain: compares the node's chain with the one that the contract was followed on.
    """

    def __init__(
        self,
        table: type[OutboxColumns],
        connection: ChainConnection,
        known_chain: KnownChain,
        sender: str,
        clock: Callable[[], float],
    ) -> None:
        self._table: Final = table
        self._connection = connection
        self._known_chain = known_chain
        self._sender = sender
        self._clock = clock
        # The newest final block that was seen, and the latest block at the last check.
        self._final = -1
        self._latest: BlockId | None = None
        self._all_checked = False
        self._reorganised_at = 0.0

    def take_back(self, session: Session, *, watch: bool = True) -> bool:
        """Take back every decision whose block was reorganised away; return whether there was any.

        What was signed is broadcast again with the same bytes, what was refused is tried again. Decisions
        `FINAL_DEPTH` blocks deep are final; when all are, the node is asked only if `watch` is set. Raises
        `ChainUnavailable` when the node's chain is another one.
        """
        newest = session.scalars(self._decided().order_by(self._table.block_number.desc()).limit(1)).one_or_none()
        if newest is None and not watch:
            return False
        self._look(session)
        if newest is None or self._all_checked or self._stands(newest):
            self._all_checked = True
            return False
        # Another chain's node must not take anything back.
        self._connection.check()
        dropped = [row for row in session.scalars(self._decided()) if not self._stands(row)]
        for row in dropped:
            self._undo(row)
        if dropped:
            session.commit()
            _log.warning("transactions_reorganised_away", keys=[row.key for row in dropped])
        return bool(dropped)

    def is_settling(self, session: Session) -> bool:
        """Return whether a reorganisation was so short a time ago that what was dropped may still be on its way back."""
        taken_back_at = session.scalars(select(func.max(self._table.taken_back_at))).one()
        return self._clock() - max(self._reorganised_at, taken_back_at or 0.0) < SETTLING_S

    def decide(self, session: Session, row: OutboxColumns, block: BlockId) -> bool:
        """Note that `block` decided `row`, unless earlier decisions have to be taken back; return whether it is noted.

        The block must have been read before this call. The caller commits.
        """
        if self.take_back(session):
            return False
        row.block_number, row.block_hash, row.finished_at = block.number, block.hash, self._clock()
        self._all_checked = False
        return True

    def _look(self, session: Session) -> None:
        latest, before = latest_block(self._connection), self._latest
        if before is not None and latest.hash == before.hash:
            return
        if before is None or (latest.parent_hash != before.hash and not is_on_chain(self._connection, before)):
            self._refuse_other_chain(session, latest)
            if before is not None:
                self._reorganised_at = self._clock()
        self._latest, self._all_checked = latest, False
        self._final = latest.number - FINAL_DEPTH

    def _refuse_other_chain(self, session: Session, latest: Block) -> None:
        chain_id, table = self._connection.check(), self._table
        others = select(table.chain_id).where(table.sender == self._sender, table.chain_id != chain_id)
        if (other := session.scalars(others.limit(1)).one_or_none()) is not None:
            raise ChainUnavailable(
                f"the Ethereum node serves chain {chain_id}, and this database's transactions are on chain {other}; "
                "configure a node of that chain, or start with an empty database"
            )
        self._known_chain.check(session, self._connection, latest)
        # What is final on this database's chain is still there.
        final = self._all_decided().where(table.block_number <= latest.number - FINAL_DEPTH)
        row = session.scalars(final.order_by(table.block_number.desc()).limit(1)).one_or_none()
        if row is None:
            return
        decided = _deciding_block(row)
        present = find_old_block(self._connection, decided.number)
        if present is not None and present.hash != decided.hash:
            raise ChainUnavailable(
                f"the Ethereum node at {self._connection.address} serves another chain than this database's: block "
                f"{decided.number} ({short_hash(decided.hash)}) decided one of its transactions ({row.description}), and "
                f"now that block is {short_hash(present.hash)}; configure the former node, or start with an empty database"
            )

    def _all_decided(self) -> Any:
        table = self._table
        own = or_(table.sender.is_(None), table.sender == self._sender)
        return select(table).where(table.state.in_((OutboxState.MINED, OutboxState.FAILED)), own)

    def _decided(self) -> Any:
        return self._all_decided().where(self._table.block_number > self._final)

    def _stands(self, row: OutboxColumns) -> bool:
        return is_on_chain(self._connection, _deciding_block(row))

    def _undo(self, row: OutboxColumns) -> None:
        row.block_number, row.block_hash, row.finished_at, row.gas_used = None, None, None, None
        row.reason, row.arguments = None, None
        row.taken_back_at = self._clock()
        if row.signed is None:
            row.state = OutboxState.QUEUED
            row.note = "the block in which it was refused was reorganised away; it is tried again"
        else:
            row.state = OutboxState.BROADCAST
            # It has as long as a new one has before its fee is raised.
            row.signed_at, row.sent_at = self._clock(), None
            row.tx_hash = row.tx_hashes[-1]
            row.note = "its block was reorganised away; it is sent again"


def _deciding_block(row: OutboxColumns) -> BlockId:
    if row.block_number is None or row.block_hash is None:
        raise AssertionError("a decided row has the block that decided it")
    return BlockId(row.block_number, row.block_hash)
