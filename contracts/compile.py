"""Compiles the contracts and writes the artifacts that DeltaML runs on.

    python contracts/compile.py            write contracts/artifacts/*.json
    python contracts/compile.py --check    compare with what is committed; exit code 1 when they differ

The compiler is npm's `solc` (exact version in package-lock.json) behind compiler/solc-standard-json.mjs, driven by
py-solc-x. The output depends on the sources and settings alone, so a committed artifact can be reproduced by anybody.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
from pathlib import Path
from typing import Any

import solcx
from solcx.exceptions import SolcError

from deltaml import nodejs

CONTRACTS = Path(__file__).resolve().parent
ARTIFACTS = CONTRACTS / "artifacts"
COMPILER = CONTRACTS / "compiler" / "solc-standard-json.mjs"
COMPILED = ("Marketplace",)
SETTINGS: dict[str, Any] = {
    # Ganache knows no hard fork after this one.
    "evmVersion": "shanghai",
    "optimizer": {"enabled": True, "runs": 200},
}


def standard_input() -> dict[str, Any]:
    """Return the compiler's standard JSON input for everything under src/."""
    sources = {
        path.relative_to(CONTRACTS).as_posix(): {"content": path.read_text(encoding="utf-8")}
        for path in sorted((CONTRACTS / "src").rglob("*.sol"))
    }
    deployed = ["evm.deployedBytecode.object", "evm.deployedBytecode.immutableReferences"]
    selection = ["abi", "evm.bytecode.object", *deployed, "metadata"]
    return {
        "language": "Solidity",
        "sources": sources,
        "settings": {**SETTINGS, "outputSelection": {"*": {"*": selection}}},
    }


def compile_contracts() -> dict[str, dict[str, Any]]:
    """Return one artifact for each contract in `COMPILED`, by name.

    Raises `SolcError` when a source does not compile or compiles with a warning, `OSError` when Node is missing.
    """
    source = standard_input()
    output = solcx.compile_standard(source, base_path=CONTRACTS, solc_binary=COMPILER)
    complaints = [error["formattedMessage"] for error in output.get("errors", []) if error["severity"] != "info"]
    if complaints:
        raise SolcError("\n".join(complaints))
    return {name: _artifact(name, output["contracts"][f"src/{name}.sol"][name]) for name in COMPILED}


def _artifact(name: str, contract: dict[str, Any]) -> dict[str, Any]:
    metadata = json.loads(contract["metadata"])
    immutables: dict[str, list[dict[str, int]]] = contract["evm"]["deployedBytecode"]["immutableReferences"]
    # The digest covers every source that was compiled in, libraries too.
    hashes = {path: entry["keccak256"] for path, entry in sorted(metadata["sources"].items())}
    return {
        "contractName": name,
        "abi": contract["abi"],
        "bytecode": "0x" + contract["evm"]["bytecode"]["object"],
        "deployedBytecode": "0x" + contract["evm"]["deployedBytecode"]["object"],
        # Where the constructor writes values that are zeros in `deployedBytecode`: start and length in bytes.
        "immutables": sorted([place["start"], place["length"]] for places in immutables.values() for place in places),
        "metadata": {
            "compiler": metadata["compiler"]["version"],
            "settings": SETTINGS,
            "sources": hashes,
            "sourceDigest": "sha256:" + hashlib.sha256(json.dumps(hashes).encode()).hexdigest(),
        },
    }


def render(artifact: dict[str, Any]) -> str:
    """Return the text of an artifact file."""
    return json.dumps(artifact, indent=2) + "\n"


def main() -> int:
    """Write or check the artifacts; return the exit code."""
    parser = argparse.ArgumentParser(description="Compile the contracts into contracts/artifacts/.")
    parser.add_argument("--check", action="store_true", help="write nothing, fail when an artifact is out of date")
    check = parser.parse_args().check
    # py-solc-x starts the compiler, a program of Node's, with whatever is in here.
    os.environ.update(nodejs.environment())
    stale = 0
    for name, artifact in compile_contracts().items():
        path = ARTIFACTS / f"{name}.json"
        if check:
            if not path.is_file() or path.read_text(encoding="utf-8") != render(artifact):
                stale += 1
                sys.stderr.write(f"{path.name} is out of date: run python contracts/compile.py\n")
        else:
            path.parent.mkdir(exist_ok=True)
            path.write_text(render(artifact), encoding="utf-8")
            sys.stderr.write(f"wrote {path.relative_to(CONTRACTS.parent)}\n")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
