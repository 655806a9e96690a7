import json
from pathlib import Path

import gmpy2
import pytest
from click.testing import CliRunner
from eth_utils import keccak
from phe import command_line

from commons.ciphers.paillier import MAXIMUM_KEY_BITS, MINIMUM_KEY_BITS, UNSAFE_SMALL_KEYS, PublicKey
from commons.errors import HeadroomExceeded, InvalidCiphertext, InvalidInput, KeyTooSmall


def test_derived_sizes_follow_from_the_modulus(public_key, secret_key):
    assert public_key.n == secret_key.p * secret_key.q
    assert public_key.n_squared == public_key.n**2
    assert public_key.bits == 512
    assert public_key.ciphertext_bytes == 128
    assert public_key.max_plaintext * 2 + 1 == public_key.n


def test_keys_are_equal_when_their_moduli_are(public_key, other_secret_key):
    twin = PublicKey(int(public_key.n), policy=UNSAFE_SMALL_KEYS)
    assert twin == public_key
    assert hash(twin) == hash(public_key)
    assert public_key != other_secret_key.public_key
    assert public_key != "a key"


def test_digest_is_keccak_of_the_big_endian_modulus(public_key):
    assert public_key.digest() == keccak(int(public_key.n).to_bytes(64, "big"))


def test_a_small_key_is_refused_unless_named_unsafe(public_key):
    with pytest.raises(KeyTooSmall, match=f"512 bits, at least {MINIMUM_KEY_BITS}"):
        PublicKey(public_key.n)
    just_below = PublicKey(2 ** (MINIMUM_KEY_BITS - 1) + 1)
    assert just_below.bits == MINIMUM_KEY_BITS
    with pytest.raises(KeyTooSmall):
        PublicKey(2 ** (MINIMUM_KEY_BITS - 1) - 1)


@pytest.mark.parametrize("n", [0, 1, -15, 2**600, pytest.param(2**MAXIMUM_KEY_BITS + 1, id="huge"), "35", 35.0])
def test_what_is_no_odd_modulus_of_a_bearable_size_is_refused(n):
    with pytest.raises(InvalidInput, match="field 'n'"):
        PublicKey(n, policy=UNSAFE_SMALL_KEYS)


def test_headroom_ends_exactly_at_the_largest_plaintext(public_key):
    assert public_key.check_headroom(public_key.max_plaintext, "test") == public_key.max_plaintext
    with pytest.raises(HeadroomExceeded, match="test") as caught:
        public_key.check_headroom(public_key.max_plaintext + 1, "test")
    assert caught.value.fields["bound_bits"] == 511


def test_every_element_of_the_group_is_a_ciphertext(public_key):
    elements = [1, 2, int(public_key.n) + 1, int(public_key.n_squared) - 1]
    checked = public_key.check_ciphertexts(elements)
    assert checked == tuple(elements)
    assert all(isinstance(c, gmpy2.mpz) for c in checked)
    assert public_key.check_ciphertexts([]) == ()


@pytest.mark.parametrize(
    "malformed",
    [
        lambda key: 0,
        lambda key: -1,
        lambda key: key.public_key.n_squared,
        lambda key: key.public_key.n_squared + 2,
        lambda key: key.public_key.n,
        lambda key: 7 * key.p,
        lambda key: key.q * key.q,
        lambda key: "17",
        lambda key: None,
        lambda key: 17.0,
    ],
)
def test_a_malformed_ciphertext_is_named_by_its_index(secret_key, malformed):
    public_key = secret_key.public_key
    with pytest.raises(InvalidCiphertext, match=r"ciphertexts\[2\]") as caught:
        public_key.check_ciphertexts([3, 5, malformed(secret_key), 7])
    assert caught.value.fields["index"] == 2


def test_ciphertexts_survive_the_wire(public_key):
    ciphertexts = public_key.check_ciphertexts([1, public_key.n_squared - 1, 2**100])
    wire = public_key.ciphertexts_to_bytes(ciphertexts)
    assert len(wire) == 3 * public_key.ciphertext_bytes
    assert public_key.ciphertexts_from_bytes(wire, 3) == ciphertexts


@pytest.mark.parametrize("count", [0, 1, 3, -2])
def test_a_wrong_count_on_the_wire_is_refused(public_key, count):
    wire = public_key.ciphertexts_to_bytes(public_key.check_ciphertexts([5, 6]))
    with pytest.raises(InvalidCiphertext, match="expected"):
        public_key.ciphertexts_from_bytes(wire, count)
    with pytest.raises(InvalidCiphertext, match="bytes"):
        public_key.ciphertexts_from_bytes(wire[:-1], 2)


def test_a_zero_ciphertext_on_the_wire_is_refused(public_key):
    with pytest.raises(InvalidCiphertext, match=r"ciphertexts\[0\]"):
        public_key.ciphertexts_from_bytes(bytes(public_key.ciphertext_bytes), 1)


def test_phe_encrypts_under_an_exported_key_what_ours_decrypts(public_key, secret_key):
    theirs = public_key.to_phe()
    assert PublicKey.from_phe(theirs, policy=UNSAFE_SMALL_KEYS) == public_key
    assert secret_key.decrypt(theirs.raw_encrypt(12345)) == 12345


def test_a_public_key_file_is_read_by_pheutil(public_key):
    jwk = public_key.to_jwk()
    assert command_line.load_public_key(jwk).n == public_key.n
    assert PublicKey.from_jwk(jwk, policy=UNSAFE_SMALL_KEYS) == public_key


def test_a_public_key_extracted_by_pheutil_is_read(tmp_path):
    private, public = str(tmp_path / "private.json"), str(tmp_path / "public.json")
    runner = CliRunner()
    assert runner.invoke(command_line.cli, ["genpkey", "--keysize", "512", private]).exit_code == 0
    assert runner.invoke(command_line.cli, ["extract", private, public]).exit_code == 0
    jwk = json.loads(Path(public).read_text())
    assert PublicKey.from_jwk(jwk, policy=UNSAFE_SMALL_KEYS).n == command_line.load_public_key(jwk).n
    with pytest.raises(KeyTooSmall):
        PublicKey.from_jwk(jwk)


@pytest.mark.parametrize(
    ("member", "value"),
    [("kty", "RSA"), ("alg", "PAI-XX"), ("n", None), ("n", 12), ("n", ""), ("n", "A"), ("n", "Ω"), ("n", "AA")],
)
def test_a_broken_public_key_file_names_the_member(public_key, member, value):
    with pytest.raises(InvalidInput, match=f"field '{member}'"):
        PublicKey.from_jwk({**public_key.to_jwk(), member: value}, policy=UNSAFE_SMALL_KEYS)


def test_a_missing_member_is_named(public_key):
    jwk = public_key.to_jwk()
    del jwk["n"]
    with pytest.raises(InvalidInput, match="field 'n'"):
        PublicKey.from_jwk(jwk, policy=UNSAFE_SMALL_KEYS)
