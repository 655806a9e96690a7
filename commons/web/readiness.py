"""Whether a service has what it needs in order to work: its database, a node, the other services."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from pydantic import BaseModel

from commons.errors import DeltaMLError


@dataclass(frozen=True)
class ReadinessCheck:
    """One thing that a service needs in order to work, and whether it has it."""

    name: str
    ok: bool
    detail: str = ""

    @classmethod
    def of(cls, name: str, ask: Callable[[], object]) -> ReadinessCheck:
        """What is found by asking, which raises a DeltaMLError when the thing is not there."""
        try:
            ask()
        except DeltaMLError as error:
            return cls(name, ok=False, detail=error.message)
        return cls(name, ok=True)


class Readiness(BaseModel):
    """What a service needs in order to work, and whether it has all of it."""

    ready: bool
    checks: list[ReadinessCheck]

    @classmethod
    def of(cls, checks: list[ReadinessCheck]) -> Readiness:
        """The answer about these checks."""
        return cls(ready=all(check.ok for check in checks), checks=checks)


def look_after(**needs: Callable[[], object]) -> list[ReadinessCheck]:
    """Ask for each thing that a service needs, by its name, in the order in which they are given (`ReadinessCheck.of`)."""
    return [ReadinessCheck.of(name, ask) for name, ask in needs.items()]


class OneLookAtATime:
    """Readiness as whoever looks finds it, and for all who ask meanwhile as it was found last.

    Anybody may ask, and a node that hangs holds up whoever asks it.
    """

    def __init__(self, look: Callable[[], list[ReadinessCheck]]) -> None:
        self._look = look
        self._looking = threading.Lock()
        self._latest = [ReadinessCheck("readiness", ok=False, detail="looked at for the first time")]

    def __call__(self) -> list[ReadinessCheck]:
        """Look, unless somebody does already."""
        if not self._looking.acquire(blocking=False):
            return self._latest
        try:
            self._latest = self._look()
            return self._latest
        finally:
            self._looking.release()
