"""Units of work and Flask-SQLAlchemy: whose session it is, in requests, in threads and one within another."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import g, has_app_context, request
from sqlalchemy import text
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from commons.errors import ServiceUnavailable
from commons.storage.database import Database, create_database
from commons.storage.service_tables import ServiceTables
from commons.web.app import create_api


class Base(DeclarativeBase):
    pass


db = ServiceTables(Base)


class Thing(db.Model):  # type: ignore[name-defined, misc]
    __tablename__ = "things"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = create_database(f"sqlite:///{tmp_path}/test.sqlite3", db)
    Base.metadata.create_all(database.engine)
    with database.session() as session:
        session.add(Thing(id=1, name="first"))
    yield database
    assert checked_out(database) == 0
    database.dispose()


def checked_out(database: Database) -> int:
    return int(database.engine.pool.checkedout())  # type: ignore[attr-defined]


def rename(database: Database, name: str) -> None:
    with database.session() as session:
        session.get_one(Thing, 1).name = name


def name_of(session: Session) -> str:
    return str(session.get_one(Thing, 1).name)


def test_the_session_of_the_tables_is_that_of_the_innermost_unit_of_work(database: Database) -> None:
    with database.session() as outer:
        assert db.session() is outer
        with database.snapshot() as inner:
            assert db.session() is inner
            assert inner is not outer
        assert db.session() is outer
        assert db.session.get_one(Thing, 1).name == "first"


def test_outside_a_unit_of_work_there_is_no_session(database: Database) -> None:
    with database.app.app_context(), pytest.raises(RuntimeError, match="no unit of work is open"):
        db.session.get(Thing, 1)
    with pytest.raises(RuntimeError, match="no unit of work is open"):
        Thing.query.all()


def test_a_second_unit_that_may_write_is_refused_at_once_and_the_first_goes_on(database: Database) -> None:
    with database.session() as session:
        session.get_one(Thing, 1).name = "second"
        with database.snapshot(), pytest.raises(RuntimeError, match="hand its session on"):
            database.session()
    with database.snapshot() as session:
        assert name_of(session) == "second"


def test_a_writer_may_be_within_a_reader_and_steps_within_steps(database: Database) -> None:
    with database.snapshot() as reader, database.stepwise_sessions() as outer, database.stepwise_sessions() as inner:
        rename(database, "second")
        assert [name_of(session) for session in (reader, outer, inner)] == ["second"] * 3
        inner.get_one(Thing, 1).name = "third"
        inner.commit()
    with database.snapshot() as session:
        assert name_of(session) == "third"


def test_databases_of_the_same_tables_do_not_stand_in_each_others_way(database: Database, tmp_path: Path) -> None:
    other = create_database(f"sqlite:///{tmp_path}/other.sqlite3", db)
    Base.metadata.create_all(other.engine)
    with database.session() as session, other.session() as elsewhere:
        elsewhere.add(Thing(id=1, name="elsewhere"))
        session.get_one(Thing, 1).name = "here"
    with database.snapshot() as session, other.snapshot() as elsewhere:
        assert (name_of(session), name_of(elsewhere)) == ("here", "elsewhere")
    other.dispose()


def test_units_of_one_request_share_neither_session_nor_rows_and_leave_its_context_alone(database: Database) -> None:
    app = create_api("test", "1", readiness=list, app=database.app)

    def view() -> dict[str, Any]:
        kept = []
        for name in ("first", "second"):
            with database.snapshot() as session:
                row = session.get_one(Thing, 1)
                kept.append((session, row))
                assert row.name == name
                assert (request.path, bool(g.request_id)) == ("/view", True)
            # Another process writes meanwhile.
            with database.engine.begin() as connection:
                connection.execute(text("UPDATE things SET name = 'second'"))
        (one, row), (other, later) = kept
        assert one is not other
        assert row is not later
        return {"kept": row.name, "found": later.name}

    app.add_url_rule("/view", view_func=view)
    assert app.test_client().get("/view").get_json() == {"kept": "first", "found": "second"}
    assert not has_app_context()


def test_a_request_within_a_unit_of_work_leaves_it_alone(database: Database) -> None:
    app = create_api("test", "1", readiness=list, app=database.app)
    with database.session() as session:
        session.get_one(Thing, 1).name = "second"
        assert app.test_client().get("/healthz").status_code == 200
        assert session.get_one(Thing, 1).name == "second"
    with database.snapshot() as session:
        assert name_of(session) == "second"


def test_without_a_request_a_unit_of_work_has_an_app_context_for_as_long_as_it_lasts(database: Database) -> None:
    assert not has_app_context()
    with database.snapshot():
        assert db.engine is database.engine
    assert not has_app_context()


def test_each_thread_has_units_of_its_own(database: Database) -> None:
    found: dict[int, tuple[Session, str]] = {}
    both = threading.Barrier(3)

    def read(number: int) -> None:
        with database.snapshot() as session:
            both.wait(10)
            found[number] = (db.session(), name_of(db.session()))
            assert db.session() is session

    with database.session() as mine:
        threads = [threading.Thread(target=read, args=(number,)) for number in range(2)]
        for thread in threads:
            thread.start()
        both.wait(10)
        for thread in threads:
            thread.join(10)
        assert db.session() is mine
    assert [name for _, name in found.values()] == ["first", "first"]
    assert len({id(session) for session, _ in found.values()} | {id(mine)}) == 3


@pytest.mark.parametrize("way", ["session", "snapshot", "stepwise_sessions"])
def test_what_raises_leaves_no_connection_no_context_and_no_unit_behind(database: Database, way: str) -> None:
    def work(error: Exception) -> None:
        with getattr(database, way)() as session:
            session.get_one(Thing, 1).name = "never"
            assert checked_out(database) == 1
            raise error

    for error in (ValueError("mine"), ServiceUnavailable("theirs"), KeyboardInterrupt()):
        with pytest.raises(type(error)):
            work(error)  # type: ignore[arg-type]
        assert (checked_out(database), has_app_context()) == (0, False)
        with pytest.raises(RuntimeError, match="no unit of work is open"):
            db.session()
    with database.session() as session:
        assert name_of(session) == "first"


@pytest.mark.parametrize("way", ["session", "snapshot", "stepwise_sessions"])
def test_a_database_that_goes_away_is_a_service_unavailable_in_every_kind_of_unit(tmp_path: Path, way: str) -> None:
    database = create_database(f"sqlite:///{tmp_path}/test.sqlite3", db)
    with pytest.raises(ServiceUnavailable, match="try again"), getattr(database, way)() as session:
        session.execute(text("SELECT * FROM missing"))
    assert checked_out(database) == 0


def test_a_commit_that_fails_is_told_and_undone(database: Database) -> None:
    def work() -> None:
        with database.session() as session:
            session.add(Thing(id=1, name="twice"))

    with pytest.raises(Exception, match="UNIQUE"):
        work()
    assert checked_out(database) == 0
    rename(database, "second")
