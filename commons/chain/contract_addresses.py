"""The file that says where the marketplace is deployed on each chain, for all services and commands of an operator::

    {"1337": {"address": "0x…", "block": 12}, "11155111": {"address": "0x…", "block": 6543210}}

Keys are chain ids; `block` is the block of the deployment, before which nobody need look for events.
"""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from commons.chain.checks import check_uint, checked_address
from commons.errors import InvalidInput, NotFound


@dataclass(frozen=True, slots=True)
class DeployedContract:
    """A contract's address, and the block in which it was deployed (or an earlier one)."""

    address: str
    block: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "address", checked_address("address", self.address))
        check_uint("block", self.block, 63)


def read_contracts(path: Path) -> dict[int, DeployedContract]:
    """Return the contract on each chain id; raises `NotFound` without the file, `InvalidInput` when it is malformed."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise NotFound(
            f"there is no file {path} of contract addresses; `deltaml chain deploy --record {path}` writes it",
            path=str(path),
        ) from error
    except (OSError, ValueError) as error:
        raise _malformed(path, "it is not readable JSON") from error
    if not isinstance(content, dict):
        raise _malformed(path, "it is not a JSON object")
    return {_chain_id(path, key): _entry(path, key, value) for key, value in content.items()}


def contract_on(path: Path, chain_id: int) -> DeployedContract:
    """Return the contract on the chain; raises `NotFound` when the file has none there, else as `read_contracts`."""
    contracts = read_contracts(path)
    if chain_id not in contracts:
        known = ", ".join(map(str, sorted(contracts))) or "none"
        raise NotFound(
            f"{path} has no contract on chain {chain_id} (it has chains: {known}); check the RPC URL, or deploy there "
            f"with `deltaml chain deploy --record {path}`",
            path=str(path),
            chain_id=chain_id,
        )
    return contracts[chain_id]


def record_contract(path: Path, chain_id: int, contract: DeployedContract) -> None:
    """Write the chain's entry, keeping those of other chains; the file changes completely or not at all."""
    contracts = read_contracts(path) if path.exists() else {}
    contracts[chain_id] = contract
    content = {str(known): asdict(contracts[known]) for known in sorted(contracts)}
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with temporary.open("w", encoding="utf-8") as file:
            file.write(json.dumps(content, indent=2) + "\n")
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _chain_id(path: Path, key: str) -> int:
    if not key.isdecimal() or int(key) == 0:
        raise _malformed(path, f"{key!r} is not a chain id")
    return int(key)


def _entry(path: Path, key: str, value: Any) -> DeployedContract:
    if not isinstance(value, dict) or "address" not in value or not value.keys() <= {"address", "block"}:
        raise _malformed(path, f"the entry of chain {key} is not an object of address and block")
    try:
        return DeployedContract(**value)
    except InvalidInput as error:
        raise _malformed(path, f"chain {key}: {error.message}") from error


def _malformed(path: Path, problem: str) -> InvalidInput:
    return InvalidInput(
        f'contract_addresses_file: {path}: {problem}; expected {{"1337": {{"address": "0x…", "block": 12}}}}',
        field="contract_addresses_file",
        path=str(path),
    )
