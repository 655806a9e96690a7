"""The component tests of the web pages; apart from the other checks, so that both can run at once."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

# Generous, because other tests and vitest's own processes share the machine.
pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]

UI = Path(__file__).parents[3] / "ui"
FILES = sorted(path.relative_to(UI).as_posix() for path in (UI / "src").rglob("*.test.ts*"))


@pytest.fixture(scope="module")
def outcomes(run_tool: Callable[..., None], tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """One run of vitest: what it says of each file. Starting it for each would take most of the time."""
    report = tmp_path_factory.mktemp("vitest") / "report.json"
    run_tool("vitest", "run", "--reporter=json", f"--outputFile={report}", may_fail=True)
    found = json.loads(report.read_text())
    assert found["numTotalTests"] > 0
    return {Path(one["name"]).relative_to(UI.resolve()).as_posix(): one for one in found["testResults"]}


@pytest.mark.parametrize("file", FILES)
def test_components_behave(outcomes: dict[str, dict[str, Any]], file: str) -> None:
    said = [one for one in outcomes[file]["assertionResults"] if one["status"] not in {"passed", "skipped", "todo"}]
    failures = [f"{one['fullName']}: {' '.join(one['failureMessages'])[:5000]}" for one in said]
    assert failures == []
    assert outcomes[file]["status"] == "passed", outcomes[file]["message"]


def test_every_file_was_run(outcomes: dict[str, dict[str, Any]]) -> None:
    assert sorted(outcomes) == FILES
