from __future__ import annotations

from pathlib import Path

import pytest

from commons.chain.contract_addresses import DeployedContract, record_contract
from commons.chain.outbox_sender import SendingPolicy
from commons.chain.settings import IDLE_INTERVAL_S, ChainSettings, read_chain_settings
from commons.errors import InvalidInput
from commons.web.configuration import ConfigurationReader

ADDRESS = DeployedContract("0x" + "ab" * 20).address
NOBODY = "http://127.0.0.1:9"


def read(**options: object) -> ChainSettings:
    reader = ConfigurationReader(options, {})
    settings = read_chain_settings(reader)
    reader.finish()
    return settings


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "contracts.json"
    record_contract(path, 1337, DeployedContract(ADDRESS, 12))
    return path


def test_an_address_alone_is_taken_on_any_chain() -> None:
    settings = read(contract_address=ADDRESS.lower())
    assert (settings.contract_address, settings.chain_id, settings.contract_from_block) == (ADDRESS, None, 0)
    assert settings.policy == SendingPolicy(idle_interval_s=IDLE_INTERVAL_S)
    assert settings.marketplace().contract_address == ADDRESS


def test_the_policy_is_what_was_set() -> None:
    policy = read(contract_address=ADDRESS, confirmations=12, max_fee_gwei=30).policy
    assert (policy.confirmations, policy.max_fee_wei) == (12, 30 * 10**9)


def test_a_file_with_one_chain_gives_contract_block_and_chain(file: Path) -> None:
    settings = read(contract_addresses_file=file, eth_rpc_url=NOBODY)
    assert (settings.contract_address, settings.contract_from_block, settings.chain_id) == (ADDRESS, 12, 1337)


def test_a_configured_chain_picks_its_entry(file: Path) -> None:
    other = DeployedContract("0x" + "cd" * 20, 7)
    record_contract(file, 5, other)
    settings = read(contract_addresses_file=file, chain_id=5, eth_rpc_url=NOBODY)
    assert (settings.contract_address, settings.contract_from_block, settings.chain_id) == (other.address, 7, 5)


def test_of_several_chains_the_nodes_is_asked_for(file: Path) -> None:
    record_contract(file, 5, DeployedContract(ADDRESS))
    with pytest.raises(InvalidInput, match="contract_addresses_file: no Ethereum node answers"):
        read(contract_addresses_file=file, eth_rpc_url=NOBODY)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({}, "contract_address: give either it or contract_addresses_file"),
        ({"contract_address": ADDRESS, "contract_addresses_file": "x.json"}, "contract_address: give either"),
        ({"contract_address": "0x12"}, "contract_address: "),
        ({"contract_addresses_file": "gone.json"}, "contract_addresses_file: there is no file gone.json"),
        ({"contract_address": ADDRESS, "confirmations": 0}, "confirmations: "),
        ({"contract_address": ADDRESS, "max_fee_gwei": "much"}, "max_fee_gwei: "),
    ],
)
def test_what_cannot_be_is_named(options: dict[str, object], complaint: str) -> None:
    with pytest.raises(InvalidInput) as failure:
        read(**options)
    assert complaint in failure.value.message


def test_a_chain_without_entry_is_refused(file: Path) -> None:
    with pytest.raises(InvalidInput, match="no contract on chain 6"):
        read(contract_addresses_file=file, chain_id=6)
