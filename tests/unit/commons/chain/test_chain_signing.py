from __future__ import annotations

import dataclasses
import secrets
import subprocess
import sys

import pytest
from eth_abi.abi import encode
from eth_account import Account
from eth_keys.datatypes import PublicKey
from eth_keys.datatypes import Signature as KeySignature
from eth_utils.crypto import keccak

from commons.chain.checks import checked_address
from commons.chain.signing import (
    ROLE_EITHER,
    ROLE_TRAINER,
    AcceptanceTerms,
    SigningDomain,
    recover_acceptance,
    recover_checkpoint,
    recover_message,
    sign_acceptance,
    sign_checkpoint,
    sign_message,
)
from commons.errors import InvalidInput, NotAuthenticated
from commons.market.checkpoint_statement import CheckpointStatement

SECP256K1_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
ACCOUNT = Account.from_key(bytes.fromhex("11" * 32))
DOMAIN = SigningDomain(1337, "0x" + "ab" * 20)
TERMS = AcceptanceTerms(
    job_id=7,
    owner=ACCOUNT.address,
    spec_digest=b"s" * 32,
    key_digest=b"k" * 32,
    roles=ROLE_EITHER,
    deposit_wei=10**19,
    trainer_bps=7000,
    validator_bps=2000,
    aggregator_bps=1000,
    deadline=1_700_000_000,
)
STATEMENT = CheckpointStatement(
    job_id=7,
    index=3,
    round=30,
    mse_fixed=10**18,
    leave_one_out_mses_fixed=(2 * 10**18, 10**17),
    last=True,
    delivery_digest=b"d" * 32,
)


def domain_separator(domain: SigningDomain) -> bytes:
    kind = keccak(text="EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")
    values = [kind, keccak(text="DeltaML Marketplace"), keccak(text="1"), domain.chain_id, domain.contract]
    return keccak(encode(["bytes32", "bytes32", "bytes32", "uint256", "address"], values))


def recovered_from(digest: bytes, signature: bytes) -> str:
    """Recover by hand, with the curve library alone."""
    r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:64])
    key: PublicKey = KeySignature(vrs=(signature[64] - 27, r, s)).recover_public_key_from_msg_hash(digest)
    return key.to_checksum_address()


def test_an_acceptance_is_the_eip_712_hash_of_its_terms() -> None:
    kind = keccak(
        text="Acceptance(uint256 jobId,address owner,bytes32 specDigest,bytes32 keyDigest,uint8 roles,uint256 deposit,"
        "uint16 trainerBps,uint16 validatorBps,uint16 aggregatorBps,uint64 deadline)"
    )
    words = ["bytes32", "uint256", "address", "bytes32", "bytes32"] + ["uint256"] * 6
    values = [kind, 7, ACCOUNT.address, b"s" * 32, b"k" * 32, 3, 10**19, 7000, 2000, 1000, 1_700_000_000]
    digest = keccak(b"\x19\x01" + domain_separator(DOMAIN) + keccak(encode(words, values)))

    assert recovered_from(digest, sign_acceptance(ACCOUNT, DOMAIN, TERMS)) == ACCOUNT.address


def test_a_checkpoint_is_the_eip_712_hash_of_its_statement() -> None:
    kind = keccak(
        text="Checkpoint(uint256 jobId,uint32 index,uint32 round,uint256 mse,uint256[] leaveOneOutMses,bool last,"
        "bytes32 deliveryDigest)"
    )
    leave_one_out = keccak((2 * 10**18).to_bytes(32) + (10**17).to_bytes(32))
    words = ["bytes32", "uint256", "uint256", "uint256", "uint256", "bytes32", "bool", "bytes32"]
    values = [kind, 7, 3, 30, 10**18, leave_one_out, True, b"d" * 32]
    digest = keccak(b"\x19\x01" + domain_separator(DOMAIN) + keccak(encode(words, values)))

    assert recovered_from(digest, sign_checkpoint(ACCOUNT, DOMAIN, STATEMENT)) == ACCOUNT.address


def test_a_message_is_signed_under_the_eip_191_prefix() -> None:
    payload = secrets.token_bytes(32)
    digest = keccak(b"\x19Ethereum Signed Message:\n32" + payload)
    assert recovered_from(digest, sign_message(ACCOUNT, payload)) == ACCOUNT.address


def test_signatures_recover_to_the_signer() -> None:
    payload = secrets.token_bytes(32)
    assert recover_acceptance(DOMAIN, TERMS, sign_acceptance(ACCOUNT, DOMAIN, TERMS)) == ACCOUNT.address
    assert recover_checkpoint(DOMAIN, STATEMENT, sign_checkpoint(ACCOUNT, DOMAIN, STATEMENT)) == ACCOUNT.address
    assert recover_message(payload, sign_message(ACCOUNT, payload)) == ACCOUNT.address


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("job_id", 8),
        ("owner", "0x" + "cd" * 20),
        ("spec_digest", b"t" * 32),
        ("key_digest", b"l" * 32),
        ("roles", ROLE_TRAINER),
        ("deposit_wei", 10**19 - 1),
        ("trainer_bps", 6999),
        ("validator_bps", 2001),
        ("aggregator_bps", 999),
        ("deadline", 1_700_000_001),
    ],
)
def test_an_acceptance_covers_every_field(field: str, value: object) -> None:
    signature = sign_acceptance(ACCOUNT, DOMAIN, TERMS)
    changed = dataclasses.replace(TERMS, **{field: value})
    assert recover_acceptance(DOMAIN, changed, signature) != ACCOUNT.address


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("job_id", 8),
        ("index", 4),
        ("round", 31),
        ("mse_fixed", 10**18 + 1),
        ("leave_one_out_mses_fixed", (10**17, 2 * 10**18)),
        ("leave_one_out_mses_fixed", ()),
        ("last", False),
        ("delivery_digest", b"e" * 32),
    ],
)
def test_a_checkpoint_signature_covers_every_field(field: str, value: object) -> None:
    signature = sign_checkpoint(ACCOUNT, DOMAIN, STATEMENT)
    changed = dataclasses.replace(STATEMENT, **{field: value})
    assert recover_checkpoint(DOMAIN, changed, signature) != ACCOUNT.address


@pytest.mark.parametrize("domain", [SigningDomain(1, DOMAIN.contract), SigningDomain(1337, "0x" + "ac" * 20)])
def test_a_signature_is_for_one_chain_and_contract(domain: SigningDomain) -> None:
    assert recover_acceptance(domain, TERMS, sign_acceptance(ACCOUNT, DOMAIN, TERMS)) != ACCOUNT.address


def test_nobody_signs_for_another_owner() -> None:
    with pytest.raises(InvalidInput, match="cannot sign for owner"):
        sign_acceptance(Account.from_key(b"\x22" * 32), DOMAIN, TERMS)


def malleated(signature: bytes) -> bytes:
    """The other valid signature of the same digest: s mirrored, v flipped."""
    s = SECP256K1_ORDER - int.from_bytes(signature[32:64])
    return signature[:32] + s.to_bytes(32) + bytes([55 - signature[64]])


@pytest.mark.parametrize(
    "spoil",
    [
        lambda signature: b"",
        lambda signature: signature[:64],
        lambda signature: signature + b"\x00",
        lambda signature: signature[:64] + bytes([signature[64] - 27]),
        lambda signature: bytes(32) + signature[32:],
        lambda signature: signature[:32] + bytes(32) + signature[64:],
        lambda signature: b"\xff" * 32 + signature[32:],
        malleated,
    ],
)
def test_a_malformed_signature_is_refused(spoil: object) -> None:
    assert callable(spoil)
    payload = b"p" * 32
    with pytest.raises(NotAuthenticated, match="malformed"):
        recover_message(payload, spoil(sign_message(ACCOUNT, payload)))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("job_id", -1),
        ("job_id", True),
        ("owner", "0x1234"),
        ("spec_digest", b"short"),
        ("roles", 0),
        ("roles", 4),
        ("deposit_wei", 2**256),
        ("trainer_bps", 65536),
        ("deadline", 2**64),
    ],
)
def test_terms_that_the_contract_cannot_hold_are_refused_by_name(field: str, value: object) -> None:
    with pytest.raises(InvalidInput) as refusal:
        dataclasses.replace(TERMS, **{field: value})
    assert refusal.value.fields["field"] == field


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("index", 2**32),
        ("mse_fixed", 2**128),
        ("mse_fixed", 0.5),
        ("leave_one_out_mses_fixed", (0, -1)),
        ("delivery_digest", bytes(32)),
    ],
)
def test_statements_that_the_contract_refuses_are_refused_by_name(field: str, value: object) -> None:
    with pytest.raises(InvalidInput) as refusal:
        dataclasses.replace(STATEMENT, **{field: value})
    assert refusal.value.fields["field"] == field


def test_addresses_get_their_checksum() -> None:
    address = "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed"
    assert checked_address("owner", address) == "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"


def test_signing_needs_no_web3() -> None:
    program = "import sys, commons.chain.signing, commons.chain.keystore; sys.exit('web3' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
