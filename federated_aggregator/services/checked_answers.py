"""Answers that this process has checked, until their step is finished, so that none is parsed and checked twice."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field

from commons.computations.parts import Answer

MOST_KEPT = 512
MOST_KEPT_CHARACTERS = 512 * 2**20


@dataclass
class CheckedAnswers:
    """By task, with the text of the result that was checked: what is stored in the end may be another one's."""

    _lock: threading.Lock = field(default_factory=threading.Lock)
    _by_task: OrderedDict[str, tuple[str, Answer]] = field(default_factory=OrderedDict)
    _characters: int = 0

    def keep(self, task_id: str, text: str, answer: Answer) -> None:
        """Keep a checked answer; the oldest give way."""
        with self._lock:
            self._drop(task_id)
            self._by_task[task_id] = (text, answer)
            self._characters += len(text)
            while len(self._by_task) > MOST_KEPT or self._characters > MOST_KEPT_CHARACTERS:
                self._drop(next(iter(self._by_task)))

    def take(self, task_id: str, text: str) -> Answer | None:
        """The answer that was checked for a task with this very result, which is not kept any longer; None if there is none."""
        with self._lock:
            kept = self._by_task.get(task_id)
            self._drop(task_id)
        return kept[1] if kept is not None and kept[0] == text else None

    def _drop(self, task_id: str) -> None:
        if (dropped := self._by_task.pop(task_id, None)) is not None:
            self._characters -= len(dropped[0])
