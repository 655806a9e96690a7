"""The buyer reaches computations through their registry only, so that a kind can be added without touching it."""

from __future__ import annotations

import ast
from pathlib import Path

import model_buyer

ALLOWED = {"commons.computations", "commons.computations.base", "commons.computations.registry"}


def test_no_module_imports_a_kind_of_computation() -> None:
    folder = Path(model_buyer.__file__).parent
    found = {
        (str(path.relative_to(folder)), name)
        for path in folder.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for name in (
            [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else []
        )
        if name.startswith("commons.computations") and name not in ALLOWED
    }
    assert found == set()
