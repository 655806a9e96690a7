"""A service's processes and threads on one database, on SQLite and on PostgreSQL: what they share, and what they do not."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
import requests
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from commons.errors import ServiceUnavailable
from commons.storage.database import Database, create_database
from commons.storage.service_tables import ServiceTables

pytestmark = pytest.mark.integration

THREADS = 4


class Base(DeclarativeBase):
    pass


db = ServiceTables(Base)


class Counter(db.Model):  # type: ignore[name-defined, misc]
    __tablename__ = "counters"
    id: Mapped[int] = mapped_column(primary_key=True)
    count: Mapped[int]


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgresql_url"))
    return f"sqlite:///{tmp_path}/test.sqlite3"


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    database = create_database(url, db)
    Base.metadata.drop_all(database.engine)
    Base.metadata.create_all(database.engine)
    with database.session() as session:
        session.add(Counter(id=1, count=0))
    yield database
    assert checked_out(database) == 0
    database.dispose()


def checked_out(database: Database) -> int:
    return int(database.engine.pool.checkedout())  # type: ignore[attr-defined]


def increment(database: Database) -> None:
    with database.session() as session:
        session.get_one(Counter, 1, with_for_update=True).count += 1


def count(database: Database) -> int:
    with database.snapshot() as session:
        return int(session.get_one(Counter, 1).count)


def in_child(work: Callable[[], None]) -> int:
    child = os.fork()
    if child == 0:
        code = 1
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    return child


def test_both_sides_of_a_fork_go_on(database: Database) -> None:
    increment(database)

    def work() -> None:
        for _ in range(20):
            increment(database)

    children = [in_child(work) for _ in range(2)]
    work()
    assert [os.waitpid(child, 0)[1] for child in children] == [0, 0]
    assert count(database) == 61


def test_threads_have_sessions_and_connections_of_their_own(database: Database) -> None:
    together = Barrier(THREADS)

    def work(_: int) -> tuple[int, int]:
        with database.snapshot() as session:
            connection = session.connection().connection.dbapi_connection
            together.wait(10)
            assert db.session() is session
            found = id(session), id(connection)
            together.wait(10)
        for _ in range(5):
            increment(database)
        return found

    with ThreadPoolExecutor(THREADS) as pool:
        found = list(pool.map(work, range(THREADS)))
    assert [len(set(kind)) for kind in zip(*found, strict=True)] == [THREADS, THREADS]
    assert count(database) == 5 * THREADS


def test_nothing_is_left_of_units_that_fail(database: Database) -> None:
    def fail(way: str, work: Callable[[Session], object]) -> None:
        with getattr(database, way)() as session:
            # What a stepwise one has flushed stays, on SQLite.
            session.get_one(Counter, 1).count = 0 if way == "stepwise_sessions" else -1
            work(session)

    def raise_value_error(_: Session) -> None:
        raise ValueError

    for way in ("session", "snapshot", "stepwise_sessions"):
        for work in (raise_value_error, lambda session: session.execute(text("SELECT * FROM missing"))):
            with pytest.raises((ValueError, ServiceUnavailable, ProgrammingError)):
                fail(way, work)
            assert checked_out(database) == 0
    assert count(database) == 0


def test_a_second_unit_that_may_write_is_refused(database: Database) -> None:
    with database.session() as session:
        session.get_one(Counter, 1).count = 5
        with pytest.raises(RuntimeError, match="hand its session on"):
            increment(database)
        assert count(database) == 0
    assert count(database) == 5


# A parent that works with its database, forks a web server and a background process, and works on with it. Each says which
# connection it has, and what it holds of the parent's before it has one.
SERVICE = """
import os, sys
from pathlib import Path
from sqlalchemy import text
from commons.storage.database import create_database
from commons.web.app import create_api
from commons.web.json_logging import configure_logging
from commons.web.server import serve
from tests.integration.storage.test_databases_across_processes import db, Counter, increment

folder, url = Path(sys.argv[1]), sys.argv[2]
database = create_database(url, db)
on_sqlite = url.startswith("sqlite")


def links():
    for name in os.listdir("/proc/self/fd"):
        try:
            yield name, os.readlink(f"/proc/self/fd/{name}")
        except OSError:
            pass


def open_files():
    return {name: link for name, link in links() if ".sqlite3" in link}


def connection():
    with database.snapshot() as session:
        if on_sqlite:
            session.execute(text("SELECT 1"))
            return os.getpid(), bool(open_files())
        return session.scalar(text("SELECT pg_backend_pid()")), True


def is_there(backend):
    if on_sqlite:
        return False
    with database.snapshot() as session:
        return bool(session.scalar(text("SELECT count(*) FROM pg_stat_activity WHERE pid = :pid"), {"pid": backend}))


increment(database)
before = connection()


def account_of():
    held = open_files()
    mine = connection()
    for _ in range(20):
        increment(database)
    return {"held": held, "mine": mine, "parents": is_there(before[0]), "pid": os.getpid()}


def app():
    app = create_api("test", "1", readiness=list, app=database.app)
    app.add_url_rule("/account", "account", view_func=account_of)
    return app


def work(stop):
    import json
    (folder / "working.part").write_text(json.dumps(account_of()))
    (folder / "working.part").rename(folder / "working")
    stop.wait()


configure_logging("test")
sys.exit(serve(app, host="127.0.0.1", port=0, threads=4, background=[work], ready_file=folder / "ready.json"))
"""


def test_web_server_and_background_process_share_no_connection(database: Database, url: str, tmp_path: Path) -> None:
    with (tmp_path / "log").open("w") as log:
        service = subprocess.Popen([sys.executable, "-c", SERVICE, str(tmp_path), url], stderr=log)
    try:
        web = requests.get(_when_there(tmp_path / "ready.json", service)["url"] + "/account", timeout=30).json()
        worker = _when_there(tmp_path / "working", service)
    finally:
        service.send_signal(signal.SIGTERM)
        assert service.wait(20) == 0, (tmp_path / "log").read_text()
    for account in (web, worker):
        assert (account["held"], account["parents"], account["mine"][1]) == ({}, False, True)
    assert web["pid"] != worker["pid"]
    assert web["mine"] != worker["mine"]
    assert count(database) == 41


def _when_there(path: Path, service: subprocess.Popen[bytes]) -> Any:
    deadline = time.monotonic() + 30
    while not path.exists():
        assert service.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return json.loads(path.read_text())
