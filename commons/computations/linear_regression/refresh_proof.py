"""Proof that a model buyer refreshed weights honestly, without another message.

In a refresh the aggregator sends [m_j] (weights under a statistical mask), the buyer decrypts, sends back fresh [u_j] with
u_j = round(m_j / 2^t). A buyer that answered with other weights could spoil the metric, pay less, and undo its change on
the delivered weights; one that answered with huge weights could read the owners' statistics out of what they make of
them, because masks are as wide as honest weights need. So it proves two things.

*No u_j is larger than the masks allow* (`range_proof`). Without it u_j = (m_j + a)·2^-t modulo n would pass the
next check for any small a. With it, and the room that `NumericPlan.can_train` keeps, what follows holds between integers.

*Every e_j = u_j·2^t − m_j is small*, as an approximate range proof by a random linear combination (the idea of Boudot,
EUROCRYPT 2000, and of lattice shortness proofs), with the Fiat–Shamir transform:

1. buyer encrypts a blinding integer y, uniform below 2^(t + C + ⌈log₂ J⌉ + S), with C = 128 and S = 80;
2. challenges c_j of C bits are derived by SHAKE-256 from the context, [m], [u] and [y];
3. buyer opens [Σ_j c_j·e_j + y] verifiably (`paillier.Opening`); the verifier recomputes that ciphertext and accepts
   if the value lies in ±2^(t + C + ⌈log₂ J⌉ + S + 1).

Hiding: honest |Σ c_j e_j| ≤ J·2^(C + t − 1), so the opened value is statistically (2^-S) independent of the remainders.
Soundness: let W be half the accepted width. A false e_j with |e_j| > 2^64·2W·2^-C leaves at most a 2^-64 part of the challenges
acceptable. Accepted weights are therefore off by less than 2^(S + ⌈log₂ J⌉ + 67) units in the last place: below 2^-35 of a
weight for a thousand values at the plan's 192 fractional bits.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from commons.ciphers.paillier import (
    EncryptedVector,
    KeyHolderRandomizer,
    Opening,
    SecretKey,
    affine_map,
    verify_opening,
)
from commons.computations.linear_regression.range_proof import (
    ParallelMap,
    RangeProof,
    prove_range,
    proven_bits,
    verify_range,
)
from commons.errors import ContentRefused, ProtocolViolation

CHALLENGE_BITS = 128
HIDING_BITS = 80


@dataclass(frozen=True)
class RefreshProof:
    """That the fresh values are small, the encrypted blinding integer, and the opening of the challenged combination."""

    fresh_range: RangeProof
    blinding: EncryptedVector
    opening: Opening


def round_shift(value: int, bits: int) -> int:
    """value / 2^bits rounded to the nearest integer (halves up)."""
    return (value + (1 << bits >> 1)) >> bits


def required_bits(masked_bits: int, count: int) -> int:
    """Bits that a key must have more than, for a proof about `count` masked values below 2^masked_bits to be sound.

    Nothing that the range proof leaves possible may reach half of the modulus in Σ c_j·e_j + y.
    """
    return proven_bits(masked_bits, count) + CHALLENGE_BITS + count.bit_length() + 3


def _window_bits(shift_bits: int, count: int) -> int:
    return shift_bits + CHALLENGE_BITS + count.bit_length() + HIDING_BITS


def _fresh_bits(masked: EncryptedVector, shift_bits: int) -> int:
    return max(masked.bound.bit_length() - shift_bits, 1)


def _range_context(masked: EncryptedVector, context: bytes) -> bytes:
    return b"refresh" + masked.digest() + context


def _challenges(
    context: bytes, masked: EncryptedVector, fresh: EncryptedVector, blinding: EncryptedVector
) -> list[int]:
    transcript = b"DeltaML refresh proof v1" + len(context).to_bytes(4, "big") + context
    transcript += masked.public_key.digest() + masked.digest() + fresh.digest() + blinding.digest()
    width = CHALLENGE_BITS // 8
    stream = hashlib.shake_256(transcript).digest(width * len(masked))
    return [int.from_bytes(stream[start : start + width], "big") for start in range(0, len(stream), width)]


def _combination(
    masked: EncryptedVector,
    fresh: EncryptedVector,
    blinding: EncryptedVector,
    *,
    shift_bits: int,
    challenges: Sequence[int],
) -> EncryptedVector:
    """[Σ c_j (u_j·2^t − m_j) + y]; the bounds are formal, because a false statement may be any size."""
    # The combination is only ever opened; that nothing wraps around is what `verify_refresh` checks first.
    small = [vector.unsafe_with_bound(1) for vector in (masked, fresh, blinding)]
    fresh_sum = affine_map([list(challenges)], small[1], None, matrix_fractional_bits=0, unsafe_bound=1)
    masked_sum = affine_map([[-c for c in challenges]], small[0], None, matrix_fractional_bits=0, unsafe_bound=1)
    shifted = fresh_sum.multiply_encoded(1 << shift_bits, fractional_bits=shift_bits).unsafe_with_bound(1)
    return (shifted + masked_sum + small[2]).unsafe_with_bound(masked.public_key.max_plaintext)


def refresh(
    secret_key: SecretKey,
    randomizer: KeyHolderRandomizer,
    masked: EncryptedVector,
    *,
    shift_bits: int,
    context: bytes,
    parallel_map: ParallelMap = map,
) -> tuple[EncryptedVector, RefreshProof]:
    """The key holder's side: decrypt, truncate by `shift_bits`, encrypt anew, prove.

    Args:
        secret_key: the buyer's key.
        randomizer: for fresh encryptions.
        masked: J masked weights at scale s, with the bound that the plan gives.
        shift_bits: t; the result has scale s − t.
        context: what binds the proof to this job, round and step.
        parallel_map: like `map`; may use several cores for the powers with the secret key.

    Raises:
        ContentRefused: a masked weight is beyond its bound, because a trainer's update was: nothing could be proven.
        ComputationFault: a ciphertext or an opening was computed wrongly; the proof would have given the key away.
    """
    values = list(parallel_map(secret_key.decrypt, masked.ciphertexts))
    if any(abs(value) > masked.bound for value in values):
        raise ContentRefused("refresh: a masked weight is larger than what the specification allows")
    truncated = [round_shift(value, shift_bits) for value in values]
    scale = masked.fractional_bits - shift_bits
    fresh = EncryptedVector.encrypt(randomizer, truncated, fractional_bits=scale)
    fresh_range = prove_range(
        secret_key,
        randomizer,
        fresh,
        truncated,
        bound_bits=_fresh_bits(masked, shift_bits),
        context=_range_context(masked, context),
        parallel_map=parallel_map,
    )
    y = secrets.randbits(_window_bits(shift_bits, len(masked)))
    blinding = EncryptedVector.encrypt(randomizer, [y], fractional_bits=masked.fractional_bits)
    challenges = _challenges(context, masked, fresh, blinding)
    combined = _combination(masked, fresh, blinding, shift_bits=shift_bits, challenges=challenges)
    remainders = ((u << shift_bits) - m for u, m in zip(truncated, values, strict=True))
    opened = sum(c * e for c, e in zip(challenges, remainders, strict=True)) + y
    (opening,) = secret_key.open_all(combined.ciphertexts, expected=[opened])
    return fresh, RefreshProof(fresh_range, blinding, opening)


def verify_refresh(
    masked: EncryptedVector,
    fresh: EncryptedVector,
    proof: RefreshProof,
    *,
    shift_bits: int,
    context: bytes,
    parallel_map: ParallelMap = map,
) -> None:
    """The verifier's side.

    Raises:
        ProtocolViolation: if the fresh values are not shown to be small, the opening does not belong to the recomputed
            ciphertext, or its value is out of the window.
        HeadroomExceeded: the key has no room for the proof.
    """
    key, count = masked.public_key, len(masked)
    key.check_headroom(1 << (required_bits(masked.bound.bit_length(), count) - 1), "refresh proof")
    verify_range(
        fresh,
        proof.fresh_range,
        bound_bits=_fresh_bits(masked, shift_bits),
        context=_range_context(masked, context),
        parallel_map=parallel_map,
    )
    challenges = _challenges(context, masked, fresh, proof.blinding)
    combined = _combination(masked, fresh, proof.blinding, shift_bits=shift_bits, challenges=challenges)
    verify_opening(key, combined.ciphertexts[0], proof.opening)
    if abs(proof.opening.value) >> (_window_bits(shift_bits, count) + 1):
        raise ProtocolViolation("refresh: the returned weights are not the masked weights that were sent")
