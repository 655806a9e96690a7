"""The committed artifacts are what the sources compile to, and the contract's own tests pass."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

CONTRACTS = Path(__file__).resolve().parents[3] / "contracts"
# The package's own launcher, .bin/forge, ends with code 0 whatever forge says.
FORGE = next(
    (CONTRACTS / "node_modules" / "@foundry-rs").glob("forge-*/bin/forge*"),
    CONTRACTS / "node_modules" / ".bin" / "forge",
)

pytestmark = pytest.mark.integration


def need(tool: Path) -> None:
    if tool.exists():
        return
    message = f"{tool} is missing; run `npm ci` in contracts/"
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    pytest.skip(message)


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=CONTRACTS, capture_output=True, text=True, check=False, timeout=240)


def test_the_sources_compile_to_the_committed_artifact() -> None:
    need(CONTRACTS / "node_modules" / "solc")
    check = run(sys.executable, "compile.py", "--check")
    assert check.returncode == 0, check.stderr


def test_the_artifact_says_how_it_was_compiled() -> None:
    artifact = json.loads((CONTRACTS / "artifacts" / "Marketplace.json").read_text())
    metadata = artifact["metadata"]
    assert metadata["compiler"].startswith("0.8.30+commit.")
    assert metadata["settings"] == {"evmVersion": "shanghai", "optimizer": {"enabled": True, "runs": 200}}
    assert {"src/Marketplace.sol", "src/IMarketplace.sol", "src/PayoutMath.sol"} <= metadata["sources"].keys()
    assert len(artifact["deployedBytecode"]) // 2 - 1 < 24_576, "the size limit of EIP-170"


def test_the_contracts_own_tests_pass() -> None:
    need(FORGE)
    # By force: after `forge lint` the cache holds files as compiled whose artifacts are not there.
    result = run(str(FORGE), "test", "--force", "--json")
    suites = json.loads(result.stdout[result.stdout.index("{") :])
    outcomes = {
        f"{suite.rsplit(':', 1)[-1]}.{name}": outcome
        for suite, content in suites.items()
        for name, outcome in content["test_results"].items()
    }
    failures = {name: outcome["reason"] for name, outcome in outcomes.items() if outcome["status"] != "Success"}
    assert result.returncode == 0, failures or result.stderr
    assert not failures
    written = sum(
        len(re.findall(r"function (?:test|invariant)", path.read_text()))
        for path in (CONTRACTS / "test").glob("*.t.sol")
    )
    assert len(outcomes) == written > 80


def test_the_solidity_is_formatted_and_clean() -> None:
    need(FORGE)
    formatting = run(str(FORGE), "fmt", "--check")
    assert formatting.returncode == 0, formatting.stdout + formatting.stderr
    lint = run(str(FORGE), "lint")
    assert "warning" not in lint.stdout + lint.stderr, lint.stdout + lint.stderr


def test_the_lock_file_names_no_registry() -> None:
    assert "resolved" not in (CONTRACTS / "package-lock.json").read_text()
