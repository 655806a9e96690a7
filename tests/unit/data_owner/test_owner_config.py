"""The data owner's settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from commons.ciphers.paillier import STANDARD_KEYS, UNSAFE_SMALL_KEYS
from commons.errors import InvalidInput
from data_owner.config import OwnerConfig

CONTRACT = "0x" + "c0" * 20
SECRETS = {"DELTAML_KEYSTORE_PASSWORD": "geheim", "DELTAML_ADMIN_PASSWORD": "auch geheim"}


def test_little_has_to_be_given(tmp_path: Path) -> None:
    config = OwnerConfig.read({"state_dir": str(tmp_path), "contract_address": CONTRACT}, SECRETS)
    assert config.database_url == f"sqlite:///{tmp_path}/owner.sqlite3"
    assert config.keystore == tmp_path / "keystore.json"
    assert (config.host, config.chain.chain_id, config.key_policy) == ("127.0.0.1", None, STANDARD_KEYS)
    assert OwnerConfig.read({"contract_address": CONTRACT, "chain_id": 1337}, SECRETS).chain.chain_id == 1337
    unsafe = {**SECRETS, "DELTAML_UNSAFE_SMALL_KEY": "true"}
    assert OwnerConfig.read({"contract_address": CONTRACT}, unsafe).key_policy == UNSAFE_SMALL_KEYS


def test_everything_that_is_missing_or_wrong_is_said_at_once() -> None:
    with pytest.raises(InvalidInput) as caught:
        OwnerConfig.read({"port": "many", "aggregator_url": "ftp://x", "max_upload_mib": 0}, {})
    for name in ("port", "aggregator_url", "max_upload_mib", "contract_address", "keystore_password"):
        assert f"{name}: " in caught.value.message


def test_it_can_be_printed_without_showing_a_secret() -> None:
    options = {
        "contract_address": CONTRACT,
        "eth_rpc_url": "https://node.example/v3/geheim",
        "database_url": "postgresql://owner:geheim@db/owner",
    }
    assert "geheim" not in repr(OwnerConfig.read(options, SECRETS))


def test_folders_that_may_be_read_are_named_by_the_operator_and_must_be_there(tmp_path: Path) -> None:
    wards, labs = tmp_path / "wards", tmp_path / "labs"
    wards.mkdir()
    labs.mkdir()
    assert OwnerConfig.read({"contract_address": CONTRACT}, SECRETS).data_dirs == ()
    named = {**SECRETS, "DELTAML_DATA_DIRS": f"{wards}:{labs}:"}
    assert OwnerConfig.read({"contract_address": CONTRACT}, named).data_dirs == (wards, labs)
    with pytest.raises(InvalidInput, match=r"data_dirs: .* expected folders that exist, separated by ':'"):
        OwnerConfig.read({"contract_address": CONTRACT, "data_dirs": f"{wards}:{tmp_path}/nothing"}, SECRETS)
