"""What tests ask an Ethereum node that the platform never asks."""

from __future__ import annotations

from typing import Any

import requests


def rpc(url: str, method: str, *params: Any) -> Any:
    """The result of a call of the node's own interface."""
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}
    answer = requests.post(url, json=body, timeout=30).json()
    assert "error" not in answer, answer
    return answer["result"]


def pass_time(url: str, seconds: int) -> None:
    """Have a chain's clock go on, and a block with that time."""
    rpc(url, "evm_increaseTime", seconds)
    rpc(url, "evm_mine")
