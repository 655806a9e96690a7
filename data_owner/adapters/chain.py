"""The marketplace contract as a data owner's use cases see it."""

from __future__ import annotations

from commons.chain.checks import checked_address
from commons.chain.jobs import ContractCall, JobOnChain, Participation, Quote
from commons.chain.marketplace import Marketplace
from commons.chain.signing import SigningDomain
from commons.chain.transactions import balance_wei


class MarketplaceChain:
    """`data_owner.services.ports.Chain` on one node; making one asks nothing of the node."""

    def __init__(self, marketplace: Marketplace) -> None:
        self._marketplace = marketplace

    def domain(self) -> SigningDomain:
        """Chain and contract that signatures are for."""
        return self._marketplace.domain

    def check(self) -> None:
        """Raise ChainUnavailable unless the node answers for the right chain."""
        self._marketplace.connection.check()

    def balance_wei(self, address: str) -> int:
        """Ether of an account."""
        return balance_wei(self._marketplace.connection, checked_address("address", address))

    def owed_wei(self, address: str) -> int:
        """What an account can withdraw from the contract."""
        return self._marketplace.owed_wei(address)

    def job(self, job_id: int) -> JobOnChain:
        """A job's terms and state."""
        return self._marketplace.job(job_id)

    def participation(self, job_id: int, address: str) -> Participation:
        """What an account is in a job."""
        return self._marketplace.participation(job_id, address)

    def contributions(self, job_id: int) -> tuple[int, ...]:
        """Each trainer's contribution so far."""
        return self._marketplace.contributions(job_id)

    def quote(self, job_id: int) -> Quote:
        """The split of the deposit on the checkpoints so far."""
        return self._marketplace.quote(job_id)

    def revoke_acceptance(self, job_id: int) -> ContractCall:
        """The call after which this account's acceptance is worth nothing."""
        return self._marketplace.calls.revoke_acceptance(job_id)

    def expire_job(self, job_id: int) -> ContractCall:
        """The call that settles a job whose time is over."""
        return self._marketplace.calls.expire_job(job_id)

    def withdraw(self, to: str | None) -> ContractCall:
        """The call that sends everything owed to this account, or to `to`."""
        return self._marketplace.calls.withdraw() if to is None else self._marketplace.calls.withdraw_to(to)
