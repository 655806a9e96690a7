"""The account that pays deposits: what the chain says of it, as far as it answers."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from commons.errors import ChainUnavailable
from model_buyer.domain.stages import NOT_YET_ESCROWED
from model_buyer.services.buyer import Buyer
from model_buyer.tables import Job


@dataclass(frozen=True)
class AccountBalance:
    """What there is, in wei; what only the chain knows is None while it does not answer.

    Attributes:
        address: the account.
        balance_wei: what the account holds.
        owed_wei: what can be withdrawn from the contract.
        posting_fee_wei: upper estimate of the fee of posting a job.
        promised_wei: deposits of jobs that are being posted, which the balance still contains.
        unavailable_reason: why the chain's part is missing.
    """

    address: str
    balance_wei: int | None
    owed_wei: int | None
    posting_fee_wei: int | None
    promised_wei: int
    unavailable_reason: str | None = None


def account_balance(buyer: Buyer) -> AccountBalance:
    """What the account holds, is owed and has promised; the chain does not have to answer."""
    with buyer.database.snapshot() as session:
        promised = promised_wei(session)
    chain, address = buyer.chain, buyer.address
    try:
        amounts = chain.balance_wei(address), chain.owed_wei(address), chain.posting_cost_wei()
    except ChainUnavailable as error:
        return AccountBalance(address, None, None, None, promised, error.message)
    return AccountBalance(address, *amounts, promised)


def promised_wei(session: Session) -> int:
    """The deposits of jobs that are being posted, which the account's balance still contains."""
    return sum(session.scalars(select(Job.deposit_wei).where(Job.stage.in_(NOT_YET_ESCROWED))))
