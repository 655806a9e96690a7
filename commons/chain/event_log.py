"""The contract's confirmed events as a service's database has them: reading only, without a node.

`commons.chain.event_follower` stores them, and takes them back when a reorganisation drops their blocks. What a service
concludes from them must therefore be derived again whenever `EventLog.head` has changed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, Final, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from commons.chain import events
from commons.chain.blocks import BlockId
from commons.chain.checks import checked_address
from commons.chain.event_table import ContractEventColumns, FollowedBlockColumns
from commons.chain.jobs import (
    Credit,
    JobCancelled,
    JobCreated,
    JobSettled,
    JobStarted,
    JobState,
    RecordedCheckpoint,
    Withdrawal,
)

_STATES: Final = {
    "JobCreated": JobState.POSTED,
    "JobStarted": JobState.RUNNING,
    "JobFinalized": JobState.FINISHED,
    "JobExpired": JobState.EXPIRED,
    "JobCancelled": JobState.CANCELLED,
}

T = TypeVar("T")


class EventLog:
    """Reads one service's tables of contract events; every method works within the caller's session.

    Args:
        blocks: the service's mapped class with `FollowedBlockColumns`.
        contract_events: the one with `ContractEventColumns`.
    """

    def __init__(self, blocks: type[FollowedBlockColumns], contract_events: type[ContractEventColumns]) -> None:
        self.blocks: Final = blocks
        self.events: Final = contract_events
        # Asked for in every pass of a background process: made once, since making it takes as long as executing it.
        self._newest: Final = select(blocks).order_by(blocks.number.desc()).limit(1)

    def head(self, session: Session) -> BlockId | None:
        """Return the highest block up to which all events are stored, or None before the first look at the chain.

        As long as it stays the same, so does everything else here.
        """
        block = session.scalars(self._newest).one_or_none()
        return None if block is None else BlockId(block.number, block.hash)

    def block(self, session: Session, number: int) -> BlockId | None:
        """Return the block of that number if it is one of those that are stored."""
        block = session.get(self.blocks, number)
        return None if block is None else BlockId(block.number, block.hash)

    def job_state(self, session: Session, job_id: int) -> JobState:
        """Return where the job stands; `JobState.NONE` when no confirmed event has created it."""
        row = self._last(session, self._of_job(job_id, *_STATES))
        return JobState.NONE if row is None else _STATES[row.name]

    def job_states(self, session: Session, job_ids: Collection[int]) -> dict[int, JobState]:
        """Return where those of the jobs stand that have been posted, by their ids."""
        events_table = self.events
        changes = select(events_table.job_id, events_table.name).where(
            events_table.name.in_(_STATES), events_table.job_id.in_(job_ids)
        )
        rows = session.execute(changes.order_by(events_table.block_number, events_table.log_index))
        return {job_id: _STATES[name] for job_id, name in rows if job_id is not None}

    def created(self, session: Session, job_id: int) -> JobCreated | None:
        """Return how the job was posted, or None."""
        return self._one(session, events.job_created, self._of_job(job_id, "JobCreated"))

    def created_by(self, session: Session, tx_hash: str) -> JobCreated | None:
        """Return the job that the transaction posted, or None; the id may be another one after a reorganisation."""
        posted = select(self.events).where(self.events.tx_hash == tx_hash, self.events.name == "JobCreated")
        return self._one(session, events.job_created, posted)

    def jobs_created(self, session: Session) -> list[JobCreated]:
        """Return every posted job, oldest first."""
        return self._all(session, events.job_created, select(self.events).where(self.events.name == "JobCreated"))

    def revoked(self, session: Session, job_id: int) -> list[str]:
        """Return the owners who withdrew their acceptance on chain before the job started."""
        rows = self._rows(session, self._of_job(job_id, "AcceptanceRevoked"))
        return [str(row.account) for row in rows]

    def started(self, session: Session, job_id: int) -> JobStarted | None:
        """Return with whom the job started, or None."""
        return self._one(session, events.job_started, self._of_job(job_id, "JobStarted"))

    def checkpoints(self, session: Session, job_id: int) -> list[RecordedCheckpoint]:
        """Return the job's recorded checkpoints in order."""
        return self._all(session, events.recorded_checkpoint, self._of_job(job_id, "CheckpointRecorded"))

    def is_last_recorded(self, session: Session, job_id: int) -> bool:
        """Return whether a checkpoint marked last is recorded, after which the job can still be finalized for a while."""
        return any(checkpoint.statement.last for checkpoint in self.checkpoints(session, job_id))

    def settled(self, session: Session, job_id: int) -> JobSettled | None:
        """Return how the job was paid out, by `finalize` (with the seed) or by expiry, or None when it is not."""
        return self._one(session, events.job_settled, self._of_job(job_id, "JobFinalized", "JobExpired"))

    def cancelled(self, session: Session, job_id: int) -> JobCancelled | None:
        """Return how the job was called off, or None when it was not."""
        return self._one(session, events.job_cancelled, self._of_job(job_id, "JobCancelled"))

    def credited(self, session: Session, job_id: int) -> list[Credit]:
        """Return what the job paid and refunded; an account that got nothing is not in it."""
        return self._all(session, events.credit, self._of_job(job_id, "Credited"))

    def withdrawals(self, session: Session, account: str) -> list[Withdrawal]:
        """Return everything that `account` has taken out of the contract, oldest first."""
        address = checked_address("account", account)
        taken = select(self.events).where(self.events.account == address, self.events.name == "Withdrawn")
        return self._all(session, events.withdrawal, taken)

    def history(self, session: Session, job_id: int) -> list[ContractEventColumns]:
        """Return the rows of all the job's events in the order of the chain, with block, time and transaction."""
        return self._rows(session, select(self.events).where(self.events.job_id == job_id))

    def _of_job(self, job_id: int, *names: str) -> Any:
        return select(self.events).where(self.events.job_id == job_id, self.events.name.in_(names))

    def _rows(self, session: Session, query: Any) -> list[ContractEventColumns]:
        return list(session.scalars(query.order_by(self.events.block_number, self.events.log_index)))

    def _last(self, session: Session, query: Any) -> ContractEventColumns | None:
        newest_first = query.order_by(self.events.block_number.desc(), self.events.log_index.desc())
        row: ContractEventColumns | None = session.scalars(newest_first.limit(1)).one_or_none()
        return row

    def _one(self, session: Session, read: Callable[[Mapping[str, Any], str], T], query: Any) -> T | None:
        row = self._last(session, query)
        return None if row is None else read(row.arguments, row.tx_hash)

    def _all(self, session: Session, read: Callable[[Mapping[str, Any], str], T], query: Any) -> list[T]:
        return [read(row.arguments, row.tx_hash) for row in self._rows(session, query)]
