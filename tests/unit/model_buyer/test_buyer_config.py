from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from commons.ciphers.paillier import STANDARD_KEYS, UNSAFE_SMALL_KEYS
from commons.errors import InvalidInput
from model_buyer.config import BuyerConfig

ADDRESS = "0x" + "C0" * 20
SECRETS = {"DELTAML_KEYSTORE_PASSWORD": "a password"}


def read(environment: dict[str, str] | None = None, **options: Any) -> BuyerConfig:
    return BuyerConfig.read({"contract_address": ADDRESS, **options}, {**SECRETS, **(environment or {})})


def test_defaults_are_those_of_one_machine() -> None:
    config = read()
    assert (config.host, config.port, config.key_bits) == ("127.0.0.1", 8200, 3072)
    assert config.keystore == config.state_dir / "keystore.json"
    assert config.database_url == f"sqlite:///{config.state_dir}/buyer.sqlite3"
    assert (config.chain.chain_id, config.admin_password, config.key_policy) == (None, None, STANDARD_KEYS)


def test_options_overrule_the_environment() -> None:
    config = read({"DELTAML_PORT": "1", "DELTAML_KEY_BITS": "4096"}, port=2)
    assert (config.port, config.key_bits) == (2, 4096)


def test_secrets_come_from_files_and_stand_in_no_representation(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("from a file\n")
    config = read({"DELTAML_ADMIN_PASSWORD": "hidden word"}, keystore_password_file=str(file))
    assert config.keystore_password == "from a file"
    assert config.admin_password == "hidden word"
    for secret in ("from a file", "hidden word"):
        assert secret not in repr(config)


def test_all_missing_and_malformed_settings_are_reported_together() -> None:
    with pytest.raises(InvalidInput) as raised:
        BuyerConfig.read({"port": "many", "contract_address": "0x12"}, {})
    for name in ("contract_address", "keystore_password", "port"):
        assert name in raised.value.message


def test_all_settings_that_cannot_be_are_reported_together() -> None:
    with pytest.raises(InvalidInput) as raised:
        read(key_bits="1024", aggregator_url="http://user:secret@host")
    for name in ("key_bits", "aggregator_url"):
        assert name in raised.value.message
    assert "secret" not in raised.value.message


def test_small_keys_need_the_option_that_names_them_unsafe() -> None:
    config = read(key_bits="1024", unsafe_small_key=True)
    assert (config.key_bits, config.key_policy) == (1024, UNSAFE_SMALL_KEYS)
