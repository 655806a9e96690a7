"""Which worker runs what: a file stays whole, and all files of the market go to one worker.

A file's tests share what its modules set up, and the market's files share the market (`tests.support.market`).
"""

from __future__ import annotations

import pytest

from tests.support.market import FOLDERS


def unit_of(nodeid: str) -> str:
    """What a test belongs to that is not divided among workers."""
    return "the market's" if nodeid.startswith(FOLDERS) else nodeid.split("::", 1)[0]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """With `--dist loadfile`, a scheduler that goes by `unit_of`."""
    if config.getoption("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling

    class ByUnit(LoadFileScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            return unit_of(nodeid)

    return ByUnit(config, log)
