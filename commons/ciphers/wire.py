"""How ciphertext vectors travel in JSON.

A vector is one base64 string of fixed-width big-endian integers (the width follows from the modulus), its length and
its scale. Whoever receives one decodes it with `to_vector` or `to_packed`, which check every element; the bound is not
on the wire, because it follows from the public specification and the sender's word for it would be worth nothing.

A vector gets its wire form only if it was re-randomised, or with a reason why not (`paillier.ciphertexts`). What another
party sent is passed on in the very wire form that it came in: its bytes are what the sender re-randomised and signed for.
"""

from __future__ import annotations

import base64
import binascii
from typing import Self

from eth_utils.crypto import keccak
from pydantic import Field

from commons.ciphers.paillier import EncryptedVector, PackedVector, PublicKey
from commons.errors import InvalidCiphertext
from commons.messages import FrozenModel


def _encode_base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _decode_base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidCiphertext("ciphertexts: expected standard base64", field="ciphertexts") from error


class CiphertextVector(FrozenModel):
    """`EncryptedVector` on the wire."""

    count: int = Field(ge=1, le=1_000_000)
    fractional_bits: int = Field(ge=0, le=100_000)
    ciphertexts: str

    @classmethod
    def of(cls, vector: EncryptedVector, *, unsafe_not_rerandomized: str | None = None) -> Self:
        """The wire form of `vector`; raises ValueError as `EncryptedVector.to_bytes` does."""
        data = vector.to_bytes(unsafe_not_rerandomized=unsafe_not_rerandomized)
        return cls(count=len(vector), fractional_bits=vector.fractional_bits, ciphertexts=_encode_base64(data))

    def digest(self) -> bytes:
        """`EncryptedVector.digest` of what is on the wire, which is not checked here."""
        return keccak(_decode_base64(self.ciphertexts) + self.fractional_bits.to_bytes(8, "big"))

    def to_vector(self, key: PublicKey, *, count: int, fractional_bits: int, bound: int) -> EncryptedVector:
        """Decode and check: count and scale as the protocol step expects them, every element a ciphertext under `key`.

        Raises:
            InvalidCiphertext: naming what was found and what was expected.
        """
        if self.count != count:
            raise InvalidCiphertext(f"expected {count} ciphertexts, got {self.count}", field="count")
        if self.fractional_bits != fractional_bits:
            raise InvalidCiphertext(
                f"expected a scale of {fractional_bits} fractional bits, got {self.fractional_bits}",
                field="fractional_bits",
            )
        return EncryptedVector.from_bytes(
            key, _decode_base64(self.ciphertexts), count=count, fractional_bits=fractional_bits, bound=bound
        )


class PackedCiphertexts(FrozenModel):
    """`PackedVector` on the wire."""

    count: int = Field(ge=1, le=1_000_000)
    slot_bits: int = Field(ge=2, le=100_000)
    fractional_bits: int = Field(ge=0, le=100_000)
    ciphertexts: str

    @classmethod
    def of(cls, packed: PackedVector, *, unsafe_not_rerandomized: str | None = None) -> Self:
        """The wire form of `packed`; raises ValueError as `PackedVector.to_bytes` does."""
        data = packed.to_bytes(unsafe_not_rerandomized=unsafe_not_rerandomized)
        return cls(
            count=packed.count,
            slot_bits=packed.slot_bits,
            fractional_bits=packed.fractional_bits,
            ciphertexts=_encode_base64(data),
        )

    def digest(self) -> bytes:
        """`PackedVector.digest` of what is on the wire, which is not checked here."""
        form = (self.count, self.slot_bits, self.fractional_bits)
        return keccak(_decode_base64(self.ciphertexts) + b"".join(number.to_bytes(8, "big") for number in form))

    def to_packed(self, key: PublicKey, *, count: int, fractional_bits: int, slot_bits: int) -> PackedVector:
        """Decode and check like `CiphertextVector.to_vector`; the slot width must be the expected one too."""
        found = (self.count, self.fractional_bits, self.slot_bits)
        expected = (count, fractional_bits, slot_bits)
        if found != expected:
            raise InvalidCiphertext(
                f"expected (count, fractional_bits, slot_bits) = {expected}, got {found}", field="masked_residuals"
            )
        return PackedVector.from_bytes(
            key, _decode_base64(self.ciphertexts), count=count, slot_bits=slot_bits, fractional_bits=fractional_bits
        )
