"""The account that pays deposits: what the chain says of it, as far as it answers."""

from __future__ import annotations

from dataclasses import dataclass

from commons.errors import ChainUnavailable
from model_buyer.services.ports import Chain, UnitOfWork
from model_buyer.services.post_job import promised_wei


@dataclass(frozen=True)
class AccountBalance:
    """What there is, in wei; what only the chain knows is None while it does not answer.

    Attributes:
        balance_wei: what the account holds.
        owed_wei: what can be withdrawn from the contract.
        posting_fee_wei: upper estimate of the fee of posting a job.
        promised_wei: deposits of jobs that are being posted, which the balance still contains.
        unavailable_reason: why the chain's part is missing.
    """

    balance_wei: int | None
    owed_wei: int | None
    posting_fee_wei: int | None
    promised_wei: int
    unavailable_reason: str | None = None


def account_balance(address: str, *, snapshot: UnitOfWork, chain: Chain) -> AccountBalance:
    """What the account holds, is owed and has promised; the chain does not have to answer."""
    with snapshot() as repository:
        promised = promised_wei(repository)
    try:
        return AccountBalance(
            chain.balance_wei(address), chain.owed_wei(address), chain.posting_cost_wei(), promised_wei=promised
        )
    except ChainUnavailable as error:
        return AccountBalance(None, None, None, promised_wei=promised, unavailable_reason=error.message)
