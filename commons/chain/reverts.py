"""What a node says about a reverted call, turned into the name and arguments of the contract's own error."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError
from eth_utils.crypto import keccak

from commons.chain.artifact import marketplace_artifact

_BUILT_IN: Final = {"Error": [("reason", "string")], "Panic": [("code", "uint256")]}


@dataclass(frozen=True)
class Revert:
    """A decoded revert: `name` as in the contract ("Reverted" when it gave none), `arguments` by their names."""

    name: str
    arguments: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.name}({', '.join(f'{name}={value}' for name, value in self.arguments.items())})"


def decode_revert(data: object) -> Revert:
    """Return the error in the `data` of a JSON-RPC error object, in whichever form the node gives it.

    Geth and Anvil give the revert bytes as hex; Ganache gives them bare for `eth_call`, and inside an object under
    `result` for `eth_estimateGas`. Anything else becomes a revert without a reason.
    """
    if isinstance(data, dict):
        data = data.get("result") or data.get("data")
    try:
        raw = bytes.fromhex(str(data).removeprefix("Reverted ").removeprefix("0x"))
        name, inputs = _errors_by_selector()[raw[:4]]
        values = decode([kind for _, kind in inputs], raw[4:])
    except (ValueError, KeyError, DecodingError):
        return Revert("Reverted", {})
    arguments = {field: _readable(value) for (field, _), value in zip(inputs, values, strict=True)}
    return Revert(name, arguments)


def _readable(value: object) -> object:
    return "0x" + value.hex() if isinstance(value, bytes) else value


@cache
def _errors_by_selector() -> dict[bytes, tuple[str, list[tuple[str, str]]]]:
    errors = dict(_BUILT_IN)
    for entry in marketplace_artifact().abi:
        if entry["type"] == "error":
            errors[entry["name"]] = [(field["name"], field["type"]) for field in entry["inputs"]]
    return {
        keccak(text=f"{name}({','.join(kind for _, kind in inputs)})")[:4]: (name, inputs)
        for name, inputs in errors.items()
    }
