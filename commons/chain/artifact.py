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
    """A contract's ABI and its creation bytecode (0x and hex)."""

    abi: list[dict[str, Any]]
    bytecode: str


@cache
def marketplace_artifact() -> ContractArtifact:
    """Return the marketplace's artifact; raises `NotFound` when the file is not there."""
    try:
        content = json.loads(_ARTIFACT.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise NotFound(f"{_ARTIFACT} is missing; run `python contracts/compile.py`", path=str(_ARTIFACT)) from error
    return ContractArtifact(abi=content["abi"], bytecode=content["bytecode"])
