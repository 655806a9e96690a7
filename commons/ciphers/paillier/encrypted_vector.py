"""Vectors of Paillier ciphertexts with the scale and the bound of what they hold.

Arithmetic here draws no randomness: call `EncryptedVector.rerandomize` before a result leaves the process
(`commons.ciphers.paillier.ciphertexts`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import gmpy2
from eth_utils.crypto import keccak
from gmpy2 import mpz

from commons.ciphers.paillier.ciphertexts import Ciphertexts
from commons.ciphers.paillier.fixed_point import check_fractional_bits
from commons.ciphers.paillier.multi_exponentiation import batch_inverse
from commons.ciphers.paillier.public_key import PublicKey
from commons.ciphers.paillier.randomizer import Randomizer
from commons.errors import HeadroomExceeded, InvalidCiphertext, InvalidInput


@dataclass(frozen=True, repr=False)
class EncryptedVector(Ciphertexts):
    """Ciphertexts of integers ``x_i`` that stand for ``x_i / 2^fractional_bits``.

    Attributes:
        fractional_bits: The scale.
        bound: ``|x_i| <= bound`` for all ``i``. It is carried along by every operation, and what could exceed
            ``(n-1)/2`` raises `HeadroomExceeded` before anything is computed. It can depend on plaintexts (see
            `encrypt`, `add_encoded`), so it is for this process only: the receiver of a vector derives its own from
            the job's declared bounds.
    """

    fractional_bits: int
    bound: int

    def __post_init__(self) -> None:
        check_fractional_bits(self.fractional_bits)
        if self.bound < 0:
            raise InvalidInput("field 'bound': expected an integer of at least 0", field="bound")
        self.public_key.check_headroom(self.bound, "encrypted vector")

    @classmethod
    def encrypt(
        cls, randomizer: Randomizer, encoded: Sequence[int], *, fractional_bits: int, bound: int | None = None
    ) -> EncryptedVector:
        """Encrypt integers that `fixed_point.encode` made at the same `fractional_bits`.

        Args:
            bound: The declared bound. Without one it is ``max |encoded|``, which depends on the values.

        Raises:
            HeadroomExceeded: A value exceeds `bound` (its index is named, not the value), or the bound exceeds the
                key.
        """
        largest = max(map(abs, encoded), default=0)
        if bound is not None and largest > bound:
            index = next(i for i, value in enumerate(encoded) if abs(value) > bound)
            raise HeadroomExceeded(
                f"field 'encoded[{index}]': exceeds the declared bound of {bound.bit_length()} bits",
                field=f"encoded[{index}]",
                bound_bits=bound.bit_length(),
            )
        key = randomizer.public_key
        checked = key.check_headroom(largest if bound is None else bound, "encrypt")
        encrypted = cls(key, tuple(map(randomizer.encrypt, encoded)), fractional_bits, checked)
        return encrypted._marked(is_rerandomized=True)

    @classmethod
    def from_bytes(
        cls, public_key: PublicKey, encoded: bytes, count: int, fractional_bits: int, bound: int
    ) -> EncryptedVector:
        """Read a vector that another party sent (`to_bytes`), and check every ciphertext.

        Args:
            count, fractional_bits, bound: What the protocol step prescribes, not what the sender says.

        Raises:
            InvalidCiphertext: Wrong length for `count`, or a value that is no ciphertext under this key.
        """
        return cls(public_key, public_key.ciphertexts_from_bytes(encoded, count), fractional_bits, bound)

    def digest(self) -> bytes:
        """keccak256 of the bytes of `to_bytes` followed by `fractional_bits` as 8 big-endian bytes."""
        return keccak(self._encoded() + self.fractional_bits.to_bytes(8, "big"))

    def __len__(self) -> int:
        return len(self.ciphertexts)

    def __repr__(self) -> str:
        return (
            f"<EncryptedVector of {len(self)}, {self.fractional_bits} fractional bits, "
            f"bound of {self.bound.bit_length()} bits, {self.public_key.bits}-bit key>"
        )

    def __getitem__(self, elements: slice) -> EncryptedVector:
        if not isinstance(elements, slice):
            raise TypeError("an EncryptedVector is sliced, vector[i : i + 1]; single ciphertexts are in .ciphertexts")
        part = replace(self, ciphertexts=self.ciphertexts[elements])
        return part._marked(is_rerandomized=self.is_rerandomized)

    def __add__(self, other: EncryptedVector) -> EncryptedVector:
        self.require_same_form(other)
        bound = self.public_key.check_headroom(self.bound + other.bound, "add")
        modulus = self.public_key.n_squared
        pairs = zip(self.ciphertexts, other.ciphertexts, strict=True)
        return replace(self, ciphertexts=tuple(a * b % modulus for a, b in pairs), bound=bound)

    def __neg__(self) -> EncryptedVector:
        return replace(self, ciphertexts=tuple(batch_inverse(self.ciphertexts, self.public_key.n_squared)))

    def __sub__(self, other: EncryptedVector) -> EncryptedVector:
        self.require_same_form(other)
        return self + -other

    def add_encoded(self, encoded: Sequence[int]) -> EncryptedVector:
        """Return ``[x_i + encoded_i]``, for integers at this vector's scale. No fresh randomness.

        The result's bound grows by ``max |encoded|``.

        Raises:
            InvalidInput: Not as many integers as the vector has elements.
            HeadroomExceeded: The new bound exceeds the key.
        """
        if len(encoded) != len(self):
            raise InvalidInput(f"field 'encoded': expected {len(self)} integers, got {len(encoded)}", field="encoded")
        bound = self.public_key.check_headroom(self.bound + max(map(abs, encoded), default=0), "add_encoded")
        n, modulus = self.public_key.n, self.public_key.n_squared
        sums = (c * (1 + n * m) % modulus for c, m in zip(self.ciphertexts, encoded, strict=True))
        return replace(self, ciphertexts=tuple(sums), bound=bound)

    def multiply_encoded(self, factor: int, fractional_bits: int = 0) -> EncryptedVector:
        """Return ``[factor · x_i]``, the scale raised by the factor's `fractional_bits`. No fresh randomness.

        Running time depends on the factor.

        Raises:
            HeadroomExceeded: ``|factor| · bound`` exceeds the key.
        """
        check_fractional_bits(fractional_bits)
        bound = self.public_key.check_headroom(abs(factor) * self.bound, "multiply_encoded")
        modulus = self.public_key.n_squared
        powers: Sequence[mpz] = [gmpy2.powmod(c, abs(factor), modulus) for c in self.ciphertexts]
        if factor < 0:
            powers = batch_inverse(powers, modulus)
        return EncryptedVector(self.public_key, tuple(powers), self.fractional_bits + fractional_bits, bound)

    def concatenate(self, other: EncryptedVector) -> EncryptedVector:
        """Return one vector of this one's elements followed by the other's (same key and scale)."""
        if other.public_key != self.public_key:
            raise _different("key", other.public_key, self.public_key)
        if other.fractional_bits != self.fractional_bits:
            raise _different("fractional_bits", other.fractional_bits, self.fractional_bits)
        joined = replace(self, ciphertexts=self.ciphertexts + other.ciphertexts, bound=max(self.bound, other.bound))
        return joined._marked(is_rerandomized=self.is_rerandomized and other.is_rerandomized)

    def sum(self) -> EncryptedVector:
        """Return a vector of one element, ``[Σ x_i]``."""
        bound = self.public_key.check_headroom(len(self) * self.bound, "sum")
        product = mpz(1)
        for ciphertext in self.ciphertexts:
            product = product * ciphertext % self.public_key.n_squared
        return replace(self, ciphertexts=(product,), bound=bound)

    def unsafe_with_bound(self, bound: int) -> EncryptedVector:
        """Return the same ciphertexts with a bound that the caller has proven, tighter than the one carried along.

        Nothing can check it here. A bound that does not hold turns wrap-around from an error into a wrong result.
        """
        return replace(self, bound=bound)._marked(is_rerandomized=self.is_rerandomized)

    def require_same_form(self, other: EncryptedVector) -> None:
        """Raise `InvalidCiphertext` unless `other` has the same key, scale and length."""
        if other.public_key != self.public_key:
            raise _different("key", other.public_key, self.public_key)
        if other.fractional_bits != self.fractional_bits:
            raise _different("fractional_bits", other.fractional_bits, self.fractional_bits)
        if len(other) != len(self):
            raise _different("length", len(other), len(self))


def _different(what: str, found: object, expected: object) -> InvalidCiphertext:
    return InvalidCiphertext(
        f"field '{what}': the two operands differ, {found} and {expected}; both must be the same", field=what
    )
