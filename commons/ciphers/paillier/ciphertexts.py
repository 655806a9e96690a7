"""What all vectors of ciphertexts have in common: their key, and whether anybody could recognise what they were made of.

Arithmetic on ciphertexts draws no randomness. Whoever knows what a result was made of, as the key holder knows what it
encrypted, recognises it and reads from it what it was combined with, without decrypting anything. So each vector knows
whether it was re-randomised since, and does not become bytes for others if it was not, unless the caller says why it may.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Self

from gmpy2 import mpz

from commons.ciphers.paillier.public_key import PublicKey
from commons.ciphers.paillier.randomizer import Randomizer
from commons.errors import InvalidCiphertext


@dataclass(frozen=True, repr=False)
class Ciphertexts:
    """Ciphertexts under one key.

    Attributes:
        public_key: The key they are under.
        ciphertexts: Elements of Z*_{n²}. Constructors trust them; `from_bytes` is the way in for what others sent.
        is_rerandomized: Whether this process drew randomness for every ciphertext after the last arithmetic on it.
            Encryption and `rerandomize` do; parts of such vectors keep it. What arithmetic, a constructor,
            `dataclasses.replace` or `from_bytes` returns does not have it, and equality does not depend on it.
    """

    public_key: PublicKey
    ciphertexts: tuple[mpz, ...]
    is_rerandomized: bool = field(default=False, init=False, compare=False)

    def rerandomize(self, randomizer: Randomizer) -> Self:
        """Return the same plaintexts under fresh randomness: what may leave the process.

        Raises:
            InvalidCiphertext: The randomizer is of another key.
        """
        if randomizer.public_key != self.public_key:
            raise InvalidCiphertext("field 'key': the randomizer is of another key than the ciphertexts", field="key")
        fresh = replace(self, ciphertexts=tuple(map(randomizer.rerandomize, self.ciphertexts)))
        return fresh._marked(is_rerandomized=True)

    def to_bytes(self, *, unsafe_not_rerandomized: str | None = None) -> bytes:
        """Return the ciphertexts for others, each as ``public_key.ciphertext_bytes`` big-endian bytes.

        What was received is passed on in the message that brought it, which its sender has re-randomised and signed; decoded
        here, it counts as not re-randomised.

        Args:
            unsafe_not_rerandomized: Why ciphertexts that were not re-randomised may leave: who will see them, and why that
                one cannot recognise what they were made of, or knows it anyway.

        Raises:
            ValueError: They were not re-randomised, and no reason is given.
        """
        if not self.is_rerandomized and not (unsafe_not_rerandomized or "").strip():
            raise ValueError(
                "the ciphertexts were not re-randomised: whoever knows what they were made of could read what was done to "
                "them. Call rerandomize first, or say in unsafe_not_rerandomized why they may leave as they are"
            )
        return self._encoded()

    def _encoded(self) -> bytes:
        return self.public_key.ciphertexts_to_bytes(self.ciphertexts)

    def _marked(self, *, is_rerandomized: bool) -> Self:
        """This vector, which the caller has just made and nobody else has seen, saying how it was made."""
        object.__setattr__(self, "is_rerandomized", is_rerandomized)
        return self
