"""A validator's steps: the quality metric without showing a residual, a row or an error of its own.

With [X | y] = Q·[[R, q], [0, ρ]], ‖Xw − y‖² = ‖Rw − q‖² + ρ².

* evaluate: out go [e] = [Rw − q + r] and [k(Rw − q) + r'], packed, for the buyer, who sees masked numbers; and the
  correction [−2(Rᵀr)·w + 2r·q − Σr² + ρ² + noise] = [SSE + noise − Σe²], with noise (`NumericPlan.sse_noise`); all of it signed.
* unmask: back comes [Σe²]; out goes [SSE + noise] = [Σe²] + correction, signed, and the zero check: with e₂ of the scaled form,
  SSE₂ = Σe₂² − 2k(Rᵀr')·[w] + 2k r'·q − Σr'² equals k²·(SSE − ρ²) if the buyer squared honestly, so
  Σ_c τ_c (SSE₂ − k²(SSE − ρ²)) must be zero for secret random k and τ_c.

Masks r, r' and factors k, τ are derived by SHAKE-256 from a secret of this validator, the place in the job and the digest of
the candidate's ciphertexts: two candidates never share a mask. The noise is drawn afresh, so that nobody can take it off; the
answer to `evaluate` is kept (`data_owner.services.answered_tasks`), since `unmask` builds on it.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from operator import add

from commons.ciphers.masks import expand_mask
from commons.ciphers.paillier import EncryptedVector, Randomizer, affine_map, encode, encode_matrix, pack
from commons.ciphers.wire import CiphertextVector, PackedCiphertexts
from commons.computations.linear_regression.checkpoint import RecoverSigner, check_statements, verify_checkpoint
from commons.computations.linear_regression.job_context import JobContext
from commons.computations.linear_regression.learning.quadratic_metric import QuadraticMetric
from commons.computations.linear_regression.messages import (
    EvaluateResult,
    EvaluateTask,
    MaskedResiduals,
    UnmaskResult,
    UnmaskTask,
    ValidatorStatement,
    VerifyResult,
    VerifyTask,
)
from commons.computations.linear_regression.numeric_plan import (
    CHECK_FACTOR_BITS,
    MASK_BITS,
    MATRIX_FRACTIONAL_BITS,
    WEIGHT_FRACTIONAL_BITS,
)
from commons.computations.linear_regression.statements import candidates_digest, evaluation_digest, statement_digest
from commons.errors import DeltaMLError, ProtocolViolation

Sign = Callable[[bytes], bytes]
"""This owner's signature of a 32-byte digest (EIP-191)."""


_WHY_SSE_IS_NOT = (
    "a product of two vectors that the buyer and the aggregator have, made by the buyer and by this validator with fresh "
    "randomness; both repeat it and compare its digest"
)


@dataclass(frozen=True, repr=False)
class _Secrets:
    """Masks r and r' (d each), and factors k and τ, of one candidate."""

    mask: list[int]
    scaled_mask: list[int]
    factor: int
    check_factor: int


class Validator:
    """One validator in one job.

    Args:
        context: the job's public facts.
        metric: QR form of this validator's rows; it never leaves this object in the clear.
        address: account with which statements are signed.
        mask_secret: 32 secret bytes, drawn for this job and kept.
    """

    def __init__(self, context: JobContext, metric: QuadraticMetric, *, address: str, mask_secret: bytes) -> None:
        self._context = context
        self._address = address
        self._mask_secret = mask_secret
        self._row_count = context.rows_of(address)
        self._R = encode_matrix(metric.R, MATRIX_FRACTIONAL_BITS)
        self._q = encode(metric.q, context.plan.residual_fractional_bits)
        (self._rho_squared,) = encode([Fraction(metric.rho_squared)], context.plan.sse_fractional_bits)

    def evaluate(self, task: EvaluateTask, randomizer: Randomizer, sign: Sign) -> EvaluateResult:
        """Masked residuals and the correction of every candidate, signed.

        Raises:
            ProtocolViolation: a checkpoint or a number of candidates that the specification does not provide for.
            InvalidCiphertext: malformed candidates.
        """
        candidates, place = self._candidates(task), self._context.place(task.round, task.checkpoint)
        hidden = [self._secrets(task.round, task.checkpoint, weights) for weights in candidates]
        masked = tuple(
            self._masked_residuals(task.round, weights, its, randomizer)
            for weights, its in zip(candidates, hidden, strict=True)
        )
        corrections = reduce(
            EncryptedVector.concatenate,
            (self._correction(weights, its.mask) for weights, its in zip(candidates, hidden, strict=True)),
        ).rerandomize(randomizer)
        digest = evaluation_digest(
            place=place,
            row_count=self._row_count,
            candidates=candidates_digest([weights.digest() for weights in candidates]),
            masked=[one.digest() for pair in masked for one in (pair.residuals, pair.scaled_residuals)],
            corrections=corrections.digest(),
        )
        return EvaluateResult(
            masked=masked, corrections=CiphertextVector.of(corrections), signature="0x" + sign(digest).hex()
        )

    def unmask(self, task: UnmaskTask, evaluated: EvaluateResult, randomizer: Randomizer, sign: Sign) -> UnmaskResult:
        """The signed statement: [SSE] of every candidate and the zero check.

        Args:
            task: with the candidates that were evaluated at this checkpoint, which the caller has made sure of.
            evaluated: what was answered then.
            randomizer: for the zero check.
            sign: signs a digest.
        """
        context, scale = self._context, self._context.plan.sse_fractional_bits
        candidates = self._candidates(task)
        squares, scaled_squares, corrections = (
            vector.to_vector(context.key, count=len(candidates), fractional_bits=scale, bound=1)
            for vector in (task.squares, task.scaled_squares, evaluated.corrections)
        )
        checks = [
            self._zero_check(
                weights,
                self._secrets(task.round, task.checkpoint, weights),
                squares[index : index + 1],
                scaled_squares[index : index + 1],
            )
            for index, weights in enumerate(candidates)
        ]
        sse = squares + corrections
        zero_check = reduce(add, checks).rerandomize(randomizer)
        digest = candidates_digest([weights.digest() for weights in candidates])
        signature = sign(
            statement_digest(
                place=context.place(task.round, task.checkpoint),
                row_count=self._row_count,
                candidates=digest,
                sse=sse.digest(),
                zero_check=zero_check.digest(),
            )
        )
        statement = ValidatorStatement(
            validator=self._address,
            candidates_digest="0x" + digest.hex(),
            sse=CiphertextVector.of(sse, unsafe_not_rerandomized=_WHY_SSE_IS_NOT),
            zero_check=CiphertextVector.of(zero_check),
            signature="0x" + signature.hex(),
        )
        return UnmaskResult(statement=statement)

    def verify(self, task: VerifyTask, recover: RecoverSigner) -> VerifyResult:
        """Whether what the buyer opened is what the validators sent; an objection is shown to everybody."""
        if self._address not in {statement.validator for statement in task.statements}:
            return VerifyResult(accepted=False, reason="this validator's own statement was left out")
        try:
            checked = check_statements(
                self._context, task.statements, round_number=task.round, checkpoint=task.checkpoint, recover=recover
            )
            verify_checkpoint(self._context, checked, task.sums, task.zero_checks)
        except DeltaMLError as error:
            return VerifyResult(accepted=False, reason=error.message[:500])
        return VerifyResult(accepted=True)

    def _candidates(self, task: EvaluateTask | UnmaskTask) -> list[EncryptedVector]:
        context, spec = self._context, self._context.plan.spec
        # Each evaluation shows one number about this validator's rows, so no more are answered than were agreed on.
        context.require_checkpoint(task.round, task.checkpoint)
        if len(task.candidates) != context.candidate_count(task.checkpoint):
            raise ProtocolViolation(f"{len(task.candidates)} candidates at checkpoint {task.checkpoint}")
        bound = context.plan.weight_bound(task.round, WEIGHT_FRACTIONAL_BITS)
        return [
            candidate.to_vector(context.key, count=spec.n_weights, fractional_bits=WEIGHT_FRACTIONAL_BITS, bound=bound)
            for candidate in task.candidates
        ]

    def _secrets(self, round_number: int, checkpoint: int, weights: EncryptedVector) -> _Secrets:
        def draw(label: bytes, count: int, bits: int) -> list[int]:
            place = self._context.place(round_number, checkpoint)
            return expand_mask(self._mask_secret, label + place + weights.digest(), count, bits)

        mask_bits = self._context.plan.residual_bits(round_number, self._row_count) + MASK_BITS
        d = len(self._q)
        top = 1 << (CHECK_FACTOR_BITS - 1)
        return _Secrets(
            mask=draw(b"r", d, mask_bits),
            scaled_mask=draw(b"r'", d, mask_bits + CHECK_FACTOR_BITS),
            factor=top + draw(b"k", 1, CHECK_FACTOR_BITS - 1)[0],
            check_factor=top + draw(b"tau", 1, CHECK_FACTOR_BITS - 1)[0],
        )

    def _masked_residuals(
        self, round_number: int, weights: EncryptedVector, hidden: _Secrets, randomizer: Randomizer
    ) -> MaskedResiduals:
        plan = self._context.plan
        residuals = affine_map(
            self._R,
            weights,
            [-value for value in self._q],
            matrix_fractional_bits=MATRIX_FRACTIONAL_BITS,
            unsafe_bound=(1 << plan.residual_bits(round_number, self._row_count)) - 1,
        )
        plain = pack(
            residuals.add_encoded(hidden.mask), slot_bits=plan.residual_slot_bits(round_number, self._row_count)
        )
        scaled = pack(
            residuals.multiply_encoded(hidden.factor).add_encoded(hidden.scaled_mask),
            slot_bits=plan.scaled_residual_slot_bits(round_number, self._row_count),
        )
        return MaskedResiduals(
            residuals=PackedCiphertexts.of(plain.rerandomize(randomizer)),
            scaled_residuals=PackedCiphertexts.of(scaled.rerandomize(randomizer)),
        )

    def _transposed(self, mask: list[int]) -> list[int]:
        """Rᵀr, exactly."""
        return [sum(row[j] * r for row, r in zip(self._R, mask, strict=True)) for j in range(len(self._q))]

    def _dot_q(self, mask: list[int]) -> int:
        return sum(r * q for r, q in zip(mask, self._q, strict=True))

    def _combine(self, weights: EncryptedVector, coefficients: list[int], constant: int, bound: int) -> EncryptedVector:
        scale = self._context.plan.sse_fractional_bits - WEIGHT_FRACTIONAL_BITS
        return affine_map([coefficients], weights, [constant], matrix_fractional_bits=scale, unsafe_bound=bound)

    def _correction(self, weights: EncryptedVector, mask: list[int]) -> EncryptedVector:
        coefficients = [-2 * value for value in self._transposed(mask)]
        noise = secrets.randbelow(self._context.plan.sse_noise(self._row_count))
        constant = 2 * self._dot_q(mask) - sum(r * r for r in mask) + self._rho_squared + noise
        # What it is added to is as large; their sum is what the plan bounds.
        return self._combine(weights, coefficients, constant, 1)

    def _zero_check(
        self,
        weights: EncryptedVector,
        hidden: _Secrets,
        squares: EncryptedVector,
        scaled_squares: EncryptedVector,
    ) -> EncryptedVector:
        k, tau = hidden.factor, hidden.check_factor
        plain, scaled = self._transposed(hidden.mask), self._transposed(hidden.scaled_mask)
        coefficients = [2 * tau * k * (k * a - b) for a, b in zip(plain, scaled, strict=True)]
        plain_constant = 2 * self._dot_q(hidden.mask) - sum(r * r for r in hidden.mask)
        scaled_constant = 2 * k * self._dot_q(hidden.scaled_mask) - sum(r * r for r in hidden.scaled_mask)
        constant = tau * (scaled_constant - k * k * plain_constant)
        # The value is zero or the buyer lied; a lie may wrap around the modulus and is not zero then either.
        check = self._combine(weights, coefficients, constant, 1)
        check = check + scaled_squares.multiply_encoded(tau).unsafe_with_bound(1)
        return (check + squares.multiply_encoded(-tau * k * k).unsafe_with_bound(1)).unsafe_with_bound(1)
