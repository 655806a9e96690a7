"""Each question of a job is answered once: the same task gets the same answer, another one in its place none.

Only the buyer decrypts, so whoever could ask it again and again would learn from answers and refusals what no answer says.
Which question comes next is for each kind of computation to say (`commons.computations.base.BuyerPart.require_next`).
"""

from __future__ import annotations

from collections.abc import Iterable

from commons.computations.parts import Question
from commons.errors import ProtocolViolation
from commons.market.tasks import TaskBody, task_digest


def repeated(questions: Iterable[Question], task: TaskBody) -> Question | None:
    """The question that `task` repeats, or None if its place in the job was never asked about.

    Raises:
        ProtocolViolation: if something else was asked in its place.
    """
    known = next((one for one in questions if (one.kind, one.round) == (task.kind, task.round)), None)
    if known is not None and known.digest != task_digest(task):
        raise ProtocolViolation(
            f"{task.kind} in round {task.round} was asked before with other contents; each question is answered once"
        )
    return known
