"""One service's database: SQLite (a file) by default, PostgreSQL by URL.

SQLite runs in WAL mode with foreign keys on, and unless told otherwise with full synchronisation, so that a committed
transaction survives a crash of the machine. A unit of work that may write takes the write lock when it begins
(BEGIN IMMEDIATE): taking it later can fail at once with "database is locked" when another process wrote in between.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DisconnectionError, InterfaceError, OperationalError
from sqlalchemy.orm import Session, sessionmaker

from commons.errors import InvalidInput, ServiceUnavailable

BUSY_TIMEOUT_S = 15
_BEGIN = "sqlite_begin"
_EACH_STATEMENT = "EACH STATEMENT"


class Database:
    """An engine and the units of work on it; make it with `create_database`.

    Attributes:
        engine: the SQLAlchemy engine; its pooled connections are closed before every fork.
        description: the URL without its password.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.description = engine.url.render_as_string(hide_password=True)
        self._writing = sessionmaker(engine, expire_on_commit=False)
        self._reading = sessionmaker(engine.execution_options(**{_BEGIN: "DEFERRED"}), expire_on_commit=False)
        self.stepwise_sessions = sessionmaker(
            engine.execution_options(**{_BEGIN: _EACH_STATEMENT}), expire_on_commit=False
        )
        """Sessions for long work in small steps (the transaction outbox waits for the network between two): on SQLite each
        statement is a transaction of its own, so that no lock is held meanwhile. Rows need a version column."""
        _dispose_before_fork(engine)

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A unit of work: committed at the end of the block, rolled back if the block raises.

        Raises:
            ServiceUnavailable: if the database does not answer, or its write lock is not to be had in time.
        """
        with self._translated(), self._writing.begin() as session:
            yield session

    @contextmanager
    def snapshot(self) -> Iterator[Session]:
        """A unit of work that only reads; on SQLite it neither takes nor waits for the write lock."""
        with self._translated(), self._reading() as session:
            yield session

    def dispose(self) -> None:
        """Close the pooled connections."""
        self.engine.dispose()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (OperationalError, InterfaceError, DisconnectionError) as error:
            raise ServiceUnavailable(
                f"the database {self.description} does not answer or is busy; check that it runs and try again",
                database=self.description,
            ) from error


def create_database(url: str, *, lazy_sync: bool = False) -> Database:
    """Return the database at an SQLAlchemy URL, e.g. `sqlite:////var/lib/x/x.sqlite3` or `postgresql://…`.

    Nothing is connected yet. An SQLite file and its directory are made if needed, for this user alone.

    Args:
        url: of the database.
        lazy_sync: on SQLite, let a crash of the machine (not of the process) undo the latest transactions, for a service
            whose participants answer again when they are asked again. What `stepwise_sessions` commit is on the disk at
            once all the same, and with it everything before: a signed Ethereum transaction must not be forgotten.

    Raises:
        InvalidInput: for a URL that is no database URL, and for SQLite in memory, which processes cannot share.
    """
    parsed = _parse(url)
    if parsed.get_backend_name() != "sqlite":
        return Database(create_engine(parsed, pool_pre_ping=True))
    if not parsed.database or parsed.database == ":memory:":
        raise InvalidInput(
            "database_url: SQLite needs a file, e.g. sqlite:////var/lib/deltaml/x.sqlite3", field="database_url"
        )
    _make_private_file(parsed.database)
    engine = create_engine(parsed, connect_args={"timeout": BUSY_TIMEOUT_S})
    event.listen(engine, "connect", _configure_sqlite)
    event.listen(engine, "begin", _begin_lazily if lazy_sync else _begin_sqlite)
    return Database(engine)


def take_turns(session: Session, name: str) -> None:
    """Let units of work under the same name follow one another until they end, so that what one counts stays so.

    On SQLite all that may write do so anyway.
    """
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": name})


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        # The URL may hold a password, so it is not repeated.
        raise InvalidInput(
            "database_url: expected e.g. sqlite:////path/to/file.sqlite3 or postgresql://user:password@host/name",
            field="database_url",
        ) from error
    # psycopg 3 is the installed driver; SQLAlchemy's default for a bare "postgresql" is psycopg2.
    return parsed.set(drivername="postgresql+psycopg") if parsed.drivername in {"postgresql", "postgres"} else parsed


def _make_private_file(path: str) -> None:
    os.makedirs(os.path.dirname(os.path.abspath(path)), mode=0o700, exist_ok=True)
    # SQLite makes files that everybody may read if the umask lets it; those beside it (-wal, -shm) get the mode of this one.
    # What is in the way of making it, SQLite says as well when it is first asked.
    with suppress(OSError):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))


def _configure_sqlite(connection: Any, _record: object) -> None:
    # Without this the driver begins transactions itself, late and DEFERRED.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_S * 1000}")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    mode = connection.get_execution_options().get(_BEGIN, "IMMEDIATE")
    if mode != _EACH_STATEMENT:
        connection.exec_driver_sql(f"BEGIN {mode}")


def _begin_lazily(connection: Connection) -> None:
    stepwise = connection.get_execution_options().get(_BEGIN) == _EACH_STATEMENT
    connection.exec_driver_sql(f"PRAGMA synchronous = {'FULL' if stepwise else 'NORMAL'}")
    _begin_sqlite(connection)


def _dispose_before_fork(engine: Engine) -> None:
    # A connection must not be used on both sides of a fork, and hooks cannot be taken back, hence the weak reference.
    reference = weakref.ref(engine)

    def dispose() -> None:
        if (alive := reference()) is not None:
            alive.dispose()

    os.register_at_fork(before=dispose)
