"""Turning the aggregator's tasks into results, whatever is computed."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

import structlog

from commons.computations.registry import AnyResult, AnyTask, kind_of_task
from commons.errors import ProtocolViolation
from data_owner.services.answered_tasks import AnsweredTasks
from data_owner.services.participation import Participant

MAX_JOBS_READY = 8
"""Jobs whose keys and rows' statistics are kept in memory; others are made ready anew when their next task comes."""

PREPARED = 256
"""Random factors kept ready for each of these jobs: about as many as a model of average size needs between two checkpoints."""

log = structlog.get_logger(__name__)


class TaskAnswerer:
    """Turns tasks into results; one thread only.

    Args:
        make_participant: gets this owner ready for a job.
        answered: remembers what was answered.
        is_current: whether a participant that was made earlier can still be used.
    """

    def __init__(
        self,
        make_participant: Callable[[int], Participant],
        answered: AnsweredTasks,
        is_current: Callable[[int, Participant], bool] = lambda _job_id, _participant: True,
    ) -> None:
        self._make_participant = make_participant
        self._answered = answered
        self._is_current = is_current
        self._ready: OrderedDict[int, Participant] = OrderedDict()

    def answer(self, task: AnyTask) -> AnyResult:
        """Return the result of a task; of a task that was answered before, the same one.

        Raises:
            ProtocolViolation: the task is not for this owner's role, out of order, or breaks the protocol.
            DeltaMLError: whatever hinders this owner; its message may speak of the owner's files.
        """
        participant = self._participant(task.job_id)
        if kind_of_task(task.kind).kind != participant.kind:
            raise ProtocolViolation(f"job {task.job_id}: {task.kind} is no task of its computation")
        return self._answered.answer(task, participant.part, participant.disclosure)

    def prepare(self) -> bool:
        """Do a little of what the next tasks will need; returns whether there was anything to do."""
        return any(participant.part.prepare(PREPARED) for participant in list(self._ready.values()))

    def _participant(self, job_id: int) -> Participant:
        ready = self._ready.get(job_id)
        if ready is None or not self._is_current(job_id, ready):
            self._ready[job_id] = self._make_participant(job_id)
            log.info("job_ready", job_id=job_id)
        self._ready.move_to_end(job_id)
        while len(self._ready) > MAX_JOBS_READY:
            self._ready.popitem(last=False)
        return self._ready[job_id]
