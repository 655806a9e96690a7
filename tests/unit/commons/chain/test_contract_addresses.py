from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from commons.chain.contract_addresses import DeployedContract, contract_on, read_contracts, record_contract
from commons.errors import InvalidInput, NotFound

ONE = "0x" + "aB" * 20
TWO = "0x" + "cd" * 20


def test_recording_keeps_the_contracts_of_other_chains(tmp_path: Path) -> None:
    file = tmp_path / "new" / "contracts.json"
    record_contract(file, 1337, DeployedContract(ONE, 12))
    record_contract(file, 11155111, DeployedContract(TWO))
    record_contract(file, 1337, DeployedContract(TWO, 99))
    two = DeployedContract(TWO).address
    assert json.loads(file.read_text()) == {
        "1337": {"address": two, "block": 99},
        "11155111": {"address": two, "block": 0},
    }
    assert contract_on(file, 1337) == DeployedContract(TWO, 99)
    assert [path.name for path in file.parent.iterdir()] == ["contracts.json"]


def test_a_chain_that_is_not_in_the_file_is_named_with_the_remedy(tmp_path: Path) -> None:
    file = tmp_path / "contracts.json"
    record_contract(file, 1337, DeployedContract(ONE))
    with pytest.raises(NotFound) as failure:
        contract_on(file, 5)
    for part in ("chain 5", "1337", str(file), "deltaml chain deploy --record"):
        assert part in failure.value.message


def test_a_file_that_is_not_there_is_named_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"gone\.json.*--record"):
        read_contracts(tmp_path / "gone.json")


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        json.dumps({"main": {"address": ONE}}),
        json.dumps({"0": {"address": ONE}}),
        json.dumps({"1": ONE}),
        json.dumps({"1": {"block": 1}}),
        json.dumps({"1": {"address": "0x12"}}),
        json.dumps({"1": {"address": ONE, "block": -1}}),
        json.dumps({"1": {"address": ONE, "block": "1"}}),
        json.dumps({"1": {"address": ONE, "abi": []}}),
    ],
)
def test_a_malformed_file_is_refused_and_not_overwritten(tmp_path: Path, content: Any) -> None:
    file = tmp_path / "contracts.json"
    file.write_text(content)
    with pytest.raises(InvalidInput) as failure:
        read_contracts(file)
    assert failure.value.fields["field"] == "contract_addresses_file"
    with pytest.raises(InvalidInput):
        record_contract(file, 1, DeployedContract(ONE))
    assert file.read_text() == content
