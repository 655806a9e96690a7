"""A checkpoint: validators evaluate, the buyer squares, validators unmask and sign, the buyer opens.

A validator that does not answer in time, or whose residuals are of no use, is out for good where enough others are left
(`validator_quorum`); else the job waits for it, since the metric of fewer would come close to showing a single one's error.
"""

from __future__ import annotations

from commons.ciphers.wire import CiphertextVector
from commons.computations.linear_regression.checkpoint import (
    check_statement,
    check_statements,
    checkpoint_values,
    require_signer,
    verify_checkpoint,
)
from commons.computations.linear_regression.messages import (
    EvaluateResult,
    EvaluateTask,
    Fault,
    OpenResult,
    OpenTask,
    SquareResult,
    SquareTask,
    TaskKind,
    UnmaskResult,
    UnmaskTask,
    ValidatorResiduals,
    VerifyTask,
)
from commons.computations.linear_regression.schedule import should_stop_early
from commons.computations.linear_regression.statements import candidates_digest, evaluation_digest
from commons.errors import InvalidCiphertext, ProtocolViolation
from commons.market.roles import validator_quorum
from commons.messages import from_hex
from federated_aggregator.adapters.tables import Checkpoint
from federated_aggregator.services.checkpoint_statements import (
    check_checkpoint_signature,
    checkpoint_statement,
    checkpoints,
    statements_of,
)
from federated_aggregator.services.job_run import DONE, VALIDATOR, JobRun
from federated_aggregator.services.steps.handler import GLOBAL, Finished, StepHandler


class ValidatorsStep(StepHandler):
    """A step that all validators that are left take part in."""

    def is_enough(self, run: JobRun) -> bool:
        """Whether the job can go on with the validators that answered."""
        return len(run.tasks(self.kind, DONE)) >= validator_quorum(len(run.members(VALIDATOR)))

    def finish(self, run: JobRun) -> Finished:
        """Nothing to combine: the buyer takes it from here. Who is missing is out for good."""
        answered = {task.assignee: task for task in run.tasks(self.kind)}
        for validator in run.validators():
            task = answered.get(validator.owner)
            if task is None or task.status != DONE:
                reason = task.reason if task is not None else None
                run.leave_validator_out(validator.owner, _why_missing(run.job.checkpoint, reason))
        return Finished()


class EvaluateStep(ValidatorsStep):
    """Validators send masked residuals of each candidate."""

    kind = TaskKind.EVALUATE

    def begin(self, run: JobRun) -> None:
        """Ask every validator."""
        if run.job.checkpoint == 0:
            run.store_candidates([run.vector(GLOBAL)])
        models = tuple(CiphertextVector.of(model) for model in run.candidates())
        for validator in run.validators():
            run.ask(validator.owner, EvaluateTask(**run.head(), candidates=models))

    def check(self, run: JobRun, task: EvaluateTask, result: EvaluateResult, assignee: str) -> None:
        """Residuals must be packed as the plan says, and signed with the corrections."""
        if len(result.masked) != len(task.candidates):
            raise InvalidCiphertext(
                f"masked: expected one entry for each of {len(task.candidates)} candidates, got {len(result.masked)}",
                field="masked",
            )
        context = self.context(run)
        plan, row_count = run.plan, context.rows_of(assignee)
        slot_bits = plan.residual_slot_bits(task.round, row_count)
        scaled_slot_bits = plan.scaled_residual_slot_bits(task.round, row_count)
        count, scale = run.spec.n_weights, plan.residual_fractional_bits
        for pair in result.masked:
            pair.residuals.to_packed(run.key, count=count, fractional_bits=scale, slot_bits=slot_bits)
            pair.scaled_residuals.to_packed(run.key, count=count, fractional_bits=scale, slot_bits=scaled_slot_bits)
        result.corrections.to_vector(
            run.key, count=len(task.candidates), fractional_bits=plan.sse_fractional_bits, bound=1
        )
        digest = evaluation_digest(
            place=context.place(task.round, task.checkpoint),
            row_count=row_count,
            candidates=_candidates_digest(run),
            masked=[one.digest() for pair in result.masked for one in (pair.residuals, pair.scaled_residuals)],
            corrections=result.corrections.digest(),
        )
        require_signer(self.around.recover_message, digest, result.signature, assignee)


class SquareStep(StepHandler):
    """The buyer squares the masked residuals."""

    kind = TaskKind.SQUARE

    def begin(self, run: JobRun) -> None:
        """Hand on what the validators sent."""
        digest = "0x" + _candidates_digest(run).hex()
        residuals = tuple(
            ValidatorResiduals(
                validator=validator,
                candidates_digest=digest,
                masked=result.masked,
                corrections=result.corrections,
                signature=result.signature,
            )
            for validator, (_, result) in run.answered(TaskKind.EVALUATE).items()
        )
        run.ask(run.job.buyer, SquareTask(**run.head(), validators=residuals))

    def check(self, run: JobRun, task: SquareTask, result: SquareResult, assignee: str) -> None:
        """One pair of sums for each candidate of each validator that has no fault; or none at all if they are too few."""
        if [item.validator for item in result.validators] != [item.validator for item in task.validators]:
            raise ProtocolViolation("validators: expected those of the task, in its order", field="validators")
        good = [item for item in result.validators if item.fault is None]
        goes_on = len(good) >= validator_quorum(len(run.members(VALIDATOR)))
        scale = run.plan.sse_fractional_bits
        for asked, answer in zip(task.validators, result.validators, strict=True):
            vectors = [vector for vector in (answer.squares, answer.scaled_squares) if vector is not None]
            if len(vectors) != (2 if goes_on and answer.fault is None else 0):
                raise ProtocolViolation(f"validators: squares for {answer.validator} or a fault", field="validators")
            for vector in vectors:
                vector.to_vector(run.key, count=len(asked.masked), fractional_bits=scale, bound=1)

    def finish(self, run: JobRun) -> Finished:
        """Go on without the validators that have a fault, if enough are left."""
        ((_, result),) = run.answered(self.kind).values()
        faults = {item.validator: item.fault for item in result.validators if item.fault is not None}
        for validator, fault in faults.items():
            run.leave_validator_out(validator, _why_of_no_use(run.job.checkpoint, fault))
        if len(run.validators()) >= validator_quorum(len(run.members(VALIDATOR))):
            return Finished()
        names = ", ".join(sorted(faults))
        if Fault.ABOVE_BOUND in faults.values():
            return Finished(
                failure=f"training has diverged: the errors on the rows of {names} are above what can be measured"
            )
        return Finished(
            failure=f"the residuals of {names} cannot be read, and without them too few validators are left"
        )


class UnmaskStep(ValidatorsStep):
    """Validators take their masks off the encrypted sums and sign."""

    kind = TaskKind.UNMASK

    def begin(self, run: JobRun) -> None:
        """Give every validator that is left its sums."""
        models = tuple(CiphertextVector.of(model) for model in run.candidates())
        ((_, squared),) = run.answered(TaskKind.SQUARE).values()
        for item in squared.validators:
            if item.fault is not None:
                continue
            body = UnmaskTask(**run.head(), candidates=models, squares=item.squares, scaled_squares=item.scaled_squares)
            run.ask(item.validator, body)

    def check(self, run: JobRun, task: UnmaskTask, result: UnmaskResult, assignee: str) -> None:
        """A statement must be the sender's own, about these candidates, and of what it evaluated."""
        statement = result.statement
        expected = _candidates_digest(run)
        if statement.validator.lower() != assignee.lower():
            raise ProtocolViolation("statement: its validator is another account than the sender", field="validator")
        if statement.candidates_digest != "0x" + expected.hex():
            raise ProtocolViolation("statement: it is about other candidates", field="candidates_digest")
        own = run.answered(TaskKind.EVALUATE)[assignee][1].corrections
        scale, count = run.plan.sse_fractional_bits, len(task.candidates)
        squares, corrections = (
            vector.to_vector(run.key, count=count, fractional_bits=scale, bound=1) for vector in (task.squares, own)
        )
        if statement.sse.digest() != (squares + corrections).digest():
            raise ProtocolViolation("statement: its error is not the one that was evaluated", field="sse")
        check_statement(
            self.context(run),
            statement,
            round_number=task.round,
            checkpoint=task.checkpoint,
            recover=self.around.recover_message,
        )


class OpenStep(StepHandler):
    """The buyer opens the sums over all validators and signs the checkpoint."""

    kind = TaskKind.OPEN

    def begin(self, run: JobRun) -> None:
        """Hand on the statements."""
        run.ask(run.job.buyer, OpenTask(**run.head(), statements=statements_of(run)))

    def check(self, run: JobRun, task: OpenTask, result: OpenResult, assignee: str) -> None:
        """Openings must belong to the ciphertexts, and the signature to what they show."""
        context = self.context(run)
        checked = check_statements(
            context,
            task.statements,
            round_number=task.round,
            checkpoint=task.checkpoint,
            recover=self.around.recover_message,
        )
        values = verify_checkpoint(context, checked, result.sums, result.zero_checks)
        statement = checkpoint_statement(run, values.mse, values.leave_one_out_mses)
        check_checkpoint_signature(self.around, run, statement, result.checkpoint_signature)

    def finish(self, run: JobRun) -> Finished:
        """Store the checkpoint, let the validators verify it, and decide whether it is the last."""
        ((task, result),) = run.answered(self.kind).values()
        # `check` has verified these openings; they are not verified a second time.
        context = self.context(run)
        values = checkpoint_values(
            context,
            [from_hex(opened.value) for opened in result.sums],
            row_count=sum(context.rows_of(statement.validator) for statement in task.statements),
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
        return Finished(stop=run.job.round >= run.spec.rounds or should_stop_early(run.spec, history))


def _candidates_digest(run: JobRun) -> bytes:
    return candidates_digest([model.digest() for model in run.candidates()])


def _why_missing(checkpoint: int, reason: str | None) -> str:
    if reason:
        return f"it could not answer at checkpoint {checkpoint}: {reason}"
    return f"it did not answer in time at checkpoint {checkpoint}"


def _why_of_no_use(checkpoint: int, fault: Fault) -> str:
    if fault is Fault.MALFORMED:
        return f"its residuals at checkpoint {checkpoint} could not be read"
    return f"its errors at checkpoint {checkpoint} were above what can be measured"
