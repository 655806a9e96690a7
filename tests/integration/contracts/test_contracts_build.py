"""The committed artifacts are what the sources compile to; the contract's own tests pass and leave no function out."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

# The compiler is JavaScript and slow on a busy machine.
pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def artifact(contracts: Path) -> dict[str, Any]:
    return json.loads((contracts / "artifacts" / "Marketplace.json").read_text())


def functions(artifact: dict[str, Any], *, views: bool) -> set[str]:
    """The names of all external functions that change the state, or of those that do not."""
    return {
        entry["name"]
        for entry in artifact["abi"]
        if entry["type"] == "function" and (entry["stateMutability"] in {"view", "pure"}) is views
    }


def test_the_sources_compile_to_the_committed_artifact(contracts: Path, need: Callable[[Path], None], run: Run) -> None:
    need(contracts / "node_modules" / "solc")
    check = run(sys.executable, "compile.py", "--check")
    assert check.returncode == 0, check.stderr


def test_the_artifact_says_how_it_was_compiled(artifact: dict[str, Any]) -> None:
    metadata = artifact["metadata"]
    assert metadata["compiler"].startswith("0.8.30+commit.")
    assert metadata["settings"] == {"evmVersion": "shanghai", "optimizer": {"enabled": True, "runs": 200}}
    assert {"src/Marketplace.sol", "src/IMarketplace.sol", "src/PayoutMath.sol"} <= metadata["sources"].keys()
    assert len(artifact["deployedBytecode"]) // 2 - 1 < 24_576, "the size limit of EIP-170"


def test_the_contracts_own_tests_pass(contracts: Path, forge_tests: Any) -> None:
    outcomes = forge_tests.outcomes
    failures = {name: outcome["reason"] for name, outcome in outcomes.items() if outcome["status"] != "Success"}
    assert forge_tests.returncode == 0, failures or forge_tests.log
    assert not failures
    written = sum(
        len(re.findall(r"function (?:test|invariant)", path.read_text()))
        for path in (contracts / "test").glob("*.t.sol")
    )
    assert len(outcomes) == written > 80


def test_every_state_changing_function_is_in_the_matrix(artifact: dict[str, Any], forge_tests: Any) -> None:
    tests = [name for name in forge_tests.outcomes if name.startswith("MarketplaceMatrixTest.test_matrix_")]
    covered = {re.split(r"[_(]", name.removeprefix("MarketplaceMatrixTest.test_matrix_"))[0] for name in tests}
    assert covered == functions(artifact, views=False)


def test_every_view_is_asked_at_every_stage(artifact: dict[str, Any], forge_tests: Any) -> None:
    tests = [name for name in forge_tests.outcomes if name.startswith("MarketplaceViewsTest.test_view_")]
    covered = {re.split(r"[_(]", name.removeprefix("MarketplaceViewsTest.test_view_"))[0] for name in tests}
    # What does not depend on any job: the constants and the domain.
    constant = {name for name in functions(artifact, views=True) if name.isupper() or name == "eip712Domain"}
    assert covered == functions(artifact, views=True) - constant


def test_gas_is_what_the_committed_snapshot_says(contracts: Path, forge_tests: Any) -> None:
    """To the unit: the tests are deterministic. `make gas` writes the file anew."""
    committed = json.loads((contracts / "snapshots" / "Marketplace.json").read_text())
    assert forge_tests.gas == {name: int(figure) for name, figure in committed.items()}


def test_the_snapshot_has_every_function(artifact: dict[str, Any], forge_tests: Any) -> None:
    measured = {name.split(",")[0] for name in forge_tests.gas}
    assert measured == functions(artifact, views=False) | functions(artifact, views=True)


def test_the_documentation_states_the_committed_gas(contracts: Path) -> None:
    committed = json.loads((contracts / "snapshots" / "Marketplace.json").read_text())
    section = (
        (contracts.parent / "docs" / "security.md").read_text().split("## Checking the contract")[1].split("\n## ")[0]
    )
    stated = {name: figure.replace(",", "") for name, figure in re.findall(r"\| `([^`]+)` \| ([\d,]+) \|", section)}
    assert {"withdraw", "finalize, 100 trainers and 40 validators"} <= stated.keys()
    assert stated == {name: committed[name] for name in stated}


def test_the_solidity_is_formatted_and_clean(forge: Run) -> None:
    formatting = forge("fmt", "--check")
    assert formatting.returncode == 0, formatting.stdout + formatting.stderr
    lint = forge("lint")
    assert "warning" not in lint.stdout + lint.stderr, lint.stdout + lint.stderr


def test_the_lock_file_names_no_registry(contracts: Path) -> None:
    assert "resolved" not in (contracts / "package-lock.json").read_text()
