"""Tasks as participants fetch them, by long poll.

A waiting thread is woken when this process stored a task for its participant; what other processes stored is found by
looking every half second. Neither is state: tasks are rows.

Threads are few, and anybody can make a key and sign in. So an account has at most two waiting polls, and there is a number of
waiting polls for those who have a part in a job that is under way, and a smaller one for all other participants. A poll for
which there is no room is answered at once with what there is; agents then pause before they ask again.
"""

from __future__ import annotations

import json
import math
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import bindparam, or_, select
from sqlalchemy.orm import Session

from commons.errors import NotAllowed
from commons.market.state import ENDED, JobState
from commons.storage.database import Database
from federated_aggregator.services.job_run import PENDING
from federated_aggregator.tables import Enrolment, Job, JobValue, Participant, Task

MAX_WAIT_S = 25
LOOK_INTERVAL_S = 0.5
POLLS_OF_AN_ACCOUNT = 2
"""One, and one whose client has gone without a word."""
POLLS = 176
"""All waiting polls; the largest job has 141 participants."""
POLLS_WITHOUT_A_JOB = 48
JOB_REMEMBERED_S = 10.0
MOST_REMEMBERED = 10_000
MOST_TASKS = 8
"""In one answer."""
UNDER_WAY = tuple(state for state in JobState if state not in ENDED)

# Made once, as everywhere on the way of a round: to make such a statement takes as long as to execute it.
_PENDING_OF = (
    select(Task.task_id, Task.job_id, Task.deadline, Task.fields, Task.refers_to)
    .where(Task.assignee == bindparam("address"), Task.status == PENDING)
    .order_by(Task.created_at, Task.position, Task.task_id)
    .limit(MOST_TASKS)
)
_REFERRED = select(JobValue.name, JobValue.text).where(
    JobValue.job_id == bindparam("job_id"), JobValue.name.in_(bindparam("names", expanding=True))
)


class _WaitingPolls:
    """Which accounts wait, and how many of them have no part in a job."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._of_account: Counter[str] = Counter()
        self._without_job = 0

    def is_full(self, address: str) -> bool:
        """Whether an account waits as often as it may; found out without the database, since many may ask at once."""
        with self._lock:
            return self._of_account[address] >= POLLS_OF_AN_ACCOUNT

    @contextmanager
    def one(self, address: str, *, has_job: bool) -> Iterator[bool]:
        """The block may wait if this gives true, and must answer at once if not."""
        with self._lock:
            is_room = (
                self._of_account[address] < POLLS_OF_AN_ACCOUNT
                and self._of_account.total() < POLLS
                and (has_job or self._without_job < POLLS_WITHOUT_A_JOB)
            )
            if is_room:
                self._of_account[address] += 1
                self._without_job += not has_job
        try:
            yield is_room
        finally:
            if is_room:
                self._leave(address, has_job=has_job)

    def _leave(self, address: str, *, has_job: bool) -> None:
        with self._lock:
            self._of_account[address] -= 1
            if not self._of_account[address]:
                del self._of_account[address]
            self._without_job -= not has_job


@dataclass
class TaskQueue:
    """Pending tasks of participants."""

    database: Database
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _versions: Counter[str] = field(default_factory=Counter)
    _waiting: _WaitingPolls = field(default_factory=_WaitingPolls)
    _had_job_at: dict[str, float] = field(default_factory=dict)

    def notify(self, addresses: Iterable[str]) -> None:
        """Wake those of these participants who wait in this process."""
        with self._changed:
            for address in addresses:
                self._versions[address] += 1
            self._changed.notify_all()

    def fetch(self, address: str, wait_s: float) -> list[str]:
        """The caller's pending tasks as JSON, the oldest first; waits up to `wait_s` seconds for one if there is room.

        Raises:
            NotAllowed: somebody wants to wait who takes part in nothing here.
        """
        version = self._versions[address]
        tasks = self._pending(address)
        if tasks or wait_s <= 0 or self._waiting.is_full(address):
            return tasks
        with self._waiting.one(address, has_job=self._has_job(address)) as may_wait:
            return self._wait(address, version, min(wait_s, MAX_WAIT_S)) if may_wait else []

    def _wait(self, address: str, version: int, wait_s: float) -> list[str]:
        until = time.monotonic() + wait_s
        while True:
            left = until - time.monotonic()
            with self._changed:
                self._changed.wait_for(lambda: self._versions[address] != version, min(left, LOOK_INTERVAL_S))  # noqa: B023
            version = self._versions[address]
            tasks = self._pending(address)
            if tasks or time.monotonic() >= until:
                return tasks

    def _has_job(self, address: str) -> bool:
        """Whether a participant has a part in a job that is under way; raises NotAllowed for somebody who is none at all.

        It asks after every answer, so a yes holds for a while; what hangs on it is only where there is room for it to wait.
        """
        now = time.monotonic()
        if now - self._had_job_at.get(address, -math.inf) < JOB_REMEMBERED_S:
            return True
        own = or_(Job.buyer == address, Enrolment.owner == address)
        part = select(Job.job_id).outerjoin(Enrolment, (Enrolment.job_id == Job.job_id) & (Enrolment.owner == address))
        with self.database.snapshot() as session:
            if session.scalar(part.where(Job.state.in_(UNDER_WAY), own).limit(1)) is not None:
                if len(self._had_job_at) >= MOST_REMEMBERED:
                    self._had_job_at.clear()
                self._had_job_at[address] = now
                return True
            if session.get(Participant, address) is None:
                raise NotAllowed("only participants can wait for tasks; register first with PUT /v1/participants/me")
        return False

    def _pending(self, address: str) -> list[str]:
        with self.database.snapshot() as session:
            return [_document(session, row) for row in session.execute(_PENDING_OF, {"address": address}).all()]


def _document(session: Session, row: Any) -> str:
    """A task as JSON, put together of texts: what it refers to may be megabytes long, and is JSON already."""
    body = row.fields
    if row.refers_to:
        named = {"job_id": row.job_id, "names": list(row.refers_to.values())}
        texts = dict(session.execute(_REFERRED, named).all())
        filled = (f"{json.dumps(member)}: {texts[name]}" for member, name in row.refers_to.items())
        body = f"{body[:-1]}, {', '.join(filled)}}}"
    return f'{{"task_id": "{row.task_id}", "deadline": {row.deadline!r}, "task": {body}}}'
