from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from commons.chain import keystore
from commons.chain.keystore import load_account


@pytest.fixture(autouse=True)
def _light_keystores(monkeypatch: pytest.MonkeyPatch) -> None:
    # The standard cost takes a second a key; what it buys is tested with the keystore.
    original = keystore.create_keystore
    monkeypatch.setattr(
        keystore,
        "create_keystore",
        lambda path, password: original(path, password, iterations=keystore.LIGHT_ITERATIONS),
    )


def test_a_new_account_opens_with_its_password(deltaml: Any, tmp_path: Path) -> None:
    password, file = tmp_path / "password", tmp_path / "keystore.json"
    password.write_text("a password\n")
    done = deltaml("account", "new", "--keystore", file, "--password-file", password)
    assert (done.code, done.err) == (0, "")
    assert load_account(file, "a password").address == done.out.strip()
    assert file.stat().st_mode & 0o777 == 0o600
    assert json.loads(deltaml("account", "show", "--keystore", file, "--json").out) == {
        "address": done.out.strip(),
        "balance_wei": None,
    }
    again = deltaml("account", "new", "--keystore", file, "--password-file", password)
    assert again.code == 3
    assert "exists already" in again.err


def test_the_password_can_come_from_the_environment(
    deltaml: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DELTAML_KEYSTORE_PASSWORD", "another")
    file = tmp_path / "keystore.json"
    assert deltaml("account", "new", "--keystore", file).code == 0
    load_account(file, "another")


@pytest.mark.parametrize(("text", "words"), [(None, "cannot be read"), ("", "first line"), ("\nx", "first line")])
def test_a_password_file_that_holds_none_is_refused(deltaml: Any, tmp_path: Path, text: str | None, words: str) -> None:
    password = tmp_path / "password"
    if text is not None:
        password.write_text(text)
    done = deltaml("account", "new", "--keystore", tmp_path / "k.json", "--password-file", password)
    assert done.code == 2
    assert words in done.err
    assert not (tmp_path / "k.json").exists()


def test_what_is_no_keystore_is_named(deltaml: Any, tmp_path: Path) -> None:
    file = tmp_path / "k.json"
    done = deltaml("account", "show", "--keystore", file)
    assert done.code == 3
    file.write_text("{}")
    done = deltaml("account", "show", "--keystore", file)
    assert done.code == 2
    assert "names no address" in done.err


def test_a_node_that_does_not_answer_is_named(deltaml: Any, tmp_path: Path) -> None:
    for arguments in (["chain", "status"], ["chain", "status", "--contract-address", "0x" + "C0" * 20]):
        done = deltaml(*arguments, "--eth-rpc-url", "http://127.0.0.1:9")
        assert done.code == 4
        assert "http://127.0.0.1:9" in done.err
