"""Every error that DeltaML raises on purpose.

The tree::

    DeltaMLError
    ├── InvalidInput            a field, file, column or row is not as it must be
    │   ├── DatasetInvalid      the data file itself: missing column, bad cell, constant feature, too few rows
    │   ├── KeyTooSmall         a Paillier key under the minimum size
    │   ├── IdempotencyKeyReused  a key that stands for one request came with another one
    │   ├── KeyProofInvalid     no valid proof that the modulus is a proper Paillier modulus
    │   └── InvalidCiphertext   not an element of Z*_{n²}, or a wrong count or scale
    ├── HeadroomExceeded        a fixed-point value could wrap around the modulus
    ├── NotAuthenticated        who is asking is unknown, or the password, token or signature is wrong
    ├── NotAllowed              who is asking is known, and may not do this
    ├── NotFound                there is no such job, dataset, task or file
    ├── Conflict                the state of things does not allow this now
    ├── ProtocolViolation       another party sent a message that the protocol does not allow
    │   └── ContentRefused      what it held, once decrypted, is not what the protocol produces
    └── ServiceUnavailable      something this needs does not answer (yet)
        ├── ChainUnavailable    the Ethereum node does not answer, or is on another chain
        ├── ComputationFault    this machine computed wrongly with a secret key; nothing of it was sent
        └── TooManyRequests     it would answer, but was asked too often
    TransactionFailed (a DeltaMLError too): a transaction was mined and reverted, or can never be mined

Each class has a stable ``code``; each instance a message for people (what was found, what was expected, what to do)
and ``fields`` for programs. Domain code knows nothing of HTTP: `commons.web.errors` maps classes to status codes.
"""

from __future__ import annotations

from typing import Any, ClassVar


class DeltaMLError(Exception):
    """Root of the tree; `code` is stable, `fields` are JSON-serialisable facts about the failure."""

    code: ClassVar[str] = "error"

    def __init__(self, message: str, **fields: Any) -> None:
        super().__init__(message)
        self.message = message
        self.fields = fields


class InvalidInput(DeltaMLError):
    """Input that cannot be used; pass `field=` with the name of the offending field whenever there is one."""

    code = "invalid_input"


class DatasetInvalid(InvalidInput):
    """A data file that cannot be used; pass `file=`, `column=`, `row=` (1-based, header not counted) as known."""

    code = "dataset_invalid"


class KeyTooSmall(InvalidInput):
    """A Paillier key under the minimum size."""

    code = "key_too_small"


class IdempotencyKeyReused(InvalidInput):
    """The request's Idempotency-Key stands for another request; pass `job=` with what that one made."""

    code = "idempotency_key_reused"


class KeyProofInvalid(InvalidInput):
    """The proof that a modulus is a proper Paillier modulus does not verify."""

    code = "key_proof_invalid"


class InvalidCiphertext(InvalidInput):
    """A value that is no ciphertext under the key, or a vector of a wrong count or scale."""

    code = "invalid_ciphertext"


class HeadroomExceeded(DeltaMLError):
    """A fixed-point value could wrap around the modulus; nothing was computed."""

    code = "headroom_exceeded"


class NotAuthenticated(DeltaMLError):
    """The caller did not prove who it is."""

    code = "not_authenticated"


class NotAllowed(DeltaMLError):
    """The caller is known and may not do this."""

    code = "not_allowed"


class NotFound(DeltaMLError):
    """The thing asked for does not exist (or not for this caller)."""

    code = "not_found"


class Conflict(DeltaMLError):
    """The present state does not allow the request."""

    code = "conflict"


class ProtocolViolation(DeltaMLError):
    """Another party's message breaks the protocol."""

    code = "protocol_violation"


class ContentRefused(ProtocolViolation):
    """What was decrypted is not what the protocol produces.

    Such a refusal tells something of what was decrypted, so who refuses answers nothing more in that job.
    """

    code = "content_refused"


class ServiceUnavailable(DeltaMLError):
    """Something that is needed does not answer; trying again later can help."""

    code = "service_unavailable"


class ChainUnavailable(ServiceUnavailable):
    """The Ethereum node does not answer, or serves another chain than the configured one."""

    code = "chain_unavailable"


class ComputationFault(ServiceUnavailable):
    """What was computed with a secret key does not check, so it was kept back: trying again later can help."""

    code = "computation_fault"


class TooManyRequests(ServiceUnavailable):
    """Asked too often, or by too many at once; pass `retry_after_s=` with when to ask again."""

    code = "too_many_requests"


class TransactionFailed(DeltaMLError):
    """A transaction reverted (`reason=` the contract's custom error) or cannot be mined any more."""

    code = "transaction_failed"
