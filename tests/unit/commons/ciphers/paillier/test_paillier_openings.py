import pytest

from commons.ciphers.paillier import Opening, verify_opening, verify_openings
from commons.errors import InvalidCiphertext, ProtocolViolation


@pytest.mark.parametrize("value", [0, 1, -1, 2**300, -(2**300)])
def test_an_opening_shows_what_was_encrypted(secret_key, randomizer, value):
    ciphertext = randomizer.encrypt(value)
    opening = secret_key.open(ciphertext)
    assert opening.value == value
    verify_opening(secret_key.public_key, ciphertext, opening)


def test_an_opening_is_the_randomness_that_phe_encrypted_with(secret_key):
    theirs = secret_key.public_key.to_phe()
    ciphertext = theirs.raw_encrypt(31, r_value=123456789)
    assert secret_key.open(ciphertext) == Opening(value=31, randomness=123456789)
    verify_opening(secret_key.public_key, ciphertext, Opening(31, 123456789))


def test_a_forged_opening_is_refused(secret_key, randomizer):
    key, n = secret_key.public_key, int(secret_key.public_key.n)
    ciphertext = randomizer.encrypt(1000)
    honest = secret_key.open(ciphertext)
    for forged in (
        Opening(999, honest.randomness),
        Opening(-1000, honest.randomness),
        Opening(1000 + n, honest.randomness),
        Opening(1000 - n, honest.randomness),
        Opening(1000, honest.randomness + 1),
        Opening(1000, honest.randomness + n),
        Opening(1000, n - honest.randomness),
        Opening(1000, 0),
        Opening(1000, int(secret_key.p)),
    ):
        with pytest.raises(ProtocolViolation, match="opening 0"):
            verify_opening(key, ciphertext, forged)
    with pytest.raises(ProtocolViolation):
        verify_opening(key, randomizer.encrypt(1000), honest)
    with pytest.raises(InvalidCiphertext):
        verify_opening(key, 0, honest)


@pytest.fixture(scope="module")
def opened(secret_key, randomizer):
    ciphertexts = [randomizer.encrypt(value) for value in (5, -7, 0, 2**200, 11)]
    return [(ciphertext, secret_key.open(ciphertext)) for ciphertext in ciphertexts]


def test_many_openings_are_verified_together(secret_key, opened):
    verify_openings(secret_key.public_key, opened)
    verify_openings(secret_key.public_key, opened[:1])
    verify_openings(secret_key.public_key, [])


@pytest.mark.parametrize("index", range(5))
def test_a_forged_value_among_many_is_named(secret_key, opened, index):
    ciphertext, opening = opened[index]
    forged = [*opened]
    forged[index] = (ciphertext, Opening(opening.value + 1, opening.randomness))
    with pytest.raises(ProtocolViolation, match=f"opening {index} ") as caught:
        verify_openings(secret_key.public_key, forged)
    assert caught.value.fields["index"] == index


def test_errors_that_cancel_in_the_sum_are_found(secret_key, opened):
    (c0, first), (c1, second), *rest = opened
    moved = [
        (c0, Opening(first.value + 1, first.randomness)),
        (c1, Opening(second.value - 1, second.randomness)),
        *rest,
    ]
    with pytest.raises(ProtocolViolation, match="opening 0 "):
        verify_openings(secret_key.public_key, moved)
    swapped = [(c0, second), (c1, first), *rest]
    with pytest.raises(ProtocolViolation, match="opening 0 "):
        verify_openings(secret_key.public_key, swapped)


def test_values_that_are_right_only_modulo_n_are_found_among_many(secret_key, opened):
    n = int(secret_key.public_key.n)
    *rest, (ciphertext, opening) = opened
    with pytest.raises(ProtocolViolation, match="opening 4 "):
        verify_openings(secret_key.public_key, [*rest, (ciphertext, Opening(opening.value + n, opening.randomness))])


def test_a_malformed_ciphertext_among_many_is_named(secret_key, opened):
    with pytest.raises(InvalidCiphertext, match=r"ciphertexts\[5\]"):
        verify_openings(secret_key.public_key, [*opened, (secret_key.p, opened[0][1])])


def test_a_sign_that_is_wrong_modulo_one_prime_is_found_among_many(secret_key, opened):
    """The batch's random exponents alone would miss it in one of two cases: the wrong factor has order 2."""
    key = secret_key.public_key
    *rest, (ciphertext, opening) = opened
    minus_one_mod_q = int(secret_key._combine(1, secret_key.q - 1))
    wrong = Opening(opening.value, opening.randomness * minus_one_mod_q % int(key.n))
    for _ in range(40):
        with pytest.raises(ProtocolViolation, match="opening 4 "):
            verify_openings(key, [*rest, (ciphertext, wrong)])
