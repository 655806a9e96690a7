"""A checkpoint: validators evaluate, the buyer squares, validators unmask and sign, the buyer opens.

A validator that does not answer in time, or whose residuals are of no use, is out for good where enough others are left
(`validator_quorum`); else the job waits for it, since the metric of fewer would come close to showing a single one's error.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from pydantic import TypeAdapter

from commons.computations.linear_regression.aggregator.run import CANDIDATES, Run
from commons.computations.linear_regression.aggregator.step import (
    Missing,
    StepHandler,
    ValidatorsStep,
    checkpoint_statement,
    require_buyers,
    statements_name,
    statements_text,
)
from commons.computations.linear_regression.aggregator.training import delivery_values
from commons.computations.linear_regression.checkpoint import (
    check_statement,
    check_statements,
    require_signer,
    verify_checkpoint,
)
from commons.computations.linear_regression.messages import (
    EvaluateResult,
    Fault,
    OpenResult,
    SquareResult,
    TaskKind,
    UnmaskResult,
    ValidatorResiduals,
    ValidatorStatement,
)
from commons.computations.linear_regression.schedule import advance, should_stop_early
from commons.computations.linear_regression.statements import evaluation_digest
from commons.computations.parts import Answer, Ask, Score, Turn, Value
from commons.errors import InvalidCiphertext, ProtocolViolation
from commons.market.roles import validator_quorum

_EVALUATIONS = "evaluations"
"""What the validators evaluated, as the buyer gets it."""
_SSE_DIGESTS = "sse_digests"
"""By validator, the digest of the [SSE] that follows from its correction and the buyer's squares."""

_SQUARES = "squares"
"""The buyer's encrypted sums of squares."""

_RESIDUALS: TypeAdapter[list[ValidatorResiduals]] = TypeAdapter(list[ValidatorResiduals])
_STATEMENTS: TypeAdapter[tuple[ValidatorStatement, ...]] = TypeAdapter(tuple[ValidatorStatement, ...])


class EvaluateStep(ValidatorsStep):
    """Validators send masked residuals of each candidate."""

    kind = TaskKind.EVALUATE
    doing = "evaluating the model"

    def configure(self, run: Run) -> Sequence[Ask]:
        """Ask every validator that is left."""
        return [Ask(validator, self.kind, refers_to={"candidates": CANDIDATES}) for validator in run.validators()]

    def check(self, run: Run, ask: Ask, result: EvaluateResult) -> EvaluateResult:
        """Residuals must be packed as the plan says, and signed with the corrections."""
        context, step, key = run.context, run.step, run.context.key
        candidates = context.candidate_count(step.checkpoint)
        if len(result.masked) != candidates:
            raise InvalidCiphertext(
                f"masked: expected one entry for each of {candidates} candidates, got {len(result.masked)}",
                field="masked",
            )
        plan, row_count = run.plan, context.rows_of(ask.assignee)
        slot_bits = plan.residual_slot_bits(step.round, row_count)
        scaled_slot_bits = plan.scaled_residual_slot_bits(step.round, row_count)
        count, scale = run.spec.n_weights, plan.residual_fractional_bits
        for pair in result.masked:
            pair.residuals.to_packed(key, count=count, fractional_bits=scale, slot_bits=slot_bits)
            pair.scaled_residuals.to_packed(key, count=count, fractional_bits=scale, slot_bits=scaled_slot_bits)
        result.corrections.to_vector(key, count=candidates, fractional_bits=plan.sse_fractional_bits, bound=1)
        digest = evaluation_digest(
            place=context.place(step.round, step.checkpoint),
            row_count=row_count,
            candidates=run.candidates_digest(),
            masked=[one.digest() for pair in result.masked for one in (pair.residuals, pair.scaled_residuals)],
            corrections=result.corrections.digest(),
        )
        require_signer(run.job.recover_message, digest, result.signature, ask.assignee)
        return result

    def aggregate(self, run: Run, answers: Mapping[str, Answer], missing: Missing) -> Turn:
        """Nothing to combine: the buyer takes it from here."""
        digest = "0x" + run.candidates_digest().hex()
        residuals = [
            ValidatorResiduals(
                validator=validator,
                candidates_digest=digest,
                masked=answer.result.masked,
                corrections=answer.result.corrections,
                signature=answer.result.signature,
            )
            for validator, answer in answers.items()
        ]
        text = "[" + ",".join(one.model_dump_json() for one in residuals) + "]"
        return Turn(
            advance(run.step, run.spec),
            values={_EVALUATIONS: Value(text, residuals)},
            out=self.out(run, answers, missing),
        )


class SquareStep(StepHandler):
    """The buyer squares the masked residuals."""

    kind = TaskKind.SQUARE
    doing = "squaring the masked residuals"

    def configure(self, run: Run) -> Sequence[Ask]:
        """Hand on what the validators sent."""
        return [Ask(run.job.buyer, self.kind, refers_to={"validators": _EVALUATIONS})]

    def check(self, run: Run, ask: Ask, result: SquareResult) -> SquareResult:
        """One pair of sums for each candidate of each validator that has no fault; or none at all if they are too few."""
        asked = self._evaluations(run)
        if [item.validator for item in result.validators] != [item.validator for item in asked]:
            raise ProtocolViolation("validators: expected those of the task, in its order", field="validators")
        good = [item for item in result.validators if item.fault is None]
        goes_on = len(good) >= validator_quorum(len(run.job.started.validators))
        scale, count = run.plan.sse_fractional_bits, run.context.candidate_count(run.step.checkpoint)
        for answer in result.validators:
            vectors = [vector for vector in (answer.squares, answer.scaled_squares) if vector is not None]
            if len(vectors) != (2 if goes_on and answer.fault is None else 0):
                raise ProtocolViolation(f"validators: squares for {answer.validator} or a fault", field="validators")
            for vector in vectors:
                vector.to_vector(run.context.key, count=count, fractional_bits=scale, bound=1)
        return result

    def aggregate(self, run: Run, answers: Mapping[str, Answer], missing: Missing) -> Turn:
        """Go on without the validators that have a fault, if enough are left."""
        ((_, answer),) = answers.items()
        result: SquareResult = answer.result
        faults = {item.validator: item.fault for item in result.validators if item.fault is not None}
        out = {validator: _why_of_no_use(run.step.checkpoint, fault) for validator, fault in faults.items()}
        left = [validator for validator in run.validators() if validator not in faults]
        if len(left) >= validator_quorum(len(run.job.started.validators)):
            text = json.dumps(self._sse_digests(run, result))
            values = {_SSE_DIGESTS: Value(text), _SQUARES: Value(result.model_dump_json(), result)}
            return Turn(advance(run.step, run.spec), values=values, out=out)
        names = ", ".join(sorted(faults))
        if Fault.ABOVE_BOUND in faults.values():
            failure = f"training has diverged: the errors on the rows of {names} are above what can be measured"
        else:
            failure = f"the residuals of {names} cannot be read, and without them too few validators are left"
        return Turn(out=out, failure=failure)

    def _evaluations(self, run: Run) -> list[ValidatorResiduals]:
        return run.job.values.get(_EVALUATIONS, _RESIDUALS.validate_json)

    def _sse_digests(self, run: Run, result: SquareResult) -> dict[str, str]:
        corrections = {item.validator: item.corrections for item in self._evaluations(run)}
        form = {
            "count": run.context.candidate_count(run.step.checkpoint),
            "fractional_bits": run.plan.sse_fractional_bits,
            "bound": 1,
        }
        key = run.context.key
        return {
            item.validator: (item.squares.to_vector(key, **form) + corrections[item.validator].to_vector(key, **form))
            .digest()
            .hex()
            for item in result.validators
            if item.squares is not None
        }


class UnmaskStep(ValidatorsStep):
    """Validators take their masks off the encrypted sums and sign."""

    kind = TaskKind.UNMASK
    doing = "signing the encrypted errors"

    def configure(self, run: Run) -> Sequence[Ask]:
        """Give every validator that is left its sums."""
        squared = run.job.values.get(_SQUARES, SquareResult.model_validate_json)
        return [
            Ask(
                item.validator,
                self.kind,
                {
                    "squares": item.squares.model_dump(mode="json"),
                    "scaled_squares": item.scaled_squares.model_dump(mode="json"),
                },
                {"candidates": CANDIDATES},
            )
            for item in squared.validators
            if item.squares is not None and item.scaled_squares is not None
        ]

    def check(self, run: Run, ask: Ask, result: UnmaskResult) -> ValidatorStatement:
        """A statement must be the sender's own, about these candidates, and of what it evaluated."""
        statement = result.statement
        if statement.validator != ask.assignee:
            raise ProtocolViolation("statement: its validator is another account than the sender", field="validator")
        if statement.candidates_digest != "0x" + run.candidates_digest().hex():
            raise ProtocolViolation("statement: it is about other candidates", field="candidates_digest")
        if statement.sse.digest().hex() != run.job.values.get(_SSE_DIGESTS, json.loads)[ask.assignee]:
            raise ProtocolViolation("statement: its error is not the one that was evaluated", field="sse")
        check_statement(
            run.context,
            statement,
            round_number=run.step.round,
            checkpoint=run.step.checkpoint,
            recover=run.job.recover_message,
        )
        return statement

    def aggregate(self, run: Run, answers: Mapping[str, Answer], missing: Missing) -> Turn:
        """Nothing to combine: the buyer multiplies the errors itself."""
        statements = tuple(answer.checked for answer in answers.values())
        name = statements_name(run.step.checkpoint)
        return Turn(
            advance(run.step, run.spec),
            values={name: Value(statements_text(statements), statements)},
            forget=(_EVALUATIONS, _SQUARES, _SSE_DIGESTS),
            out=self.out(run, answers, missing),
        )


class OpenStep(StepHandler):
    """The buyer opens the sums over all validators and signs the checkpoint."""

    kind = TaskKind.OPEN
    doing = "opening the metric"

    def configure(self, run: Run) -> Sequence[Ask]:
        """Hand on the statements."""
        return [Ask(run.job.buyer, self.kind, refers_to={"statements": statements_name(run.step.checkpoint)})]

    def check(self, run: Run, ask: Ask, result: OpenResult) -> Score:
        """Openings must belong to the ciphertexts, and the signature to what they show."""
        checked = check_statements(
            run.context,
            self._statements(run),
            round_number=run.step.round,
            checkpoint=run.step.checkpoint,
            recover=run.job.recover_message,
        )
        values = verify_checkpoint(run.context, checked, result.sums, result.zero_checks)
        statement = checkpoint_statement(run, values.mse, values.leave_one_out_mses)
        signature = require_buyers(run, statement, result.checkpoint_signature)
        return Score(statement, signature, values.mse_target_units)

    def aggregate(self, run: Run, answers: Mapping[str, Answer], missing: Missing) -> Turn:
        """Let the validators verify, and decide whether this checkpoint is the last."""
        ((_, answer),) = answers.items()
        score: Score = answer.checked
        checkpoint = run.step.checkpoint
        refers_to = {"statements": statements_name(checkpoint)}
        refers_to |= {name: f"{name}/{checkpoint}" for name in ("sums", "zero_checks")}
        values = {
            f"{name}/{checkpoint}": Value(json.dumps([one.model_dump(mode="json") for one in opened]))
            for name, opened in (("sums", answer.result.sums), ("zero_checks", answer.result.zero_checks))
        }
        verify = [Ask(statement.validator, TaskKind.VERIFY, refers_to=refers_to) for statement in self._statements(run)]
        mses = [one.mse_fixed for one in (*run.job.scores(), score.statement)]
        step = advance(run.step, run.spec, stop=should_stop_early(run.spec, mses))
        if step is not None and step.kind == TaskKind.DELIVER:
            values |= delivery_values(run)
        # The last one is recorded too: what it pays must not depend on whether the buyer takes the delivery.
        return Turn(step, values=values, asks=verify, scores=[score])

    def _statements(self, run: Run) -> tuple[ValidatorStatement, ...]:
        return run.job.values.get(statements_name(run.step.checkpoint), _STATEMENTS.validate_json)


def _why_of_no_use(checkpoint: int, fault: Fault) -> str:
    if fault is Fault.MALFORMED:
        return f"its residuals at checkpoint {checkpoint} could not be read"
    return f"its errors at checkpoint {checkpoint} were above what can be measured"
