"""What this owner earned: per job, in sum what it can withdraw, and withdrawing it.

Pay counts as settled when confirmed events say so, and is read from them each time: what a reorganisation takes back is not
shown any more. Until then the contract is asked for the present split.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from commons.chain.jobs import JobState, Role
from commons.chain.marketplace import Marketplace
from commons.chain.outbox_table import OutboxColumns, OutboxState
from commons.chain.transactions import balance_wei
from commons.chain.withdrawals import Withdrawals
from commons.computations.job_facts import Pay
from commons.errors import ChainUnavailable, Conflict
from commons.market.contribution import contribution_share, leave_one_out_contributions
from commons.messages import FrozenModel, Wei
from commons.storage.database import Database
from data_owner.services.job_view import TRAINER, VALIDATOR, JobView, parse_job_view
from data_owner.tables import EVENTS, OUTBOX, Acceptance, KnownJob

_SETTLED = (JobState.FINISHED, JobState.EXPIRED)
_WITHDRAWALS = Withdrawals(OUTBOX, EVENTS, prefix="withdrawal/")
_PAID_ROLES = (Role.TRAINER, Role.VALIDATOR)


class Account(FrozenModel):
    """This owner's Ethereum account: its ether, and what the marketplace owes it; None while the chain does not answer."""

    address: str
    balance_wei: Wei | None
    owed_wei: Wei | None
    unavailable_reason: str | None


class JobEarning(FrozenModel):
    """What one job brings; preliminary (by the checkpoints so far) until `settled`.

    `pay_rule` is None for a kind that is not known here; `contribution_share` is this trainer's part of all contributions, None
    for validators.
    """

    job_id: int
    title: str
    pay_rule: Pay | None
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
    """A transfer of everything owed, on its way or done; the amount is known once the chain has confirmed it."""

    id: str
    description: str
    state: OutboxState
    tx_hash: str | None
    reason: str | None
    requested_at: float
    amount_wei: Wei | None = None


@dataclass(frozen=True)
class EarningsBook:
    """Reads and withdraws pay.

    Attributes:
        database: of the service.
        chain: the contract.
        address: this owner's account.
    """

    database: Database
    chain: Marketplace
    address: str

    def account(self) -> Account:
        """The account as the chain has it, as far as that answers."""
        reason, balance, owed_wei = None, None, None
        try:
            balance, owed_wei = balance_wei(self.chain.connection, self.address), self.chain.owed_wei(self.address)
        except ChainUnavailable as error:
            reason = error.message
        return Account(address=self.address, balance_wei=balance, owed_wei=owed_wei, unavailable_reason=reason)

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
            if (earning := self._of_acceptance(acceptance, parse_job_view(known.view))) is not None:
                jobs.append(earning)
        return Earnings(jobs=tuple(jobs), owed_wei=owed_wei, unavailable_reason=reason)

    def of_job(self, view: JobView) -> JobEarning | None:
        """What one job brings; None unless this owner takes or took part in it."""
        with self.database.snapshot() as session:
            acceptance = session.get(Acceptance, view.job_id)
        return None if acceptance is None else self._of_acceptance(acceptance, view)

    def withdraw(self, to: str | None) -> Withdrawal:
        """Send everything owed to this account, or to `to`; the transaction is sent beside this request.

        Raises:
            Conflict: nothing is owed, or a withdrawal is on its way.
            InvalidInput: `to` is no address.
            ChainUnavailable: what is owed cannot be read.
        """
        call = self.chain.calls.withdraw(to)
        if not self.chain.owed_wei(self.address):
            raise Conflict("nothing is owed to this account, so there is nothing to withdraw", owed_wei="0")
        with self.database.session() as session:
            if (under_way := _WITHDRAWALS.under_way(session)) is not None:
                raise Conflict("a withdrawal is on its way; wait until it is mined", withdrawal=_id(under_way))
            return _withdrawal(_WITHDRAWALS.begin(session, call))

    def withdrawals(self) -> list[Withdrawal]:
        """All withdrawals, newest first."""
        with self.database.snapshot() as session:
            return [_withdrawal(row, amount_wei) for row, amount_wei in _WITHDRAWALS.all(session, self.address)]

    def _of_acceptance(self, acceptance: Acceptance, view: JobView) -> JobEarning | None:
        with self.database.snapshot() as session:
            facts = _Facts.read(session, acceptance.job_id, self.address)
        role = facts.role or (None if view.is_recruiting else view.role_of(self.address))
        if role is None:
            return None
        share, pay_wei = (facts.share, facts.pay_wei) if facts.settled else self._preliminary(facts, view.job_id)
        return JobEarning(
            job_id=view.job_id,
            title=view.spec.title,
            pay_rule=view.pay_rule,
            role=role,
            state=facts.settled or view.state,
            contribution_share=share,
            pay_wei=pay_wei,
            settled=facts.settled is not None,
            tx_hash=facts.tx_hash,
        )

    def _preliminary(self, facts: _Facts, job_id: int) -> tuple[float | None, int | None]:
        """Share and pay as the contract would divide now; None where it does not answer or has not started the job."""
        if facts.role is None:
            return None, None
        try:
            quote = self.chain.quote(job_id)
            if facts.place is None:
                return None, quote.validator_each
            contributions = self.chain.contributions(job_id)
        except ChainUnavailable:
            return None, None
        if facts.place >= len(quote.trainers) or facts.place >= len(contributions):
            # The contract is asked for its latest state, in which a reorganisation can have undone the start.
            return None, None
        return _share(contributions, facts.place), quote.trainers[facts.place]


@dataclass(frozen=True)
class _Facts:
    """What confirmed events say of this owner in one job; `settled` is how it ended, `place` this trainer's."""

    role: str | None
    place: int | None
    settled: str | None
    share: float | None
    pay_wei: int
    tx_hash: str | None

    @classmethod
    def read(cls, session: Session, job_id: int, address: str) -> _Facts:
        started = EVENTS.started(session, job_id)
        if started is None:
            return cls(None, None, None, None, 0, None)
        place = _index(started.trainers, address)
        role = TRAINER if place is not None else VALIDATOR if _index(started.validators, address) is not None else None
        state = EVENTS.job_state(session, job_id)
        if state not in _SETTLED:
            return cls(role, place, None, None, 0, None)
        recorded = [one.statement for one in EVENTS.checkpoints(session, job_id)]
        gains = ((one.mse_fixed, one.leave_one_out_mses_fixed) for one in recorded if one.index)
        contributions = leave_one_out_contributions(gains) or [0] * len(started.trainers)
        credited = EVENTS.credited(session, job_id)
        pay = [one for one in credited if one.payee.lower() == address.lower() and one.role in _PAID_ROLES]
        settled = EVENTS.settled(session, job_id)
        return cls(
            role=role,
            place=place,
            settled=state.name.lower(),
            share=None if place is None else _share(contributions, place),
            pay_wei=sum(one.amount_wei for one in pay),
            tx_hash=settled.tx_hash if settled else None,
        )


def _share(contributions: Sequence[int], place: int) -> float:
    share = contribution_share(contributions, place)
    # The contract pays alike when nobody contributed.
    return 1 / len(contributions) if share is None else share


def _index(addresses: Sequence[str], address: str) -> int | None:
    lowered = [item.lower() for item in addresses]
    return lowered.index(address.lower()) if address.lower() in lowered else None


def _id(row: OutboxColumns) -> str:
    return row.key.removeprefix(_WITHDRAWALS.prefix)


def _withdrawal(row: OutboxColumns, amount_wei: int | None = None) -> Withdrawal:
    return Withdrawal(
        id=_id(row),
        description=row.description,
        state=row.state,
        tx_hash=row.tx_hash,
        reason=row.explanation,
        requested_at=row.queued_at,
        amount_wei=amount_wei,
    )
