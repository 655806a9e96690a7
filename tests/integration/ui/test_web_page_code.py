"""The web pages' own checks: types and lint rules, run with their npm tools; and what is built of them."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from pathlib import Path

import pytest

# Generous, because other tests and these tools' own processes share the machine.
pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]

UI = Path(__file__).parents[3] / "ui"
FACES = ("owner", "buyer", "board")
MOST_SCRIPT_BYTES = 300_000


@pytest.mark.soak
def test_the_pages_have_no_type_errors(run_tool: Callable[..., None]) -> None:
    run_tool("tsc", "--noEmit")


@pytest.mark.soak
def test_the_pages_keep_the_lint_rules(run_tool: Callable[..., None]) -> None:
    run_tool("eslint", "--max-warnings", "0", ".")


def test_the_pages_are_formatted(run_tool: Callable[..., None]) -> None:
    run_tool("prettier", "--check", "--log-level", "warn", "src", "faces", "*.ts", "*.mjs", "*.js")


@pytest.mark.parametrize("face", FACES)
def test_a_face_is_built_small_and_free_of_inline_code(run_tool: Callable[..., None], face: str) -> None:
    built = UI / "dist" / face
    assert (built / "index.html").exists(), "the pages are not built; `make ui` builds them"

    page = (built / "index.html").read_text()
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", page), (
        "the policy for content forbids inline code"
    )
    assert re.findall(r'(?:src|href)="([^"]*)"', page) == re.findall(r'(?:src|href)="(/assets/[^"]*)"', page)
    size = sum(len(gzip.compress(script.read_bytes(), 9)) for script in built.rglob("*.js"))
    assert size < MOST_SCRIPT_BYTES, f"{size} bytes of JavaScript"


def test_no_development_build_is_shipped(run_tool: Callable[..., None]) -> None:
    for face in FACES:
        scripts = "".join(script.read_text() for script in (UI / "dist" / face / "assets").glob("*.js"))
        assert "react.dev/errors" in scripts, f"{face} holds React's development version"
