"""What each step of a running job asks for, how an answer is checked when it arrives, and what is made of the answers.

`begin` creates the step's tasks, `check` raises if an answer cannot be used (the task then stays open), `finish` combines
the answers that are in. All of them work on rows inside the caller's unit of work.
"""

from __future__ import annotations

from typing import Any

from commons.chain.signing import CheckpointStatement
from commons.errors import InvalidCiphertext, ProtocolViolation
from commons.paillier import EncryptedVector
from commons.protocol.checkpoint import (
    check_statements,
    checkpoint_values,
    verify_checkpoint,
)
from commons.protocol.masks import delivery_mask, draw_seed
from commons.protocol.numeric_plan import MATRIX_FRACTIONAL_BITS, WEIGHT_FRACTIONAL_BITS
from commons.protocol.state import Step, should_stop_early
from commons.protocol.tasks import (
    DeliverResult,
    DeliverTask,
    EvaluateResult,
    EvaluateTask,
    OpenResult,
    OpenTask,
    RefreshResult,
    RefreshTask,
    SquareResult,
    SquareTask,
    TaskKind,
    TrainResult,
    TrainTask,
    UnmaskResult,
    UnmaskTask,
    ValidatorResiduals,
    ValidatorStatement,
    VerifyTask,
    candidates_digest,
    from_hex,
)
from commons.protocol.training_job import Averaging
from commons.protocol.wire import CiphertextVector
from federated_aggregator.adapters.tables import Checkpoint
from federated_aggregator.domain.averaging import average, candidates
from federated_aggregator.domain.refreshing import check_refresh, mask_weights, unmask_weights
from federated_aggregator.services.checkpoint_statements import (
    Surroundings,
    check_checkpoint_signature,
    checkpoint_statement,
    checkpoints,
)
from federated_aggregator.services.job_run import DONE, TRAINER, VALIDATOR, JobRun

GLOBAL, DELIVERED = "global", "delivered"


class StepHandler:
    """One step; see the module's docstring."""

    kind: TaskKind

    def __init__(self, around: Surroundings) -> None:
        self.around = around

    def begin(self, run: JobRun) -> None:
        """Create the step's tasks."""
        raise NotImplementedError

    def check(self, run: JobRun, task: Any, result: Any, assignee: str) -> None:
        """Raise if the result cannot be used."""
        raise NotImplementedError

    def finish(self, run: JobRun) -> bool:
        """Combine the results; returns whether this checkpoint shall be the last."""
        raise NotImplementedError


class TrainStep(StepHandler):
    """Trainers take local gradient steps; their weighted updates are added up."""

    kind = TaskKind.TRAIN

    def begin(self, run: JobRun) -> None:
        """Ask every trainer."""
        weights = CiphertextVector.of(run.vector(GLOBAL))
        shares = self._averaging_weights(run)
        for trainer, share in shares.items():
            body = TrainTask(
                **run.head(), weights=weights, averaging_weight=share, averaging_total=sum(shares.values())
            )
            run.ask(trainer, body)

    def check(self, run: JobRun, task: TrainTask, result: TrainResult, assignee: str) -> None:
        """An update must be a vector of the expected scale and length."""
        self._update(run, task, result)

    def finish(self, run: JobRun) -> bool:
        """Average; at a checkpoint, also without each trainer."""
        updates = {
            trainer: self._update(run, task, result) for trainer, (task, result) in run.answered(self.kind).items()
        }
        shares = self._averaging_weights(run)
        scale = next(iter(updates.values())).fractional_bits
        bound = run.plan.weight_bound(run.job.round, scale)
        previous = run.vector(GLOBAL)
        if run.spec.is_checkpoint(run.job.round):
            models = candidates(updates, shares, list(shares), previous, bound=bound)
            run.store_candidates(models)
        else:
            # A product of ciphertexts that the trainers have just re-randomised needs no more of it.
            run.store_vector(GLOBAL, average(updates, shares, bound=bound))
        return False

    def _averaging_weights(self, run: JobRun) -> dict[str, int]:
        by_rows = run.spec.averaging is Averaging.ROWS
        return {trainer.owner: trainer.row_count if by_rows else 1 for trainer in run.members(TRAINER)}

    def _update(self, run: JobRun, task: TrainTask, result: TrainResult) -> EncryptedVector:
        scale = task.weights.fractional_bits + MATRIX_FRACTIONAL_BITS
        bound = run.plan.weight_bound(task.round, scale)
        return result.update.to_vector(run.key, count=run.spec.n_weights, fractional_bits=scale, bound=bound)


class RefreshStep(StepHandler):
    """The buyer truncates masked weights."""

    kind = TaskKind.REFRESH

    def begin(self, run: JobRun) -> None:
        """Mask the candidates of a checkpoint, or else the global weights."""
        models = run.candidates() if run.spec.is_checkpoint(run.job.round) else [run.vector(GLOBAL)]
        seed = draw_seed()
        task = mask_weights(
            run.context,
            models,
            seed,
            round_number=run.job.round,
            checkpoint=run.job.checkpoint,
        )
        run.ask(run.job.buyer, task, secret_seed=seed)

    def check(self, run: JobRun, task: RefreshTask, result: RefreshResult, assignee: str) -> None:
        """The buyer must prove that it returned what was sent."""
        check_refresh(run.context, task, result, parallel_map=self.around.parallel_map)

    def finish(self, run: JobRun) -> bool:
        """Take the masks off."""
        (row,) = run.tasks(self.kind, DONE)
        ((task, result),) = run.answered(self.kind).values()
        masked = result.refreshed.to_vector(
            run.key,
            count=task.masked.count,
            fractional_bits=WEIGHT_FRACTIONAL_BITS,
            bound=run.plan.masked_bound(task.round, WEIGHT_FRACTIONAL_BITS),
        )
        models = unmask_weights(run.context, task, masked, row.secret_seed or b"")
        run.store_vector(GLOBAL, models[0])
        if run.spec.is_checkpoint(run.job.round):
            run.store_candidates(models)
        return False


class EvaluateStep(StepHandler):
    """Validators send masked residuals of each candidate."""

    kind = TaskKind.EVALUATE

    def begin(self, run: JobRun) -> None:
        """Ask every validator."""
        if run.job.checkpoint == 0:
            run.store_candidates([run.vector(GLOBAL)])
        models = tuple(CiphertextVector.of(model) for model in run.candidates())
        for validator in run.members(VALIDATOR):
            run.ask(validator.owner, EvaluateTask(**run.head(), candidates=models))

    def check(self, run: JobRun, task: EvaluateTask, result: EvaluateResult, assignee: str) -> None:
        """Residuals must be packed as the plan says."""
        if len(result.masked) != len(task.candidates):
            raise InvalidCiphertext(
                f"masked: expected one entry for each of {len(task.candidates)} candidates, got {len(result.masked)}",
                field="masked",
            )
        plan, row_count = run.plan, _row_count(run, assignee)
        slot_bits = plan.residual_slot_bits(task.round, row_count)
        scaled_slot_bits = plan.scaled_residual_slot_bits(task.round, row_count)
        count, scale = run.spec.n_weights, plan.residual_fractional_bits
        for pair in result.masked:
            pair.residuals.to_packed(run.key, count=count, fractional_bits=scale, slot_bits=slot_bits)
            pair.scaled_residuals.to_packed(run.key, count=count, fractional_bits=scale, slot_bits=scaled_slot_bits)

    def finish(self, run: JobRun) -> bool:
        """Nothing to combine: the buyer squares them one by one."""
        return False


class SquareStep(StepHandler):
    """The buyer squares the masked residuals."""

    kind = TaskKind.SQUARE

    def begin(self, run: JobRun) -> None:
        """Hand on the residuals of the validators that answered."""
        answers = run.answered(TaskKind.EVALUATE)
        residuals = tuple(
            ValidatorResiduals(validator=validator, masked=result.masked) for validator, (_, result) in answers.items()
        )
        run.ask(run.job.buyer, SquareTask(**run.head(), validators=residuals))

    def check(self, run: JobRun, task: SquareTask, result: SquareResult, assignee: str) -> None:
        """One pair of sums for each validator and candidate."""
        if [item.validator for item in result.validators] != [item.validator for item in task.validators]:
            raise ProtocolViolation("validators: expected those of the task, in its order", field="validators")
        scale = run.plan.sse_fractional_bits
        for asked, answer in zip(task.validators, result.validators, strict=True):
            for vector in (answer.squares, answer.scaled_squares):
                vector.to_vector(run.key, count=len(asked.masked), fractional_bits=scale, bound=1)

    def finish(self, run: JobRun) -> bool:
        """Nothing to combine."""
        return False


class UnmaskStep(StepHandler):
    """Validators take their masks off the encrypted sums and sign."""

    kind = TaskKind.UNMASK

    def begin(self, run: JobRun) -> None:
        """Give every validator its sums."""
        models = tuple(CiphertextVector.of(model) for model in run.candidates())
        ((_, squared),) = run.answered(TaskKind.SQUARE).values()
        for item in squared.validators:
            body = UnmaskTask(**run.head(), candidates=models, squares=item.squares, scaled_squares=item.scaled_squares)
            run.ask(item.validator, body)

    def check(self, run: JobRun, task: UnmaskTask, result: UnmaskResult, assignee: str) -> None:
        """A statement must be the sender's own, about these candidates and the rows it accepted with."""
        statement = result.statement
        expected = candidates_digest([model.digest() for model in run.candidates()])
        if statement.validator.lower() != assignee.lower():
            raise ProtocolViolation("statement: its validator is another account than the sender", field="validator")
        if statement.candidates_digest != "0x" + expected.hex():
            raise ProtocolViolation("statement: it is about other candidates", field="candidates_digest")
        if statement.row_count != _row_count(run, assignee):
            raise ProtocolViolation("statement: row_count is not the one accepted with", field="row_count")
        _checked(self.around, run, task, (statement,))

    def finish(self, run: JobRun) -> bool:
        """Nothing to combine: the buyer multiplies the sums itself."""
        return False


class OpenStep(StepHandler):
    """The buyer opens the sums over all validators and signs the checkpoint."""

    kind = TaskKind.OPEN

    def begin(self, run: JobRun) -> None:
        """Hand on the statements."""
        run.ask(run.job.buyer, OpenTask(**run.head(), statements=_statements(run)))

    def check(self, run: JobRun, task: OpenTask, result: OpenResult, assignee: str) -> None:
        """Openings must belong to the ciphertexts, and the signature to what they show."""
        checked = _checked(self.around, run, task, task.statements)
        values = verify_checkpoint(run.context, checked, result.sums, result.zero_checks, round_number=task.round)
        statement = checkpoint_statement(run, values.mse, values.leave_one_out_mses)
        check_checkpoint_signature(self.around, run, statement, result.checkpoint_signature)

    def finish(self, run: JobRun) -> bool:
        """Store the checkpoint, let the validators verify it, and decide whether it is the last."""
        ((task, result),) = run.answered(self.kind).values()
        # `check` has verified these openings; they are not verified a second time.
        values = checkpoint_values(
            run.context,
            [from_hex(opened.value) for opened in result.sums],
            row_count=sum(statement.row_count for statement in task.statements),
            round_number=task.round,
        )
        run.session.add(
            Checkpoint(
                job_id=run.job.job_id,
                index=run.job.checkpoint,
                round=run.job.round,
                mse_fixed=str(values.mse),
                leave_one_out_mses_fixed=[str(value) for value in values.leave_one_out_mses],
                mse=values.mse_target_units,
                buyer_signature=result.checkpoint_signature,
                opened_at=run.clock(),
            )
        )
        for statement in task.statements:
            body = VerifyTask(
                **run.head(), statements=task.statements, sums=result.sums, zero_checks=result.zero_checks
            )
            run.ask(statement.validator, body)
        run.session.flush()
        history = [int(row.mse_fixed) for row in checkpoints(run)]
        # The last one too: what it pays must not depend on whether the buyer takes the delivery.
        self.around.record_checkpoint(
            run,
            checkpoint_statement(run, values.mse, values.leave_one_out_mses),
            bytes.fromhex(result.checkpoint_signature[2:]),
        )
        return run.job.round >= run.spec.rounds or should_stop_early(run.spec, history)


class DeliverStep(StepHandler):
    """The buyer gets the masked final weights and signs the statement that ends the job, over their digest."""

    kind = TaskKind.DELIVER

    def begin(self, run: JobRun) -> None:
        """Mask the final weights with the seed whose hash is on chain."""
        weights = run.vector(GLOBAL)
        bits = run.plan.mask_bits(run.job.round, weights.fractional_bits)
        mask = delivery_mask(run.job.delivery_seed or b"", run.job.job_id, len(weights), bits)
        delivered = weights.add_encoded(mask).rerandomize(run.randomizer)
        run.store_vector(DELIVERED, delivered)
        body = DeliverTask(**run.head(), delivered=CiphertextVector.of(delivered), statements=_statements(run))
        run.ask(run.job.buyer, body)

    def check(self, run: JobRun, task: DeliverTask, result: DeliverResult, assignee: str) -> None:
        """The signature must cover the delivered ciphertexts."""
        check_checkpoint_signature(self.around, run, self._statement(run), result.checkpoint_signature)

    def finish(self, run: JobRun) -> bool:
        """Record on chain that the weights were delivered."""
        ((_, result),) = run.answered(self.kind).values()
        signature = bytes.fromhex(result.checkpoint_signature[2:])
        self.around.record_checkpoint(run, self._statement(run), signature)
        return True

    def _statement(self, run: JobRun) -> CheckpointStatement:
        row = run.session.get_one(Checkpoint, (run.job.job_id, run.job.checkpoint))
        latest = checkpoint_statement(run, int(row.mse_fixed), row.leave_one_out_mses_fixed)
        return latest.closing(run.vector(DELIVERED).digest())


HANDLERS: dict[Step, type[StepHandler]] = {
    Step.TRAIN: TrainStep,
    Step.REFRESH: RefreshStep,
    Step.EVALUATE: EvaluateStep,
    Step.SQUARE: SquareStep,
    Step.UNMASK: UnmaskStep,
    Step.OPEN: OpenStep,
    Step.DELIVER: DeliverStep,
}


def _row_count(run: JobRun, owner: str) -> int:
    return next(member.row_count for member in run.members(VALIDATOR) if member.owner == owner)


def _statements(run: JobRun) -> tuple[ValidatorStatement, ...]:
    return tuple(result.statement for _, result in run.answered(TaskKind.UNMASK).values())


def _checked(around: Surroundings, run: JobRun, task: Any, statements: tuple[ValidatorStatement, ...]) -> Any:
    return check_statements(
        run.context,
        statements,
        round_number=task.round,
        checkpoint=task.checkpoint,
        recover=around.recover_message,
    )
