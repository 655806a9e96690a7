"""Tasks as participants fetch them, by long poll.

A waiting thread is woken when this process stored a task for its participant; what other processes stored is found by
looking every half second. Neither is state: tasks are rows.
"""

from __future__ import annotations

import json
import threading
import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from commons.storage.database import Database
from federated_aggregator.adapters.tables import Task
from federated_aggregator.services.job_run import PENDING

MAX_WAIT_S = 25
LOOK_INTERVAL_S = 0.5


@dataclass
class TaskQueue:
    """Pending tasks of participants."""

    database: Database
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _versions: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))

    def notify(self, addresses: Iterable[str]) -> None:
        """Wake those of these participants who wait in this process."""
        with self._changed:
            for address in addresses:
                self._versions[address] += 1
            self._changed.notify_all()

    def fetch(self, address: str, wait_s: float) -> list[dict[str, Any]]:
        """The caller's pending tasks, the oldest first; waits up to `wait_s` seconds for one."""
        until = time.monotonic() + min(max(wait_s, 0), MAX_WAIT_S)
        while True:
            version = self._versions[address]
            tasks = self._pending(address)
            left = until - time.monotonic()
            if tasks or left <= 0:
                return tasks
            with self._changed:
                self._changed.wait_for(lambda: self._versions[address] != version, min(left, LOOK_INTERVAL_S))  # noqa: B023

    def _pending(self, address: str) -> list[dict[str, Any]]:
        query = (
            select(Task.task_id, Task.deadline, Task.body)
            .where(Task.assignee == address, Task.status == PENDING)
            .order_by(Task.created_at, Task.task_id)
            .limit(8)
        )
        with self.database.snapshot() as session:
            rows = session.execute(query).all()
        return [{"task_id": row.task_id, "deadline": row.deadline, "task": json.loads(row.body)} for row in rows]
