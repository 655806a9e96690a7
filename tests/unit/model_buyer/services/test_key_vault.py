from __future__ import annotations

from unittest.mock import patch

import pytest

from commons.ciphers.paillier import UNSAFE_SMALL_KEYS, SecretKey
from commons.errors import InvalidInput, NotAuthenticated
from commons.storage.database import Database
from model_buyer.services.key_vault import KeyVault


def vault(database: Database, password: str = "a password") -> KeyVault:
    return KeyVault(password, database, cost=2**10, key_policy=UNSAFE_SMALL_KEYS)


def test_a_sealed_key_opens_again_in_another_process(database: Database, secret_key: SecretKey) -> None:
    sealed = vault(database).seal(secret_key, "job1")
    opened = vault(database).open(sealed, "job1")
    assert (opened.p, opened.q) == (secret_key.p, secret_key.q)


def test_nothing_of_the_key_stands_in_what_is_stored(database: Database, secret_key: SecretKey) -> None:
    sealed = vault(database).seal(secret_key, "job1")
    document = secret_key.to_jwk()
    for member in ("p", "q"):
        assert document[member].encode() not in sealed
        assert int(getattr(secret_key, member)).to_bytes(64, "big") not in sealed


def test_the_same_key_is_never_sealed_alike(database: Database, secret_key: SecretKey) -> None:
    one = vault(database)
    assert one.seal(secret_key, "job1") != one.seal(secret_key, "job1")


def test_another_password_is_told_from_a_damaged_row(database: Database, secret_key: SecretKey) -> None:
    sealed = vault(database).seal(secret_key, "job1")
    with pytest.raises(NotAuthenticated, match="keystore password"):
        vault(database, "another password").open(sealed, "job1")
    damaged = sealed[:-1] + bytes([sealed[-1] ^ 1])
    with pytest.raises(InvalidInput, match="damaged"):
        vault(database).open(damaged, "job1")


def test_a_sealed_key_belongs_to_its_job(database: Database, secret_key: SecretKey) -> None:
    sealed = vault(database).seal(secret_key, "job1")
    with pytest.raises(InvalidInput, match="another job's"):
        vault(database).open(sealed, "job2")


def test_two_processes_that_make_the_vault_at_once_use_the_same_header(
    database: Database, secret_key: SecretKey
) -> None:
    sealed = vault(database).seal(secret_key, "job1")
    late = vault(database)
    look, looks = late._header, iter([None])
    # It looks for a header just before the other one stores its own, and again when its own is refused.
    with patch.object(late, "_header", lambda: next(looks, look())):
        assert late.open(sealed, "job1") == secret_key


def test_no_password_stands_in_a_representation(database: Database) -> None:
    assert "a password" not in repr(vault(database))
