"""The two processes beside a data owner's web server.

The *task agent* answers the aggregator's tasks (train; evaluate, unmask, verify). The *courier* brings over what was
decided in the web server (datasets to list, acceptances, transactions), follows the contract's events, and settles jobs that
nobody else settles. Both start every connection themselves, and both can be killed at any point: what they work from are rows.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

import structlog
from eth_account.signers.local import LocalAccount

from commons.agent.backoff import Backoff
from commons.agent.loop import StopSignal
from commons.chain.outbox_sender import OutboxSender
from commons.chain.settings import IDLE_INTERVAL_S
from commons.chain.signing import recover_message, sign_message
from commons.computations.linear_regression.messages import (
    AnyResult,
    AnyTask,
    EvaluateTask,
    TrainTask,
    UnmaskTask,
    VerifyTask,
)
from commons.computations.linear_regression.task_order import OwnerTask
from commons.computations.linear_regression.trainer import LocalTrainer
from commons.computations.linear_regression.validator import Validator
from commons.errors import DeltaMLError, ProtocolViolation
from data_owner.services.answered_tasks import AnsweredTasks
from data_owner.services.deliveries import Deliveries
from data_owner.services.known_jobs import KnownJobs
from data_owner.services.on_chain import OnChain
from data_owner.services.participation import Participant

MAX_JOBS_READY = 8
"""Jobs whose keys and statistics are kept in memory; others are made ready anew when their next task comes."""

PREPARED = 256
"""Obfuscators kept ready for each of these jobs: about as many as a model of average size needs between two checkpoints."""

INTERVAL_S = 0.25
CALM_INTERVAL_S = 1.0
CALM_AFTER_S = 10.0
REFRESH_INTERVAL_S = 15.0

log = structlog.get_logger(__name__)


class TaskAnswerer:
    """Turns tasks into results; one thread only.

    Args:
        make_participant: gets this owner ready for a job.
        answered: remembers what was answered.
        account: signs a validator's statements.
        is_current: whether a participant that was made earlier can still be used.
    """

    def __init__(
        self,
        make_participant: Callable[[int], Participant],
        answered: AnsweredTasks,
        account: LocalAccount,
        is_current: Callable[[int, Participant], bool] = lambda _job_id, _participant: True,
    ) -> None:
        self._make_participant = make_participant
        self._answered = answered
        self._account = account
        self._is_current = is_current
        self._ready: OrderedDict[int, Participant] = OrderedDict()

    def answer(self, task: AnyTask) -> AnyResult:
        """Return the result of a task; of a task that was answered before, the same one.

        Raises:
            ProtocolViolation: the task is not for this owner's role, out of order, or breaks the protocol.
            DeltaMLError: whatever hinders this owner; its message may speak of the owner's files.
        """
        if not isinstance(task, OwnerTask):
            raise ProtocolViolation(f"job {task.job_id}: {task.kind} is not a data owner's task")
        return self._answered.answer(task, self._computation(task, self._participant(task.job_id)))

    def _computation(self, task: OwnerTask, participant: Participant) -> Callable[[], AnyResult]:
        """What makes the answer, if the task is for this owner's role."""
        randomizer, answered = participant.randomizer, self._answered
        match task, participant.part:
            case TrainTask() as train, LocalTrainer() as trainer:
                return lambda: trainer.train(train, randomizer)
            case EvaluateTask() as evaluate, Validator() as validator:
                return lambda: validator.evaluate(evaluate, randomizer, self._sign)
            case UnmaskTask() as unmask, Validator() as validator:
                return lambda: validator.unmask(unmask, answered.evaluation(task.job_id), randomizer, self._sign)
            case VerifyTask() as verify, Validator() as validator:
                return lambda: validator.verify(verify, recover_message)
            case _:
                raise ProtocolViolation(f"job {task.job_id}: {task.kind} task for a {participant.role}")

    def _sign(self, digest: bytes) -> bytes:
        return sign_message(self._account, digest)

    def prepare(self) -> bool:
        """Do a little of what the next tasks will need; returns whether there was anything to do."""
        return any(participant.randomizer.prepare(PREPARED) for participant in list(self._ready.values()))

    def _participant(self, job_id: int) -> Participant:
        ready = self._ready.get(job_id)
        if ready is None or not self._is_current(job_id, ready):
            self._ready[job_id] = self._make_participant(job_id)
            log.info("job_ready", job_id=job_id)
        self._ready.move_to_end(job_id)
        while len(self._ready) > MAX_JOBS_READY:
            self._ready.popitem(last=False)
        return self._ready[job_id]


class Courier:
    """Brings decisions to the aggregator and transactions to the chain, and sees to the money, until stopped.

    Args:
        deliveries: what the aggregator is told.
        sender: what the chain is sent.
        on_chain: what has happened on chain, and what this owner does about it.
        jobs: refreshed now and then, so that an owner sees how its jobs ended although nobody looked meanwhile.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        deliveries: Deliveries,
        sender: OutboxSender,
        on_chain: OnChain,
        jobs: KnownJobs,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._deliveries = deliveries
        self._sender = sender
        self._on_chain = on_chain
        self._jobs = jobs
        self._clock = clock
        self._away = Backoff()
        self._deliver_at = self._refresh_at = self._follow_at = self._worked_at = clock()
        self._waiting_for: str | None = None

    def run(self, stop: StopSignal) -> None:
        """Work until `stop` is set."""
        while not stop.is_set():
            self.step()
            is_calm = self._clock() - self._worked_at > CALM_AFTER_S
            stop.wait(CALM_INTERVAL_S if is_calm else INTERVAL_S)

    def step(self) -> None:
        """One pass; an aggregator or node that is away is tried again later."""
        status = self._sender.step()
        if status.waiting_for != self._waiting_for:
            self._waiting_for = status.waiting_for
            log.info("transactions", unfinished=status.unfinished, waiting_for=status.waiting_for)
        if status.unfinished:
            self._worked_at = self._clock()
        if status.unfinished or self._clock() >= self._follow_at:
            self._on_chain.step()
            self._follow_at = self._clock() + IDLE_INTERVAL_S
        if self._clock() >= self._deliver_at:
            self._deliver()
        if self._clock() >= self._refresh_at:
            self._jobs.refresh()
            self._refresh_at = self._clock() + REFRESH_INTERVAL_S

    def _deliver(self) -> None:
        try:
            if self._deliveries.deliver_all():
                self._worked_at = self._clock()
        except DeltaMLError as error:
            pause_s = self._away.next_s()
            self._deliver_at = self._clock() + pause_s
            log.warning("aggregator_away", reason=error.message, retry_in_s=round(pause_s, 1))
        else:
            self._away.reset()
