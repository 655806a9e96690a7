"""The buyer's part: answers to typed tasks, and what must be remembered of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from commons.ciphers.paillier import SecretKey
from commons.computations.job_facts import ParallelMap, RecoverSigner, SignCheckpoint, StartedJob
from commons.computations.linear_regression.job_context import context_of
from commons.computations.linear_regression.key_holder import KeyHolder, SquaredCheckpoint
from commons.computations.linear_regression.messages import (
    DeliverResult,
    DeliverTask,
    Fault,
    OpenResult,
    OpenTask,
    RefreshTask,
    SquareTask,
)
from commons.computations.linear_regression.numeric_plan import WEIGHT_FRACTIONAL_BITS
from commons.computations.linear_regression.question_ledger import require_last, require_next, statements_digest
from commons.computations.linear_regression.spec import LinearRegressionSpec
from commons.computations.parts import BuyerAnswer, BuyerPart, OpenedScore, Question, SignedDelivery
from commons.errors import NotAuthenticated, ProtocolViolation
from commons.market.checkpoint_statement import CheckpointStatement


class LinearRegressionBuyer(BuyerPart):
    """The buyer in one job.

    Args:
        job: public facts.
        secret_key: of the job.
        sign_checkpoint: signs with the buyer's account.
        recover: who signed a message.
        parallel_map: like `map`.
    """

    def __init__(
        self,
        job: StartedJob[LinearRegressionSpec],
        secret_key: SecretKey,
        sign_checkpoint: SignCheckpoint,
        recover: RecoverSigner,
        parallel_map: ParallelMap = map,
    ) -> None:
        self._context = context_of(job)
        self._holder = KeyHolder(self._context, secret_key, parallel_map=parallel_map)
        self._sign = sign_checkpoint
        self._recover_signer = recover

    def require_next(self, task: Any, questions: Sequence[Question], scores: Sequence[OpenedScore]) -> None:
        """Raise ProtocolViolation unless a task is what the protocol asks next."""
        if isinstance(task, DeliverTask):
            require_last(self._context.plan.spec, scores, task)
        elif isinstance(task, RefreshTask | SquareTask | OpenTask):
            require_next(self._context, questions, scores, task)
        else:
            raise ProtocolViolation(f"a model buyer does not answer {task.kind} tasks")

    def answer(self, task: Any, questions: Sequence[Question], scores: Sequence[OpenedScore]) -> BuyerAnswer:
        """The answer to a task that `require_next` has let through."""
        match task:
            case RefreshTask():
                return BuyerAnswer(self._holder.refresh(task))
            case SquareTask():
                done = self._holder.square(task, self._recover)
                return BuyerAnswer(done.result, outcome=_squared_outcome(done), end=_why_ended(done))
            case OpenTask():
                return self._open(task)
            case DeliverTask():
                return self._deliver(task, scores)
            case _:
                raise ProtocolViolation(f"a model buyer does not answer {task.kind} tasks")

    def prepare(self) -> bool:
        """Make an obfuscator ahead."""
        return self._holder.prepare()

    def _open(self, task: OpenTask) -> BuyerAnswer:
        opened = self._holder.open(task, self._recover)
        values = opened.values
        statement = CheckpointStatement(task.job_id, task.checkpoint, task.round, values.mse, values.leave_one_out_mses)
        signature = "0x" + self._sign(statement).hex()
        details = {"statements_digest": statements_digest(task.statements).hex(), "row_count": values.row_count}
        return BuyerAnswer(
            OpenResult(sums=opened.sums, zero_checks=opened.zero_checks, checkpoint_signature=signature),
            outcome={"validators": [one.validator for one in task.statements]},
            scores=[OpenedScore(statement, values.mse_target_units, details)],
        )

    def _deliver(self, task: DeliverTask, scores: Sequence[OpenedScore]) -> BuyerAnswer:
        plan = self._context.plan
        delivered = task.delivered.to_vector(
            self._context.key,
            count=plan.spec.n_weights,
            fractional_bits=WEIGHT_FRACTIONAL_BITS,
            bound=plan.masked_bound(task.round, WEIGHT_FRACTIONAL_BITS),
        )
        statement = scores[-1].statement.closing(delivered.digest())
        signature = self._sign(statement)
        # What the validators signed about the models of the last checkpoint, to compare with after the payment.
        details = {"candidates_digest": task.statements[0].candidates_digest}
        return BuyerAnswer(
            DeliverResult(checkpoint_signature="0x" + signature.hex()),
            delivery=SignedDelivery(task.delivered, statement, signature, details),
        )

    def _recover(self, digest: bytes, signature: bytes) -> str:
        try:
            return self._recover_signer(digest, signature)
        except NotAuthenticated as error:
            raise ProtocolViolation(f"a validator's statement: {error.message}") from error


def _squared_outcome(done: SquaredCheckpoint) -> Mapping[str, Any]:
    squared = done.squared
    return {
        "validators": list(squared.sse_digests),
        "squared": {"candidates_digest": squared.candidates_digest, "sse_digests": dict(squared.sse_digests)},
    }


def _why_ended(done: SquaredCheckpoint) -> str | None:
    """Why a job cannot go on after this square, or None if it can."""
    if done.squared.sse_digests:
        return None
    above = sorted(validator for validator, fault in done.faults.items() if fault is Fault.ABOVE_BOUND)
    if above:
        return f"training has diverged: the error on the rows of {', '.join(above)} is above what can be measured"
    return f"too few validators are left: the residuals of {', '.join(sorted(done.faults))} cannot be read"
