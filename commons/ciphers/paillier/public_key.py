"""The public half of a Paillier key: modulus, sizes, and what counts as a ciphertext.

The generator is always ``g = n + 1``, so that ``g^m = 1 + n·m (mod n²)``.

References:
    P. Paillier, *Public-Key Cryptosystems Based on Composite Degree Residuosity Classes*, EUROCRYPT 1999.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import InitVar, dataclass, field
from typing import Any

import gmpy2
import phe
from eth_utils.crypto import keccak
from gmpy2 import mpz
from phe.util import base64_to_int, int_to_base64

from commons.ciphers.paillier.key_policy import DEFAULT_KEY_BITS, MAXIMUM_KEY_BITS, STANDARD_KEYS, KeyPolicy
from commons.errors import HeadroomExceeded, InvalidCiphertext, InvalidInput, KeyTooSmall


@dataclass(frozen=True, eq=False, repr=False)
class PublicKey:
    """A Paillier modulus ``n`` with what is derived from it.

    Args:
        n: The modulus, odd. That it is a product of two primes cannot be seen here: ask for a `ModulusProof`.
        policy: How many bits it must have at least.

    Attributes:
        n (gmpy2.mpz): The modulus.
        n_squared (gmpy2.mpz): The modulus of ciphertexts.
        bits (int): Size of ``n`` in bits.
        max_plaintext (int): ``(n - 1) // 2``: plaintexts are integers in ``[-max_plaintext, max_plaintext]``.
        ciphertext_bytes (int): Width of one ciphertext on the wire, ``ceil(2 · bits / 8)``.

    Raises:
        KeyTooSmall: ``n`` has fewer bits than the policy asks for.
        InvalidInput: ``n`` is not an odd integer above 2, or has more than `MAXIMUM_KEY_BITS` bits.
    """

    n: mpz
    policy: InitVar[KeyPolicy] = field(default=STANDARD_KEYS, kw_only=True)
    n_squared: mpz = field(init=False)
    bits: int = field(init=False)
    max_plaintext: int = field(init=False)
    ciphertext_bytes: int = field(init=False)

    def __post_init__(self, policy: KeyPolicy) -> None:
        if not isinstance(self.n, int | mpz) or self.n < 3 or self.n % 2 == 0:
            raise InvalidInput("field 'n': a Paillier modulus is an odd integer above 2", field="n")
        n = mpz(self.n)
        bits = n.bit_length()
        if bits > MAXIMUM_KEY_BITS:
            raise InvalidInput(
                f"field 'n': the Paillier modulus has {bits} bits, at most {MAXIMUM_KEY_BITS} are accepted", field="n"
            )
        if bits < policy.minimum_bits:
            raise KeyTooSmall(
                f"field 'n': the Paillier modulus has {bits} bits, at least {policy.minimum_bits} are required; "
                f"generate a key of {DEFAULT_KEY_BITS} bits",
                field="n",
                bits=bits,
                minimum_bits=policy.minimum_bits,
            )
        derived = {
            "n": n,
            "n_squared": n * n,
            "bits": bits,
            "max_plaintext": int((n - 1) // 2),
            "ciphertext_bytes": (2 * bits + 7) // 8,
        }
        for name, value in derived.items():
            object.__setattr__(self, name, value)

    def __eq__(self, other: object) -> bool:
        return bool(self.n == other.n) if isinstance(other, PublicKey) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.n)

    def __repr__(self) -> str:
        return f"<PublicKey {self.bits} bits, keccak256 {self.digest().hex()[:16]}…>"

    def digest(self) -> bytes:
        """keccak256 of ``n`` as ``ceil(bits / 8)`` big-endian bytes: what the chain stores with a job."""
        return keccak(self.n.to_bytes((self.bits + 7) // 8, "big"))

    def check_headroom(self, bound: int, operation: str) -> int:
        """Return `bound` when plaintexts up to it fit without wrapping around ``n``.

        Raises:
            HeadroomExceeded: ``bound > max_plaintext``; `operation` is named in the message.
        """
        if bound > self.max_plaintext:
            raise HeadroomExceeded(
                f"{operation}: values of up to {int(bound).bit_length()} bits could wrap around the {self.bits}-bit "
                "modulus; refresh the ciphertexts to a smaller scale first, or use a larger key",
                operation=operation,
                bound_bits=int(bound).bit_length(),
                available_bits=self.max_plaintext.bit_length(),
            )
        return int(bound)

    def check_ciphertexts(self, ciphertexts: Iterable[int]) -> tuple[mpz, ...]:
        """Return the ciphertexts as integers of Z*_{n²}: ``0 < c < n²`` and ``gcd(c, n) = 1`` for every one.

        Raises:
            InvalidCiphertext: Naming the index of the first ciphertext that is none, and why.
        """
        checked = tuple(ciphertexts)
        product = mpz(1)
        for index, ciphertext in enumerate(checked):
            if not isinstance(ciphertext, int | mpz) or not 0 < ciphertext < self.n_squared:
                raise _invalid_ciphertext(index, "is not an integer above 0 and below n²")
            product = product * ciphertext % self.n
        if gmpy2.gcd(product, self.n) != 1:
            shared = next(i for i, ciphertext in enumerate(checked) if gmpy2.gcd(ciphertext, self.n) != 1)
            raise _invalid_ciphertext(shared, "shares a factor with the modulus n")
        return tuple(map(mpz, checked))

    def ciphertexts_to_bytes(self, ciphertexts: Sequence[mpz]) -> bytes:
        """Concatenate ciphertexts, each as `ciphertext_bytes` big-endian bytes."""
        return b"".join(c.to_bytes(self.ciphertext_bytes, "big") for c in ciphertexts)

    def ciphertexts_from_bytes(self, encoded: bytes, count: int) -> tuple[mpz, ...]:
        """Read exactly `count` ciphertexts as `ciphertexts_to_bytes` wrote them, and check them.

        Raises:
            InvalidCiphertext: Wrong length for `count`, or a value that is no ciphertext under this key.
        """
        width = self.ciphertext_bytes
        if count < 0 or len(encoded) != count * width:
            raise InvalidCiphertext(
                f"field 'ciphertexts': expected {count} ciphertexts of {width} bytes ({count * width} bytes), "
                f"got {len(encoded)} bytes",
                field="ciphertexts",
                expected_count=count,
                expected_bytes=count * width,
                found_bytes=len(encoded),
            )
        chunks = (encoded[start : start + width] for start in range(0, len(encoded), width))
        return self.check_ciphertexts(mpz.from_bytes(chunk, "big") for chunk in chunks)

    def to_phe(self) -> phe.PaillierPublicKey:
        """Return the same key for use with ``phe``."""
        return phe.PaillierPublicKey(int(self.n))

    @classmethod
    def from_phe(cls, key: phe.PaillierPublicKey, *, policy: KeyPolicy = STANDARD_KEYS) -> PublicKey:
        """Take over a key of ``phe``; raises as the constructor does."""
        return cls(key.n, policy=policy)

    def to_jwk(self) -> dict[str, Any]:
        """Return the key as a JSON-ready mapping in the format of ``pheutil extract``."""
        return {
            "kty": "DAJ",
            "alg": "PAI-GN1",
            "key_ops": ["encrypt"],
            "n": int_to_base64(int(self.n)),
            "kid": f"Paillier public key, keccak256 of n {self.digest().hex()}",
        }

    @classmethod
    def from_jwk(cls, jwk: Mapping[str, Any], *, policy: KeyPolicy = STANDARD_KEYS) -> PublicKey:
        """Read what `to_jwk` or ``pheutil extract`` wrote.

        Raises:
            InvalidInput: A member is missing or wrong; `KeyTooSmall` as the constructor does.
        """
        require_jwk_member(jwk, "kty", "DAJ")
        require_jwk_member(jwk, "alg", "PAI-GN1")
        return cls(jwk_integer(jwk, "n"), policy=policy)


def random_unit(n: mpz) -> mpz:
    """Return a uniformly random element of Z*_n."""
    while True:
        number = mpz(secrets.randbelow(int(n)))
        if gmpy2.gcd(number, n) == 1:
            return number


def require_jwk_member(jwk: Mapping[str, Any], name: str, expected: str) -> None:
    """Raise `InvalidInput` unless the JWK says `expected` under `name`."""
    if jwk.get(name) != expected:
        raise InvalidInput(f"field '{name}': a Paillier key file says {expected!r} here", field=name)


def jwk_integer(jwk: Mapping[str, Any], name: str) -> int:
    """Return the integer that a JWK holds under `name` as unpadded URL-safe base64.

    Raises:
        InvalidInput: The member is missing or is not base64. Its text is not repeated: it may be a secret.
    """
    try:
        return int(base64_to_int(jwk[name]))
    except (KeyError, TypeError, ValueError, AttributeError, UnicodeError) as error:
        # The cause is cut off because its message can quote the member.
        raise InvalidInput(
            f"field '{name}': expected an integer as URL-safe base64 ({type(error).__name__})", field=name
        ) from None


def _invalid_ciphertext(index: int, reason: str) -> InvalidCiphertext:
    return InvalidCiphertext(
        f"field 'ciphertexts[{index}]' {reason}; expected a Paillier ciphertext under this job's key",
        field=f"ciphertexts[{index}]",
        index=index,
    )
