"""The compiler's and the test runner's commands, and one run of the contract's own tests."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from deltaml import nodejs

CONTRACTS = Path(__file__).resolve().parents[3] / "contracts"

Run = Callable[..., subprocess.CompletedProcess[str]]


@dataclass(frozen=True)
class ForgeTests:
    """What one run of the contract's own tests gave."""

    returncode: int
    outcomes: dict[str, dict[str, Any]]  # by "Contract.test"
    gas: dict[str, int]
    log: str


@pytest.fixture(scope="session")
def contracts() -> Path:
    """The folder of the contracts."""
    return CONTRACTS


@pytest.fixture(scope="session")
def need() -> Callable[[Path], None]:
    """A missing tool skips a test, on CI it fails it."""

    def check(tool: Path) -> None:
        if tool.exists():
            return
        message = f"{tool} is missing; run `make setup`"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)

    return check


@pytest.fixture(scope="session")
def run() -> Run:
    """Run a command in the folder of the contracts."""

    def command(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            arguments,
            cwd=CONTRACTS,
            capture_output=True,
            text=True,
            check=False,
            timeout=560,
            env={**nodejs.environment(), **environment},
        )

    return command


@pytest.fixture(scope="session")
def forge(need: Callable[[Path], None], run: Run, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Run forge with a build folder of its own, so that runs at the same time do not spoil each other's."""
    # The package's own launcher, .bin/forge, ends with code 0 whatever forge says.
    modules = CONTRACTS / "node_modules"
    binary = next((modules / "@foundry-rs").glob("forge-*/bin/forge*"), modules / ".bin" / "forge")
    need(binary)
    build = tmp_path_factory.mktemp("forge")

    def command(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        folders = {"FOUNDRY_OUT": str(build / "out"), "FOUNDRY_CACHE_PATH": str(build / "cache")}
        return run(str(binary), *arguments, **folders, **environment)

    return command


@pytest.fixture(scope="session")
def forge_tests(forge: Run) -> ForgeTests:
    """Run every test of contracts/test once."""
    done = forge("test", "--json")
    suites = json.loads(done.stdout[done.stdout.index("{") :])
    outcomes = {
        f"{suite.rsplit(':', 1)[-1]}.{name}": outcome
        for suite, content in suites.items()
        for name, outcome in content["test_results"].items()
    }
    gas = {
        name: int(figure)
        for outcome in outcomes.values()
        for name, figure in outcome["gas_snapshots"].get("Marketplace", {}).items()
    }
    return ForgeTests(done.returncode, outcomes, gas, done.stderr)
