import json
from math import inf

import gmpy2
import pytest
from click.testing import CliRunner
from phe import command_line

from commons.ciphers.paillier import (
    UNSAFE_SMALL_KEYS,
    EncryptedVector,
    KeyHolderRandomizer,
    PackedVector,
    Randomizer,
    SecretKey,
    pack,
    verify_modulus,
    verify_openings,
)
from commons.ciphers.paillier.secret_key import BLINDING_USES
from commons.errors import ComputationFault, InvalidCiphertext, InvalidInput, KeyTooSmall, ServiceUnavailable


def test_decrypts_the_whole_signed_range(secret_key, randomizer):
    largest = secret_key.public_key.max_plaintext
    for plaintext in (0, 1, -1, 2**200, -(2**200), largest, -largest):
        assert secret_key.decrypt(randomizer.encrypt(plaintext)) == plaintext


def test_phe_and_ours_decrypt_each_other(secret_key, randomizer):
    theirs = secret_key.to_phe()
    for plaintext in (0, 1, 987654321):
        assert theirs.raw_decrypt(int(randomizer.encrypt(plaintext))) == plaintext
        assert secret_key.decrypt(theirs.public_key.raw_encrypt(plaintext)) == plaintext
    assert theirs.raw_decrypt(int(randomizer.encrypt(-5))) == secret_key.public_key.n - 5
    assert secret_key.decrypt(theirs.public_key.encrypt(-5).ciphertext()) == -5


def test_a_full_size_key_round_trips_with_phe(full_size_secret_key):
    randomizer = Randomizer(full_size_secret_key.public_key)
    theirs = full_size_secret_key.to_phe()
    ciphertext = randomizer.encrypt(-(2**1000))
    assert full_size_secret_key.decrypt(ciphertext) == -(2**1000)
    assert theirs.raw_decrypt(int(ciphertext)) == theirs.public_key.n - 2**1000
    assert full_size_secret_key.decrypt(theirs.public_key.raw_encrypt(42)) == 42


def test_the_order_of_the_primes_does_not_matter(secret_key):
    swapped = SecretKey(secret_key.q, secret_key.p, policy=UNSAFE_SMALL_KEYS)
    assert swapped == secret_key
    assert hash(swapped) == hash(secret_key)
    assert (swapped.p, swapped.q) == (secret_key.p, secret_key.q)


def test_a_small_key_is_refused_unless_named_unsafe(secret_key):
    with pytest.raises(KeyTooSmall):
        SecretKey(secret_key.p, secret_key.q)


def test_numbers_that_are_no_two_primes_are_refused_without_being_shown(secret_key):
    p, q = int(secret_key.p), int(secret_key.q)
    for wrong_p, wrong_q in ((p, p), (p, q + 2), (p * q, q), (2, q), (-p, q), (1, q)):
        with pytest.raises(InvalidInput, match="'p' and 'q'") as caught:
            SecretKey(wrong_p, wrong_q, policy=UNSAFE_SMALL_KEYS)
        assert str(p) not in str(caught.value)
        assert str(q) not in str(caught.value)


def test_primes_without_a_unique_decryption_are_refused(secret_key):
    q = secret_key.q
    p = next(p for p in (2 * k * q + 1 for k in range(1, 10**5)) if gmpy2.is_prime(p))
    with pytest.raises(InvalidInput, match="one prime divides the other minus 1"):
        SecretKey(p, q, policy=UNSAFE_SMALL_KEYS)


def test_no_secret_is_in_the_representation(secret_key):
    for shown in (repr(secret_key), str(secret_key), f"{[secret_key]}"):
        for secret in (secret_key.p, secret_key.q):
            assert str(secret)[:20] not in shown
            assert f"{secret:x}"[:20] not in shown
    assert not hasattr(secret_key, "__dict__")


def test_what_is_no_ciphertext_is_not_decrypted(secret_key):
    for malformed in (0, secret_key.p, secret_key.public_key.n_squared):
        with pytest.raises(InvalidCiphertext):
            secret_key.decrypt(malformed)
        with pytest.raises(InvalidCiphertext):
            secret_key.open(malformed)


def test_vectors_of_another_key_are_refused(secret_key, other_secret_key):
    vector = EncryptedVector.encrypt(Randomizer(other_secret_key.public_key), [1, 2], fractional_bits=0)
    assert other_secret_key.decrypt_vector(vector) == [1, 2]
    with pytest.raises(InvalidCiphertext, match="secret key of"):
        secret_key.decrypt_vector(vector)
    with pytest.raises(InvalidCiphertext, match="secret key of"):
        secret_key.decrypt_packed(pack(vector, slot_bits=8))


def test_a_packed_plaintext_with_more_bits_than_its_slots_is_refused(secret_key, public_key, randomizer):
    too_long = PackedVector(public_key, (randomizer.encrypt(1 << 16),), 2, 8, 0)
    with pytest.raises(InvalidCiphertext, match="more than 2 slots of 8 bits"):
        secret_key.decrypt_packed(too_long)


def test_a_secret_key_file_is_read_by_pheutil(secret_key, randomizer, tmp_path):
    key_file, ciphertext_file = tmp_path / "key.json", tmp_path / "ciphertext.json"
    key_file.write_text(json.dumps(secret_key.to_jwk()))
    ciphertext_file.write_text(json.dumps({"v": str(randomizer.encrypt(-77)), "e": 0}))
    result = CliRunner().invoke(command_line.cli, ["decrypt", str(key_file), str(ciphertext_file)])
    assert result.exit_code == 0
    assert "-77" in result.output


def test_a_secret_key_file_of_pheutil_is_read(tmp_path):
    key_file = tmp_path / "key.json"
    assert CliRunner().invoke(command_line.cli, ["genpkey", "--keysize", "512", str(key_file)]).exit_code == 0
    jwk = json.loads(key_file.read_text())
    key = SecretKey.from_jwk(jwk, policy=UNSAFE_SMALL_KEYS)
    assert key.decrypt(command_line.load_public_key(jwk["pub"]).raw_encrypt(99)) == 99
    assert SecretKey.from_jwk(json.loads(json.dumps(key.to_jwk())), policy=UNSAFE_SMALL_KEYS) == key


def test_keys_of_phe_are_taken_over(secret_key):
    assert SecretKey.from_phe(secret_key.to_phe(), policy=UNSAFE_SMALL_KEYS) == secret_key


def test_a_broken_secret_key_file_names_the_member_and_shows_no_secret(secret_key, other_secret_key):
    jwk = secret_key.to_jwk()
    broken = [
        ("kty", {**jwk, "kty": "RSA"}),
        ("p", {**jwk, "p": jwk["p"] + "*"}),
        ("q", {name: value for name, value in jwk.items() if name != "q"}),
        ("pub", {**jwk, "pub": None}),
        ("pub", {**jwk, "pub": other_secret_key.public_key.to_jwk()}),
    ]
    for member, file in broken:
        with pytest.raises(InvalidInput, match=f"field '{member}'") as caught:
            SecretKey.from_jwk(file, policy=UNSAFE_SMALL_KEYS)
        assert jwk["p"] not in str(caught.value)
        assert caught.value.__cause__ is None


def test_what_is_raised_to_the_secret_power_is_never_the_ciphertext_itself(secret_key, randomizer, monkeypatch):
    key = SecretKey(secret_key.p, secret_key.q, policy=UNSAFE_SMALL_KEYS)
    ciphertext, bases = randomizer.encrypt(7), []
    power = gmpy2.powmod
    monkeypatch.setattr(gmpy2, "powmod", lambda base, *rest: bases.append(base) or power(base, *rest))
    uses = BLINDING_USES + 5
    assert [key.decrypt(ciphertext) for _ in range(uses)] == [7] * uses
    seen = bases[1:]  # the first power makes the first blinding
    assert ciphertext not in seen
    assert len(set(seen)) >= uses


def test_many_are_opened_as_each_would_be(secret_key, randomizer):
    values = (5, -7, 0, 2**200)
    ciphertexts = [randomizer.encrypt(value) for value in values]
    openings = secret_key.open_all(ciphertexts)
    assert openings == [secret_key.open(ciphertext) for ciphertext in ciphertexts]
    assert [opening.value for opening in openings] == list(values)
    verify_openings(secret_key.public_key, list(zip(ciphertexts, openings, strict=True)))
    assert secret_key.open_all([]) == []


def test_opening_many_uses_the_map_that_it_is_given(secret_key, randomizer):
    ciphertexts = [randomizer.encrypt(value) for value in range(5)]
    mapped = []

    def backwards(function, items):
        mapped.extend(items)
        return reversed([function(item) for item in reversed(items)])

    assert secret_key.open_all(ciphertexts, parallel_map=backwards) == secret_key.open_all(ciphertexts)
    assert mapped == ciphertexts


def test_a_malformed_ciphertext_among_many_is_named(secret_key, randomizer):
    with pytest.raises(InvalidCiphertext, match=r"ciphertexts\[1\]"):
        secret_key.open_all([randomizer.encrypt(1), secret_key.p])


HALVES = {
    "root mod p": lambda key: key.p,
    "root mod q": lambda key: key.q,
    "plaintext mod p": lambda key: key.p**2,
    "plaintext mod q": lambda key: key.q**2,
}


@pytest.mark.parametrize("half", HALVES.values(), ids=HALVES)
@pytest.mark.parametrize("count", [1, 3])
def test_what_one_bit_spoiled_is_opened_anew(secret_key, randomizer, flip_bits, half, count):
    ciphertexts = [randomizer.encrypt(value) for value in range(count)]
    right = secret_key.open_all(ciphertexts)
    flipped = flip_bits(half(secret_key), times=1)
    assert secret_key.open_all(ciphertexts) == right
    assert len(flipped) == 1


@pytest.mark.parametrize("half", HALVES.values(), ids=HALVES)
def test_a_machine_that_goes_on_computing_wrongly_opens_nothing(secret_key, randomizer, flip_bits, half):
    ciphertexts = [randomizer.encrypt(value) for value in range(3)]
    flip_bits(half(secret_key), times=inf)
    for opened in (lambda: secret_key.open(ciphertexts[0]), lambda: secret_key.open_all(ciphertexts)):
        with pytest.raises(ComputationFault, match="this machine computed wrongly") as caught:
            opened()
        assert isinstance(caught.value, ServiceUnavailable)
        assert caught.value.fields == {}


@pytest.mark.parametrize("half", [HALVES["root mod p"], HALVES["root mod q"]], ids=["mod p", "mod q"])
def test_a_modulus_is_proven_with_right_roots_or_not_at_all(secret_key, flip_bits, half):
    right = secret_key.prove_modulus()
    flipped = flip_bits(half(secret_key), times=1)
    assert secret_key.prove_modulus() == right
    assert len(flipped) == 1
    flip_bits(half(secret_key), times=inf)
    with pytest.raises(ComputationFault):
        secret_key.prove_modulus()


def test_a_single_wrong_square_root_is_found(secret_key, monkeypatch):
    """The last of the roots that a proof has."""
    right, real, calls = secret_key.prove_modulus(), SecretKey._square_root, []

    def faulty(key, number):
        calls.append(number)
        return real(key, number) ^ (1 << 100 if len(calls) == 128 else 0)

    monkeypatch.setattr(SecretKey, "_square_root", faulty)
    proof = secret_key.prove_modulus()
    assert proof == right
    assert len(calls) == 256
    verify_modulus(secret_key.public_key, proof)


def test_a_ciphertext_that_holds_something_else_than_expected_is_not_opened(secret_key, randomizer):
    ciphertexts = [randomizer.encrypt(value) for value in (4, -5)]
    n = int(secret_key.public_key.n)
    for expected in ((4, -5), (4 + n, -5 - n)):
        assert [one.value for one in secret_key.open_all(ciphertexts, expected=expected)] == [4, -5]
    for expected in ((4, -6), (-5, 4), (4 + int(secret_key.p), -5)):
        with pytest.raises(ComputationFault):
            secret_key.open_all(ciphertexts, expected=expected)


def test_a_wrong_ciphertext_of_ones_own_is_found_by_the_sum(secret_key, flip_bits):
    randomizer = KeyHolderRandomizer(secret_key)
    values = [3, -(2**100), 0, 17]
    ciphertexts = [randomizer.encrypt(value) for value in values]
    secret_key.check_encrypted(ciphertexts, values)
    for wrong in ([*values[:3], 18], [*values[:3], 17 + int(secret_key.p)], values[:3]):
        with pytest.raises(ComputationFault):
            secret_key.check_encrypted(ciphertexts, wrong)
    # What a flipped bit in one half of a look-up makes.
    table = randomizer._powers_q._tables[0]
    table[:] = [entry ^ 1 << 100 for entry in table]
    with pytest.raises(ComputationFault):
        secret_key.check_encrypted([*ciphertexts[:3], randomizer.encrypt(17)], values)
    flip_bits(secret_key.p**2, times=1)
    secret_key.check_encrypted(ciphertexts, values)
