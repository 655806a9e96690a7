"""A validator's steps: the quality metric without showing a residual, a row or an error of its own.

With [X | y] = Q·[[R, q], [0, ρ]], ‖Xw − y‖² = ‖Rw − q‖² + ρ².

* evaluate: out go [Rw − q + r] and [k(Rw − q) + r'], packed, for the buyer, who sees masked numbers.
* unmask: back comes [Σe²]; out goes [SSE] = [Σe²] − 2(Rᵀr)·[w] + 2r·q − Σr² + ρ², signed, and the zero check: with e₂ of
  the scaled form, SSE₂ = Σe₂² − 2k(Rᵀr')·[w] + 2k r'·q − Σr'² equals k²·(SSE − ρ²) if the buyer squared honestly, so
  Σ_c τ_c (SSE₂ − k²(SSE − ρ²)) must be zero for secret random k and τ_c.

Masks r, r' and factors k, τ are derived by SHAKE-256 from a secret of this validator and the digest of the candidate's
ciphertexts: nothing need be remembered between the two steps, and two candidates never share a mask.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from operator import add

from commons.errors import DeltaMLError, ProtocolViolation
from commons.learning.quadratic_metric import QuadraticMetric
from commons.paillier import EncryptedVector, Randomizer, affine_map, encode, encode_matrix, pack
from commons.protocol.checkpoint import JobContext, RecoverSigner, check_statements, verify_checkpoint
from commons.protocol.masks import expand_mask
from commons.protocol.numeric_plan import CHECK_FACTOR_BITS, MASK_BITS, MATRIX_FRACTIONAL_BITS, WEIGHT_FRACTIONAL_BITS
from commons.protocol.tasks import (
    EvaluateResult,
    EvaluateTask,
    MaskedResiduals,
    UnmaskResult,
    UnmaskTask,
    ValidatorStatement,
    VerifyResult,
    VerifyTask,
    candidates_digest,
    statement_digest,
)
from commons.protocol.wire import CiphertextVector, PackedCiphertexts


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
        self._row_count = metric.row_count
        self._R = encode_matrix(metric.R, MATRIX_FRACTIONAL_BITS)
        self._q = encode(metric.q, context.plan.residual_fractional_bits)
        (self._rho_squared,) = encode([Fraction(metric.rho_squared)], context.plan.sse_fractional_bits)

    def evaluate(self, task: EvaluateTask, randomizer: Randomizer) -> EvaluateResult:
        """Masked residuals of every candidate.

        Raises:
            ProtocolViolation: a checkpoint or a number of candidates that the specification does not provide for.
            InvalidCiphertext: malformed candidates.
        """
        candidates = self._candidates(task)
        masked = tuple(self._masked_residuals(task.round, task.checkpoint, w, randomizer) for w in candidates)
        return EvaluateResult(masked=masked)

    def unmask(self, task: UnmaskTask, randomizer: Randomizer, sign: Callable[[bytes], bytes]) -> UnmaskResult:
        """The signed statement: [SSE] of every candidate and the zero check."""
        context, scale = self._context, self._context.plan.sse_fractional_bits
        candidates = self._candidates(task)
        squares, scaled_squares = (
            vector.to_vector(context.key, count=len(candidates), fractional_bits=scale, bound=1)
            for vector in (task.squares, task.scaled_squares)
        )
        errors, checks = [], []
        for index, weights in enumerate(candidates):
            hidden = self._secrets(task.round, task.checkpoint, weights)
            errors.append(squares[index : index + 1] + self._correction(task.round, weights, hidden.mask))
            checks.append(
                self._zero_check(weights, hidden, squares[index : index + 1], scaled_squares[index : index + 1])
            )
        sse = reduce(EncryptedVector.concatenate, errors).rerandomize(randomizer)
        zero_check = reduce(add, checks).rerandomize(randomizer)
        digest = candidates_digest([weights.digest() for weights in candidates])
        signature = sign(
            statement_digest(
                job_id=context.job_id,
                checkpoint=task.checkpoint,
                row_count=self._row_count,
                candidates=digest,
                sse=sse.digest(),
                zero_check=zero_check.digest(),
            )
        )
        statement = ValidatorStatement(
            validator=self._address,
            row_count=self._row_count,
            candidates_digest="0x" + digest.hex(),
            sse=CiphertextVector.of(sse),
            zero_check=CiphertextVector.of(zero_check),
            signature="0x" + signature.hex(),
        )
        return UnmaskResult(statement=statement)

    def verify(self, task: VerifyTask, recover: RecoverSigner) -> VerifyResult:
        """Whether what the buyer opened is what the validators sent; an objection stops the job."""
        if self._address.lower() not in {statement.validator.lower() for statement in task.statements}:
            return VerifyResult(accepted=False, reason="this validator's own statement was left out")
        try:
            checked = check_statements(
                self._context, task.statements, round_number=task.round, checkpoint=task.checkpoint, recover=recover
            )
            verify_checkpoint(self._context, checked, task.sums, task.zero_checks, round_number=task.round)
        except DeltaMLError as error:
            return VerifyResult(accepted=False, reason=error.message[:500])
        return VerifyResult(accepted=True)

    def _candidates(self, task: EvaluateTask | UnmaskTask) -> list[EncryptedVector]:
        context, spec = self._context, self._context.plan.spec
        # Each evaluation shows one number about this validator's rows, so no more are answered than were agreed on.
        if task.round > spec.rounds or task.checkpoint > -(-task.round // spec.evaluate_every):
            raise ProtocolViolation(f"checkpoint {task.checkpoint} in round {task.round} is not in the specification")
        if len(task.candidates) != context.candidate_count(task.checkpoint):
            raise ProtocolViolation(f"{len(task.candidates)} candidates at checkpoint {task.checkpoint}")
        bound = context.plan.weight_bound(task.round, WEIGHT_FRACTIONAL_BITS)
        return [
            candidate.to_vector(context.key, count=spec.n_weights, fractional_bits=WEIGHT_FRACTIONAL_BITS, bound=bound)
            for candidate in task.candidates
        ]

    def _secrets(self, round_number: int, checkpoint: int, weights: EncryptedVector) -> _Secrets:
        def draw(label: bytes, count: int, bits: int) -> list[int]:
            place = b"".join(n.to_bytes(32, "big") for n in (self._context.job_id, checkpoint))
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
        self, round_number: int, checkpoint: int, weights: EncryptedVector, randomizer: Randomizer
    ) -> MaskedResiduals:
        plan = self._context.plan
        hidden = self._secrets(round_number, checkpoint, weights)
        residuals = affine_map(
            self._R,
            weights,
            [-value for value in self._q],
            matrix_fractional_bits=MATRIX_FRACTIONAL_BITS,
            bound=(1 << plan.residual_bits(round_number, self._row_count)) - 1,
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
        return affine_map([coefficients], weights, [constant], matrix_fractional_bits=scale, bound=bound)

    def _correction(self, round_number: int, weights: EncryptedVector, mask: list[int]) -> EncryptedVector:
        coefficients = [-2 * value for value in self._transposed(mask)]
        constant = 2 * self._dot_q(mask) - sum(r * r for r in mask) + self._rho_squared
        bound = 1 << self._context.plan.sse_bits(round_number, self._row_count)
        return self._combine(weights, coefficients, constant, bound)

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
        check = check + scaled_squares.multiply_encoded(tau).with_bound(1)
        return (check + squares.multiply_encoded(-tau * k * k).with_bound(1)).with_bound(1)
