from __future__ import annotations

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from commons.chain.artifact import marketplace_artifact
from commons.chain.reverts import Revert, decode_revert, refusal_in_words

WRONG_STATE = (
    "0x" + (keccak(text="MarketplaceWrongState(uint256,uint8)")[:4] + encode(["uint256", "uint8"], [7, 3])).hex()
)
REASON = "0x08c379a0" + encode(["string"], ["no, thank you"]).hex()
PANIC = "0x4e487b71" + encode(["uint256"], [0x11]).hex()


@pytest.mark.parametrize(
    "data", [WRONG_STATE, {"result": WRONG_STATE}, {"data": WRONG_STATE}, "Reverted " + WRONG_STATE]
)
def test_the_contracts_error_is_named_with_its_arguments(data: object) -> None:
    revert = decode_revert(data)
    assert revert == Revert("MarketplaceWrongState", {"jobId": 7, "state": 3})
    assert str(revert) == "the job's state on chain does not allow it (MarketplaceWrongState(jobId=7, state=3))"


def test_every_error_of_the_contract_has_words() -> None:
    errors = [entry["name"] for entry in marketplace_artifact().abi if entry["type"] == "error"]
    # The others are those of libraries, about strings that the contract does not have.
    names = [name for name in errors if name.startswith("Marketplace")]
    assert len(names) > 20
    assert [name for name in names if not refusal_in_words(name).endswith(f" ({name})")] == []
    assert refusal_in_words("SomebodyElses") == "SomebodyElses"


def test_soliditys_own_errors_are_named() -> None:
    assert decode_revert(REASON) == Revert("Error", {"reason": "no, thank you"})
    assert decode_revert(PANIC) == Revert("Panic", {"code": 0x11})


@pytest.mark.parametrize("data", [None, "", "0x", "0x12345678", "nonsense", {}, 5, WRONG_STATE[:40]])
def test_anything_else_is_a_revert_without_a_reason(data: object) -> None:
    assert decode_revert(data) == Revert("Reverted", {})
