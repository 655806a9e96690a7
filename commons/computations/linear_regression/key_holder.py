"""The model buyer's steps: the only party that decrypts, and only what the protocol's typed tasks ask for.

* refresh: weights under the aggregator's fresh masks; truncated, encrypted anew, with a proof of honesty.
* square: residuals under the validators' masks; only the encrypted sums of their squares go back. With the validators'
  corrections they give each one's error, which is compared with what can be measured, and not told.
* open: for each candidate the sum of squared errors over all validators, with the randomness that proves the decryption.
* unmask_delivery: the final weights, once `finalize` has published the mask's seed. Nothing here does it earlier.

That each question is asked once and in its place is for `question_ledger` to see to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from commons.ciphers.paillier import EncryptedVector, KeyHolderRandomizer, PackedVector, SecretKey, decode
from commons.ciphers.wire import CiphertextVector, PackedCiphertexts
from commons.computations.linear_regression.checkpoint import (
    CheckpointValues,
    RecoverSigner,
    check_statements,
    checkpoint_values,
    require_signer,
)
from commons.computations.linear_regression.job_context import JobContext
from commons.computations.linear_regression.messages import (
    Fault,
    MaskedResiduals,
    OpenedValue,
    OpenTask,
    RefreshResult,
    RefreshTask,
    SquareResult,
    SquareTask,
    ValidatorResiduals,
    ValidatorSquares,
)
from commons.computations.linear_regression.numeric_plan import WEIGHT_FRACTIONAL_BITS
from commons.computations.linear_regression.question_ledger import Squared, enough_validators
from commons.computations.linear_regression.range_proof import REPETITIONS, ParallelMap
from commons.computations.linear_regression.refresh_proof import refresh
from commons.computations.linear_regression.statements import evaluation_digest
from commons.errors import ContentRefused, InvalidCiphertext, ProtocolViolation
from commons.market.delivery import delivery_mask
from commons.messages import to_hex

MAX_PREPARED = 2000
"""At most so many obfuscators are kept ready for a job; 1.5 MB at 3072 bits."""


@dataclass(frozen=True)
class SquaredCheckpoint:
    """What squaring the residuals of a checkpoint gives.

    Attributes:
        result: what is answered.
        squared: what the opening must agree with; of the validators without a fault.
    """

    result: SquareResult
    squared: Squared

    @property
    def faults(self) -> dict[str, Fault]:
        """The validators that take no further part, and why."""
        return {item.validator: item.fault for item in self.result.validators if item.fault is not None}


@dataclass(frozen=True)
class _Evaluated:
    """One validator's evaluation, its form and signature checked; `residuals` are the plain ones, then the scaled."""

    validator: str
    residuals: list[PackedVector]
    corrections: EncryptedVector


@dataclass(frozen=True)
class OpenedCheckpoint:
    """What opening a checkpoint gives: the metric, and the openings that prove it."""

    values: CheckpointValues
    sums: tuple[OpenedValue, ...]
    zero_checks: tuple[OpenedValue, ...]


class KeyHolder:
    """The buyer's secret key in one job.

    Args:
        context: the job's public facts.
        secret_key: belongs to `context.key`.
        parallel_map: like `map`; may use several cores for decryptions and openings.

    Raises:
        ProtocolViolation: the key is another one.
        HeadroomExceeded: with the rows and the growth that the owners declared, the job does not fit the key.
    """

    def __init__(self, context: JobContext, secret_key: SecretKey, *, parallel_map: ParallelMap = map) -> None:
        if secret_key.public_key != context.key:
            raise ProtocolViolation("the job's key is not this buyer's key for it")
        # Whatever a validator packs, the squares of its slots must not wrap around the modulus.
        context.plan.require_headroom(tuple(context.row_counts.values()))
        self._context = context
        self._secret_key = secret_key
        self._randomizer = KeyHolderRandomizer(secret_key)
        self._parallel_map = parallel_map

    def prepare(self) -> bool:
        """Make an obfuscator ahead for the next refresh; returns whether one was missing."""
        candidates = (1 + len(self._context.trainers)) * self._context.plan.spec.n_weights
        return self._randomizer.prepare(min(candidates + REPETITIONS + 1, MAX_PREPARED))

    def refresh(self, task: RefreshTask) -> RefreshResult:
        """Decrypt masked weights, truncate, encrypt anew, prove.

        Raises:
            InvalidCiphertext: malformed weights.
            ContentRefused: a weight is larger than the specification allows.
            ComputationFault: this machine computed wrongly, twice.
        """
        scale = WEIGHT_FRACTIONAL_BITS + task.shift_bits
        masked = task.masked.to_vector(
            self._context.key,
            count=task.masked.count,
            fractional_bits=scale,
            bound=self._context.plan.masked_bound(task.round, scale),
        )
        fresh, proof = refresh(
            self._secret_key,
            self._randomizer,
            masked,
            shift_bits=task.shift_bits,
            context=self._context.place(task.round, task.checkpoint),
            parallel_map=self._parallel_map,
        )
        return RefreshResult(
            refreshed=CiphertextVector.of(fresh),
            range_blindings=CiphertextVector.of(proof.fresh_range.blindings),
            range_values=tuple(map(to_hex, proof.fresh_range.values)),
            range_randomness=tuple(map(to_hex, proof.fresh_range.randomness)),
            blinding=CiphertextVector.of(proof.blinding),
            opened_value=to_hex(proof.opening.value),
            opened_randomness=to_hex(proof.opening.randomness),
        )

    def square(self, task: SquareTask, recover: RecoverSigner) -> SquaredCheckpoint:
        """Encrypted sums of squares of the masked residuals; a validator whose residuals are of no use is named.

        Raises:
            ProtocolViolation: an evaluation that its validator did not sign, or of other models than the others'.
            InvalidCiphertext: malformed residuals or corrections.
            ComputationFault: this machine encrypted wrongly, twice.
        """
        evaluated = [self._evaluated(task, item, recover) for item in task.validators]
        digests = {item.candidates_digest for item in task.validators}
        if len(digests) != 1:
            raise ProtocolViolation("square: the validators evaluated different models")
        sums = {item.validator: self._sums_of_squares(item) for item in evaluated}
        faults = {
            item.validator: fault
            for item in evaluated
            if (fault := self._fault(item, sums[item.validator])) is not None
        }
        good = [item for item in evaluated if item.validator not in faults]
        goes_on = enough_validators(self._context, [item.validator for item in good])
        answers, sse_digests = [], {}
        for item in evaluated:
            if not goes_on or item.validator in faults:
                answers.append(ValidatorSquares(validator=item.validator, fault=faults.get(item.validator)))
                continue
            squares, scaled = (self._encrypt(values) for values in sums[item.validator] or ())
            answers.append(
                ValidatorSquares(
                    validator=item.validator,
                    squares=CiphertextVector.of(squares),
                    scaled_squares=CiphertextVector.of(scaled),
                )
            )
            sse_digests[item.validator] = (squares + item.corrections).digest().hex()
        return SquaredCheckpoint(SquareResult(validators=tuple(answers)), Squared(digests.pop(), sse_digests))

    def open(self, task: OpenTask, recover: RecoverSigner) -> OpenedCheckpoint:
        """Open the candidates' sums and the zero checks, after checking that the validators signed them.

        Raises:
            ProtocolViolation: a statement that does not check.
            ContentRefused: a zero check is not zero; nothing is opened then.
            ComputationFault: this machine computed an opening wrongly, twice.
        """
        checked = check_statements(
            self._context, task.statements, round_number=task.round, checkpoint=task.checkpoint, recover=recover
        )
        sum_count = len(checked.sums)
        ciphertexts = [*checked.sums.ciphertexts, *(vector.ciphertexts[0] for vector in checked.zero_checks)]
        openings = self._secret_key.open_all(ciphertexts, parallel_map=self._parallel_map)
        sums, zeros = openings[:sum_count], openings[sum_count:]
        # Opening whatever stands in a zero check would decrypt any ciphertext that a validator puts there.
        if any(opening.value for opening in zeros):
            raise ContentRefused("open: a zero check is not zero; a validator's statement is not of these squares")
        values = checkpoint_values(
            self._context,
            [opening.value for opening in sums],
            row_count=checked.row_count,
        )
        opened = tuple(OpenedValue(value=to_hex(item.value), randomness=to_hex(item.randomness)) for item in openings)
        return OpenedCheckpoint(values, opened[:sum_count], opened[sum_count:])

    def unmask_delivery(self, delivered: EncryptedVector, seed: bytes, *, round_number: int) -> npt.NDArray[np.float64]:
        """The final weights, shape (d,), in the units of training, from [w + s] and the published seed of s."""
        bits = self._context.plan.mask_bits(round_number, WEIGHT_FRACTIONAL_BITS)
        mask = delivery_mask(seed, self._context.job_id, len(delivered), bits)
        masked = [self._secret_key.decrypt(c) for c in delivered.ciphertexts]
        return decode([value - s for value, s in zip(masked, mask, strict=True)], WEIGHT_FRACTIONAL_BITS)

    def decrypt_final(self, final: EncryptedVector) -> npt.NDArray[np.float64]:
        """Weights from the very [w] whose digest the validators signed, to compare with the delivery after settlement."""
        return decode([self._secret_key.decrypt(c) for c in final.ciphertexts], WEIGHT_FRACTIONAL_BITS)

    def _evaluated(self, task: SquareTask, item: ValidatorResiduals, recover: RecoverSigner) -> _Evaluated:
        context, count = self._context, self._context.candidate_count(task.checkpoint)
        if len(item.masked) != count:
            raise ProtocolViolation(f"{item.validator}: {len(item.masked)} candidates at checkpoint {task.checkpoint}")
        digest = evaluation_digest(
            place=context.place(task.round, task.checkpoint),
            row_count=context.rows_of(item.validator),
            candidates=bytes.fromhex(item.candidates_digest[2:]),
            masked=[one.digest() for pair in item.masked for one in (pair.residuals, pair.scaled_residuals)],
            corrections=item.corrections.digest(),
        )
        require_signer(recover, digest, item.signature, item.validator)
        corrections = item.corrections.to_vector(
            context.key, count=count, fractional_bits=context.plan.sse_fractional_bits, bound=1
        )
        return _Evaluated(item.validator, self._packed(task.round, item), corrections)

    def _packed(self, round_number: int, item: ValidatorResiduals) -> list[PackedVector]:
        plan, row_count = self._context.plan, self._context.rows_of(item.validator)
        slots = (
            plan.residual_slot_bits(round_number, row_count),
            plan.scaled_residual_slot_bits(round_number, row_count),
        )

        def of(pair: MaskedResiduals) -> tuple[PackedCiphertexts, PackedCiphertexts]:
            return pair.residuals, pair.scaled_residuals

        return [
            of(pair)[which].to_packed(
                self._context.key,
                count=plan.spec.n_weights,
                fractional_bits=plan.residual_fractional_bits,
                slot_bits=slot_bits,
            )
            for which, slot_bits in enumerate(slots)
            for pair in item.masked
        ]

    def _sums_of_squares(self, item: _Evaluated) -> tuple[list[int], list[int]] | None:
        """Plain and scaled sums for each candidate; None if a plaintext is not packed as it must be."""
        try:
            sums = list(self._parallel_map(self._sum_of_squares, item.residuals))
        except InvalidCiphertext:
            # The ciphertexts are checked; what is left to be wrong is what they hold.
            return None
        return sums[: len(sums) // 2], sums[len(sums) // 2 :]

    def _sum_of_squares(self, packed: PackedVector) -> int:
        return sum(value**2 for value in self._secret_key.decrypt_packed(packed))

    def _fault(self, item: _Evaluated, sums: tuple[list[int], list[int]] | None) -> Fault | None:
        if sums is None:
            return Fault.MALFORMED
        limit = self._context.plan.measurable_sse(self._context.rows_of(item.validator))
        corrections = self._parallel_map(self._secret_key.decrypt, item.corrections.ciphertexts)
        errors = (square + correction for square, correction in zip(sums[0], corrections, strict=True))
        return None if all(0 <= error <= limit for error in errors) else Fault.ABOVE_BOUND

    def _encrypt(self, values: Sequence[int]) -> EncryptedVector:
        scale = self._context.plan.sse_fractional_bits
        encrypted = EncryptedVector.encrypt(self._randomizer, values, fractional_bits=scale)
        self._secret_key.check_encrypted(encrypted.ciphertexts, values)
        return encrypted.unsafe_with_bound(1)
