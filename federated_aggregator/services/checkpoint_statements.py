"""Checkpoints as buyer and aggregator agree on them, and what the steps need from outside for that."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from commons.chain.signing import CheckpointStatement
from commons.computations.linear_regression.checkpoint import RecoverSigner
from commons.computations.linear_regression.messages import TaskKind, ValidatorStatement
from commons.computations.linear_regression.range_proof import ParallelMap
from commons.errors import NotAuthenticated, ProtocolViolation
from federated_aggregator.adapters.tables import Checkpoint
from federated_aggregator.services.job_run import JobRun


@dataclass(frozen=True)
class Surroundings:
    """What the steps need from outside, without reaching it.

    Attributes:
        chain_id, contract: where the jobs are.
        recover_message: signer of a protocol message.
        recover_checkpoint: signer of a checkpoint statement.
        record_checkpoint: puts the transaction that records a checkpoint into the outbox.
        parallel_map: like `map`; may use several cores.
    """

    chain_id: int
    contract: str
    recover_message: RecoverSigner
    recover_checkpoint: Callable[[CheckpointStatement, bytes], str]
    record_checkpoint: Callable[[JobRun, CheckpointStatement, bytes], None]
    parallel_map: ParallelMap = map


def checkpoints(run: JobRun) -> list[Checkpoint]:
    """The checkpoints so far, the initial one first."""
    rows = run.session.query(Checkpoint).filter_by(job_id=run.job.job_id).order_by(Checkpoint.index)
    return list(rows)


def statements_of(run: JobRun) -> tuple[ValidatorStatement, ...]:
    """The validators' statements of the present checkpoint."""
    return tuple(result.statement for _, result in run.answered(TaskKind.UNMASK).values())


def check_checkpoint_signature(
    around: Surroundings, run: JobRun, statement: CheckpointStatement, signature: str
) -> None:
    """Raise ProtocolViolation unless the job's buyer signed the statement."""
    try:
        signer = around.recover_checkpoint(statement, bytes.fromhex(signature[2:]))
    except NotAuthenticated as error:
        raise ProtocolViolation(f"checkpoint_signature: {error.message}", field="checkpoint_signature") from error
    if signer.lower() != run.job.buyer.lower():
        raise ProtocolViolation(
            "checkpoint_signature: not the model buyer's signature of this checkpoint", field="checkpoint_signature"
        )


def checkpoint_statement(run: JobRun, mse: int, leave_one_out: Iterable[int | str]) -> CheckpointStatement:
    """What buyer and aggregator agree on for the present checkpoint."""
    return CheckpointStatement(
        job_id=run.job.job_id,
        index=run.job.checkpoint,
        round=run.job.round,
        mse_fixed=mse,
        leave_one_out_mses_fixed=tuple(int(value) for value in leave_one_out),
    )
