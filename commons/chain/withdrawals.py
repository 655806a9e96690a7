"""Taking out everything that the contract owes to a service's account.

Each withdrawal is a transaction of the outbox, with a key of its own. What one takes is all that is owed once it is mined, so
there is no use for a second one while the first is on its way.
"""

from __future__ import annotations

import uuid
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from commons.chain.event_log import EventLog
from commons.chain.jobs import ContractCall
from commons.chain.outbox import UNFINISHED, Outbox
from commons.chain.outbox_table import OutboxColumns


class Withdrawals:
    """The withdrawals of one service; every method works within the caller's session.

    Args:
        outbox: sends them.
        events: knows what they took out.
        prefix: with which their keys in the outbox begin, and nothing else's.
    """

    def __init__(self, outbox: Outbox, events: EventLog, prefix: str) -> None:
        self._outbox: Final = outbox
        self._events: Final = events
        self.prefix: Final = prefix

    def under_way(self, session: Session) -> OutboxColumns | None:
        """Return the withdrawal that is neither mined nor failed, or None."""
        unfinished = self._ours().where(self._outbox.table.state.in_(UNFINISHED))
        return session.scalars(unfinished.limit(1)).one_or_none()

    def begin(self, session: Session, call: ContractCall) -> OutboxColumns:
        """Queue another withdrawal and return its row."""
        return self._outbox.enqueue(session, key=f"{self.prefix}{uuid.uuid4().hex}", call=call)

    def all(self, session: Session, account: str) -> list[tuple[OutboxColumns, int | None]]:
        """Return all withdrawals of `account`, newest first, each with the amount in wei once it is confirmed."""
        taken = {one.tx_hash: one.amount_wei for one in self._events.withdrawals(session, account)}
        rows = session.scalars(self._ours())
        return [(row, None if row.tx_hash is None else taken.get(row.tx_hash)) for row in rows]

    def _ours(self) -> Any:
        table = self._outbox.table
        return select(table).where(table.key.startswith(self.prefix, autoescape=True)).order_by(table.id.desc())
