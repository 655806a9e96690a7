from __future__ import annotations

import json
from pathlib import Path

import pytest

from commons.chain.keystore import LIGHT_ITERATIONS, STANDARD_ITERATIONS, create_keystore, load_account
from commons.errors import Conflict, InvalidInput, NotAuthenticated, NotFound


@pytest.fixture
def keystore(tmp_path: Path) -> Path:
    path = tmp_path / "accounts" / "owner.json"
    create_keystore(path, "correct horse", iterations=LIGHT_ITERATIONS)
    return path


def test_the_account_comes_back_with_the_password(tmp_path: Path) -> None:
    path = tmp_path / "key.json"
    address = create_keystore(path, "correct horse", iterations=LIGHT_ITERATIONS)
    account = load_account(path, "correct horse")
    assert account.address == address
    assert account.key.hex() not in path.read_text()


def test_it_is_a_version_3_keystore_with_scrypt_that_only_its_user_may_read(keystore: Path) -> None:
    content = json.loads(keystore.read_text())
    assert content["version"] == 3
    assert content["crypto"]["kdf"] == "scrypt"
    assert content["crypto"]["kdfparams"]["n"] == LIGHT_ITERATIONS
    assert keystore.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in keystore.parent.iterdir()] == ["owner.json"]


def test_the_standard_cost_is_the_default(tmp_path: Path) -> None:
    create_keystore(tmp_path / "key.json", "correct horse")
    params = json.loads((tmp_path / "key.json").read_text())["crypto"]["kdfparams"]
    assert params["n"] == STANDARD_ITERATIONS == 2**18


def test_two_accounts_differ(tmp_path: Path) -> None:
    addresses = {create_keystore(tmp_path / f"{i}.json", "p", iterations=LIGHT_ITERATIONS) for i in range(3)}
    assert len(addresses) == 3


def test_a_wrong_password_is_named_without_showing_it(keystore: Path) -> None:
    with pytest.raises(NotAuthenticated, match="password does not open") as refusal:
        load_account(keystore, "battery staple")
    assert str(keystore) in refusal.value.message
    assert "battery" not in refusal.value.message


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound) as refusal:
        load_account(tmp_path / "nowhere.json", "p")
    assert "nowhere.json" in refusal.value.message
    assert "account new" in refusal.value.message


@pytest.mark.parametrize(
    "content",
    ["", "not json", "[]", "{}", '{"version": 1, "crypto": {"kdf": "scrypt"}}', '{"version": 3, "crypto": {}}'],
)
def test_another_file_is_not_taken_for_a_keystore(tmp_path: Path, content: str) -> None:
    path = tmp_path / "key.json"
    path.write_text(content)
    with pytest.raises(InvalidInput, match="keystore"):
        load_account(path, "p")


def test_a_damaged_keystore_is_not_a_wrong_password(keystore: Path) -> None:
    content = json.loads(keystore.read_text())
    del content["crypto"]["ciphertext"]
    keystore.write_text(json.dumps(content))
    with pytest.raises(InvalidInput, match="keystore"):
        load_account(keystore, "correct horse")


def test_an_account_is_never_overwritten(keystore: Path) -> None:
    before = keystore.read_bytes()
    with pytest.raises(Conflict, match="exists already"):
        create_keystore(keystore, "another", iterations=LIGHT_ITERATIONS)
    assert keystore.read_bytes() == before


def test_an_empty_password_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as refusal:
        create_keystore(tmp_path / "key.json", "")
    assert refusal.value.fields["field"] == "password"
    assert not list(tmp_path.iterdir())
