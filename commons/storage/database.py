"""One service's database: SQLite (a file) by default, PostgreSQL by URL.

Flask-SQLAlchemy makes the engine, for an app that all processes of the service share (`commons.web.core_app`). Work is done in
units of work, which are short, and each has a session and a transaction of its own. A thread has one at most that may write.

SQLite runs in WAL mode with foreign keys on, and unless told otherwise with full synchronisation, so that a committed
transaction survives a crash of the machine. A unit of work that may write takes the write lock when it begins
(BEGIN IMMEDIATE): taking it later can fail at once with "database is locked" when another process wrote in between.
"""

from __future__ import annotations

import os
import weakref
from contextlib import AbstractContextManager, suppress
from types import TracebackType
from typing import Any, Final

from flask import current_app, has_app_context
from flask.ctx import AppContext
from sqlalchemy import Connection, Engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DisconnectionError, InterfaceError, OperationalError
from sqlalchemy.orm import Session, SessionTransaction

from commons.errors import InvalidInput, ServiceUnavailable
from commons.storage.service_tables import ServiceTables
from commons.web.core_app import CoreApp

BUSY_TIMEOUT_S = 15
_BEGIN = "sqlite_begin"
_READING = "DEFERRED"
_EACH_STATEMENT = "EACH STATEMENT"
_SYNCHRONOUS = "sqlite_synchronous"
_AWAY = (OperationalError, InterfaceError, DisconnectionError)


class UnitOfWork(AbstractContextManager[Session]):
    """A session, for the block, on one of a database's ways to begin transactions.

    Args:
        writes: whether what the block did is committed at its end; otherwise that is the block's own affair.
    """

    def __init__(self, database: Database, engine: Engine, *, writes: bool = False) -> None:
        self._database: Final = database
        self._engine: Final = engine
        self._writes: Final = writes
        self._context: AppContext | None = None
        self._transaction: SessionTransaction | None = None

    def __enter__(self) -> Session:
        app = self._database.app
        # A request has a context, which holds what is known of it; a background process gets one for each unit of work.
        if not (has_app_context() and current_app == app):
            self._context = app.app_context()
            self._context.push()
        session = self._database.tables.begin(self._engine)
        if self._writes:
            self._transaction = session.begin()
        return session

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._end(kind, error, trace)
        except _AWAY as failure:
            raise self._unavailable() from failure
        if isinstance(error, _AWAY):
            raise self._unavailable() from error

    def _end(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            if self._transaction is not None:
                self._transaction.__exit__(kind, error, trace)
        finally:
            try:
                self._database.tables.end()
            finally:
                if self._context is not None:
                    self._context.pop(error)

    def _unavailable(self) -> ServiceUnavailable:
        name = self._database.description
        return ServiceUnavailable(
            f"the database {name} does not answer or is busy; check that it runs and try again", database=name
        )


class Database:
    """An engine and the units of work on it; make it with `create_database`.

    Attributes:
        app: has the engine; the service's web server adds its routes to it.
        tables: the service's.
        engine: the SQLAlchemy engine; its pooled connections are closed before every fork.
        description: the URL without its password.
    """

    def __init__(self, app: CoreApp, tables: ServiceTables) -> None:
        self.app: Final = app
        self.tables: Final = tables
        with app.app_context():
            self.engine: Final = tables.engine
        self.description: Final = self.engine.url.render_as_string(hide_password=True)
        self._reading: Final = self.engine.execution_options(**{_BEGIN: _READING})
        self._stepwise: Final = self.engine.execution_options(**{_BEGIN: _EACH_STATEMENT})
        _dispose_before_fork(self.engine)

    def session(self) -> UnitOfWork:
        """A unit of work: committed at the end of the block, rolled back if the block raises.

        Raises:
            ServiceUnavailable: if the database does not answer, or its write lock is not to be had in time.
            RuntimeError: within another one of the same thread, for which it would wait in vain.
        """
        if self.tables.works_on(self.engine):
            raise RuntimeError(
                f"this thread has a unit of work open that may write to {self.description}, and another one would wait for "
                "it in vain; hand its session on, or end it first"
            )
        return UnitOfWork(self, self.engine, writes=True)

    def snapshot(self) -> UnitOfWork:
        """A unit of work that only reads; on SQLite it neither takes nor waits for the write lock.

        Within another one it sees what is committed.
        """
        return UnitOfWork(self, self._reading)

    def stepwise_sessions(self) -> UnitOfWork:
        """A unit of work in small steps, each of which the block commits (the transaction outbox waits for the network between).

        On SQLite each statement is a transaction of its own, so that no lock is held meanwhile. Rows need a version column.
        """
        return UnitOfWork(self, self._stepwise)

    def check(self) -> None:
        """Raise ServiceUnavailable unless it answers."""
        with self.snapshot() as session:
            session.execute(text("SELECT 1"))

    def dispose(self) -> None:
        """Close the pooled connections."""
        self.engine.dispose()


def create_database(url: str, tables: ServiceTables, *, lazy_sync: bool = False) -> Database:
    """Return the database at an SQLAlchemy URL, e.g. `sqlite:////var/lib/x/x.sqlite3` or `postgresql://…`.

    Nothing is connected yet. An SQLite file and its directory are made if needed, for this user alone.

    Args:
        url: of the database.
        tables: the service's.
        lazy_sync: on SQLite, let a crash of the machine (not of the process) undo the latest transactions, for a service
            whose participants answer again when they are asked again. What `stepwise_sessions` commit is on the disk at
            once all the same, and with it everything before: a signed Ethereum transaction must not be forgotten.

    Raises:
        InvalidInput: for a URL that is no database URL, and for SQLite in memory, which processes cannot share.
    """
    parsed = _parse(url)
    on_sqlite = parsed.get_backend_name() == "sqlite"
    if on_sqlite:
        parsed = _private_file(parsed)
    app = CoreApp()
    app.config["SQLALCHEMY_DATABASE_URI"] = parsed  # not as text, which would show the password
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = (
        {"connect_args": {"timeout": BUSY_TIMEOUT_S}} if on_sqlite else {"pool_pre_ping": True}
    )
    tables.init_app(app)
    database = Database(app, tables)
    if on_sqlite:
        event.listen(database.engine, "connect", _configure_sqlite)
        event.listen(database.engine, "begin", _begin_lazily if lazy_sync else _begin_sqlite)
    return database


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


def _private_file(url: URL) -> URL:
    """Return the URL with the whole path of its file, which is made if it is not there."""
    if not url.database or url.database == ":memory:":
        raise InvalidInput(
            "database_url: SQLite needs a file, e.g. sqlite:////var/lib/deltaml/x.sqlite3", field="database_url"
        )
    # Flask-SQLAlchemy would put a relative path below the folder of the app instead of the current one.
    path = os.path.abspath(url.database)
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    # SQLite makes files that everybody may read if the umask lets it; those beside it (-wal, -shm) get the mode of this one.
    # What is in the way of making it, SQLite says as well when it is first asked.
    with suppress(OSError):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
    return url.set(database=path)


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
    mode = connection.get_execution_options().get(_BEGIN)
    if mode != _READING:  # what only reads puts nothing on the disk
        level = "FULL" if mode == _EACH_STATEMENT else "NORMAL"
        # The pooled connection keeps it, and is most often asked for what it has.
        if connection.info.get(_SYNCHRONOUS) != level:
            connection.exec_driver_sql(f"PRAGMA synchronous = {level}")
            connection.info[_SYNCHRONOUS] = level
    _begin_sqlite(connection)


def _dispose_before_fork(engine: Engine) -> None:
    # A connection must not be used on both sides of a fork, and hooks cannot be taken back, hence the weak reference.
    reference = weakref.ref(engine)

    def dispose() -> None:
        if (alive := reference()) is not None:
            alive.dispose()

    os.register_at_fork(before=dispose)
