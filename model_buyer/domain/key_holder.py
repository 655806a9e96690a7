"""The model buyer's steps: the only party that decrypts, and only what the protocol's typed tasks ask for.

* refresh: weights under the aggregator's fresh masks; truncated, encrypted anew, with a proof of honesty.
* square: residuals under the validators' masks; only the encrypted sums of their squares go back.
* open: for each candidate the sum of squared errors over all validators, with the randomness that proves the decryption.
* unmask_delivery: the final weights, once `finalize` has published the mask's seed. Nothing here does it earlier.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from commons.errors import ProtocolViolation
from commons.paillier import EncryptedVector, KeyHolderRandomizer, PackedVector, SecretKey, decode
from commons.protocol.checkpoint import (
    CheckpointValues,
    JobContext,
    RecoverSigner,
    check_statements,
    checkpoint_values,
)
from commons.protocol.masks import delivery_mask
from commons.protocol.numeric_plan import WEIGHT_FRACTIONAL_BITS
from commons.protocol.range_proof import REPETITIONS, ParallelMap
from commons.protocol.refresh_proof import refresh
from commons.protocol.tasks import (
    MaskedResiduals,
    OpenedValue,
    OpenTask,
    RefreshResult,
    RefreshTask,
    SquareResult,
    SquareTask,
    ValidatorResiduals,
    ValidatorSquares,
    to_hex,
)
from commons.protocol.wire import CiphertextVector, PackedCiphertexts

MAX_PREPARED = 2000
"""At most so many obfuscators are kept ready for a job; 1.5 MB at 3072 bits."""


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
    """

    def __init__(self, context: JobContext, secret_key: SecretKey, *, parallel_map: ParallelMap = map) -> None:
        if secret_key.public_key != context.key:
            raise ProtocolViolation("the job's key is not this buyer's key for it")
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
            ProtocolViolation: a scale or count that no refresh of this job has.
        """
        n_weights = self._context.plan.spec.n_weights
        scale = WEIGHT_FRACTIONAL_BITS + task.shift_bits
        models = task.masked.count // n_weights
        if task.masked.count % n_weights or not 1 <= models <= 1 + len(self._context.trainers):
            raise ProtocolViolation(f"a refresh of {task.masked.count} values is not in the protocol")
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
            context=self._context.refresh_context(task.round, task.checkpoint),
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

    def square(self, task: SquareTask) -> SquareResult:
        """Encrypted sums of squares of the masked residuals.

        Raises:
            ProtocolViolation: an unknown or repeated validator, or a wrong number of candidates.
        """
        known = {address.lower() for address in self._context.validators}
        senders = [item.validator.lower() for item in task.validators]
        if len(set(senders)) != len(senders) or not known.issuperset(senders):
            raise ProtocolViolation("square: a validator that the job does not have, or one twice")
        return SquareResult(validators=tuple(self._square_validator(item, task.checkpoint) for item in task.validators))

    def open(self, task: OpenTask, recover: RecoverSigner) -> OpenedCheckpoint:
        """Open the candidates' sums and the zero checks, after checking that the validators signed them.

        Raises:
            ProtocolViolation: a statement that does not check, a zero check that is not zero, or sums out of the
                specification's bounds; nothing is opened then.
        """
        checked = check_statements(
            self._context, task.statements, round_number=task.round, checkpoint=task.checkpoint, recover=recover
        )
        sums = list(self._parallel_map(self._secret_key.open, checked.sums.ciphertexts))
        zeros = list(
            self._parallel_map(self._secret_key.open, [vector.ciphertexts[0] for vector in checked.zero_checks])
        )
        # Opening whatever stands in a zero check would decrypt any ciphertext that a validator puts there.
        if any(opening.value for opening in zeros):
            raise ProtocolViolation("open: a zero check is not zero; a validator's statement is not of these squares")
        values = checkpoint_values(
            self._context,
            [opening.value for opening in sums],
            row_count=checked.row_count,
            round_number=task.round,
        )
        opened = [OpenedValue(value=to_hex(item.value), randomness=to_hex(item.randomness)) for item in (*sums, *zeros)]
        return OpenedCheckpoint(values, tuple(opened[: len(sums)]), tuple(opened[len(sums) :]))

    def unmask_delivery(self, delivered: EncryptedVector, seed: bytes, *, round_number: int) -> npt.NDArray[np.float64]:
        """The final weights, shape (d,), in the units of training, from [w + s] and the published seed of s."""
        bits = self._context.plan.mask_bits(round_number, WEIGHT_FRACTIONAL_BITS)
        mask = delivery_mask(seed, self._context.job_id, len(delivered), bits)
        masked = [self._secret_key.decrypt(c) for c in delivered.ciphertexts]
        return decode([value - s for value, s in zip(masked, mask, strict=True)], WEIGHT_FRACTIONAL_BITS)

    def decrypt_final(self, final: EncryptedVector) -> npt.NDArray[np.float64]:
        """Weights from the very [w] whose digest the validators signed, to compare with the delivery after settlement."""
        return decode([self._secret_key.decrypt(c) for c in final.ciphertexts], WEIGHT_FRACTIONAL_BITS)

    def _square_validator(self, item: ValidatorResiduals, checkpoint: int) -> ValidatorSquares:
        if len(item.masked) != self._context.candidate_count(checkpoint):
            raise ProtocolViolation(f"{item.validator}: {len(item.masked)} candidates at checkpoint {checkpoint}")
        packed = [self._packed(pair, scaled=scaled) for scaled in (False, True) for pair in item.masked]
        sums = list(self._parallel_map(self._sum_of_squares, packed))
        plain, scaled = sums[: len(item.masked)], sums[len(item.masked) :]
        return ValidatorSquares(
            validator=item.validator, squares=self._encrypt(plain), scaled_squares=self._encrypt(scaled)
        )

    def _packed(self, pair: MaskedResiduals, *, scaled: bool) -> PackedVector:
        wire: PackedCiphertexts = pair.scaled_residuals if scaled else pair.residuals
        plan = self._context.plan
        n_weights = plan.spec.n_weights
        # Whatever a validator packs, the sum of squares of n_weights slots must stay below half the modulus.
        if 2 * wire.slot_bits + n_weights.bit_length() + 2 > self._context.key.bits:
            raise ProtocolViolation(f"residuals in slots of {wire.slot_bits} bits have no room for their squares")
        return wire.to_packed(
            self._context.key,
            count=n_weights,
            fractional_bits=plan.residual_fractional_bits,
            slot_bits=wire.slot_bits,
        )

    def _sum_of_squares(self, packed: PackedVector) -> int:
        return sum(value**2 for value in self._secret_key.decrypt_packed(packed))

    def _encrypt(self, values: Sequence[int]) -> CiphertextVector:
        scale = self._context.plan.sse_fractional_bits
        return CiphertextVector.of(EncryptedVector.encrypt(self._randomizer, values, fractional_bits=scale))
