"""The statements that participants sign with their account key.

* An owner signs the terms of one job (`AcceptanceTerms`, EIP-712). The aggregator hands the signature to the contract,
  which checks it when it enrols the owner; a chain observer learns that this owner accepted this job.
* Beside it, an owner signs what it declares (`commons.market.declaration`, EIP-712): the digest of its row count, roles and
  the computation's facts. It stays between the parties.
* The buyer signs a checkpoint (`CheckpointStatement`, EIP-712). The aggregator adds its own consent by sending it.
* Anybody signs the digest of a protocol message (EIP-191). These stay between the parties and never go on chain.

A signature is 65 bytes, r ‖ s ‖ v with v = 27 or 28 and s in the lower half, which is all that the contract accepts;
whatever else comes in is refused here as well, so what verifies here verifies there.

Sources: EIP-712 (typed data), EIP-191 (version 0x45), EIP-2 (lower half of s).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from eth_account import Account
from eth_account.messages import SignableMessage, encode_defunct, encode_typed_data
from eth_account.signers.local import LocalAccount
from eth_keys.exceptions import BadSignature
from eth_utils.exceptions import ValidationError

from commons.chain.checks import check_digest, check_uint, checked_address
from commons.errors import InvalidInput, NotAuthenticated
from commons.market.checkpoint_statement import CheckpointStatement

DOMAIN_NAME: Final = "DeltaML Marketplace"
DOMAIN_VERSION: Final = "1"

ROLE_TRAINER: Final = 1
ROLE_VALIDATOR: Final = 2
ROLE_EITHER: Final = ROLE_TRAINER | ROLE_VALIDATOR

_SECP256K1_HALF_ORDER: Final = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0

_TYPES: Final[dict[str, list[dict[str, str]]]] = {
    "Acceptance": [
        {"name": "jobId", "type": "uint256"},
        {"name": "owner", "type": "address"},
        {"name": "specDigest", "type": "bytes32"},
        {"name": "keyDigest", "type": "bytes32"},
        {"name": "roles", "type": "uint8"},
        {"name": "deposit", "type": "uint256"},
        {"name": "trainerBps", "type": "uint16"},
        {"name": "validatorBps", "type": "uint16"},
        {"name": "aggregatorBps", "type": "uint16"},
        {"name": "deadline", "type": "uint64"},
    ],
    "Declaration": [
        {"name": "jobId", "type": "uint256"},
        {"name": "owner", "type": "address"},
        {"name": "declaration", "type": "bytes32"},
    ],
    "Checkpoint": [
        {"name": "jobId", "type": "uint256"},
        {"name": "index", "type": "uint32"},
        {"name": "round", "type": "uint32"},
        {"name": "mse", "type": "uint256"},
        {"name": "leaveOneOutMses", "type": "uint256[]"},
        {"name": "last", "type": "bool"},
        {"name": "deliveryDigest", "type": "bytes32"},
    ],
}


@dataclass(frozen=True, slots=True)
class SigningDomain:
    """The contract that a typed signature is for; a signature for one chain or contract is worth nothing on another."""

    chain_id: int
    contract: str

    def __post_init__(self) -> None:
        check_uint("chain_id", self.chain_id, 256)
        object.__setattr__(self, "contract", checked_address("contract", self.contract))


@dataclass(frozen=True, slots=True)
class AcceptanceTerms:
    """What an owner agrees to, all of it as the chain has it.

    `roles` is a bit mask: `ROLE_TRAINER`, `ROLE_VALIDATOR` or `ROLE_EITHER`, which leaves the choice to the draw.
    `deadline` is the job's `finish_by`, the unix time in seconds after which the owner can have the job settled.
    """

    job_id: int
    owner: str
    spec_digest: bytes
    key_digest: bytes
    roles: int
    deposit_wei: int
    trainer_bps: int
    validator_bps: int
    aggregator_bps: int
    deadline: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "owner", checked_address("owner", self.owner))
        check_uint("job_id", self.job_id, 256)
        check_digest("spec_digest", self.spec_digest)
        check_digest("key_digest", self.key_digest)
        if self.roles not in (ROLE_TRAINER, ROLE_VALIDATOR, ROLE_EITHER):
            raise InvalidInput(
                f"roles is {self.roles}; it must be 1 (trainer), 2 (validator) or 3 (either)", field="roles"
            )
        check_uint("deposit_wei", self.deposit_wei, 256)
        for field in ("trainer_bps", "validator_bps", "aggregator_bps"):
            check_uint(field, getattr(self, field), 16)
        check_uint("deadline", self.deadline, 64)


def sign_acceptance(account: LocalAccount, domain: SigningDomain, terms: AcceptanceTerms) -> bytes:
    """Return the owner's signature of `terms` (65 bytes); `account` must be `terms.owner`'s."""
    if account.address != terms.owner:
        raise InvalidInput(
            f"the account {account.address} cannot sign for owner {terms.owner}; use the owner's own account",
            field="owner",
        )
    return _sign(account, _acceptance_message(domain, terms))


def recover_acceptance(domain: SigningDomain, terms: AcceptanceTerms, signature: bytes) -> str:
    """Return the address that signed `terms`; raises `NotAuthenticated` when the signature is malformed.

    A signature of other terms recovers to another address: compare the result with `terms.owner`.
    """
    return _recover(_acceptance_message(domain, terms), signature)


def sign_declaration(account: LocalAccount, domain: SigningDomain, job_id: int, digest: bytes) -> bytes:
    """Return an owner's signature (65 bytes) of the digest of what it declares for a job."""
    return _sign(account, _declaration_message(domain, job_id, account.address, digest))


def recover_declaration(domain: SigningDomain, job_id: int, owner: str, digest: bytes, signature: bytes) -> str:
    """Return the address that signed this as `owner`'s declaration; raises `NotAuthenticated` when it is malformed."""
    return _recover(_declaration_message(domain, job_id, owner, digest), signature)


def sign_checkpoint(account: LocalAccount, domain: SigningDomain, statement: CheckpointStatement) -> bytes:
    """Return the buyer's signature of `statement` (65 bytes)."""
    return _sign(account, _checkpoint_message(domain, statement))


def recover_checkpoint(domain: SigningDomain, statement: CheckpointStatement, signature: bytes) -> str:
    """Return the address that signed `statement`; raises `NotAuthenticated` when the signature is malformed."""
    return _recover(_checkpoint_message(domain, statement), signature)


def sign_message(account: LocalAccount, payload_digest: bytes) -> bytes:
    """Return the EIP-191 signature (65 bytes) of a 32-byte digest of a protocol message."""
    check_digest("payload_digest", payload_digest)
    return _sign(account, encode_defunct(primitive=payload_digest))


def recover_message(payload_digest: bytes, signature: bytes) -> str:
    """Return the address that signed the 32-byte digest; raises `NotAuthenticated` when the signature is malformed."""
    check_digest("payload_digest", payload_digest)
    return _recover(encode_defunct(primitive=payload_digest), signature)


def _acceptance_message(domain: SigningDomain, terms: AcceptanceTerms) -> SignableMessage:
    return _typed(
        domain,
        "Acceptance",
        {
            "jobId": terms.job_id,
            "owner": terms.owner,
            "specDigest": terms.spec_digest,
            "keyDigest": terms.key_digest,
            "roles": terms.roles,
            "deposit": terms.deposit_wei,
            "trainerBps": terms.trainer_bps,
            "validatorBps": terms.validator_bps,
            "aggregatorBps": terms.aggregator_bps,
            "deadline": terms.deadline,
        },
    )


def _declaration_message(domain: SigningDomain, job_id: int, owner: str, digest: bytes) -> SignableMessage:
    check_uint("job_id", job_id, 256)
    check_digest("declaration", digest)
    message = {"jobId": job_id, "owner": checked_address("owner", owner), "declaration": digest}
    return _typed(domain, "Declaration", message)


def _checkpoint_message(domain: SigningDomain, statement: CheckpointStatement) -> SignableMessage:
    return _typed(
        domain,
        "Checkpoint",
        {
            "jobId": statement.job_id,
            "index": statement.index,
            "round": statement.round,
            "mse": statement.mse_fixed,
            "leaveOneOutMses": list(statement.leave_one_out_mses_fixed),
            "last": statement.last,
            "deliveryDigest": statement.delivery_digest,
        },
    )


def _typed(domain: SigningDomain, primary_type: str, message: dict[str, Any]) -> SignableMessage:
    domain_data = {
        "name": DOMAIN_NAME,
        "version": DOMAIN_VERSION,
        "chainId": domain.chain_id,
        "verifyingContract": domain.contract,
    }
    return encode_typed_data(domain_data, {primary_type: _TYPES[primary_type]}, message)


def _sign(account: LocalAccount, message: SignableMessage) -> bytes:
    return bytes(account.sign_message(message).signature)


def _recover(message: SignableMessage, signature: bytes) -> str:
    if len(signature) != 65 or signature[64] not in (27, 28):
        raise NotAuthenticated("the signature is malformed: it must be 65 bytes, r, s and v = 27 or 28")
    r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:64])
    if r == 0 or not 0 < s <= _SECP256K1_HALF_ORDER:
        raise NotAuthenticated("the signature is malformed: r or s is out of range")
    try:
        return str(Account.recover_message(message, signature=signature))
    except (BadSignature, ValidationError, ValueError) as error:
        raise NotAuthenticated("the signature is malformed: nobody can have made it") from error
