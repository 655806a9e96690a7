"""How long to wait before trying again: doubling up to a limit, with jitter so that agents do not come back at once."""

from __future__ import annotations

import random
from dataclasses import dataclass, field


@dataclass
class Backoff:
    """Waiting times for one series of failures ("full jitter", but never under half of the step)."""

    initial_s: float = 0.25
    limit_s: float = 15.0
    _step_s: float = field(default=0.0, init=False)

    def next_s(self) -> float:
        """Return the seconds to wait before the next try."""
        self._step_s = min(self.limit_s, self._step_s * 2) if self._step_s else self.initial_s
        return self._step_s * random.uniform(0.5, 1)  # noqa: S311 - spreads load, keeps no secret

    @property
    def failed(self) -> bool:
        """Whether a failure is being waited out."""
        return self._step_s > 0

    def reset(self) -> None:
        """Start over after a success."""
        self._step_s = 0.0
