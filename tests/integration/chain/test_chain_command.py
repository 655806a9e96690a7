"""`deltaml chain deploy` and `status` on a real node."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from commons.chain.contract_addresses import contract_on
from commons.chain.jobs import ContractCall
from commons.chain.keystore import LIGHT_ITERATIONS, create_keystore
from commons.chain.marketplace import Marketplace
from commons.chain.settings import read_chain_settings
from commons.chain.transactions import send_and_wait
from commons.errors import ChainUnavailable, Conflict, InvalidInput, NotFound
from commons.web.configuration import ConfigurationReader
from deltaml.cli import run
from deltaml.nodes import ChainNode, fund, start_anvil

pytestmark = pytest.mark.integration

ETHER = 10**18


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Run `deltaml chain …` and return exit code, output and errors."""
    monkeypatch.setenv("DELTAML_KEYSTORE_PASSWORD", "a password")
    for name in ("CONTRACT_ADDRESS", "CONTRACT_ADDRESSES_FILE", "ETH_RPC_URL"):
        monkeypatch.delenv(f"DELTAML_{name}", raising=False)

    def execute(node: ChainNode, *arguments: object) -> tuple[int, str, str]:
        code = run(["chain", *map(str, arguments), "--eth-rpc-url", node.rpc_url])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return execute


@pytest.fixture
def keystore(anvil: ChainNode, tmp_path: Path) -> Path:
    path = tmp_path / "keystore.json"
    fund(anvil.rpc_url, create_keystore(path, "a password", iterations=LIGHT_ITERATIONS), ETHER)
    return path


def test_a_deployment_is_recorded_and_found_again(
    anvil: ChainNode, command: Any, keystore: Path, tmp_path: Path
) -> None:
    file = tmp_path / "contracts.json"
    code, out, err = command(anvil, "deploy", "--keystore", keystore, "--record", file, "--json")
    assert (code, err) == (0, "")
    deployed = json.loads(out)
    contract = contract_on(file, anvil.chain_id)
    assert deployed == {"contract_address": contract.address, "chain_id": anvil.chain_id, "block": contract.block}

    code, out, _ = command(anvil, "status", "--contract-addresses-file", file, "--json")
    assert code == 0
    facts = json.loads(out)
    assert facts["contract_address"] == contract.address
    assert facts["contract"] == "the marketplace of this version"
    assert (facts["jobs"], facts["escrowed_wei"], facts["owed_wei"]) == (0, "0", "0")

    reader = ConfigurationReader({"contract_addresses_file": file, "eth_rpc_url": anvil.rpc_url}, {})
    market = read_chain_settings(reader).marketplace()
    reader.finish()
    market.wait_until_ready(5)
    with start_anvil(chain_id=99) as other:
        reader = ConfigurationReader({"contract_addresses_file": file, "eth_rpc_url": other.rpc_url}, {})
        elsewhere = read_chain_settings(reader).marketplace()
        with pytest.raises(ChainUnavailable, match="serves chain 99, not 1337"):
            elsewhere.wait_until_ready(0)


def test_the_nodes_chain_picks_the_contract(anvil: ChainNode, command: Any, keystore: Path, tmp_path: Path) -> None:
    file = tmp_path / "contracts.json"
    assert command(anvil, "deploy", "--keystore", keystore, "--record", file)[0] == 0
    with start_anvil(chain_id=99) as other:
        code, _, err = command(other, "status", "--contract-addresses-file", file)
        assert code == 3
        assert "no contract on chain 99" in err
        assert "deltaml chain deploy --record" in err
        fund(other.rpc_url, json.loads(keystore.read_text())["address"], ETHER)
        assert command(other, "deploy", "--keystore", keystore, "--record", file)[0] == 0
        for node in (anvil, other):
            reader = ConfigurationReader({"contract_addresses_file": file, "eth_rpc_url": node.rpc_url}, {})
            settings = read_chain_settings(reader)
            reader.finish()
            assert (settings.chain_id, settings.contract_address) == (
                node.chain_id,
                contract_on(file, node.chain_id).address,
            )


def test_a_second_deployment_has_to_be_asked_for(
    anvil: ChainNode, command: Any, keystore: Path, tmp_path: Path
) -> None:
    file = tmp_path / "contracts.json"
    command(anvil, "deploy", "--keystore", keystore, "--record", file)
    first = contract_on(file, anvil.chain_id)
    code, _, err = command(anvil, "deploy", "--keystore", keystore, "--record", file)
    assert code == 3
    assert first.address in err
    assert "--again" in err
    assert contract_on(file, anvil.chain_id) == first
    assert command(anvil, "deploy", "--keystore", keystore, "--record", file, "--again")[0] == 0
    assert contract_on(file, anvil.chain_id) != first
    # One that is not there any more, as after the reset of a development chain, is no reason not to deploy.
    file.write_text(json.dumps({str(anvil.chain_id): {"address": "0x" + "ab" * 20}}))
    assert command(anvil, "deploy", "--keystore", keystore, "--record", file)[0] == 0


def test_what_the_contract_holds_is_shown(
    forked: Marketplace, anvil: ChainNode, command: Any, make_service: Any
) -> None:
    buyer = make_service(forked)
    for key in ("one", "two"):
        buyer.send(key, buyer.post())
    buyer.send("cancel", forked.calls.cancel_job(1))
    code, out, _ = command(anvil, "status", "--contract-address", forked.contract_address)
    assert code == 0
    lines = dict(line.split("  ", 1) for line in out.splitlines())
    shown = {name.strip(): value.strip() for name, value in lines.items()}
    assert shown["jobs"] == "2"
    assert shown["jobs_by_state"] == "1 cancelled, 1 posted"
    assert shown["chain_id"] == "1337"


def test_an_address_that_is_not_the_marketplace_is_said_to_be_none(
    anvil: ChainNode, command: Any, make_service: Any, forked: Marketplace
) -> None:
    # Creation code that leaves one byte, STOP, as the contract's code.
    creation = ContractCall(None, bytes.fromhex("60016000f3"), 0, "deploy something else")
    receipt = send_and_wait(forked.connection, make_service(forked).account, creation)
    for address, word in ((receipt["contractAddress"], "another contract"), ("0x" + "ab" * 20, "no contract")):
        code, out, _ = command(anvil, "status", "--contract-address", address, "--json")
        assert code == 3
        facts = json.loads(out)
        assert word in facts["contract"]
        assert "jobs" not in facts
        assert facts["chain_id"] == anvil.chain_id
    other = Marketplace(anvil.rpc_url, str(receipt["contractAddress"]))
    with pytest.raises(Conflict, match="not the marketplace of this version"):
        other.wait_until_ready(0)
    for options in ({"contract_address": other.contract_address}, {"contract_address": "0x" + "ab" * 20}):
        settings = read_chain_settings(ConfigurationReader(options | {"eth_rpc_url": anvil.rpc_url}, {}))
        with pytest.raises((Conflict, NotFound)):
            settings.refuse_other_contract()
    away = ConfigurationReader({"contract_address": other.contract_address, "eth_rpc_url": "http://127.0.0.1:9"}, {})
    read_chain_settings(away).refuse_other_contract()
    watcher = make_service(forked)
    status = watcher.follower(other).step()
    assert status.followed is None
    assert "not the marketplace" in str(status.unavailable)


def test_an_unreadable_file_is_not_overwritten(anvil: ChainNode, command: Any, keystore: Path, tmp_path: Path) -> None:
    file = tmp_path / "contracts.json"
    file.write_text("{")
    code, _, err = command(anvil, "deploy", "--keystore", keystore, "--record", file)
    assert (code, file.read_text()) == (2, "{")
    assert "contract_addresses_file" in err
    with pytest.raises(InvalidInput):
        contract_on(file, anvil.chain_id)
