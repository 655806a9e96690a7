"""The npm tools of the web pages."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from deltaml import nodejs

UI = Path(__file__).parents[3] / "ui"
TIMEOUT_S = 840


@pytest.fixture(scope="module")
def run_tool() -> Callable[..., None]:
    """Runs a tool and fails with its words; without the tools tests are skipped, in continuous integration they fail."""
    folder = UI / "node_modules" / ".bin"
    if not (folder / "vitest").exists():
        message = "ui/node_modules is missing; `make setup` installs it"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)

    def run(name: str, *arguments: str, may_fail: bool = False) -> None:
        environment = {**nodejs.environment(), "NO_COLOR": "1", "FORCE_COLOR": "0"}
        # The pages' language and zone are the tests' own matter.
        environment.pop("TZ", None)
        done = subprocess.run(
            [folder / name, *arguments],
            cwd=UI,
            env=environment,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
        assert may_fail or done.returncode == 0, f"{name}:\n{done.stdout[-20_000:]}\n{done.stderr[-5_000:]}"

    return run
