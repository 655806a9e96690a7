"""Following the chain: jobs start, settle and end when confirmed events say so, never before.

Each pass is idempotent and derives everything from the events that are stored now. What a reorganisation takes back is
undone here as well: an ended job goes on, and a job whose number belongs to another one now is forgotten. A transaction
that failed decides nothing by itself where somebody else may have done the same (anybody can cancel and expire).
"""

from __future__ import annotations

from dataclasses import dataclass

import structlog
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from commons.chain.jobs import last_second_before_expiry
from commons.ciphers.masks import seed_hash
from commons.market.state import JobState
from commons.storage.database import Database
from federated_aggregator.domain.reorganisation import reopened
from federated_aggregator.services.chain_port import ChainPort, ChainState, JobFacts
from federated_aggregator.services.job_run import (
    CANCEL,
    CHECKPOINT,
    DELIVERY,
    EXPIRE,
    FINALIZE,
    START,
    TRAINER,
    VALIDATOR,
    Clock,
    JobRun,
)
from federated_aggregator.services.recruiting import Recruiting
from federated_aggregator.services.retries import SILENT, Retries, refused
from federated_aggregator.services.scheduler import Scheduler
from federated_aggregator.services.silent_starts import Finding, SilentStarts, is_silent
from federated_aggregator.tables import Checkpoint, Enrolment, Job, JobValue, Task

log = structlog.get_logger(__name__)

_AFTER_CHAIN = {
    ChainState.FINISHED: JobState.FINISHED,
    ChainState.EXPIRED: JobState.EXPIRED,
    ChainState.CANCELLED: JobState.CANCELLED,
}
_ENDED_BY_CHAIN = tuple(_AFTER_CHAIN.values())
_FOLLOWED = (JobState.RECRUITING, JobState.RUNNING, JobState.SETTLING, JobState.FAILED)
_FOLLOWED_JOBS = select(Job.job_id, Job.state, Job.transactions).where(Job.state.in_(_FOLLOWED))
_AN_OWNERS_DOING = {
    "MarketplaceAcceptanceRevoked": "it took back its acceptance on chain",
    "MarketplaceAcceptanceInvalid": "the contract does not take its signature",
    "MarketplaceParticipantConflict": "the contract does not let this account take part",
}
# Refusals by a node that has not seen yet what the call builds on (one of several behind an address may lag), or by a
# block that is gone: they say nothing for good.
_OUTDATED = frozenset(
    {
        "MarketplaceWrongState",
        "MarketplaceNoSuchJob",
        "MarketplaceCheckpointOutOfOrder",
        "MarketplaceLastCheckpointMissing",
        SILENT,
    }
)
LOOK_INTERVAL_S = 5.0


@dataclass
class Settlement:
    """Moves jobs on by what has happened to them on chain.

    Attributes:
        database: the aggregator's database.
        chain: confirmed events and the outbox.
        recruiting: draws again when an owner cannot be enrolled.
        scheduler: starts jobs and fails them.
        clock: time in Unix seconds.
    """

    database: Database
    chain: ChainPort
    recruiting: Recruiting
    scheduler: Scheduler
    clock: Clock

    def __post_init__(self) -> None:
        self._head: tuple[int, str] | None = None
        self._looked_at = 0.0
        self._retries = Retries(self.chain, self.clock)
        self._silent_starts = SilentStarts(self.database, self.chain, self.recruiting, self.scheduler, self._retries)

    def step(self) -> None:
        """One pass over all jobs that the chain can still change; a thorough one whenever there are new blocks."""
        now = self.clock()
        with self.database.snapshot() as session:
            head = self.chain.head(session)
            thorough = head != self._head or now - self._looked_at >= LOOK_INTERVAL_S
            rows = session.execute(_FOLLOWED_JOBS).all()
            due = [job_id for job_id, state, sent in rows if thorough or _awaits_transaction(state, sent)]
            if thorough:
                due += self._undone(session)
        starting = {job_id for job_id, state, sent in rows if _awaits_start(state, sent)}
        for job_id in due:
            finding = self._silent_starts.look(job_id) if job_id in starting else None
            with self.database.session() as session:
                run = self.scheduler.lock(session, job_id)
                self._follow(run, self.chain.facts(session, job_id), finding)
        if thorough:
            self._head, self._looked_at = head, now

    def _undone(self, session: Session) -> list[int]:
        """Ended jobs that the chain does not show as ended in that way (any more)."""
        rows = session.execute(select(Job.job_id, Job.state).where(Job.state.in_(_ENDED_BY_CHAIN)))
        ended = {job_id: state for job_id, state in rows}  # noqa: C416  # rows are no pairs to the type checker
        on_chain = self.chain.job_states(session, ended.keys())
        ends = {job_id: _AFTER_CHAIN.get(state) for job_id, state in on_chain.items()}
        return [job_id for job_id, state in ended.items() if ends.get(job_id) != state]

    def _follow(self, run: JobRun, facts: JobFacts | None, finding: Finding | None) -> None:
        # Whatever still is in the way says so below.
        run.job.trouble = None
        if facts is not None and not _is_same_job(run, facts):
            self._forget(run)
            return
        end = _AFTER_CHAIN.get(facts.state) if facts else None
        state = run.state
        if state in _ENDED_BY_CHAIN and end is not state:
            self._reopen(run)
        if facts is None:
            return
        if end is not None:
            if end is not run.state:
                self._end(run, end)
            return
        match run.state:
            case JobState.RECRUITING:
                self._follow_start(run, facts, finding)
            case JobState.RUNNING:
                self._follow_running(run, facts)
            case JobState.SETTLING:
                self._follow_settling(run, facts)
        self._enforce_deadlines(run, facts)

    # ------------------------------------------------------------------------------------- ends, and their undoing

    def _end(self, run: JobRun, end: JobState) -> None:
        if run.state is JobState.RUNNING and end is not JobState.EXPIRED:
            self.scheduler.fail(run, f"the contract shows the job as {end} while training was going on")
            return
        if run.state is JobState.RECRUITING and end is not JobState.CANCELLED:
            self.scheduler.fail(run, f"the contract shows the job as {end}, but it never started here")
        run.enter(end)
        if end is not JobState.FINISHED:
            self.scheduler.close_tasks(run)

    def _reopen(self, run: JobRun) -> None:
        ended = run.state
        run.job.entered = {state: at for state, at in run.job.entered.items() if state != ended}
        state = reopened(ended, run.job.entered)
        log.warning("end_undone", job_id=run.job.job_id, ended=ended, state=state)
        run.put_into(state)
        run.job.reason = f"a reorganisation of the chain undid that the job was {ended}"

    def _forget(self, run: JobRun) -> None:
        job_id = run.job.job_id
        log.warning("job_forgotten", job_id=job_id, reason="a reorganisation gave its number to another job")
        for table in (Task, JobValue, Checkpoint, Enrolment):
            run.session.execute(delete(table).where(table.job_id == job_id))
        run.session.delete(run.job)

    # --------------------------------------------------------------------------------------------------- its course

    def _follow_start(self, run: JobRun, facts: JobFacts, finding: Finding | None) -> None:
        if facts.state is ChainState.RUNNING:
            ours = facts.seed_hash == seed_hash(run.job.delivery_seed or b"")
            if ours and self.recruiting.enrol(run, facts.trainers, facts.validators):
                self.scheduler.start(run)
            else:
                self.scheduler.fail(run, "the contract has started the job with others than those who accepted here")
            return
        for owner in facts.revoked:
            self.recruiting.leave_out(run, owner, _AN_OWNERS_DOING["MarketplaceAcceptanceRevoked"])
        failed = self._retries.failed(run, START)
        if failed is None:
            return
        if is_silent(failed):
            self._silent_starts.follow(run, failed, finding)
        elif failed.reason in _AN_OWNERS_DOING:
            if failed.refused_account is not None:
                self.recruiting.leave_out(run, failed.refused_account, _AN_OWNERS_DOING[failed.reason])
            self.recruiting.draw_again(run)
        else:
            self._again_or_fail(run, START, "to start the job", until=run.spec.start_by)

    def _follow_running(self, run: JobRun, facts: JobFacts) -> None:
        if facts.state is ChainState.POSTED:
            # The start was taken back, and the outbox sends it again; training does not wait for that.
            if not self._silent_starts.give_up(run):
                what = "to start the job again after a reorganisation of the chain had undone that"
                self._again_or_fail(run, START, what, until=run.spec.start_by)
            return
        members = tuple(tuple(one.owner for one in run.members(role)) for role in (TRAINER, VALIDATOR))
        if members != (tuple(facts.trainers), tuple(facts.validators)):
            self.scheduler.fail(run, "a reorganisation of the chain changed who takes part in the job")
            return
        self._follow_checkpoints(run, facts)

    def _follow_settling(self, run: JobRun, facts: JobFacts) -> None:
        if not facts.delivered:
            if self._follow_checkpoints(run, facts):
                self._again_or_fail(run, DELIVERY, "the delivery", until=run.spec.finish_by)
            return
        # Later anybody may settle without the aggregator, and with the seed in sight.
        until = last_second_before_expiry(run.spec.finish_by, last_recorded=True)
        if FINALIZE in run.job.transactions:
            self._again_or_fail(run, FINALIZE, "to finalize", until=until)
        elif self.clock() <= until:
            key = self.chain.enqueue_finalize(run.session, run.job.job_id, run.job.delivery_seed or b"")
            run.job.transactions = {**run.job.transactions, FINALIZE: key}

    def _follow_checkpoints(self, run: JobRun, facts: JobFacts) -> bool:
        """Look after the first checkpoint that is not recorded, before which the contract takes no other; True if all are."""
        names = [name for name in run.job.transactions if name.startswith(CHECKPOINT)]
        missing = {int(name.removeprefix(CHECKPOINT)) for name in names} - facts.recorded
        if missing:
            first = min(missing)
            self._again_or_fail(run, f"{CHECKPOINT}{first}", f"checkpoint {first}", until=run.spec.finish_by)
        return not missing

    def _again_or_fail(self, run: JobRun, name: str, what: str, *, until: float) -> None:
        """After a refusal: try again where that can help, else give the job up."""
        failed = self._retries.failed(run, name)
        if failed is None:
            return
        if failed.reason in _OUTDATED:
            self._retries.again(run, name, what, until=until)
        else:
            self.scheduler.fail(run, refused(what, failed))

    def _enforce_deadlines(self, run: JobRun, facts: JobFacts) -> None:
        now, spec, chain_state = self.clock(), run.spec, facts.state
        expirable_after = last_second_before_expiry(spec.finish_by, last_recorded=facts.delivered)
        if now > expirable_after and chain_state is ChainState.RUNNING:
            self._retries.insist(run, EXPIRE, "to settle the job", self.chain.enqueue_expire)
        elif now > spec.start_by and chain_state is ChainState.POSTED:
            if run.state is JobState.RECRUITING:
                run.job.reason = (
                    "the job could not be started before start_by; the deposit goes back to the buyer"
                    if START in run.job.transactions
                    else "not enough owners accepted before start_by; the deposit goes back to the buyer"
                )
            self._retries.insist(run, CANCEL, "to cancel the job", self.chain.enqueue_cancel)


def _awaits_transaction(state: str, transactions: dict[str, str]) -> bool:
    return state == JobState.SETTLING or _awaits_start(state, transactions)


def _awaits_start(state: str, transactions: dict[str, str]) -> bool:
    return state == JobState.RECRUITING and START in transactions


def _is_same_job(run: JobRun, facts: JobFacts) -> bool:
    on_chain = (facts.buyer, facts.spec_digest, facts.key_digest)
    return on_chain == (run.job.buyer, run.spec.digest(), run.key.digest())
