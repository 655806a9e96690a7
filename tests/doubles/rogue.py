"""What a validator on the attacker's side signs."""

from __future__ import annotations

from commons.computations.linear_regression.messages import ValidatorResiduals, ValidatorStatement
from commons.computations.linear_regression.statements import evaluation_digest, statement_digest
from tests.doubles.arena import Arena, sign
from tests.doubles.in_memory_job import Owner


def signed_evaluation(arena: Arena, owner: Owner, residuals: ValidatorResiduals, checkpoint: int) -> ValidatorResiduals:
    """Residuals and corrections of its choice under its own signature."""
    context = arena.context
    digest = evaluation_digest(
        place=context.place(context.plan.spec.round_of(checkpoint), checkpoint),
        row_count=context.rows_of(owner.address),
        candidates=bytes.fromhex(residuals.candidates_digest[2:]),
        masked=[one.digest() for pair in residuals.masked for one in (pair.residuals, pair.scaled_residuals)],
        corrections=residuals.corrections.digest(),
    )
    return residuals.model_copy(update={"signature": sign(owner, digest)})


def signed_statement(arena: Arena, owner: Owner, statement: ValidatorStatement, checkpoint: int) -> ValidatorStatement:
    """An error and a zero check of its choice under its own signature."""
    context = arena.context
    digest = statement_digest(
        place=context.place(context.plan.spec.round_of(checkpoint), checkpoint),
        row_count=context.rows_of(owner.address),
        candidates=bytes.fromhex(statement.candidates_digest[2:]),
        sse=statement.sse.digest(),
        zero_check=statement.zero_check.digest(),
    )
    return statement.model_copy(update={"signature": sign(owner, digest)})
