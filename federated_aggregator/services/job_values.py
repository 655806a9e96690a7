"""The values of running jobs: stored once, as JSON, and referred to by tasks.

A process keeps what its computations have made of them, so that a value that goes to a hundred trainers is not parsed a hundred
times. Ids are random and never used again, so what is kept can be of no other value, not even after a rollback.
"""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy import bindparam, delete, select
from sqlalchemy.orm import Session

from commons.computations.parts import Value
from commons.errors import NotFound
from federated_aggregator.tables import JobValue

Loaded = TypeVar("Loaded")

_ID = select(JobValue.value_id).where(JobValue.job_id == bindparam("job_id"), JobValue.name == bindparam("name"))
_TEXT = select(JobValue.text).where(JobValue.job_id == bindparam("job_id"), JobValue.name == bindparam("name"))
_FORGET = delete(JobValue).where(
    JobValue.job_id == bindparam("of_job"), JobValue.name.in_(bindparam("names", expanding=True))
)

MOST_KEPT = 64
MOST_KEPT_CHARACTERS = 256 * 2**20
"""Of the texts of the values that are kept: those of the largest job take some forty millions each."""


@dataclass
class _Kept:
    """Made of values, the latest used ones last."""

    _lock: threading.Lock = field(default_factory=threading.Lock)
    _by_id: OrderedDict[str, tuple[int, Any]] = field(default_factory=OrderedDict)
    _characters: int = 0

    def get(self, value_id: str) -> Any | None:
        with self._lock:
            if value_id not in self._by_id:
                return None
            self._by_id.move_to_end(value_id)
            return self._by_id[value_id][1]

    def put(self, value_id: str, characters: int, loaded: Any) -> None:
        with self._lock:
            if value_id in self._by_id:
                return
            self._by_id[value_id] = (characters, loaded)
            self._characters += characters
            while len(self._by_id) > 1 and (len(self._by_id) > MOST_KEPT or self._characters > MOST_KEPT_CHARACTERS):
                _, (size, _) = self._by_id.popitem(last=False)
                self._characters -= size


@dataclass(frozen=True)
class ValuesOfJob:
    """`commons.computations.base.Values` of one job in one unit of work."""

    session: Session
    job_id: int
    _kept: _Kept

    def get(self, name: str, load: Callable[[str], Loaded]) -> Loaded:
        """The value of that name; raises NotFound when there is none."""
        own = {"job_id": self.job_id, "name": name}
        value_id = self.session.scalar(_ID, own)
        if value_id is None:
            raise NotFound(f"job {self.job_id} has no value {name!r}", job_id=self.job_id)
        loaded: Loaded | None = self._kept.get(value_id)
        if loaded is None:
            text = self.session.scalars(_TEXT, own).one()
            loaded = load(text)
            self._kept.put(value_id, len(text), loaded)
        return loaded


@dataclass(frozen=True)
class JobValues:
    """Keeps the values of jobs."""

    _kept: _Kept = field(default_factory=_Kept)

    def of(self, session: Session, job_id: int) -> ValuesOfJob:
        """Those of one job, to be read."""
        return ValuesOfJob(session, job_id, self._kept)

    def store(self, session: Session, job_id: int, values: Mapping[str, Value]) -> None:
        """Store values; one of the same name is replaced."""
        if values:
            self.forget(session, job_id, values)
        for name, value in values.items():
            value_id = secrets.token_hex(16)
            session.add(JobValue(value_id=value_id, job_id=job_id, name=name, text=value.text))
            if value.loaded is not None:
                self._kept.put(value_id, len(value.text), value.loaded)

    def forget(self, session: Session, job_id: int, names: Iterable[str]) -> None:
        """Delete values."""
        session.execute(_FORGET, {"of_job": job_id, "names": list(names)})


def value_text(session: Session, job_id: int, name: str) -> str | None:
    """A value as JSON, or None when there is none of that name."""
    return session.scalar(_TEXT, {"job_id": job_id, "name": name})
