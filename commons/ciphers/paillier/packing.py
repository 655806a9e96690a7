"""Several small values in the plaintext of one ciphertext.

Each value takes a slot of `slot_bits` bits and is made non-negative by adding ``2^(slot_bits-1)``, so that no slot
borrows from its neighbour. Value ``j`` of a ciphertext sits at bit ``j · slot_bits``. Packing costs about as much as
one full power a ciphertext; it saves the holder of the secret key a decryption, and the wire a ciphertext, for every
further slot.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import gmpy2
from eth_utils.crypto import keccak
from gmpy2 import mpz

from commons.ciphers.paillier.ciphertexts import Ciphertexts
from commons.ciphers.paillier.encrypted_vector import EncryptedVector
from commons.ciphers.paillier.fixed_point import check_fractional_bits
from commons.ciphers.paillier.public_key import PublicKey
from commons.errors import HeadroomExceeded, InvalidCiphertext, InvalidInput


@dataclass(frozen=True, repr=False)
class PackedVector(Ciphertexts):
    """`count` values at `fractional_bits`, `slots_per_ciphertext` of them in each ciphertext, the last one part-filled.

    Raises:
        InvalidInput: `slot_bits` does not fit the key, or `count` is negative.
        InvalidCiphertext: Not as many ciphertexts as `count` values take.
    """

    count: int
    slot_bits: int
    fractional_bits: int

    def __post_init__(self) -> None:
        check_fractional_bits(self.fractional_bits)
        expected = ciphertexts_needed(self.public_key, self.count, slot_bits=self.slot_bits)
        if len(self.ciphertexts) != expected:
            raise InvalidCiphertext(
                f"field 'ciphertexts': {self.count} values in slots of {self.slot_bits} bits take {expected} "
                f"ciphertexts, got {len(self.ciphertexts)}",
                field="ciphertexts",
            )

    @classmethod
    def from_bytes(
        cls, public_key: PublicKey, encoded: bytes, count: int, slot_bits: int, fractional_bits: int
    ) -> PackedVector:
        """Read a packed vector that another party sent (`to_bytes`), and check every ciphertext.

        Args:
            count, slot_bits, fractional_bits: What the protocol step prescribes, not what the sender says.

        Raises:
            InvalidCiphertext: Wrong length for `count`, or a value that is no ciphertext under this key.
        """
        expected = ciphertexts_needed(public_key, count, slot_bits=slot_bits)
        ciphertexts = public_key.ciphertexts_from_bytes(encoded, expected)
        return cls(public_key, ciphertexts, count, slot_bits, fractional_bits)

    def digest(self) -> bytes:
        """keccak256 of the bytes of `to_bytes`, then `count`, `slot_bits` and `fractional_bits`, each as 8 big-endian bytes."""
        form = (self.count, self.slot_bits, self.fractional_bits)
        return keccak(self._encoded() + b"".join(number.to_bytes(8, "big") for number in form))

    def __len__(self) -> int:
        return self.count

    def __repr__(self) -> str:
        return (
            f"<PackedVector of {self.count} in {len(self.ciphertexts)} ciphertexts, slots of {self.slot_bits} bits, "
            f"{self.fractional_bits} fractional bits, {self.public_key.bits}-bit key>"
        )

    def unpack(self, plaintexts: Sequence[int]) -> list[int]:
        """Return the `count` signed values in the decryptions, taken mod ``n``, of the ciphertexts.

        Raises:
            InvalidCiphertext: A plaintext has more bits than its slots, so it was not made by `pack` with these
                parameters.
        """
        slots = slots_per_ciphertext(self.public_key, self.slot_bits)
        offset, mask = 1 << (self.slot_bits - 1), (1 << self.slot_bits) - 1
        values: list[int] = []
        for index, plaintext in enumerate(plaintexts):
            filled = min(slots, self.count - index * slots)
            if plaintext >> (filled * self.slot_bits):
                raise InvalidCiphertext(
                    f"field 'ciphertexts[{index}]': holds more than {filled} slots of {self.slot_bits} bits",
                    field=f"ciphertexts[{index}]",
                    index=index,
                )
            values += [(plaintext >> (slot * self.slot_bits) & mask) - offset for slot in range(filled)]
        return values


def pack(vector: EncryptedVector, *, slot_bits: int) -> PackedVector:
    """Put the elements of a vector into as few ciphertexts as their slots allow. No fresh randomness.

    Raises:
        HeadroomExceeded: ``vector.bound >= 2^(slot_bits-1)``, or a slot is larger than a plaintext.
    """
    if slot_bits < minimum_slot_bits(vector.bound):
        raise HeadroomExceeded(
            f"field 'slot_bits': a bound of {vector.bound.bit_length()} bits needs slots of at least "
            f"{minimum_slot_bits(vector.bound)} bits, got {slot_bits}",
            field="slot_bits",
            minimum_slot_bits=minimum_slot_bits(vector.bound),
        )
    key = vector.public_key
    if slot_bits >= key.bits:
        raise HeadroomExceeded(
            f"field 'slot_bits': a slot of {slot_bits} bits does not fit a plaintext of {key.bits - 1} bits",
            field="slot_bits",
        )
    slots = slots_per_ciphertext(key, slot_bits)
    chunks = (vector.ciphertexts[start : start + slots] for start in range(0, len(vector), slots))
    packed = tuple(_pack_chunk(key, chunk, slot_bits) for chunk in chunks)
    return PackedVector(key, packed, len(vector), slot_bits, vector.fractional_bits)


def minimum_slot_bits(bound: int) -> int:
    """Return the smallest slot for values of ``|x| <= bound``, so that ``bound < 2^(slot_bits-1)``."""
    return bound.bit_length() + 1


def slots_per_ciphertext(public_key: PublicKey, slot_bits: int) -> int:
    """Return how many slots fit a plaintext: ``(bits - 1) // slot_bits``, so that a full one stays below ``n``.

    Raises:
        InvalidInput: Not even one fits, or `slot_bits` is not positive.
    """
    if not 0 < slot_bits < public_key.bits:
        raise InvalidInput(
            f"field 'slot_bits': expected 1 to {public_key.bits - 1} for a {public_key.bits}-bit key, got {slot_bits}",
            field="slot_bits",
        )
    return (public_key.bits - 1) // slot_bits


def ciphertexts_needed(public_key: PublicKey, count: int, *, slot_bits: int) -> int:
    """Return how many ciphertexts `count` values take.

    Raises:
        InvalidInput: `count` is negative, or `slot_bits` does not fit the key.
    """
    if count < 0:
        raise InvalidInput(f"field 'count': expected at least 0, got {count}", field="count")
    return -(-count // slots_per_ciphertext(public_key, slot_bits))


def _pack_chunk(public_key: PublicKey, chunk: Sequence[mpz], slot_bits: int) -> mpz:
    modulus = public_key.n_squared
    shift = mpz(1) << slot_bits
    packed = chunk[-1]
    for ciphertext in reversed(chunk[:-1]):
        packed = gmpy2.powmod(packed, shift, modulus) * ciphertext % modulus
    offsets = sum(1 << (slot * slot_bits + slot_bits - 1) for slot in range(len(chunk)))
    return packed * (1 + public_key.n * offsets) % modulus
