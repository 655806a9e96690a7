"""The loop of a participant's agent: fetch tasks, compute, hand in results, for ever.

Nothing that another party sends or fails to send ends the loop. A task that cannot be computed is reported with a
reason; a result that was computed is offered until it is answered; an aggregator that is away is waited for.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import structlog
from pydantic import ValidationError

from commons.agent.aggregator_client import LONG_POLL_S, Answer, PendingTask
from commons.agent.backoff import Backoff
from commons.ciphers.paillier.randomizer import discard_prepared
from commons.computations.registry import TASK, AnyResult, AnyTask
from commons.errors import (
    Conflict,
    DeltaMLError,
    HeadroomExceeded,
    InvalidCiphertext,
    KeyProofInvalid,
    KeyTooSmall,
    NotAuthenticated,
    ProtocolViolation,
    ServiceUnavailable,
)

Handle = Callable[[AnyTask], AnyResult]

_log = structlog.get_logger("deltaml.agent")

# The messages of these are about what others sent; the others may speak of this participant's own files and cells.
_PUBLIC_MESSAGES = (ProtocolViolation, InvalidCiphertext, HeadroomExceeded, KeyProofInvalid, KeyTooSmall, Conflict)
_MAX_REASON = 500
_SEE_LOG = "the participant's own log says more"
_WATCH_S = 0.05
# Between two rounds there is no time to prepare anything; between two checkpoints there is.
_PREPARE_AFTER_S = 0.1
_GRACE_S = 1.0
# An aggregator for which nothing may wait answers at once; asking again at once would make that worse.
_AT_ONCE_S = 0.5
LONGEST_TIME_ASKED_FOR_S = 60.0

# Only this loop has anything prepared; in a process that is forked from it the same randomness must not be used again.
os.register_at_fork(after_in_child=discard_prepared)


class StopSignal(Protocol):
    """What `threading.Event` and `multiprocessing.Event` have in common."""

    def is_set(self) -> bool:
        """Whether to stop."""
        ...

    def wait(self, timeout: float | None = None) -> bool:
        """Sleep up to `timeout` seconds, less when stopped."""
        ...


class TaskSource(Protocol):
    """The part of the aggregator's client that the loop uses."""

    def tasks(self, wait_s: int = ...) -> list[PendingTask]:
        """Pending tasks, waiting for one to appear."""
        ...

    def post_result(self, task_id: str, result: AnyResult, wait_s: int = ...) -> Answer:
        """Hand in a result, and wait for the next tasks."""
        ...

    def post_failure(self, task_id: str, reason: str) -> None:
        """Report a task that cannot be done."""
        ...


def public_reason(error: Exception) -> str:
    """Return what others may know about a failed task: never a word about this participant's data or files."""
    if isinstance(error, _PUBLIC_MESSAGES):
        return f"{error.code}: {error.message}"[:_MAX_REASON]
    code = error.code if isinstance(error, DeltaMLError) else "internal_error"
    return f"{code}: {_SEE_LOG}"


def run_agent(
    client: TaskSource,
    handle: Handle,
    stop: StopSignal,
    *,
    wait_s: int = LONG_POLL_S,
    prepare: Callable[[], bool] = lambda: False,
) -> None:
    """Work until `stop` is set.

    Args:
        client: the aggregator.
        handle: computes one result; raises ServiceUnavailable for what time can heal (the task stays pending and is
            tried again) and any other DeltaMLError for a task that must not or cannot be done.
        stop: ends the loop after the present request.
        wait_s: how long a poll waits at the aggregator.
        prepare: does a millisecond of work ahead and says whether there was any; called again and again while there has
            been no task for some time.
    """
    agent = _Agent(client, handle, stop)
    # A long poll cannot be interrupted, so it runs beside the thread that the stop signal reaches.
    worker = threading.Thread(target=agent.run, args=(wait_s,), name="agent", daemon=True)
    worker.start()
    _give_way()
    while worker.is_alive() and not stop.is_set():
        if not (agent.idle_s() > _PREPARE_AFTER_S and prepare()):
            stop.wait(_WATCH_S)
    if not agent.polling:
        worker.join(_GRACE_S)
    if agent.crash is not None:
        raise agent.crash


def _give_way() -> None:
    """Let everything else on this machine go before the calling thread, where that can be said of one thread."""
    if sys.platform.startswith("linux"):
        # With niceness alone a few preparing threads together slow down the one that the round waits for: measured at 2048
        # bits, five owners on two cores take a fifth longer.
        os.sched_setscheduler(threading.get_native_id(), os.SCHED_IDLE, os.sched_param(0))


class _Agent:
    def __init__(self, client: TaskSource, handle: Handle, stop: StopSignal) -> None:
        self._client = client
        self._handle = handle
        self._stop = stop
        self._away = Backoff()
        self._held_up = Backoff()
        self._turned_away = Backoff()
        self._refused: set[str] = set()
        self._polling_since: float | None = None
        self.crash: Exception | None = None

    @property
    def polling(self) -> bool:
        """Whether it waits for a task."""
        return self._polling_since is not None

    def idle_s(self) -> float:
        """For how long it has waited for a task."""
        since = self._polling_since
        return 0.0 if since is None else time.monotonic() - since

    def run(self, wait_s: int) -> None:
        try:
            while not self._stop.is_set():
                with self._waiting():
                    tasks = self._poll_in_turn(wait_s)
                while tasks and not self._stop.is_set():
                    # The answer to the last result brings what comes next, which saves asking for it.
                    following: Sequence[PendingTask] = ()
                    for left, pending in reversed(list(enumerate(reversed(tasks)))):
                        if self._stop.is_set():
                            return
                        following = self.work_on(pending, 0 if left else wait_s)
                    tasks = following
        except Exception as error:  # noqa: BLE001 - raised again in the thread that waits for this one
            self.crash = error

    @contextmanager
    def _waiting(self) -> Iterator[None]:
        self._polling_since = time.monotonic()
        try:
            yield
        finally:
            self._polling_since = None

    def _poll_in_turn(self, wait_s: int) -> Sequence[PendingTask]:
        """Ask for tasks; when there are none and they were not waited for, pause before the next time."""
        asked_at = time.monotonic()
        tasks = self.poll(wait_s)
        if tasks or time.monotonic() - asked_at >= min(_AT_ONCE_S, wait_s):
            self._turned_away.reset()
        else:
            self._stop.wait(self._turned_away.next_s())
        return tasks

    def poll(self, wait_s: int) -> Sequence[PendingTask]:
        try:
            pending = self._client.tasks(wait_s)
        except DeltaMLError as error:
            # Whatever is wrong (away, on another chain, refusing this account), asking again is all there is to do.
            self._pause(self._away, "aggregator_away", error)
            return []
        if self._away.failed:
            _log.info("aggregator_back")
            self._away.reset()
        return pending

    def work_on(self, pending: PendingTask, wait_s: int = 0) -> Sequence[PendingTask]:
        log = _log.bind(task_id=pending.task_id)
        started_at = time.perf_counter()
        try:
            task = TASK.validate_python(pending.body)
            log = log.bind(kind=task.kind, job_id=task.job_id, round=task.round, checkpoint=task.checkpoint)
            result = self._handle(task)
        except ServiceUnavailable as error:
            self._pause(self._held_up, "task_waits", error)
        except ValidationError as error:
            self._refuse(pending.task_id, ProtocolViolation(f"the task is malformed: {_first_problem(error)}"))
        except DeltaMLError as error:
            self._refuse(pending.task_id, error)
        except Exception as error:
            log.exception("task_failed")
            self._refuse(pending.task_id, error)
        else:
            computed = log.bind(computed_in_ms=round(1000 * (time.perf_counter() - started_at)))
            return self._hand_in(pending.task_id, result, computed, wait_s)
        return ()

    def _hand_in(self, task_id: str, result: AnyResult, log: Any, wait_s: int) -> Sequence[PendingTask]:
        try:
            with self._waiting():
                answer = self._answered(lambda: self._client.post_result(task_id, result, wait_s))
        except DeltaMLError as error:
            # The task may stay open; computing it again at once would give the same.
            self._pause(self._held_up, "result_refused", error)
        else:
            self._held_up.reset()
            log.info("task_done", outcome=answer.outcome)
            return answer.tasks
        return ()

    def _refuse(self, task_id: str, error: Exception) -> None:
        message = error.message if isinstance(error, DeltaMLError) else "unexpected error"
        if task_id in self._refused:
            # The aggregator keeps asking: go on refusing, but slowly.
            self._pause(self._held_up, "task_refused_again", error)
        else:
            _log.warning("task_refused", task_id=task_id, reason=message)
        self._refused.add(task_id)

        def report() -> Answer:
            self._client.post_failure(task_id, public_reason(error))
            return Answer("reported")

        try:
            self._answered(report)
        except DeltaMLError as refused:
            _log.warning("failure_not_taken", task_id=task_id, reason=refused.message)

    def _answered(self, post: Callable[[], Answer]) -> Answer:
        """Repeat `post` until the aggregator answers; raises the error that it answers with."""
        while not self._stop.is_set():
            try:
                answer = post()
            except (ServiceUnavailable, NotAuthenticated) as error:
                self._pause(self._away, "aggregator_away", error)
            else:
                self._away.reset()
                return answer
        return Answer("stopped")

    def _pause(self, backoff: Backoff, event: str, error: Exception) -> None:
        pause_s = max(backoff.next_s(), _asked_for_s(error))
        _log.warning(event, reason=str(error), retry_in_s=round(pause_s, 1))
        self._stop.wait(pause_s)


def _asked_for_s(error: Exception) -> float:
    """How long the aggregator wants not to be asked, within reason."""
    asked = error.fields.get("retry_after_s") if isinstance(error, DeltaMLError) else None
    return min(float(asked), LONGEST_TIME_ASKED_FOR_S) if isinstance(asked, int | float) and asked > 0 else 0.0


def _first_problem(error: ValidationError) -> str:
    problem = error.errors(include_url=False, include_input=False, include_context=False)[0]
    return ".".join(str(part) for part in problem["loc"]) + ": " + problem["msg"]
