"""What this owner does about what happens on chain, without needing anybody else.

A job that nobody has settled when its time is over is settled by its owners. They come one after another, so that usually
only the first of them pays for it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import structlog
from sqlalchemy import select

from commons.chain.jobs import JobStarted, JobState, last_second_before_expiry
from commons.chain.marketplace import Marketplace
from commons.storage.database import Database
from data_owner.services.job_view import ForeignSpec
from data_owner.services.ports import Clock
from data_owner.tables import EVENTS, OUTBOX, STANDING, Acceptance, AcceptanceState

FINISH_GRACE_S = 120.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class OnChain:
    """Follows the contract's events and acts on them.

    Attributes:
        database: of the service.
        chain: the contract.
        address: this owner's account.
        clock: Unix seconds, or the time of the chain's latest block if that is ahead: deadlines are the contract's.
        follow: stores what has happened on chain; returns why that failed, if it did.
    """

    database: Database
    chain: Marketplace
    address: str
    clock: Clock
    follow: Callable[[], str | None]

    def step(self) -> None:
        """One pass; what a node that is away holds up is done later."""
        if (reason := self.follow()) is not None:
            log.info("chain_not_followed", reason=reason)
        with self.database.snapshot() as session:
            standing = list(session.scalars(select(Acceptance).where(Acceptance.state.in_(STANDING))))
            states = EVENTS.job_states(session, [acceptance.job_id for acceptance in standing])
        for acceptance in standing:
            state = states.get(acceptance.job_id, JobState.NONE)
            if state is not JobState.NONE:
                self._look(acceptance, running=state is JobState.RUNNING)

    def _look(self, acceptance: Acceptance, *, running: bool) -> None:
        # The terms are all that counts here, whatever is computed and whether it is still known.
        job_id, spec = acceptance.job_id, ForeignSpec.model_validate_json(acceptance.spec)
        with self.database.snapshot() as session:
            created, started = EVENTS.created(session, job_id), EVENTS.started(session, job_id)
            last_recorded = EVENTS.is_last_recorded(session, job_id)
        if created is not None and created.spec_digest != spec.digest():
            self._give_up(job_id)
        elif running and started is not None and (place := _place(started, self.address)) is not None:
            grace_s = FINISH_GRACE_S * (1 + place / 4)
            if self.clock() > last_second_before_expiry(spec.finish_by, last_recorded=last_recorded) + grace_s:
                self._settle(job_id)

    def _give_up(self, job_id: int) -> None:
        with self.database.session() as session:
            acceptance = session.get_one(Acceptance, job_id)
            acceptance.state = AcceptanceState.REFUSED
            acceptance.note = "a reorganisation of the chain gave this number to another job, which was not accepted"
        log.warning("acceptance_void", job_id=job_id)

    def _settle(self, job_id: int) -> None:
        key, call = f"expire/{job_id}", self.chain.calls.expire_job(job_id)
        with self.database.session() as session:
            before = OUTBOX.tries(session, key)
            latest = OUTBOX.insist(session, key=key, call=call, now=self.clock())
        if latest not in before:
            log.info("job_overdue", job_id=job_id, failed=len(before), reason=before[0].note if before else None)


def _place(started: JobStarted, address: str) -> int | None:
    members = [member.lower() for member in (*started.trainers, *started.validators)]
    return members.index(address.lower()) if address.lower() in members else None
