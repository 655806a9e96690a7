"""Flask-SQLAlchemy for the tables of one service; its session is that of the unit of work in which it is asked for.

Each service's tables module holds one, and its mapped classes derive from that one's `Model`::

    db = ServiceTables(Base)

Nothing is connected by it: engines belong to the app that `commons.storage.database.create_database` makes.
"""

from __future__ import annotations

import threading
from typing import Any

from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.session import Session as FlaskSession
from sqlalchemy import Connection, Engine
from sqlalchemy.orm import DeclarativeBase, Session


class _Unit:
    """A unit of work that is open; what its session is kept under."""

    __slots__ = ("engine",)

    def __init__(self, engine: Engine) -> None:
        self.engine = engine


class _OpenUnits(threading.local):
    def __init__(self) -> None:
        self.innermost_last: list[_Unit] = []


class _Session(FlaskSession):
    """A session for one unit of work; the engine that it was made with says how transactions begin."""

    def __init__(self, db: SQLAlchemy, **options: Any) -> None:
        if options.get("bind") is None:
            raise RuntimeError("no unit of work is open here; open one with `Database.session` or `Database.snapshot`")
        super().__init__(db, **options)

    def get_bind(
        self,
        mapper: Any | None = None,
        clause: Any | None = None,
        bind: Engine | Connection | None = None,
        **options: Any,
    ) -> Engine | Connection:
        # Flask-SQLAlchemy looks for the engine of the present app, which begins every transaction alike.
        return bind or self.bind or super().get_bind(mapper, clause, bind, **options)


class ServiceTables(SQLAlchemy):
    """The declarative base and the session of one service.

    Flask-SQLAlchemy's own session lasts as long as an app context, so that all units of work of a request would share one, and
    its rows. Here each unit of work has a session of its own, in whatever context, and each thread has units of its own.

    Args:
        root: metadata and types that the mapped classes have in common.
    """

    def __init__(self, root: type[DeclarativeBase]) -> None:
        self._open = _OpenUnits()
        super().__init__(
            model_class=root,
            disable_autonaming=True,
            session_options={"class_": _Session, "scopefunc": self._innermost, "expire_on_commit": False},
        )

    def begin(self, engine: Engine) -> Session:
        """Begin a unit of work; returns its session, which `session` is in this thread until the unit ends."""
        self._open.innermost_last.append(_Unit(engine))
        return self.session(bind=engine)

    def end(self) -> None:
        """End the latest unit of work of this thread: its session is closed, and what it did not commit rolled back."""
        try:
            self.session.remove()
        finally:
            self._open.innermost_last.pop()

    def works_on(self, engine: Engine) -> bool:
        """Whether a unit of work of this thread is open on that very engine."""
        return any(unit.engine is engine for unit in self._open.innermost_last)

    def _innermost(self) -> _Unit | None:
        units = self._open.innermost_last
        return units[-1] if units else None

    def _teardown_session(self, exc: BaseException | None) -> None:
        """Leave it alone, where Flask-SQLAlchemy ends what it takes for the session of the app context that ends."""
