"""The transaction outbox: what a service has decided to send.

A service enqueues a call in the same unit of work as the decision behind it, so that neither is lost without the other,
and reads from the row what became of it. `commons.chain.outbox_sender` does the sending. A call that failed and is tried
again gets a row of its own, so that the rows tell how often that was.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from commons.chain.jobs import ContractCall
from commons.chain.outbox_table import OutboxColumns, OutboxState
from commons.errors import Conflict, InvalidInput

UNFINISHED: Final = (OutboxState.QUEUED, OutboxState.SIGNED, OutboxState.BROADCAST)


@dataclass(frozen=True, slots=True)
class RetryPauses:
    """How long to wait after a failure: `first_s` after the first, then twice as long each time, `longest_s` at the most.

    What failed once without a reason that passes may fail for ever, and each time it may cost gas.
    """

    first_s: float
    longest_s: float

    def after(self, failures: int) -> float:
        """Return the seconds to wait after the latest of so many failures."""
        return min(self.first_s * 2.0 ** min(failures - 1, 64), self.longest_s)


MONEY_PAUSES: Final = RetryPauses(first_s=300.0, longest_s=6 * 3600.0)
"""Between two tries to get money out of the contract."""


class Outbox:
    """The outbox in one service's table.

    Args:
        table: the service's mapped class with `OutboxColumns`.
    """

    def __init__(self, table: type[OutboxColumns], *, clock: Callable[[], float] = time.time) -> None:
        self.table: Final = table
        self._clock = clock
        # Counted in every pass of a background process: made once, since making it takes as long as executing it.
        self._unfinished: Final = select(func.count()).select_from(table).where(table.state.in_(UNFINISHED))

    def enqueue(self, session: Session, *, key: str, call: ContractCall) -> OutboxColumns:
        """Add `call` to the outbox within the caller's unit of work and return its row.

        Enqueuing the same call under the same `key` again returns the row that is there, whatever its state. Raises
        `Conflict` when another call stands under the key, `InvalidInput` for a call that creates a contract.
        """
        if call.to is None:
            raise InvalidInput("the outbox sends calls of a contract; deploy a contract with `deploy`", field="call")
        present = self.find(session, key)
        if present is None:
            present = self.table()
            present.key = key
            present.description = call.description[:200]
            present.to_address, present.data, present.value_wei = call.to, call.data, call.value_wei
            present.state = OutboxState.QUEUED
            present.queued_at = self._clock()
            present.tx_hashes = []
            session.add(present)
            session.flush()
        elif (present.to_address, present.data, present.value_wei) != (call.to, call.data, call.value_wei):
            raise Conflict(f"another transaction is in the outbox under the key {key}: {present.description}", key=key)
        return present

    def find(self, session: Session, key: str) -> OutboxColumns | None:
        """Return the row under `key`, or None."""
        return session.scalars(select(self.table).where(self.table.key == key)).one_or_none()

    def enqueue_again(self, session: Session, *, key: str, call: ContractCall) -> OutboxColumns:
        """Add `call` as another try of what stands under `key`: the second under `key/2`, and so on; return its row."""
        tries = self.tries(session, key)
        return self.enqueue(session, key=f"{key}/{len(tries) + 1}" if tries else key, call=call)

    def insist(self, session: Session, *, key: str, call: ContractCall, now: float) -> OutboxColumns:
        """See to it that `call` is mined, which gets money out of the contract, and return the row of its latest try.

        It is queued unless it is on its way or was mined. When it has failed it is queued again, as `enqueue_again` does, once
        `MONEY_PAUSES` are over at `now` (unix seconds).
        """
        tries = self.tries(session, key)
        if tries:
            latest = tries[0]
            if latest.state is not OutboxState.FAILED:
                return latest
            if latest.finished_at is not None and now - latest.finished_at < MONEY_PAUSES.after(len(tries)):
                return latest
        return self.enqueue_again(session, key=key, call=call)

    def latest(self, session: Session, key: str) -> OutboxColumns | None:
        """Return the latest of what stands under `key` and what was tried again of it, or None."""
        return next(iter(self.tries(session, key)), None)

    def tries(self, session: Session, key: str) -> list[OutboxColumns]:
        """Return all rows under `key` and what was tried again of it, the latest first."""
        table = self.table
        ours = or_(table.key == key, table.key.startswith(f"{key}/", autoescape=True))
        return list(session.scalars(select(table).where(ours).order_by(table.id.desc())))

    def count_unfinished(self, session: Session) -> int:
        """Return how many transactions are neither mined nor failed."""
        return session.scalars(self._unfinished).one()
