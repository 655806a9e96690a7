"""What this owner earned: per job from the contract, in sum what it can withdraw, and withdrawing it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from commons.chain.checks import checked_address
from commons.chain.jobs import JobState, Role
from commons.chain.outbox import UNFINISHED, Outbox
from commons.chain.outbox_table import OutboxColumns, OutboxState
from commons.errors import ChainUnavailable, Conflict
from commons.protocol.training_job import FrozenModel, Wei
from commons.storage.database import Database
from data_owner.adapters.tables import Acceptance, KnownJob, OutboxTransaction
from data_owner.services.job_view import JobView, parse_job_view
from data_owner.services.ports import Chain

_SETTLED = (JobState.FINISHED, JobState.EXPIRED)
_WITHDRAWAL = "withdrawal/"


class Account(FrozenModel):
    """This owner's Ethereum account: its ether, and what the marketplace owes it."""

    address: str
    balance_wei: Wei
    owed_wei: Wei


class JobEarning(FrozenModel):
    """What one job brings; preliminary (by the checkpoints so far) until `settled`.

    `contribution_share` is this trainer's part of all contributions, None for validators.
    """

    job_id: int
    title: str
    role: str
    state: str
    contribution_share: float | None
    pay_wei: Wei | None
    settled: bool
    tx_hash: str | None


class Earnings(FrozenModel):
    """All jobs this owner takes or took part in, newest first; amounts are None while the chain does not answer."""

    jobs: tuple[JobEarning, ...]
    owed_wei: Wei | None
    unavailable_reason: str | None


class Withdrawal(FrozenModel):
    """A transfer of everything owed, on its way or done; `to` is None for the own account."""

    id: str
    description: str
    state: OutboxState
    tx_hash: str | None
    reason: str | None
    requested_at: float


@dataclass(frozen=True)
class EarningsBook:
    """Reads and withdraws pay.

    Attributes:
        database: of the service.
        chain: the contract.
        outbox: sends withdrawals.
        address: this owner's account.
    """

    database: Database
    chain: Chain
    outbox: Outbox
    address: str

    def account(self) -> Account:
        """The account as the chain has it; raises ChainUnavailable."""
        return Account(
            address=self.address,
            balance_wei=self.chain.balance_wei(self.address),
            owed_wei=self.chain.owed_wei(self.address),
        )

    def earnings(self) -> Earnings:
        """Pay of every job, settled or preliminary."""
        reason, owed_wei = None, None
        try:
            owed_wei = self.chain.owed_wei(self.address)
        except ChainUnavailable as error:
            reason = error.message
        with self.database.snapshot() as session:
            query = select(Acceptance, KnownJob).join(KnownJob, KnownJob.job_id == Acceptance.job_id)
            rows = list(session.execute(query.order_by(Acceptance.job_id.desc())))
        jobs = []
        for acceptance, known in rows:
            view = parse_job_view(known.view)
            role = acceptance.role or (None if view.is_recruiting else view.role_of(self.address))
            if role is not None:
                jobs.append(self._earning(acceptance, view, role))
        return Earnings(jobs=tuple(jobs), owed_wei=owed_wei, unavailable_reason=reason)

    def withdraw(self, to: str | None) -> Withdrawal:
        """Send everything owed to this account, or to `to`; the transaction is sent beside this request.

        Raises:
            Conflict: nothing is owed, or a withdrawal is on its way.
            InvalidInput: `to` is no address.
            ChainUnavailable: what is owed cannot be read.
        """
        call = self.chain.withdraw(None if to is None else checked_address("to", to))
        if not self.chain.owed_wei(self.address):
            raise Conflict("nothing is owed to this account, so there is nothing to withdraw", owed_wei="0")
        with self.database.session() as session:
            pending = select(OutboxTransaction.key).where(
                OutboxTransaction.key.startswith(_WITHDRAWAL), OutboxTransaction.state.in_(UNFINISHED)
            )
            if (key := session.scalar(pending)) is not None:
                raise Conflict("a withdrawal is on its way; wait until it is mined", withdrawal=_id(key))
            return _withdrawal(self.outbox.enqueue(session, key=f"{_WITHDRAWAL}{uuid.uuid4()}", call=call))

    def withdrawals(self) -> list[Withdrawal]:
        """All withdrawals, newest first."""
        query = select(OutboxTransaction).where(OutboxTransaction.key.startswith(_WITHDRAWAL))
        with self.database.snapshot() as session:
            rows = session.scalars(query.order_by(OutboxTransaction.id.desc()))
            return [_withdrawal(row) for row in rows]

    def _earning(self, acceptance: Acceptance, view: JobView, role: str) -> JobEarning:
        if acceptance.pay_wei is None:
            pay_wei, settled = self._ask_chain(acceptance, role)
        else:
            pay_wei, settled = int(acceptance.pay_wei), True
        return JobEarning(
            job_id=view.job_id,
            title=view.spec.title,
            role=role,
            state=view.state,
            contribution_share=acceptance.contribution_share,
            pay_wei=pay_wei,
            settled=settled,
            tx_hash=acceptance.settlement_tx,
        )

    def _ask_chain(self, acceptance: Acceptance, role: str) -> tuple[int | None, bool]:
        job_id = acceptance.job_id
        try:
            settled = self.chain.job(job_id).state in _SETTLED
            trainers, _ = self.chain.participants(job_id)
            place = _index(trainers, self.address)
            if place is not None:
                acceptance.contribution_share = _share(self.chain.contributions(job_id), place)
            if not settled:
                quote = self.chain.quote(job_id)
                return quote.validator_each if place is None else quote.trainers[place], False
            pay_wei, tx_hash = self._credited(job_id)
        except ChainUnavailable:
            return None, False
        acceptance.pay_wei, acceptance.settlement_tx, acceptance.role = str(pay_wei), tx_hash, role
        with self.database.session() as session:
            stored = session.get_one(Acceptance, job_id)
            stored.pay_wei, stored.settlement_tx, stored.role = str(pay_wei), tx_hash, role
            stored.contribution_share = acceptance.contribution_share
        return pay_wei, True

    def _credited(self, job_id: int) -> tuple[int, str | None]:
        own = [
            credit
            for credit in self.chain.credited(job_id)
            if credit.payee.lower() == self.address.lower() and credit.role in (Role.TRAINER, Role.VALIDATOR)
        ]
        return sum(credit.amount_wei for credit in own), own[0].tx_hash if own else None


def _share(contributions: Sequence[int], place: int) -> float:
    total = sum(contributions)
    # The contract pays alike when nobody contributed.
    return contributions[place] / total if total else 1 / len(contributions)


def _index(addresses: Sequence[str], address: str) -> int | None:
    lowered = [item.lower() for item in addresses]
    return lowered.index(address.lower()) if address.lower() in lowered else None


def _id(key: str) -> str:
    return key.removeprefix(_WITHDRAWAL)


def _withdrawal(row: OutboxColumns) -> Withdrawal:
    return Withdrawal(
        id=_id(row.key),
        description=row.description,
        state=row.state,
        tx_hash=row.tx_hash,
        reason=row.note or row.reason,
        requested_at=row.queued_at,
    )
