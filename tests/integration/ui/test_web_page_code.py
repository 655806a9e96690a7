"""The web pages' own checks: types, lint rules and component tests, run with their npm tools; and what is built of them."""

from __future__ import annotations

import gzip
import os
import re
import subprocess
from pathlib import Path

import pytest

# Generous, because other tests and these tools' own processes share the machine.
pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]

UI = Path(__file__).parents[3] / "ui"
FACES = ("owner", "buyer", "board")
MOST_SCRIPT_BYTES = 300_000
TIMEOUT_S = 840


@pytest.fixture(scope="module")
def tools() -> Path:
    """The folder of the npm tools; without it the tests are skipped, in continuous integration they fail."""
    folder = UI / "node_modules" / ".bin"
    if not (folder / "vitest").exists():
        message = "ui/node_modules is missing; `make setup` installs it"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    return folder


def _run(tools: Path, name: str, *arguments: str) -> None:
    environment = {**os.environ, "NO_COLOR": "1", "FORCE_COLOR": "0"}
    # The pages' language and zone are the tests' own matter.
    environment.pop("TZ", None)
    done = subprocess.run(
        [tools / name, *arguments],
        cwd=UI,
        env=environment,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert done.returncode == 0, f"{name}:\n{done.stdout[-20_000:]}\n{done.stderr[-5_000:]}"


def test_the_pages_have_no_type_errors(tools: Path) -> None:
    _run(tools, "tsc", "--noEmit")


def test_the_pages_keep_the_lint_rules(tools: Path) -> None:
    _run(tools, "eslint", "--max-warnings", "0", ".")


def test_the_pages_are_formatted(tools: Path) -> None:
    _run(tools, "prettier", "--check", "--log-level", "warn", "src", "faces", "*.ts", "*.mjs", "*.js")


def test_components_behave(tools: Path) -> None:
    _run(tools, "vitest", "run")


@pytest.mark.parametrize("face", FACES)
def test_a_face_is_built_small_and_free_of_inline_code(tools: Path, face: str) -> None:
    built = UI / "dist" / face
    assert (built / "index.html").exists(), "the pages are not built; `make ui` builds them"

    page = (built / "index.html").read_text()
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", page), (
        "the policy for content forbids inline code"
    )
    assert re.findall(r'(?:src|href)="([^"]*)"', page) == re.findall(r'(?:src|href)="(/assets/[^"]*)"', page)
    size = sum(len(gzip.compress(script.read_bytes(), 9)) for script in built.rglob("*.js"))
    assert size < MOST_SCRIPT_BYTES, f"{size} bytes of JavaScript"


def test_no_development_build_is_shipped(tools: Path) -> None:
    for face in FACES:
        scripts = "".join(script.read_text() for script in (UI / "dist" / face / "assets").glob("*.js"))
        assert "react.dev/errors" in scripts, f"{face} holds React's development version"
