"""Secret keys at rest: sealed with AES-256-GCM under a key that scrypt derives from the keystore's password.

Whoever gets the database or a backup of it has nothing without that password. Each sealed key is bound to its job
(associated data), so rows cannot be exchanged. The salt and scrypt's cost stand in the database beside a check value,
by which a changed password is told from a damaged row.

Sources: NIST SP 800-38D (AES-GCM), RFC 7914 (scrypt).
"""

from __future__ import annotations

import json
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from sqlalchemy.exc import IntegrityError

from commons.ciphers.paillier import STANDARD_KEYS, KeyPolicy, SecretKey
from commons.errors import InvalidInput, NotAuthenticated
from commons.storage.database import Database
from model_buyer.tables import VaultHeader

STANDARD_COST = 2**17
"""scrypt's n (with r = 8, p = 1): 128 MiB and about a third of a second for each guess at the password."""

_NONCE_BYTES = 12
_SALT_BYTES = 16
_CHECK_LABEL = b"DeltaML key vault check v1"
_KEY_LABEL = b"DeltaML Paillier key v1 "
_HEADER_ID = 1


class KeyVault:
    """Seals and opens the Paillier keys of one service. The password is turned into a key at first use.

    Args:
        password: of the service's keystore.
        database: of the service.
        cost: scrypt's n for a new vault; an existing one keeps its own.
        key_policy: which keys are opened.
    """

    def __init__(
        self, password: str, database: Database, *, cost: int = STANDARD_COST, key_policy: KeyPolicy = STANDARD_KEYS
    ) -> None:
        self._password = password
        self._database = database
        self._cost = cost
        self._key_policy = key_policy
        self._cipher: AESGCM | None = None

    def seal(self, key: SecretKey, job_id: str) -> bytes:
        """Return the encrypted secret key of a job."""
        clear = json.dumps(key.to_jwk()).encode()
        return _encrypt(self._opened(), clear, _KEY_LABEL + job_id.encode())

    def open(self, sealed: bytes, job_id: str) -> SecretKey:
        """Return the secret key of a job.

        Raises:
            NotAuthenticated: if the password is not the one the vault was made with.
            InvalidInput: if the row is damaged or belongs to another job.
        """
        cipher = self._opened()
        try:
            clear = cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], _KEY_LABEL + job_id.encode())
        except InvalidTag as error:
            raise InvalidInput(
                f"the stored key of job {job_id} is damaged or another job's; restore the database from a backup",
                field="sealed_secret",
            ) from error
        return SecretKey.from_jwk(json.loads(clear), policy=self._key_policy)

    def _opened(self) -> AESGCM:
        if self._cipher is None:
            header = self._header() or self._keep(self._new_header())
            cipher = _derive(self._password, header.salt, header.cost)
            try:
                cipher.decrypt(header.check[:_NONCE_BYTES], header.check[_NONCE_BYTES:], _CHECK_LABEL)
            except InvalidTag as error:
                raise NotAuthenticated(
                    "the keystore password is not the one that the stored job keys were sealed with; start the service "
                    "with the former password",
                    field="keystore_password",
                ) from error
            self._cipher = cipher
        return self._cipher

    def _header(self) -> VaultHeader | None:
        with self._database.snapshot() as session:
            return session.get(VaultHeader, _HEADER_ID)

    def _keep(self, header: VaultHeader) -> VaultHeader:
        """Store a header unless there is one already; returns the one that is stored."""
        try:
            with self._database.session() as session:
                session.add(header)
        except IntegrityError:
            # Another process of this service made one at the same time.
            return self._header() or header
        return header

    def _new_header(self) -> VaultHeader:
        salt = secrets.token_bytes(_SALT_BYTES)
        check = _encrypt(_derive(self._password, salt, self._cost), b"", _CHECK_LABEL)
        return VaultHeader(id=_HEADER_ID, salt=salt, cost=self._cost, check=check)


def _derive(password: str, salt: bytes, cost: int) -> AESGCM:
    return AESGCM(Scrypt(salt=salt, length=32, n=cost, r=8, p=1).derive(password.encode()))


def _encrypt(cipher: AESGCM, clear: bytes, label: bytes) -> bytes:
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + cipher.encrypt(nonce, clear, label)
