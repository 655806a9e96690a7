"""The compiled contract: its interface and bytecode, as committed under contracts/artifacts/."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from commons.errors import NotFound

_ARTIFACT: Final = Path(__file__).resolve().parents[2] / "contracts" / "artifacts" / "Marketplace.json"


@dataclass(frozen=True)
class ContractArtifact:
    """A contract's ABI, its creation bytecode (0x and hex), and the code that a deployment leaves on chain.

    `immutables` are the places in the deployed code, start and length in bytes, where the constructor has written values
    of its own, such as the chain id.
    """

    abi: list[dict[str, Any]]
    bytecode: str
    deployed_code: bytes
    immutables: tuple[tuple[int, int], ...]

    def is_code_of(self, code: bytes) -> bool:
        """Return whether `code`, as found on chain, does what this contract does.

        What the constructor wrote is left out, and so is the trailing digest of the sources, which changes with every
        comment.
        """
        return self._executable(code) == self._executable(self.deployed_code)

    def _executable(self, code: bytes) -> bytes:
        # The last two bytes are the length of the compiler's metadata before them.
        end = len(code) - 2 - int.from_bytes(code[-2:])
        executable = bytearray(code[: max(end, 0)])
        for start, length in self.immutables:
            executable[start : start + length] = bytes(len(executable[start : start + length]))
        return bytes(executable)


@cache
def marketplace_artifact() -> ContractArtifact:
    """Return the marketplace's artifact; raises `NotFound` when the file is not there."""
    try:
        content = json.loads(_ARTIFACT.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise NotFound(f"{_ARTIFACT} is missing; run `python contracts/compile.py`", path=str(_ARTIFACT)) from error
    return ContractArtifact(
        abi=content["abi"],
        bytecode=content["bytecode"],
        deployed_code=bytes.fromhex(content["deployedBytecode"].removeprefix("0x")),
        immutables=tuple((start, length) for start, length in content["immutables"]),
    )
