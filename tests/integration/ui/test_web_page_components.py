"""The component tests of the web pages; apart from the other checks, so that both can run at once."""

from __future__ import annotations

from collections.abc import Callable

import pytest

# Generous, because other tests and vitest's own processes share the machine.
pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]


def test_components_behave(run_tool: Callable[..., None]) -> None:
    run_tool("vitest", "run")
