"""The account of a service, in an encrypted keystore file (Web3 Secret Storage version 3, scrypt, AES-128-CTR)."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path
from typing import Final

from eth_account import Account
from eth_account.signers.local import LocalAccount

from commons.errors import Conflict, InvalidInput, NotAuthenticated, NotFound

STANDARD_ITERATIONS: Final = 2**18
"""scrypt's cost n of the standard; about one second and 256 MiB for each guess at the password."""

LIGHT_ITERATIONS: Final = 2**12
"""A cost for passwords that are random anyway, and for accounts that guard nothing (demo, tests): some 15 ms."""


def create_keystore(path: Path, password: str, *, iterations: int = STANDARD_ITERATIONS) -> str:
    """Draw a new account, write it encrypted to `path` (mode 0600, in a folder of mode 0700 if it is new) and return its address.

    The file appears complete or not at all.

    Args:
        iterations: scrypt's cost n, a power of two; lower it only for a password that is random itself.

    Raises:
        Conflict: `path` exists; overwriting it would destroy an account.
        InvalidInput: the password is empty.
    """
    if not password:
        raise InvalidInput("the password of a keystore must not be empty", field="password")
    if path.exists():
        raise Conflict(f"{path} exists already; give another path or keep using the account in it", path=str(path))
    account = Account.from_key(secrets.token_bytes(32))
    encrypted = Account.encrypt(account.key, password, kdf="scrypt", iterations=iterations)
    _write_private(path, json.dumps(encrypted))
    return str(account.address)


def load_account(path: Path, password: str) -> LocalAccount:
    """Return the account in the keystore file at `path`.

    Raises `NotFound` when there is no such file, `InvalidInput` when it is no keystore, `NotAuthenticated` when the
    password is wrong.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise NotFound(
            f"there is no keystore at {path}; make one with `deltaml account new`", path=str(path)
        ) from error
    try:
        key = Account.decrypt(json.loads(text), password)
    except (ValueError, KeyError, TypeError, NotImplementedError) as error:
        if str(error) == "MAC mismatch":
            raise NotAuthenticated(f"the password does not open the keystore {path}", path=str(path)) from error
        raise InvalidInput(
            f"{path} is not a usable keystore file (version 3 JSON)", field="keystore", path=str(path)
        ) from error
    account: LocalAccount = Account.from_key(key)
    return account


def _write_private(path: Path, text: str) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        # A link, unlike a rename, refuses to replace a file that appeared meanwhile.
        os.link(temporary, path)
    except FileExistsError as error:
        raise Conflict(
            f"{path} exists already; give another path or keep using the account in it", path=str(path)
        ) from error
    finally:
        temporary.unlink(missing_ok=True)
