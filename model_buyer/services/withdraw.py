"""Taking out what the contract owes to this buyer: refunds."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from commons.chain.checks import checked_address
from commons.chain.outbox_table import OutboxColumns
from commons.errors import Conflict
from model_buyer.services.buyer import Buyer
from model_buyer.services.outgoing import SendState, send_state
from model_buyer.tables import EVENTS, OUTBOX, OutboxTransaction

_PREFIX = "withdraw-"


def request_withdrawal(buyer: Buyer, to: str | None) -> OutboxColumns:
    """Send everything owed to this account, or to `to`; while one withdrawal is on its way, it is the answer.

    Raises:
        InvalidInput: `to` is no address.
        Conflict: nothing is owed.
        ChainUnavailable: what is owed cannot be read now.
    """
    recipient = None if to is None else checked_address("to", to)
    owed_wei = buyer.chain.owed_wei(buyer.address)
    call = buyer.chain.withdraw(recipient)
    with buyer.database.session() as session:
        for sent in _withdrawals(session):
            if send_state(sent) is SendState.PENDING:
                return sent
        if owed_wei == 0:
            raise Conflict(f"the contract owes nothing to {buyer.address}", owed_wei="0")
        return OUTBOX.enqueue(session, key=f"{_PREFIX}{uuid.uuid4().hex}", call=call)


def list_withdrawals(buyer: Buyer) -> list[tuple[OutboxColumns, int | None]]:
    """All withdrawals, newest first, each with the amount in wei once it is confirmed."""
    with buyer.database.snapshot() as session:
        sent = _withdrawals(session)
        taken = {one.tx_hash: one.amount_wei for one in EVENTS.withdrawals(session, buyer.address)}
    return [(one, None if one.tx_hash is None else taken.get(one.tx_hash)) for one in sent]


def _withdrawals(session: Session) -> Sequence[OutboxColumns]:
    ours = OutboxTransaction.key.startswith(_PREFIX, autoescape=True)
    return session.scalars(select(OutboxTransaction).where(ours).order_by(OutboxTransaction.id.desc())).all()
