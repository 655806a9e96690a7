"""Answering the aggregator's tasks: which job, may it be answered, compute, remember what must not be answered twice.

The buyer learns the sums of squared errors over all validators and nothing else; what it sends back are fresh
ciphertexts, verifiable openings of those sums, and its signatures on checkpoints.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from commons.chain.signing import MAX_MSE_FIXED, CheckpointStatement, recover_message, sign_checkpoint
from commons.errors import Conflict, NotAuthenticated, ProtocolViolation
from commons.protocol.checkpoint import JobContext
from commons.protocol.numeric_plan import WEIGHT_FRACTIONAL_BITS
from commons.protocol.range_proof import ParallelMap
from commons.protocol.tasks import (
    AnyResult,
    AnyTask,
    DeliverResult,
    DeliverTask,
    OpenResult,
    OpenTask,
    RefreshTask,
    SquareTask,
)
from model_buyer.domain.checkpoint_ledger import OpenedRecord, repeated, require_last, require_next, statements_digest
from model_buyer.domain.key_holder import KeyHolder, OpenedCheckpoint
from model_buyer.domain.posted_job import PostedJob, SignedDelivery, Stage
from model_buyer.services.participants import ensure_participants, job_context
from model_buyer.services.ports import Buyer, TimelineEntry

_IN_TRAINING = frozenset({Stage.ESCROWED, Stage.OFFERED})


@dataclass(frozen=True)
class _Loaded:
    local_id: str
    context: JobContext
    holder: KeyHolder


class TaskAnswerer:
    """Answers the tasks of one buyer; use it from one thread. The keys of jobs that were asked for stay in memory."""

    def __init__(self, buyer: Buyer, *, parallel_map: ParallelMap = map) -> None:
        self._buyer = buyer
        self._parallel_map = parallel_map
        self._loaded: dict[int, _Loaded] = {}

    def answer(self, task: AnyTask) -> AnyResult:
        """Return the result of a task.

        Raises:
            ProtocolViolation: a task that the protocol does not allow here and now.
            Conflict: the job has not started, or is over.
            ServiceUnavailable: chain or aggregator is needed and does not answer.
        """
        match task:
            case RefreshTask():
                return self._of_running_job(task.job_id).holder.refresh(task)
            case SquareTask():
                return self._of_running_job(task.job_id).holder.square(task)
            case OpenTask():
                return self._open(task)
            case DeliverTask():
                return self._deliver(task)
            case _:
                raise ProtocolViolation(f"a model buyer does not answer {task.kind} tasks")

    def prepare(self) -> bool:
        """Do a little of what the next tasks will need; returns whether there was anything to do."""
        return any(loaded.holder.prepare() for loaded in list(self._loaded.values()))

    def _open(self, task: OpenTask) -> OpenResult:
        with self._buyer.snapshot() as repository:
            job = self._own(repository.by_chain_id(task.job_id), task.job_id)
            records = repository.openings(job.id)
        if (record := repeated(records, task)) is not None:
            return OpenResult.model_validate_json(record.answer)
        require_next(job.spec, records, task)
        opened = self._of_running_job(task.job_id).holder.open(task, _recover)
        record = self._opened_record(task, opened)
        with self._buyer.unit_of_work() as repository:
            repository.add_opening(job.id, record)
        return OpenResult.model_validate_json(record.answer)

    def _opened_record(self, task: OpenTask, opened: OpenedCheckpoint) -> OpenedRecord:
        values = opened.values
        mse_fixed = min(values.mse, MAX_MSE_FIXED)
        leave_one_out = tuple(min(mse, MAX_MSE_FIXED) for mse in values.leave_one_out_mses)
        statement = CheckpointStatement(task.job_id, task.checkpoint, task.round, mse_fixed, leave_one_out)
        result = OpenResult(
            sums=opened.sums, zero_checks=opened.zero_checks, checkpoint_signature="0x" + self._sign(statement).hex()
        )
        return OpenedRecord(
            index=task.checkpoint,
            round=task.round,
            statements_digest=statements_digest(task.statements),
            mse=values.mse_target_units,
            mse_fixed=mse_fixed,
            leave_one_out_mses_fixed=leave_one_out,
            row_count=values.row_count,
            opened_at=self._buyer.clock(),
            answer=result.model_dump_json(),
        )

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
                record = require_last(job.spec, repository.openings(job.id), task)
                delivery = self._signed_delivery(task, record, delivered.digest())
                repository.save(replace(job, delivery=delivery, note="training is over; everybody is being paid"))
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
            context = job_context(job, unsafe_small_key=self._buyer.unsafe_small_key)
            secret_key = self._buyer.vault.open(job.require_key().sealed_secret, job.id)
            loaded = _Loaded(job.id, context, KeyHolder(context, secret_key, parallel_map=self._parallel_map))
            self._loaded[chain_job_id] = loaded
        return loaded

    @staticmethod
    def _own(job: PostedJob | None, chain_job_id: int) -> PostedJob:
        if job is None:
            raise ProtocolViolation(f"job {chain_job_id} is not a job of this buyer")
        return job


def _require_in_training(job: PostedJob) -> None:
    if job.stage not in _IN_TRAINING or job.cancel_requested:
        raise Conflict(f"job {job.chain_job_id} is not in training any more", stage=job.stage)


def _recover(digest: bytes, signature: bytes) -> str:
    try:
        return recover_message(digest, signature)
    except NotAuthenticated as error:
        raise ProtocolViolation(f"a validator's statement: {error.message}") from error
