"""The marketplace contract as the buyer's use cases see it."""

from __future__ import annotations

from commons.chain.checks import checked_address
from commons.chain.fees import gas_price
from commons.chain.jobs import ContractCall, JobOnChain, JobTerms, Quote
from commons.chain.marketplace import Marketplace
from commons.chain.signing import SigningDomain
from commons.chain.transactions import balance_wei

POSTING_GAS = 500_000
"""More gas than createJob takes."""


class MarketplaceChain:
    """`model_buyer.services.ports.Chain` on one node; making one asks nothing of the node.

    Args:
        marketplace: the contract.
        max_fee_wei: the most that this buyer offers for a unit of gas.
    """

    def __init__(self, marketplace: Marketplace, *, max_fee_wei: int) -> None:
        self._marketplace = marketplace
        self._max_fee_wei = max_fee_wei

    def domain(self) -> SigningDomain:
        """Chain and contract that signatures are for."""
        return self._marketplace.domain

    def check(self) -> None:
        """Raise ChainUnavailable unless the node answers, NotFound or Conflict unless it has the contract."""
        self._marketplace.wait_until_ready(0)

    def balance_wei(self, address: str) -> int:
        """Ether of an account."""
        return balance_wei(self._marketplace.connection, checked_address("address", address))

    def owed_wei(self, address: str) -> int:
        """What an account can withdraw from the contract."""
        return self._marketplace.owed_wei(address)

    def posting_cost_wei(self) -> int:
        """Upper estimate of the fee of posting a job."""
        ample = gas_price(self._marketplace.connection).ample_fees
        return POSTING_GAS * min(ample.max_wei, self._max_fee_wei)

    def create_job(self, terms: JobTerms, deposit_wei: int) -> ContractCall:
        """The call that posts a job."""
        return self._marketplace.calls.create_job(terms, deposit_wei)

    def cancel_job(self, job_id: int) -> ContractCall:
        """The call that calls a job off."""
        return self._marketplace.calls.cancel_job(job_id)

    def expire_job(self, job_id: int) -> ContractCall:
        """The call that settles a job whose time is over."""
        return self._marketplace.calls.expire_job(job_id)

    def withdraw(self, to: str | None) -> ContractCall:
        """The call that sends everything owed to this account, or to `to`."""
        return self._marketplace.calls.withdraw(to)

    def job(self, job_id: int) -> JobOnChain:
        """The job's terms and state."""
        return self._marketplace.job(job_id)

    def contributions(self, job_id: int) -> tuple[int, ...]:
        """Each trainer's contribution so far."""
        return self._marketplace.contributions(job_id)

    def quote(self, job_id: int) -> Quote:
        """The split of the deposit on the checkpoints so far."""
        return self._marketplace.quote(job_id)
