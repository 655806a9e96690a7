"""Keeps a database's copy of the contract's events equal to the confirmed part of the chain, whatever the chain does.

    chain      … ── 10 ── 11 ── 12 ── 13 ── 14          14 is the latest block; with 3 confirmations 12 is confirmed
    database   … ── 10 ──────── 12                      the head: every event up to 12 is stored

One pass reads the events between the head and the newest confirmed block and stores them together with the new head. When
the head is no longer on the chain, the pass goes back to the highest stored block that is, and what is above it is
replaced, in one transaction, by what the chain has there now. No transaction of the database is open while a node is
asked.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import structlog
from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from commons.chain.blocks import Block, BlockId, find_block, is_on_chain, latest_block
from commons.chain.event_log import EventLog
from commons.chain.event_table import ContractEventColumns, FollowedBlockColumns
from commons.chain.events import DecodedEvent
from commons.chain.known_chain import KnownChain, find_old_block, node_is_behind
from commons.chain.marketplace import Marketplace
from commons.errors import ChainUnavailable, Conflict, NotFound
from commons.storage.database import Database

MAX_RANGE: Final = 2_000
"""The most blocks that a node is asked about at once; public nodes commonly take no more."""

KEPT_BLOCKS: Final = 512
"""How many followed blocks are kept, besides the first. When a reorganisation goes below them, everything is read anew."""

SHORT_CHAIN_PATIENCE_S: Final = 600.0
"""How long a chain that ends below the stored head, and agrees with it as far as it goes, is taken for a node that lags."""

_RANGES_PER_STEP: Final = 25

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class FollowStatus:
    """How far the events are stored, and why not further.

    Attributes:
        followed: number of the block up to which they are; None before the first pass that succeeded.
        latest: the chain's latest block, None when it could not be asked.
        unavailable: what prevented the pass, in words for a person; None when it succeeded.
    """

    followed: int | None
    latest: int | None
    unavailable: str | None


class EventFollower:
    """Follows one contract into the tables of `log`; call `step` again and again.

    Args:
        confirmations: blocks from the one that an event is in, itself included, to the latest, before it is stored.
        from_block: the block of the deployment, or an earlier one; nothing before it is asked for.
    """

    def __init__(
        self,
        database: Database,
        marketplace: Marketplace,
        log: EventLog,
        *,
        confirmations: int = 1,
        from_block: int = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._marketplace = marketplace
        self._connection = marketplace.connection
        self._events = log
        self._confirmations = confirmations
        self.known_chain: Final = KnownChain(marketplace.contract_address, log, from_block)
        self._clock = clock
        self._range = MAX_RANGE
        self._short_since: float | None = None
        self._contract_checked = False
        # The latest block at the end of a complete pass: while it stays, there is nothing to do.
        self._complete_at: str | None = None
        self.chain_time = 0
        """Time of the chain's latest block when it was last looked at, in unix seconds: the contract's own clock."""

    def step(self) -> FollowStatus:
        """Store what is new, undo what is gone, and say how far that came.

        Safe to call at any time and as often as one likes; an unreachable node is reported in the status, not raised.
        Raises `ServiceUnavailable` when the database does not answer.
        """
        latest, unavailable = None, None
        try:
            latest = latest_block(self._connection)
            self.chain_time = latest.time
            if latest.hash != self._complete_at:
                unavailable = self._pass(latest)
                self._complete_at = latest.hash if unavailable is None else None
        except (ChainUnavailable, NotFound, Conflict) as error:
            unavailable = error.message
        except (_Moved, IntegrityError):
            unavailable = "the chain is being reorganised, or another process follows it into the same database"
        with self._database.snapshot() as session:
            head = self._events.head(session)
        return FollowStatus(
            None if head is None else head.number, None if latest is None else latest.number, unavailable
        )

    def _pass(self, latest: Block) -> str | None:
        """Bring the database to the newest confirmed block; return what is left to do, if anything is."""
        if not self._contract_checked:
            self._marketplace.wait_until_ready(0)
            self._contract_checked = True
        left = self._catch_up(latest)
        self._remember_start()
        return left

    def _catch_up(self, latest: Block) -> str | None:
        confirmed = latest.number - self._confirmations + 1
        for _ in range(_RANGES_PER_STEP):
            head = self._head()
            base = head
            if head is not None and not self._continues(head, latest):
                base = self._common_ground(head, latest)
            first = self.known_chain.from_block if base is None else base.number + 1
            if first > confirmed:
                if base != head:
                    self._store(head, base, None, [])
                return None
            last = min(confirmed, first + self._range - 1)
            end = latest if last == latest.number else self._block(last)
            if base is not None and end.parent_hash != base.hash and not self._has(base):
                raise _Moved
            rows = self._read(first, end)
            self._store(head, base, end, rows)
            if last == confirmed:
                return None
        return f"old events are being read, up to block {last} of {confirmed}"

    # ----------------------------------------------------------------------------------------------------- the chain

    def _continues(self, head: BlockId, latest: Block) -> bool:
        if head.hash in (latest.hash, latest.parent_hash) or self._has(head):
            self._short_since = None
            return True
        return False

    def _has(self, block: BlockId) -> bool:
        return is_on_chain(self._connection, block)

    def _common_ground(self, head: BlockId, latest: Block) -> BlockId | None:
        """Return the highest stored block that is still on the chain, or None when none is.

        Raises `ChainUnavailable` when it is too early to say or the chain is another one, `NotFound` when the node has lost
        the contract as well.
        """
        # Another chain's node must not undo everything.
        self._connection.check()
        with self._database.snapshot() as session:
            table = self._events.blocks
            stored = [BlockId(b.number, b.hash) for b in session.scalars(select(table).order_by(table.number))]
        # A block that is on the chain has all lower ones under it, so bisection finds the last.
        low, high = 0, len(stored)
        while low < high:
            middle = (low + high) // 2
            low, high = (middle + 1, high) if self._has(stored[middle]) else (low, middle)
        ground = stored[low - 1] if low else None
        if ground is None:
            # Nor must a node that has lost the whole chain.
            self._marketplace.check_contract()
        start = next((block for block in stored if block.number == self.known_chain.from_block), None)
        if start is not None and (ground is None or ground.number < start.number):
            self.known_chain.compare(self._connection, latest, start, head)
        above = stored[low].number if low < len(stored) else head.number
        if latest.number < above:
            self._be_patient(head, latest)
        self._short_since = None
        return ground

    def _be_patient(self, head: BlockId, latest: Block) -> None:
        now = self._clock()
        if self._short_since is None:
            self._short_since = now
        if now - self._short_since < SHORT_CHAIN_PATIENCE_S:
            raise node_is_behind(self._connection, latest, head)

    def _block(self, number: int) -> Block:
        block = find_block(self._connection, number)
        if block is None:
            raise _Moved
        return block

    def _read(self, first: int, end: Block) -> list[ContractEventColumns]:
        """Return the rows of the events from block `first` to `end`; raises `_Moved` when these changed meanwhile."""
        found = self._fetch(first, end.number)
        blocks = {end.number: end}
        for number in {event.block_number for event in found} - {end.number}:
            blocks[number] = self._block(number)
        # The end is looked at again after everything else: while it stays, so does all that is under it.
        if any(event.block_hash != blocks[event.block_number].hash for event in found) or not self._has(end):
            raise _Moved
        return [self._row(event, blocks[event.block_number].time) for event in found]

    def _fetch(self, first: int, last: int) -> list[DecodedEvent]:
        try:
            found = self._marketplace.events(first, last)
        except ChainUnavailable:
            # Too many results, too many blocks, too slow: nodes word it as they like, and fewer blocks help with all of it.
            self._range = max(1, (last - first + 1) // 2)
            raise
        self._range = min(MAX_RANGE, self._range * 2)
        return found

    def _row(self, event: DecodedEvent, block_time: int) -> ContractEventColumns:
        row = self._events.events()
        row.block_number, row.block_hash, row.block_time = event.block_number, event.block_hash, block_time
        row.log_index, row.tx_hash = event.log_index, event.tx_hash
        row.name, row.job_id, row.account = event.name, event.job_id, event.account
        row.arguments = dict(event.arguments)
        return row

    # -------------------------------------------------------------------------------------------------- the database

    def _remember_start(self) -> None:
        """Keep the block from which on the contract is followed, once there is one on the same branch as the head."""
        number = self.known_chain.from_block
        with self._database.snapshot() as session:
            head, known = self._events.head(session), self._events.block(session, number)
        if head is None or head.number < number or known is not None:
            return
        start = find_old_block(self._connection, number)
        if not self._has(head):
            raise _Moved
        if start is None:
            return
        with self._database.session() as session:
            if self._events.head(session) != head:
                raise _Moved
            session.add(self._followed(start))

    def _head(self) -> BlockId | None:
        with self._database.snapshot() as session:
            self._check_contract(session)
            return self._events.head(session)

    def _check_contract(self, session: Session) -> None:
        followed = session.scalars(select(self._events.blocks.contract).limit(1)).one_or_none()
        if followed not in (None, self._marketplace.contract_address):
            raise Conflict(
                f"this database follows the contract {followed}, and {self._marketplace.contract_address} is configured; "
                "configure the former one, or start with an empty database"
            )

    def _store(
        self,
        head: BlockId | None,
        base: BlockId | None,
        end: Block | None,
        rows: list[ContractEventColumns],
    ) -> None:
        """Make what is above `base` what is given, provided that the head is still the one that was read."""
        with self._database.session() as session:
            if self._events.head(session) != head:
                raise _Moved
            if base != head:
                self._undo(session, head, base)
            session.add_all(rows)
            if end is not None:
                session.add(self._followed(end))
                self._prune(session)

    def _followed(self, block: Block) -> FollowedBlockColumns:
        row = self._events.blocks()
        row.number, row.hash, row.contract = block.number, block.hash, self._marketplace.contract_address
        return row

    def _undo(self, session: Session, head: BlockId | None, base: BlockId | None) -> None:
        blocks, events = self._events.blocks, self._events.events
        above = -1 if base is None else base.number
        undone = session.scalars(select(func.count()).select_from(events).where(events.block_number > above)).one()
        session.execute(delete(events).where(events.block_number > above))
        session.execute(delete(blocks).where(blocks.number > above))
        _log.warning("chain_reorganised", followed=head and head.number, common=base and base.number, events=undone)

    def _prune(self, session: Session) -> None:
        number = self._events.blocks.number
        oldest = session.scalars(select(number).order_by(number.desc()).offset(KEPT_BLOCKS - 1).limit(1)).one_or_none()
        if oldest is not None:
            outdated = delete(self._events.blocks).where(number < oldest, number != self.known_chain.from_block)
            session.execute(outdated)


class _Moved(Exception):
    """The chain or the database changed while a pass looked at it; the next pass sees it as it is then."""
