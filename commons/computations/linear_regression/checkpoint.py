"""What a checkpoint says and how everybody checks it.

The buyer opens, for each candidate, the product of the validators' [SSE]; aggregator and validators recompute that product
and check the opening, so the buyer can neither misreport a decryption nor leave a validator out. The zero checks show that
it squared honestly. The same functions serve all three. Fewer than `validator_quorum` validators are never opened for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add

from commons.ciphers.paillier import EncryptedVector, Opening, verify_openings
from commons.computations.linear_regression.checkpoint_metric import mse_fixed, mse_in_target_units
from commons.computations.linear_regression.job_context import JobContext
from commons.computations.linear_regression.messages import OpenedValue, ValidatorStatement
from commons.computations.linear_regression.statements import statement_digest
from commons.errors import NotAuthenticated, ProtocolViolation
from commons.market.roles import validator_quorum
from commons.messages import from_hex

RecoverSigner = Callable[[bytes, bytes], str]
"""Address that signed a 32-byte digest (EIP-191); raises NotAuthenticated for a malformed signature."""


@dataclass(frozen=True)
class CheckpointValues:
    """The opened metric of one checkpoint.

    Attributes:
        mse: of the global model, as the chain stores it (`checkpoint_metric`).
        leave_one_out_mses: of each leave-one-out model, in the order of the trainers.
        mse_target_units: MSE of the global model in the target's unit squared.
        row_count: rows of the validators that took part.
    """

    mse: int
    leave_one_out_mses: tuple[int, ...]
    mse_target_units: float
    row_count: int


@dataclass(frozen=True)
class CheckedStatements:
    """Statements whose form and signatures were checked.

    Attributes:
        sums: [Σ_validators SSE] of each candidate.
        zero_checks: one ciphertext for each statement.
        row_count: rows that the validators of all statements accepted with.
    """

    sums: EncryptedVector
    zero_checks: tuple[EncryptedVector, ...]
    row_count: int


def check_statements(
    context: JobContext,
    statements: Sequence[ValidatorStatement],
    *,
    round_number: int,
    checkpoint: int,
    recover: RecoverSigner,
) -> CheckedStatements:
    """Check who signed what, and add the validators' encrypted errors up.

    Raises:
        ProtocolViolation: a checkpoint that the specification does not have, too few validators, an unknown or repeated
            one, different candidates, or a wrong signature.
        InvalidCiphertext: a malformed vector.
    """
    context.require_checkpoint(round_number, checkpoint)
    quorum = validator_quorum(len(context.validators))
    if len(statements) < quorum:
        raise ProtocolViolation(
            f"{len(statements)} statements; a checkpoint needs those of {quorum} validators at least"
        )
    seen: set[str] = set()
    checked = []
    for statement in statements:
        validator = statement.validator
        if validator not in context.validators or validator in seen:
            raise ProtocolViolation(f"statement of {validator}: not a validator of this job, or twice")
        seen.add(validator)
        if statement.candidates_digest != statements[0].candidates_digest:
            raise ProtocolViolation(f"statement of {validator} is about other candidates than the others'")
        checked.append(
            check_statement(context, statement, round_number=round_number, checkpoint=checkpoint, recover=recover)
        )
    return CheckedStatements(
        sums=reduce(add, (sse for sse, _ in checked)),
        zero_checks=tuple(zero_check for _, zero_check in checked),
        row_count=sum(context.rows_of(validator) for validator in seen),
    )


def check_statement(
    context: JobContext,
    statement: ValidatorStatement,
    *,
    round_number: int,
    checkpoint: int,
    recover: RecoverSigner,
) -> tuple[EncryptedVector, EncryptedVector]:
    """The [SSE] of each candidate and the zero check in one validator's statement, its form and signature checked.

    Raises:
        ProtocolViolation: a wrong signature.
        InvalidCiphertext: a malformed vector.
    """
    sse, zero_check = _decode(context, statement, round_number, checkpoint)
    digest = statement_digest(
        place=context.place(round_number, checkpoint),
        row_count=context.rows_of(statement.validator),
        candidates=bytes.fromhex(statement.candidates_digest[2:]),
        sse=sse.digest(),
        zero_check=zero_check.digest(),
    )
    require_signer(recover, digest, statement.signature, statement.validator)
    return sse, zero_check


def require_signer(recover: RecoverSigner, digest: bytes, signature: str, validator: str) -> None:
    """Raise ProtocolViolation unless `validator` signed the digest of what is said to be its own."""
    try:
        signer = recover(digest, bytes.fromhex(signature[2:]))
    except NotAuthenticated as error:
        raise ProtocolViolation(f"statement of {validator}: {error.message}") from error
    if signer != validator:
        raise ProtocolViolation(f"statement of {validator}: the signature is not its own")


def _decode(
    context: JobContext, statement: ValidatorStatement, round_number: int, checkpoint: int
) -> tuple[EncryptedVector, EncryptedVector]:
    plan = context.plan
    bits = plan.sse_fractional_bits
    vector = statement.sse.to_vector(
        context.key,
        count=context.candidate_count(checkpoint),
        fractional_bits=bits,
        bound=1 << plan.sse_bits(round_number, context.rows_of(statement.validator)),
    )
    zero_check = statement.zero_check.to_vector(context.key, count=1, fractional_bits=bits, bound=1)
    return vector, zero_check


def checkpoint_values(context: JobContext, sums: Sequence[int], *, row_count: int) -> CheckpointValues:
    """The metric from the opened sums.

    Raises:
        ProtocolViolation: if a sum is outside of what can be measured.
    """
    spec, bits = context.plan.spec, context.plan.sse_fractional_bits
    limit = context.plan.measurable_sse(row_count)
    if not all(0 <= value <= limit for value in sums):
        raise ProtocolViolation("a sum of squared errors is outside of what can be measured")
    fixed = [mse_fixed(spec, value, row_count, bits) for value in sums]
    return CheckpointValues(
        mse=fixed[0],
        leave_one_out_mses=tuple(fixed[1:]),
        mse_target_units=mse_in_target_units(spec, sums[0], row_count, bits),
        row_count=row_count,
    )


def verify_checkpoint(
    context: JobContext,
    checked: CheckedStatements,
    sums: Sequence[OpenedValue],
    zero_checks: Sequence[OpenedValue],
) -> CheckpointValues:
    """Check all openings and return the metric they show.

    Raises:
        ProtocolViolation: wrong number of openings, one that does not belong to its ciphertext, or a zero check that is
            not zero.
    """
    if len(sums) != len(checked.sums) or len(zero_checks) != len(checked.zero_checks):
        raise ProtocolViolation("the number of openings is not the number of candidates and statements")
    opened = [Opening(from_hex(item.value), from_hex(item.randomness)) for item in (*sums, *zero_checks)]
    ciphertexts = [*checked.sums.ciphertexts, *(vector.ciphertexts[0] for vector in checked.zero_checks)]
    verify_openings(context.key, list(zip(ciphertexts, opened, strict=True)))
    if any(opening.value for opening in opened[len(sums) :]):
        raise ProtocolViolation(
            "a zero check opened to another value: the sums of squares are not of the residuals sent"
        )
    values = [opening.value for opening in opened[: len(sums)]]
    return checkpoint_values(context, values, row_count=checked.row_count)
