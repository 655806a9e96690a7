"""Starts that fail without a reason: who can have made them fail, and when to give up.

The contract asks an owner's account itself whether it signed when the signature alone does not say so. For an owner that
agreed to one role only it does that although the signature is good, since it tries the signature for either role first
(`Marketplace._accepted`). The account of a person can have code too (EIP-7702), and that code can use up all the gas that
it is given: always, or only where gas has a price, so that the estimate shows nothing and the start is paid for and fails.
Nobody is named then. So whoever agreed to one role and has code is left out; and if nobody has, whoever may have had some
within the very block of the start: taking on code and laying it down uses up nonces of the account. An acceptance of either
role never leads into its owner's code.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from commons.ciphers.masks import seed_hash
from commons.errors import ChainUnavailable
from commons.market.roles import Role
from commons.market.state import JobState
from commons.storage.database import Database
from federated_aggregator.services.chain_port import ChainPort, Sending, Sent
from federated_aggregator.services.job_run import START, JobRun
from federated_aggregator.services.recruiting import Recruiting
from federated_aggregator.services.retries import SILENT, Retries, refused
from federated_aggregator.services.scheduler import Scheduler
from federated_aggregator.tables import Enrolment, Job

log = structlog.get_logger(__name__)

MOST_SILENT_STARTS = 5
"""After so many a job is given up: each may have cost the gas of a whole start."""

HAS_CODE = (
    "its account has code (EIP-7702), which the contract runs for an acceptance of one role only, and the start failed "
    "without a reason"
)
MAY_HAVE_HAD_CODE = (
    "its account was active in the very block in which the start failed without a reason, so it may have had code there "
    "(EIP-7702), which the contract runs for an acceptance of one role only"
)
_TOO_MUCH_GAS = "GasLimitExceeded"
_WHAT = "to start the job"


@dataclass(frozen=True)
class Finding:
    """Who can have made the start under `key` fail, and why that is thought."""

    key: str
    owners: frozenset[str]
    reason: str


@dataclass
class SilentStarts:
    """Finds out about starts that failed without a reason, and acts on it.

    Attributes:
        database: the aggregator's database.
        chain: the outbox, and who has code.
        recruiting: draws again when owners are left out.
        scheduler: fails jobs.
        retries: sends a start again.
    """

    database: Database
    chain: ChainPort
    recruiting: Recruiting
    scheduler: Scheduler
    retries: Retries
    _found: dict[int, Finding] = field(default_factory=dict)

    def look(self, job_id: int) -> Finding | None:
        """Ask the node who can have made the job's latest start fail without a reason; while no transaction is open.

        Returns:
            None if it did not fail in that way, or if the node does not answer.
        """
        with self.database.snapshot() as session:
            suspected = self._suspected(session, job_id)
        if suspected is None:
            self._found.pop(job_id, None)
            return None
        if job_id not in self._found or self._found[job_id].key != suspected.key:
            try:
                self._found[job_id] = self._find(suspected)
            except ChainUnavailable as error:
                log.warning("owners_code_unknown", job_id=job_id, reason=error.message)
                return None
        return self._found[job_id]

    def follow(self, run: JobRun, failed: Sent, finding: Finding | None) -> None:
        """Leave out who has code and draw again, or send the start again, or give the job up."""
        if finding is None or finding.key != run.job.transactions[START]:
            run.job.trouble = refused(_WHAT, failed)
            return
        for owner in sorted(finding.owners):
            self.recruiting.leave_out(run, owner, finding.reason)
        if self.give_up(run) or self.recruiting.draw_again(run):
            self._found.pop(run.job.job_id, None)
        elif failed.reason == SILENT:
            self.retries.again(run, START, _WHAT, until=run.spec.start_by)
        else:
            self.scheduler.fail(run, refused(_WHAT, failed))

    def give_up(self, run: JobRun) -> bool:
        """Fail a job whose start has failed without a reason too often; return whether that was so."""
        ours = seed_hash(run.job.delivery_seed or b"")
        failed = self.chain.failed_starts(run.session, run.job.job_id, ours)
        count = sum(is_silent(one) for one in failed)
        if count < MOST_SILENT_STARTS:
            return False
        self.scheduler.fail(
            run,
            f"the start failed {count} times without a reason, so it is given up; the deposit comes back when the job is "
            "cancelled",
        )
        return True

    def _find(self, suspected: _Suspected) -> Finding:
        owners, block = suspected.owners, suspected.block
        if with_code := self.chain.with_code(owners, block):
            return Finding(suspected.key, with_code, HAS_CODE)
        active = self.chain.active_in(owners, block) if suspected.is_mined else frozenset()
        return Finding(suspected.key, active, MAY_HAVE_HAD_CODE)

    def _suspected(self, session: Session, job_id: int) -> _Suspected | None:
        job = session.get(Job, job_id)
        if job is None or job.state != JobState.RECRUITING or START not in job.transactions:
            return None
        key = job.transactions[START]
        sent = self.chain.sent(session, key)
        if sent is None or not is_silent(sent) or sent.block is None:
            return None
        drawn = select(Enrolment.owner).where(
            Enrolment.job_id == job_id, Enrolment.role.is_not(None), Enrolment.roles != Role.EITHER
        )
        return _Suspected(key, sent.block, sent.tx_hash is not None, tuple(session.scalars(drawn)))


@dataclass(frozen=True)
class _Suspected:
    """A start that failed without a reason: the block that decided, and the owners whose code the contract may have run."""

    key: str
    block: int
    is_mined: bool
    owners: tuple[str, ...]


def is_silent(sent: Sent) -> bool:
    """Whether a transaction failed without a reason, or because it needs more gas than there can be."""
    return sent.sending is Sending.FAILED and sent.reason in (SILENT, _TOO_MUCH_GAS)
