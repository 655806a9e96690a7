"""How far a job came, by its evaluations: the loss at the start and the latest one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Course:
    """The last evaluated round, and the loss at the start and then, for kinds that have one for people."""

    round: int = 0
    initial_loss: float | None = None
    loss: float | None = None

    @property
    def improvement_percent(self) -> float | None:
        """By how much the loss fell."""
        # The first evaluation is of the start, which is no improvement yet.
        return improvement_percent(self.initial_loss, self.loss) if self.round else None


def improvement_percent(initial_loss: float | None, loss: float | None) -> float | None:
    """By how much a loss fell, in percent of the initial one; None before there are two, negative when it rose."""
    if initial_loss is None or loss is None or initial_loss <= 0:
        return None
    return 100 * (initial_loss - loss) / initial_loss
