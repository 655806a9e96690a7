"""Taking out what the contract owes to this buyer: refunds."""

from __future__ import annotations

from commons.chain.outbox_table import OutboxColumns
from commons.chain.withdrawals import Withdrawals
from commons.errors import Conflict
from model_buyer.services.buyer import Buyer
from model_buyer.tables import EVENTS, OUTBOX

_WITHDRAWALS = Withdrawals(OUTBOX, EVENTS, prefix="withdraw-")


def request_withdrawal(buyer: Buyer, to: str | None) -> OutboxColumns:
    """Send everything owed to this account, or to `to`; while one withdrawal is on its way, it is the answer.

    Raises:
        InvalidInput: `to` is no address.
        Conflict: nothing is owed.
        ChainUnavailable: what is owed cannot be read now.
    """
    call = buyer.chain.withdraw(to)
    owed_wei = buyer.chain.owed_wei(buyer.address)
    with buyer.database.session() as session:
        if (under_way := _WITHDRAWALS.under_way(session)) is not None:
            return under_way
        if owed_wei == 0:
            raise Conflict(f"the contract owes nothing to {buyer.address}", owed_wei="0")
        return _WITHDRAWALS.begin(session, call)


def list_withdrawals(buyer: Buyer) -> list[tuple[OutboxColumns, int | None]]:
    """All withdrawals, newest first, each with the amount in wei once it is confirmed."""
    with buyer.database.snapshot() as session:
        return _WITHDRAWALS.all(session, buyer.address)
