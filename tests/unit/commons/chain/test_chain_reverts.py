from __future__ import annotations

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from commons.chain.reverts import Revert, decode_revert

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
    assert str(revert) == "MarketplaceWrongState(jobId=7, state=3)"


def test_soliditys_own_errors_are_named() -> None:
    assert decode_revert(REASON) == Revert("Error", {"reason": "no, thank you"})
    assert decode_revert(PANIC) == Revert("Panic", {"code": 0x11})


@pytest.mark.parametrize("data", [None, "", "0x", "0x12345678", "nonsense", {}, 5, WRONG_STATE[:40]])
def test_anything_else_is_a_revert_without_a_reason(data: object) -> None:
    assert decode_revert(data) == Revert("Reverted", {})
