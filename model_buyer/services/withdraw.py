"""Taking out what the contract owes to this buyer: refunds."""

from __future__ import annotations

import uuid

from commons.chain.checks import checked_address
from commons.errors import Conflict
from model_buyer.services.ports import Chain, SendState, SentTransaction, UnitOfWork

PREFIX = "withdraw-"


def request_withdrawal(to: str | None, *, unit_of_work: UnitOfWork, chain: Chain, address: str) -> SentTransaction:
    """Send everything owed to this account, or to `to`; while one withdrawal is on its way, it is the answer.

    Raises:
        InvalidInput: `to` is no address.
        Conflict: nothing is owed.
        ChainUnavailable: what is owed cannot be read now.
    """
    recipient = None if to is None else checked_address("to", to)
    owed_wei = chain.owed_wei(address)
    call = chain.withdraw(recipient)
    with unit_of_work() as repository:
        for sent in repository.sent_with_prefix(PREFIX):
            if sent.state is SendState.PENDING:
                return sent
        if owed_wei == 0:
            raise Conflict(f"the contract owes nothing to {address}", owed_wei="0")
        key = f"{PREFIX}{uuid.uuid4().hex}"
        repository.send(key, call)
        return repository.sent_with_prefix(key)[0]
