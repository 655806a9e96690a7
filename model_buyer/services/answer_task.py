"""Answering the aggregator's tasks: which job, is it this question's turn, compute, remember.

What the buyer sends back are fresh ciphertexts, verifiable openings of sums over all validators, and its signatures on
checkpoints. An answer, or the refusal over what was decrypted, is stored before it is sent: neither killing the service nor
asking two of its processes at once gets anybody a second one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from commons.chain.signing import MAX_MSE_FIXED, CheckpointStatement, recover_message, sign_checkpoint
from commons.computations.linear_regression.job_context import JobContext
from commons.computations.linear_regression.key_holder import KeyHolder, OpenedCheckpoint, SquaredCheckpoint
from commons.computations.linear_regression.messages import (
    RESULT,
    AnyResult,
    AnyTask,
    DeliverResult,
    DeliverTask,
    Fault,
    OpenResult,
    OpenTask,
    RefreshTask,
    SquareTask,
    TaskKind,
)
from commons.computations.linear_regression.numeric_plan import WEIGHT_FRACTIONAL_BITS
from commons.computations.linear_regression.question_ledger import (
    BuyerTask,
    OpenedRecord,
    Question,
    repeated,
    require_last,
    require_next,
    statements_digest,
)
from commons.computations.linear_regression.range_proof import ParallelMap
from commons.errors import Conflict, ContentRefused, NotAuthenticated, ProtocolViolation
from commons.market.tasks import task_digest
from model_buyer.domain.posted_job import PostedJob, SignedDelivery, Stage
from model_buyer.services.participants import ensure_participants, job_context
from model_buyer.services.ports import Buyer, Repository, TimelineEntry

_IN_TRAINING = frozenset({Stage.ESCROWED, Stage.OFFERED})


@dataclass(frozen=True)
class _Loaded:
    local_id: str
    context: JobContext
    holder: KeyHolder


@dataclass(frozen=True)
class _Answered:
    """A question with its answer, the metric if it was an opening, and why the buyer's part ends with it, if it does."""

    question: Question
    result: AnyResult
    record: OpenedRecord | None = None
    end: str | None = None


class TaskAnswerer:
    """Answers the tasks of one buyer; use it from one thread. The keys of jobs that were asked for stay in memory."""

    def __init__(self, buyer: Buyer, *, parallel_map: ParallelMap = map) -> None:
        self._buyer = buyer
        self._parallel_map = parallel_map
        self._loaded: dict[int, _Loaded] = {}

    def answer(self, task: AnyTask) -> AnyResult:
        """Return the result of a task; of a question that was answered before, the same one.

        Raises:
            ProtocolViolation: a task that the protocol does not allow here and now.
            ContentRefused: what was decrypted is not what the protocol produces; nothing more is answered in this job.
            Conflict: the job has not started, or is over.
            ServiceUnavailable: chain or aggregator is needed and does not answer.
        """
        if isinstance(task, DeliverTask):
            return self._deliver(task)
        if not isinstance(task, BuyerTask):
            raise ProtocolViolation(f"a model buyer does not answer {task.kind} tasks")
        loaded = self._of_running_job(task.job_id)
        with self._buyer.snapshot() as repository:
            if (stored := self._stored(repository, loaded, task)) is not None:
                return stored
        try:
            answered = self._computed(loaded, task)
        except ContentRefused as error:
            with self._buyer.unit_of_work() as repository:
                self._end_part(repository, loaded.local_id, error.message)
            raise
        with self._buyer.unit_of_work() as repository:
            # Another process of this service may have been faster.
            if (stored := self._stored(repository, loaded, task)) is not None:
                return stored
            self._keep(repository, loaded.local_id, answered)
        return answered.result

    def prepare(self) -> bool:
        """Do a little of what the next tasks will need; returns whether there was anything to do."""
        return any(loaded.holder.prepare() for loaded in list(self._loaded.values()))

    def _stored(self, repository: Repository, loaded: _Loaded, task: BuyerTask) -> AnyResult | None:
        """The answer that a task has already, or None if it is its turn; raises ProtocolViolation if it is not."""
        job = repository.get(loaded.local_id)
        if job.delivery is not None:
            raise ProtocolViolation(f"job {task.job_id}: training is over, and its weights were signed for")
        questions = repository.questions(job.id)
        if (known := repeated(questions, task)) is not None:
            return RESULT.validate_json(repository.answer(job.id, known))
        _require_part(job)
        require_next(loaded.context, questions, repository.openings(job.id), task)
        return None

    def _computed(self, loaded: _Loaded, task: BuyerTask) -> _Answered:
        question = Question(TaskKind(task.kind), task.round, task.checkpoint, task_digest(task))
        match task:
            case RefreshTask():
                return _Answered(question, loaded.holder.refresh(task))
            case SquareTask():
                done = loaded.holder.square(task, _recover)
                present = tuple(done.squared.sse_digests)
                question = replace(question, validators=present, squared=done.squared)
                return _Answered(question, done.result, end=_why_ended(done))
            case OpenTask():
                opened = loaded.holder.open(task, _recover)
                present = tuple(statement.validator.lower() for statement in task.statements)
                record = self._opened_record(task, opened)
                signature = self._checkpoint_signature(task, record)
                result = OpenResult(sums=opened.sums, zero_checks=opened.zero_checks, checkpoint_signature=signature)
                return _Answered(replace(question, validators=present), result, record=record)

    def _keep(self, repository: Repository, local_id: str, answered: _Answered) -> None:
        repository.keep_answer(local_id, answered.question, answered.result.model_dump_json())
        if answered.record is not None:
            repository.add_opening(local_id, answered.record)
        if answered.end is not None:
            self._end_part(repository, local_id, answered.end)

    def _end_part(self, repository: Repository, local_id: str, reason: str) -> None:
        """Answer nothing more in this job, for good."""
        job = repository.get(local_id)
        if job.refusal is not None:
            return
        note = f"this buyer answers nothing more in this job: {reason}"
        repository.save(replace(job, refusal=reason, note=note))
        repository.record(local_id, TimelineEntry(self._buyer.clock(), note))

    def _opened_record(self, task: OpenTask, opened: OpenedCheckpoint) -> OpenedRecord:
        values = opened.values
        return OpenedRecord(
            index=task.checkpoint,
            round=task.round,
            statements_digest=statements_digest(task.statements),
            mse=values.mse_target_units,
            mse_fixed=min(values.mse, MAX_MSE_FIXED),
            leave_one_out_mses_fixed=tuple(min(mse, MAX_MSE_FIXED) for mse in values.leave_one_out_mses),
            row_count=values.row_count,
            opened_at=self._buyer.clock(),
        )

    def _checkpoint_signature(self, task: OpenTask, record: OpenedRecord) -> str:
        statement = CheckpointStatement(
            task.job_id, record.index, record.round, record.mse_fixed, record.leave_one_out_mses_fixed
        )
        return "0x" + self._sign(statement).hex()

    def _deliver(self, task: DeliverTask) -> DeliverResult:
        loaded = self._load(task.job_id)
        plan = loaded.context.plan
        delivered = task.delivered.to_vector(
            loaded.context.key,
            count=plan.spec.n_weights,
            fractional_bits=WEIGHT_FRACTIONAL_BITS,
            bound=plan.masked_bound(task.round, WEIGHT_FRACTIONAL_BITS),
        )
        with self._buyer.unit_of_work() as repository:
            job = repository.get(loaded.local_id)
            delivery = job.delivery
            if delivery is None:
                _require_in_training(job)
                _require_part(job)
                record = require_last(job.spec, repository.openings(job.id), task)
                delivery = self._signed_delivery(task, record, delivered.digest())
                repository.save(replace(job, delivery=delivery, note="training is over; everybody is being paid"))
                repository.forget_answers(job.id)
                event = "signed for the masked weights that were delivered, which ends the training"
                repository.record(job.id, TimelineEntry(self._buyer.clock(), event))
        if (delivery.digest, delivery.checkpoint) != (delivered.digest(), task.checkpoint):
            raise ProtocolViolation("other weights were delivered and signed for already")
        return DeliverResult(checkpoint_signature="0x" + delivery.signature.hex())

    def _signed_delivery(self, task: DeliverTask, record: OpenedRecord, digest: bytes) -> SignedDelivery:
        latest = CheckpointStatement(
            task.job_id, record.index, record.round, record.mse_fixed, record.leave_one_out_mses_fixed
        )
        return SignedDelivery(
            delivered=task.delivered,
            digest=digest,
            candidates_digest=bytes.fromhex(task.statements[0].candidates_digest[2:]),
            round=task.round,
            checkpoint=task.checkpoint,
            signature=self._sign(latest.closing(digest)),
        )

    def _sign(self, statement: CheckpointStatement) -> bytes:
        return sign_checkpoint(self._buyer.account, self._buyer.chain.domain(), statement)

    def _of_running_job(self, chain_job_id: int) -> _Loaded:
        loaded = self._load(chain_job_id)
        with self._buyer.snapshot() as repository:
            job = repository.get(loaded.local_id)
            started = repository.on_record(chain_job_id).started
        _require_in_training(job)
        members = (loaded.context.trainers, loaded.context.validators)
        if started is not None and (started.trainers, started.validators) != members:
            raise ProtocolViolation(f"job {chain_job_id}: a reorganisation of the chain changed who takes part")
        return loaded

    def _load(self, chain_job_id: int) -> _Loaded:
        with self._buyer.snapshot() as repository:
            job = self._own(repository.by_chain_id(chain_job_id), chain_job_id)
        loaded = self._loaded.get(chain_job_id)
        # A reorganisation can give a number to another job.
        if loaded is None or loaded.local_id != job.id:
            job = ensure_participants(self._buyer, job)
            context = job_context(job, self._buyer.chain.domain(), unsafe_small_key=self._buyer.unsafe_small_key)
            secret_key = self._buyer.vault.open(job.require_key().sealed_secret, job.id)
            loaded = _Loaded(job.id, context, KeyHolder(context, secret_key, parallel_map=self._parallel_map))
            self._loaded[chain_job_id] = loaded
        return loaded

    @staticmethod
    def _own(job: PostedJob | None, chain_job_id: int) -> PostedJob:
        if job is None:
            raise ProtocolViolation(f"job {chain_job_id} is not a job of this buyer")
        return job


def _why_ended(done: SquaredCheckpoint) -> str | None:
    """Why a job cannot go on after this square, or None if it can."""
    if done.squared.sse_digests:
        return None
    above = sorted(validator for validator, fault in done.faults.items() if fault is Fault.ABOVE_BOUND)
    if above:
        return f"training has diverged: the error on the rows of {', '.join(above)} is above what can be measured"
    return f"too few validators are left: the residuals of {', '.join(sorted(done.faults))} cannot be read"


def _require_in_training(job: PostedJob) -> None:
    if job.stage not in _IN_TRAINING or job.cancel_requested:
        raise Conflict(f"job {job.chain_job_id} is not in training any more", stage=job.stage)


def _require_part(job: PostedJob) -> None:
    if job.refusal is not None:
        raise ContentRefused(f"this buyer answers nothing more in job {job.chain_job_id}: {job.refusal}")


def _recover(digest: bytes, signature: bytes) -> str:
    try:
        return recover_message(digest, signature)
    except NotAuthenticated as error:
        raise ProtocolViolation(f"a validator's statement: {error.message}") from error
