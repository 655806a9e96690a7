"""The secret half of a Paillier key: decryption, openings, and the proof about the modulus.

Only the model buyer holds one. Everything works mod ``p²`` and ``q²`` (or ``p`` and ``q``) and is put together by the
Chinese remainder theorem. Against timing by whoever chooses ciphertexts, a ciphertext is blinded before it is decrypted:
multiplied by an encryption of zero that changes with every use (as Kocher 1996, section 10, proposes for RSA). Openings and
proofs, whose bases cannot be blinded, use GMP's side-channel resistant ``powm_sec``, which takes 1.4 times as long. They are
for others to see, so each is checked with the public key first (`commons.ciphers.paillier.self_check`).

References:
    P. C. Kocher, *Timing Attacks on Implementations of Diffie-Hellman, RSA, DSS, and Other Systems*, CRYPTO 1996.
    P. Paillier, *Public-Key Cryptosystems Based on Composite Degree Residuosity Classes*, EUROCRYPT 1999, section 7.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import gmpy2
import phe
from gmpy2 import mpz
from phe.util import int_to_base64

from commons.ciphers.paillier.encrypted_vector import EncryptedVector
from commons.ciphers.paillier.key_policy import STANDARD_KEYS, KeyPolicy
from commons.ciphers.paillier.openings import Opening, all_open
from commons.ciphers.paillier.packing import PackedVector
from commons.ciphers.paillier.proofs import ModulusProof, flaw_of_roots, root_challenges, square_challenges
from commons.ciphers.paillier.public_key import PublicKey, jwk_integer, random_unit, require_jwk_member
from commons.ciphers.paillier.self_check import computed_right
from commons.errors import InvalidCiphertext, InvalidInput

BLINDING_USES = 256


class SecretKey:
    """The two primes of a Paillier modulus.

    Args:
        p, q: Different odd primes with ``gcd(pq, (p-1)(q-1)) = 1``, in any order.
        policy: As in `PublicKey`.

    Attributes:
        public_key (PublicKey): The product of the primes.
        p, q (gmpy2.mpz): The primes, ``p < q``. Secret.

    Raises:
        InvalidInput: The numbers are not such primes (they are not repeated in the message).
        KeyTooSmall: As in `PublicKey`.
    """

    __slots__ = (
        "_blinding",
        "_decryption_p",
        "_decryption_q",
        "_p_inverse",
        "_root_p",
        "_root_q",
        "_uses_left",
        "p",
        "public_key",
        "q",
    )

    def __init__(self, p: int, q: int, *, policy: KeyPolicy = STANDARD_KEYS) -> None:
        self.p, self.q = sorted((mpz(p), mpz(q)))
        if self.p < 3 or self.p == self.q or not (gmpy2.is_prime(self.p) and gmpy2.is_prime(self.q)):
            raise InvalidInput("fields 'p' and 'q': a Paillier secret key is two different odd primes", field="p")
        self.public_key = PublicKey(self.p * self.q, policy=policy)
        n = self.public_key.n
        if gmpy2.gcd(n, (self.p - 1) * (self.q - 1)) != 1:
            raise InvalidInput("fields 'p' and 'q': one prime divides the other minus 1; use another pair", field="p")
        # (1+n)^(p-1) = 1 + (p-1)·q·p, so Paillier's L gives (p-1)·q = -q (mod p); this is its inverse.
        self._decryption_p = gmpy2.invert(-self.q, self.p)
        self._decryption_q = gmpy2.invert(-self.p, self.q)
        self._p_inverse = gmpy2.invert(self.p, self.q)
        self._root_p = gmpy2.invert(n, self.p - 1)
        self._root_q = gmpy2.invert(n, self.q - 1)
        self._blinding, self._uses_left = mpz(1), 0

    def __eq__(self, other: object) -> bool:
        return self.public_key == other.public_key if isinstance(other, SecretKey) else NotImplemented

    def __hash__(self) -> int:
        return hash(("secret", self.public_key))

    def __repr__(self) -> str:
        return f"<SecretKey of {self.public_key!r}>"

    def decrypt(self, ciphertext: int) -> int:
        """Return the plaintext of one ciphertext, signed: in ``[-(n-1)/2, (n-1)/2]``.

        Raises:
            InvalidCiphertext: The number is no ciphertext under this key.
        """
        (checked,) = self.public_key.check_ciphertexts([ciphertext])
        return self._decrypt_signed(checked)

    def decrypt_vector(self, vector: EncryptedVector) -> list[int]:
        """Return the encoded integers of a vector (`fixed_point.decode` turns them into reals).

        Raises:
            InvalidCiphertext: The vector is under another key.
        """
        self._require_same_key(vector.public_key)
        return [self.decrypt(ciphertext) for ciphertext in vector.ciphertexts]

    def decrypt_packed(self, packed: PackedVector) -> list[int]:
        """Return the `packed.count` encoded integers of a packed vector.

        Raises:
            InvalidCiphertext: The vector is under another key, or a plaintext has more bits than its slots.
        """
        self._require_same_key(packed.public_key)
        checked = self.public_key.check_ciphertexts(packed.ciphertexts)
        return packed.unpack([int(self._decrypt_unsigned(ciphertext)) for ciphertext in checked])

    def open(self, ciphertext: int) -> Opening:
        """Return value and randomness with ``c = (1+n)^value · randomness^n mod n²``, for `verify_opening`.

        Whoever sees an opening knows that the decryption is right; it tells nothing of other ciphertexts. Of several
        ciphertexts, `open_all` costs less.

        Raises:
            InvalidCiphertext: The number is no ciphertext under this key.
            ComputationFault: As `open_all`.
        """
        (opening,) = self.open_all([ciphertext])
        return opening

    def open_all(
        self,
        ciphertexts: Sequence[int],
        *,
        expected: Sequence[int] | None = None,
        parallel_map: Callable[..., Iterable[Any]] = map,
    ) -> list[Opening]:
        """Return the opening of each ciphertext, all of them verified together before they are returned.

        Args:
            ciphertexts: Under this key.
            expected: What they hold (mod ``n``), where that is known: a ciphertext that this machine made wrongly with the
                secret key opens to another value, which gives a factor of ``n`` away to whoever knows the right one.
            parallel_map: Like `map`; may use several cores for the powers with the secret key.

        Raises:
            InvalidCiphertext: A number is no ciphertext under this key (the index is named).
            ComputationFault: Openings did not fit, or not hold what was `expected`, and neither did they the second time.
        """
        checked = self.public_key.check_ciphertexts(ciphertexts)
        return computed_right(
            lambda: list(parallel_map(self._unchecked_opening, checked)),
            lambda openings: (
                (expected is None or self._hold(openings, expected)) and all_open(self.public_key, checked, openings)
            ),
        )

    def check_encrypted(self, ciphertexts: Sequence[mpz], values: Sequence[int]) -> None:
        """Return when ciphertexts that were made with this key's `KeyHolderRandomizer` hold these values, as far as faults go.

        Costs one decryption, of the sum. For ciphertexts that leave without a proof about them.

        Raises:
            ComputationFault: The sum is another one, twice.
        """
        n, product = self.public_key.n, mpz(1)
        for ciphertext in ciphertexts:
            product = product * ciphertext % self.public_key.n_squared
        computed_right(lambda: self.decrypt(product), lambda total: (total - sum(values)) % n == 0)

    def prove_modulus(self, *, context: bytes = b"") -> ModulusProof:
        """Return a proof for `verify_modulus` that ``n`` is a proper Paillier modulus, bound to `context`.

        Raises:
            InvalidInput: Not both primes are 3 mod 4 (those of `generate_keypair` are).
            ComputationFault: A root was wrong, twice.
        """
        if self.p % 4 != 3 or self.q % 4 != 3:
            raise InvalidInput(
                "fields 'p' and 'q': only of primes that are both 3 modulo 4 it can be proven that there are two; "
                "generate a new key",
                field="p",
            )
        return computed_right(
            lambda: self._unchecked_proof(context),
            lambda proof: flaw_of_roots(self.public_key, proof, context=context) is None,
        )

    def to_phe(self) -> phe.PaillierPrivateKey:
        """Return the same key for use with ``phe``."""
        return phe.PaillierPrivateKey(self.public_key.to_phe(), int(self.p), int(self.q))

    @classmethod
    def from_phe(cls, key: phe.PaillierPrivateKey, *, policy: KeyPolicy = STANDARD_KEYS) -> SecretKey:
        """Take over a key of ``phe``; raises as the constructor does."""
        return cls(key.p, key.q, policy=policy)

    def to_jwk(self) -> dict[str, Any]:
        """Return the key as a JSON-ready mapping in the format of ``pheutil genpkey``. It holds the secret in clear."""
        public = self.public_key.to_jwk()
        return {
            "kty": "DAJ",
            "key_ops": ["decrypt"],
            "p": int_to_base64(int(self.p)),
            "q": int_to_base64(int(self.q)),
            "pub": public,
            "kid": public["kid"].replace("public", "private"),
        }

    @classmethod
    def from_jwk(cls, jwk: Mapping[str, Any], *, policy: KeyPolicy = STANDARD_KEYS) -> SecretKey:
        """Read what `to_jwk` or ``pheutil genpkey`` wrote.

        Raises:
            InvalidInput: A member is missing or wrong, or public and secret part do not belong together.
        """
        require_jwk_member(jwk, "kty", "DAJ")
        if not isinstance(jwk.get("pub"), Mapping):
            raise InvalidInput("field 'pub': a Paillier secret key file holds its public key here", field="pub")
        key = cls(jwk_integer(jwk, "p"), jwk_integer(jwk, "q"), policy=policy)
        if key.public_key != PublicKey.from_jwk(jwk["pub"], policy=policy):
            raise InvalidInput("field 'pub': the public key is not the product of 'p' and 'q'", field="pub")
        return key

    def _require_same_key(self, public_key: PublicKey) -> None:
        if public_key != self.public_key:
            raise InvalidCiphertext(
                f"the ciphertexts are under {public_key!r}, this is the secret key of {self.public_key!r}",
                field="public_key",
            )

    def _decrypt_signed(self, ciphertext: mpz) -> int:
        plaintext = self._decrypt_unsigned(ciphertext)
        return int(plaintext if plaintext <= self.public_key.max_plaintext else plaintext - self.public_key.n)

    def _decrypt_unsigned(self, ciphertext: mpz) -> mpz:
        p, q = self.p, self.q
        blinded = ciphertext * self._next_blinding() % self.public_key.n_squared
        power_p = gmpy2.powmod(blinded, p - 1, p * p)
        power_q = gmpy2.powmod(blinded, q - 1, q * q)
        return self._combine(
            (power_p - 1) // p * self._decryption_p % p,
            (power_q - 1) // q * self._decryption_q % q,
        )

    def _next_blinding(self) -> mpz:
        """An encryption of zero: a random one at first, then its squares, and another one after some uses."""
        n, n_squared = self.public_key.n, self.public_key.n_squared
        if self._uses_left <= 0:
            self._blinding = gmpy2.powmod(random_unit(n), n, n_squared)
            self._uses_left = BLINDING_USES
        self._uses_left -= 1
        # Two threads may take the same one; what counts is that nobody outside knows it.
        blinding = self._blinding
        self._blinding = blinding * blinding % n_squared
        return blinding

    def _hold(self, openings: Sequence[Opening], expected: Sequence[int]) -> bool:
        pairs = zip(openings, expected, strict=True)
        return all((opening.value - value) % self.public_key.n == 0 for opening, value in pairs)

    def _unchecked_opening(self, ciphertext: mpz) -> Opening:
        return Opening(value=self._decrypt_signed(ciphertext), randomness=int(self._nth_root(ciphertext)))

    def _unchecked_proof(self, context: bytes) -> ModulusProof:
        roots = map(self._nth_root, root_challenges(self.public_key, context=context))
        square_roots = map(self._square_root, square_challenges(self.public_key, context=context))
        return ModulusProof(tuple(map(int, roots)), tuple(map(int, square_roots)))

    def _nth_root(self, power: mpz) -> mpz:
        return self._combine(
            gmpy2.powmod_sec(power, self._root_p, self.p),
            gmpy2.powmod_sec(power, self._root_q, self.q),
        )

    def _square_root(self, number: mpz) -> mpz:
        """The square root of `number` (Jacobi symbol 1) or of its negative that is a square itself."""
        square = number if gmpy2.legendre(number, self.p) == 1 else self.public_key.n - number
        return self._combine(
            gmpy2.powmod_sec(square, (self.p + 1) // 4, self.p),
            gmpy2.powmod_sec(square, (self.q + 1) // 4, self.q),
        )

    def _combine(self, residue_p: mpz, residue_q: mpz) -> mpz:
        return residue_p + self.p * ((residue_q - residue_p) * self._p_inverse % self.q)
