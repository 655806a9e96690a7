"""A bit flips while the key holder computes modulo one of its primes, and whoever sees the result has its key.

The holder computes modulo p and q and puts the halves together. A result that is right modulo p and wrong modulo q differs from
the right one by a multiple of p; and right ones are known to satisfy public equations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import gmpy2
import pytest
from gmpy2 import mpz

from commons.ciphers.paillier import (
    EncryptedVector,
    KeyHolderRandomizer,
    ModulusProof,
    Opening,
    PublicKey,
    SecretKey,
    verify_modulus,
    verify_opening,
)
from commons.ciphers.paillier.proofs import root_challenges, square_challenges
from commons.computations.linear_regression import range_proof
from commons.computations.linear_regression.range_proof import prove_range
from commons.computations.linear_regression.refresh_proof import RefreshProof, refresh, verify_refresh
from commons.errors import ComputationFault, ServiceUnavailable
from tests.attacks.lattice import lll_reduced
from tests.support.worthless_keys import worthless_key

SHIFT = 8
BOUND_BITS = 40
WINDOW_BITS = SHIFT + 128 + 2 + 80
CONTEXT = b"here"

Halves = dict[str, int]


class UncheckedKey(SecretKey):
    """A secret key that sends what it computes as it is."""

    def open_all(self, ciphertexts: Any, *, expected: Any = None, parallel_map: Any = map) -> list[Opening]:
        return list(parallel_map(self._unchecked_opening, map(mpz, ciphertexts)))

    def prove_modulus(self, *, context: bytes = b"") -> ModulusProof:
        return self._unchecked_proof(context)


@pytest.fixture(scope="module")
def key() -> SecretKey:
    return worthless_key(2048)


@pytest.fixture(scope="module")
def unchecked(key: SecretKey) -> UncheckedKey:
    return UncheckedKey(key.p, key.q)


@pytest.fixture(scope="module")
def randomizer(key: SecretKey) -> KeyHolderRandomizer:
    return KeyHolderRandomizer(key)


@pytest.fixture
def flip(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int, float], None]]:
    """Flip a bit in the result of powers modulo a number, in the first `times` of them."""

    def start(modulus: int, times: float) -> None:
        flipped: list[int] = []

        def faulty(power: Any) -> Any:
            def compute(base: int, exponent: int, of: int) -> Any:
                result = power(base, exponent, of)
                if of != modulus or len(flipped) >= times:
                    return result
                flipped.append(1)
                return result ^ 1 << (modulus.bit_length() - 100)

            return compute

        for name in ("powmod", "powmod_sec"):
            monkeypatch.setattr(gmpy2, name, faulty(getattr(gmpy2, name)))

    yield start
    monkeypatch.undo()


def half(key: SecretKey, name: str) -> int:
    return int({"root mod p": key.p, "root mod q": key.q, "value mod p": key.p**2, "value mod q": key.q**2}[name])


def is_factor(public: PublicKey, number: int) -> bool:
    return 1 < gmpy2.gcd(number, public.n) < public.n


def factor_from_opening(public: PublicKey, ciphertext: mpz, opening: Opening) -> bool:
    """Whether one of the two differences that an opening must make zero has a prime of n in common with it."""
    n, n_squared = public.n, public.n_squared
    randomness_power = gmpy2.powmod(opening.randomness, n, n_squared)
    plain = ciphertext * gmpy2.invert(randomness_power, n_squared) % n_squared
    return is_factor(public, randomness_power - ciphertext) or is_factor(public, (plain - 1) // n - opening.value)


def factor_from_proof(public: PublicKey, proof: ModulusProof) -> bool:
    n = public.n
    roots = zip(proof.roots, root_challenges(public), strict=True)
    squares = zip(proof.square_roots, square_challenges(public), strict=True)
    differences = [gmpy2.powmod(root, n, n) - x for root, x in roots]
    differences += [mpz(root) ** 2 + sign * x for root, x in squares for sign in (1, -1)]
    return any(is_factor(public, difference) for difference in differences)


NAMES = ("root mod p", "root mod q", "value mod p", "value mod q")


@pytest.mark.parametrize("name", NAMES)
def test_an_unchecked_opening_with_a_flipped_bit_factors_the_modulus(
    key: SecretKey, unchecked: UncheckedKey, randomizer: KeyHolderRandomizer, flip: Any, name: str
) -> None:
    ciphertext = randomizer.encrypt(12345)
    assert not factor_from_opening(key.public_key, ciphertext, unchecked.open(ciphertext))
    flip(half(key, name), 1)
    assert factor_from_opening(key.public_key, ciphertext, unchecked.open(ciphertext))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("count", [1, 4])
def test_a_flipped_bit_does_not_leave_the_machine(
    key: SecretKey, randomizer: KeyHolderRandomizer, flip: Any, name: str, count: int
) -> None:
    ciphertexts = [randomizer.encrypt(value) for value in range(count)]
    flip(half(key, name), 1)
    for ciphertext, opening in zip(ciphertexts, key.open_all(ciphertexts), strict=True):
        verify_opening(key.public_key, ciphertext, opening)
        assert not factor_from_opening(key.public_key, ciphertext, opening)


@pytest.mark.parametrize("name", NAMES)
def test_nor_do_bits_that_flip_all_the_time(
    key: SecretKey, randomizer: KeyHolderRandomizer, flip: Any, name: str
) -> None:
    ciphertexts = [randomizer.encrypt(value) for value in range(3)]
    flip(half(key, name), float("inf"))
    for open_them in (lambda: key.open(ciphertexts[0]), lambda: key.open_all(ciphertexts)):
        with pytest.raises(ComputationFault, match="computed wrongly") as caught:
            open_them()
        # What an agent waits out, instead of refusing the task for good.
        assert isinstance(caught.value, ServiceUnavailable)


@pytest.mark.parametrize("name", NAMES[:2])
def test_an_unchecked_proof_with_a_flipped_bit_factors_the_modulus(
    key: SecretKey, unchecked: UncheckedKey, flip: Any, name: str
) -> None:
    assert not factor_from_proof(key.public_key, unchecked.prove_modulus())
    flip(half(key, name), 1)
    assert factor_from_proof(key.public_key, unchecked.prove_modulus())


def test_a_wrong_square_root_factors_it_too(key: SecretKey, unchecked: UncheckedKey) -> None:
    proof = unchecked.prove_modulus()
    wrong = (*proof.square_roots[:-1], int(unchecked._combine(proof.square_roots[-1] % key.p, 2)))
    assert factor_from_proof(key.public_key, ModulusProof(proof.roots, wrong))


@pytest.mark.parametrize("name", NAMES[:2])
def test_a_proof_is_made_again_or_not_at_all(key: SecretKey, flip: Any, name: str) -> None:
    flip(half(key, name), 1)
    proof = key.prove_modulus()
    verify_modulus(key.public_key, proof)
    assert not factor_from_proof(key.public_key, proof)
    flip(half(key, name), float("inf"))
    with pytest.raises(ComputationFault):
        key.prove_modulus()


def spoiled(key: SecretKey) -> KeyHolderRandomizer:
    """One in whose tables modulo q² a bit has flipped: what it encrypts is right modulo p and nothing modulo q."""
    randomizer = KeyHolderRandomizer(key)
    for table in randomizer._powers_q._tables:
        table[:] = [entry ^ 1 << 100 for entry in table]
    return randomizer


def factor_from_range_proof(public: PublicKey, vector: EncryptedVector, proof: range_proof.RangeProof) -> bool:
    """The verifier's own arithmetic: what is left when the claimed sums are taken off the opened ciphertexts."""
    transcript = range_proof._transcript(vector, proof.blindings, CONTEXT)
    exponents = range_proof._exponents(transcript, proof.values)
    combined = range_proof._combinations(vector, proof.blindings, range_proof._bits(transcript, len(vector)), exponents)
    claimed = range_proof._combined_values(exponents, proof.values)
    return any(
        factor_from_opening(public, ciphertext, Opening(value, randomness))
        for ciphertext, value, randomness in zip(combined.ciphertexts, claimed, proof.randomness, strict=True)
    )


def prove(secret_key: SecretKey, randomizer: KeyHolderRandomizer) -> tuple[EncryptedVector, range_proof.RangeProof]:
    values = [5, -6]
    vector = EncryptedVector.encrypt(randomizer, values, fractional_bits=0)
    return vector, prove_range(secret_key, randomizer, vector, values, bound_bits=BOUND_BITS, context=CONTEXT)


def test_a_range_proof_about_spoiled_ciphertexts_factors_the_modulus(
    key: SecretKey, unchecked: UncheckedKey, randomizer: KeyHolderRandomizer
) -> None:
    assert not factor_from_range_proof(key.public_key, *prove(unchecked, randomizer))
    assert factor_from_range_proof(key.public_key, *prove(unchecked, spoiled(key)))


def test_so_none_is_given(key: SecretKey) -> None:
    with pytest.raises(ComputationFault):
        prove(key, spoiled(key))


def factor_near_multiple(public: PublicKey, number: int) -> bool:
    """Whether a prime of n is found from a multiple of it that is off by less than 2^WINDOW_BITS.

    N. Howgrave-Graham, *Approximate Integer Common Divisors*, CaLC 2001: polynomials that are 0 modulo that prime at the
    error x, n, number + x and x·(number + x), have a short combination, which is 0 at x as an integer.
    """
    n, size = int(public.n), 1 << WINDOW_BITS
    number %= n
    rows = lll_reduced([[n, 0, 0], [number, size, 0], [0, number * size, size**2]])
    c, b, a = rows[0][0], rows[0][1] // size, rows[0][2] // size**2
    discriminant = b * b - 4 * a * c
    if a == 0 or discriminant < 0:
        return False
    root = int(gmpy2.isqrt(discriminant))
    return any(is_factor(public, number + (sign * root - b) // (2 * a)) for sign in (1, -1))


def refreshed(secret_key: SecretKey, randomizer: KeyHolderRandomizer) -> tuple[EncryptedVector, Any, RefreshProof]:
    masked = EncryptedVector.encrypt(randomizer, [1 << 30, 12345], fractional_bits=SHIFT, bound=1 << BOUND_BITS)
    return masked, *refresh(secret_key, randomizer, masked, shift_bits=SHIFT, context=CONTEXT)


@pytest.fixture
def spoil_last(key: SecretKey, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Have vectors of one, such as the last blinding of a refresh, encrypted with a bit that has flipped modulo q."""

    def start() -> None:
        encrypt, broken = EncryptedVector.encrypt, spoiled(key)
        monkeypatch.setattr(
            EncryptedVector,
            "encrypt",
            lambda randomizer, encoded, **form: encrypt(broken if len(encoded) == 1 else randomizer, encoded, **form),
        )

    return start


def test_a_refresh_that_opens_a_spoiled_blinding_factors_the_modulus(
    key: SecretKey, unchecked: UncheckedKey, randomizer: KeyHolderRandomizer, spoil_last: Callable[[], None]
) -> None:
    masked, fresh, proof = refreshed(unchecked, randomizer)
    verify_refresh(masked, fresh, proof, shift_bits=SHIFT, context=CONTEXT)
    assert not factor_near_multiple(key.public_key, proof.opening.value)
    spoil_last()
    _, _, proof = refreshed(unchecked, randomizer)
    assert factor_near_multiple(key.public_key, proof.opening.value)


def test_so_none_is_sent(key: SecretKey, randomizer: KeyHolderRandomizer, spoil_last: Callable[[], None]) -> None:
    spoil_last()
    with pytest.raises(ComputationFault):
        refreshed(key, randomizer)
