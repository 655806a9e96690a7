"""Units of work: what is kept, what is not, and how writers wait for each other."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from sqlalchemy import text

from commons.errors import InvalidInput, ServiceUnavailable
from commons.storage import database as database_module
from commons.storage.database import Database
from tests.doubles.bare_database import bare_database


@pytest.fixture
def database(tmp_path: Path) -> Database:
    database = bare_database(f"sqlite:///{tmp_path}/state/test.sqlite3")
    with database.session() as session:
        session.execute(text("CREATE TABLE parent (id INTEGER PRIMARY KEY)"))
        session.execute(text("CREATE TABLE child (parent_id INTEGER REFERENCES parent (id))"))
    return database


def count(database: Database) -> int:
    with database.snapshot() as session:
        return int(session.scalar(text("SELECT count(*) FROM parent")))


def test_a_unit_of_work_is_committed_at_its_end(database: Database) -> None:
    with database.session() as session:
        session.execute(text("INSERT INTO parent VALUES (1)"))
        assert count(database) == 0
    assert count(database) == 1


def test_a_unit_of_work_that_raises_is_rolled_back(database: Database) -> None:
    def work() -> None:
        with database.session() as session:
            session.execute(text("INSERT INTO parent VALUES (1)"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        work()
    assert count(database) == 0


def test_schema_changes_are_rolled_back_too(database: Database) -> None:
    def work() -> None:
        with database.session() as session:
            session.execute(text("CREATE TABLE other (id INTEGER)"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        work()
    with database.snapshot() as session:
        assert session.scalar(text("SELECT count(*) FROM sqlite_master WHERE name = 'other'")) == 0


def test_foreign_keys_are_enforced(database: Database) -> None:
    with pytest.raises(Exception, match="FOREIGN KEY"), database.session() as session:
        session.execute(text("INSERT INTO child VALUES (7)"))


def test_it_runs_in_wal_mode_with_full_synchronisation(database: Database) -> None:
    with database.snapshot() as session:
        assert session.scalar(text("PRAGMA journal_mode")) == "wal"
        assert session.scalar(text("PRAGMA synchronous")) == 2


def test_lazily_synchronised_only_what_is_committed_in_steps_waits_for_the_disk(tmp_path: Path) -> None:
    lazy = bare_database(f"sqlite:///{tmp_path}/lazy.sqlite3", lazy_sync=True)
    synchronous = text("PRAGMA synchronous")
    for _ in range(2):  # on the same pooled connection
        with lazy.session() as session:
            assert session.scalar(synchronous) == 1
        with lazy.stepwise_sessions() as session:
            assert session.scalar(synchronous) == 2
        with lazy.snapshot() as session:
            session.scalar(text("SELECT 1"))


def test_a_reader_neither_waits_for_a_writer_nor_sees_its_half_done_work(database: Database) -> None:
    with database.session() as writer:
        writer.execute(text("INSERT INTO parent VALUES (1)"))
        seen: list[int] = []
        reader = threading.Thread(target=lambda: seen.append(count(database)))
        reader.start()
        reader.join(5)
        assert seen == [0]


def test_two_writers_that_read_before_they_write_lose_nothing(database: Database) -> None:
    with database.session() as session:
        session.execute(text("INSERT INTO parent VALUES (0)"))

    def increment() -> None:
        for _ in range(20):
            with database.session() as session:
                value = session.scalar(text("SELECT id FROM parent"))
                session.execute(text("UPDATE parent SET id = :next"), {"next": value + 1})

    writers = [threading.Thread(target=increment) for _ in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(30)
    with database.snapshot() as session:
        assert session.scalar(text("SELECT id FROM parent")) == 60


def test_a_write_lock_that_is_not_to_be_had_is_a_service_unavailable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "BUSY_TIMEOUT_S", 0)
    database, of_another_process = (bare_database(f"sqlite:///{tmp_path}/busy.sqlite3") for _ in range(2))
    with database.session() as first:
        first.execute(text("CREATE TABLE t (id INTEGER)"))
        with pytest.raises(ServiceUnavailable, match="try again"), of_another_process.session() as second:
            second.execute(text("SELECT 1"))


def test_a_child_process_can_use_the_database_after_a_fork(database: Database) -> None:
    assert count(database) == 0
    child = os.fork()
    if child == 0:
        code = 1
        try:
            with database.session() as session:
                session.execute(text("INSERT INTO parent VALUES (1)"))
            code = 0
        finally:
            os._exit(code)
    assert os.waitpid(child, 0)[1] == 0
    assert count(database) == 1


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
def test_sqlite_in_memory_is_refused_because_processes_cannot_share_it(url: str) -> None:
    with pytest.raises(InvalidInput, match="needs a file"):
        bare_database(url)


def test_a_relative_path_is_one_from_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert bare_database("sqlite:///state/a.sqlite3").engine.url.database == str(tmp_path / "state/a.sqlite3")


def test_an_invalid_url_is_refused_without_repeating_it() -> None:
    with pytest.raises(InvalidInput, match="database_url") as caught:
        bare_database("postgres//user:geheim@host")
    assert "geheim" not in caught.value.message


def test_a_database_that_answers_passes_its_check(database: Database) -> None:
    database.check()


def test_a_database_that_does_not_answer_is_named_without_its_password() -> None:
    database = bare_database("postgresql://owner:geheim@127.0.0.1:1/deltaml")
    with pytest.raises(ServiceUnavailable, match=r"owner:\*\*\*@127\.0\.0\.1") as caught:
        database.check()
    assert "geheim" not in caught.value.message
    assert "geheim" not in repr(database.app.config)
