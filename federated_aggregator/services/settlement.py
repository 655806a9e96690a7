"""Following the chain: jobs start, settle and end when the contract says so, never before.

Each pass is idempotent. A transaction that failed sends the service to look at the contract: somebody else may have done the
same (anybody can cancel and expire), or the contract refused, which fails the job with the contract's reason.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import structlog
from sqlalchemy import select

from commons.errors import ChainUnavailable
from commons.protocol.state import JobState, move
from commons.storage.database import Database
from federated_aggregator.adapters.tables import Job
from federated_aggregator.services.chain_port import ChainPort, ChainState, Sending, Sent
from federated_aggregator.services.job_run import Clock, JobRun
from federated_aggregator.services.training import Training

log = structlog.get_logger(__name__)

_AFTER_CHAIN = {
    ChainState.FINISHED: JobState.FINISHED,
    ChainState.EXPIRED: JobState.EXPIRED,
    ChainState.CANCELLED: JobState.CANCELLED,
}
_FOLLOWED = (JobState.RECRUITING, JobState.RUNNING, JobState.SETTLING, JobState.FAILED)
CHAIN_LOOK_INTERVAL_S = 5.0


@dataclass
class Settlement:
    """Moves jobs on by what became of their transactions.

    Attributes:
        database: the aggregator's database.
        chain: the contract and the outbox.
        training: starts jobs and fails them.
        clock: time in Unix seconds.
    """

    database: Database
    chain: ChainPort
    training: Training
    clock: Clock

    def __post_init__(self) -> None:
        self._looked_at: dict[int, float] = {}

    def step(self) -> None:
        """One pass over all jobs that the chain can still change."""
        with self.database.snapshot() as session:
            jobs = list(session.scalars(select(Job).where(Job.state.in_(_FOLLOWED))))
        for job in jobs:
            chain_state = self._look(job_id := job.job_id)
            awaits_transaction = job.state == JobState.SETTLING or (
                job.state == JobState.RECRUITING and "start" in job.transactions
            )
            if chain_state is None and not awaits_transaction:
                continue
            with self.database.session() as session:
                run = JobRun.lock(session, job_id, self.clock, unsafe_small_key=self.training.unsafe_small_key)
                self._follow(run, chain_state)

    def _look(self, job_id: int) -> ChainState | None:
        """The contract's state of a job, at most every few seconds; None when not looked or not to be had."""
        now = self.clock()
        if now - self._looked_at.get(job_id, 0) < CHAIN_LOOK_INTERVAL_S:
            return None
        self._looked_at[job_id] = now
        try:
            on_chain = self.chain.read_job(job_id)
        except ChainUnavailable as error:
            log.warning("chain_unavailable", reason=error.message)
            return None
        return on_chain.state if on_chain else None

    def _follow(self, run: JobRun, chain_state: ChainState | None) -> None:
        state = run.progress.state
        if chain_state in _AFTER_CHAIN and _AFTER_CHAIN[chain_state] is not state:
            self._end(run, chain_state)
        elif state is JobState.RECRUITING:
            self._follow_start(run)
        elif state is JobState.SETTLING:
            self._follow_settling(run)
        if run.progress.state in _FOLLOWED:
            self._enforce_deadlines(run, chain_state)

    def _end(self, run: JobRun, chain_state: ChainState) -> None:
        target = _AFTER_CHAIN[chain_state]
        if run.progress.state is JobState.RUNNING and target is JobState.FINISHED:
            self.training.fail(run, "the contract shows the job as finished while training was going on")
            return
        if run.progress.state is JobState.RUNNING and target is JobState.CANCELLED:
            self.training.fail(run, "the contract shows the job as cancelled while training was going on")
            return
        run.store_progress(move(run.progress, target))
        run.job.step_deadline = None

    def _follow_start(self, run: JobRun) -> None:
        sent = self._sent(run, "start")
        if sent is None or sent.sending is Sending.WAITING:
            return
        if sent.sending is Sending.FAILED:
            self.training.fail(run, f"the contract refused to start the job: {sent.reason}")
            return
        self.training.start(run)

    def _follow_settling(self, run: JobRun) -> None:
        if "finalize" not in run.job.transactions:
            sent = self._sent(run, f"checkpoint/{run.job.checkpoint}")
            if sent is None or sent.sending is Sending.WAITING:
                return
            if sent.sending is Sending.FAILED:
                self.training.fail(run, f"the contract refused the last checkpoint: {sent.reason}")
                return
            key = self.chain.enqueue_finalize(run.session, run.job.job_id, run.job.delivery_seed or b"")
            run.job.transactions = {**run.job.transactions, "finalize": key}
            return
        sent = self._sent(run, "finalize")
        if sent is not None and sent.sending is Sending.MINED:
            run.store_progress(move(run.progress, JobState.FINISHED))
        elif sent is not None and sent.sending is Sending.FAILED:
            self.training.fail(run, f"the contract refused to finalize: {sent.reason}")

    def _enforce_deadlines(self, run: JobRun, chain_state: ChainState | None) -> None:
        now, spec = self.clock(), run.spec
        started = chain_state is ChainState.RUNNING
        if now > spec.finish_by and started:
            self._queue_once(run, "expire", self.chain.enqueue_expire)
        elif now > spec.start_by and chain_state is ChainState.POSTED:
            if run.progress.state is JobState.RECRUITING:
                run.job.reason = "not enough owners accepted before start_by; the deposit goes back to the buyer"
            self._queue_once(run, "cancel", self.chain.enqueue_cancel)

    def _queue_once(self, run: JobRun, name: str, enqueue: Callable[..., str]) -> None:
        if name not in run.job.transactions:
            run.job.transactions = {**run.job.transactions, name: enqueue(run.session, run.job.job_id)}

    def _sent(self, run: JobRun, name: str) -> Sent | None:
        key = run.job.transactions.get(name)
        return self.chain.sent(run.session, key) if key else None
