"""Bringing a database up to date, also by several processes at once."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, text

from commons.errors import Conflict
from commons.storage.database import Database
from commons.storage.migrations import migrate, schema_differences
from tests.doubles.bare_database import bare_database

ROOT = Path(__file__).parents[4]
FIRST = """
import sqlalchemy as sa
from alembic import op
revision = "0001"
down_revision = None
def upgrade():
    op.create_table("things", sa.Column("id", sa.Integer(), primary_key=True))
    op.execute("INSERT INTO things VALUES (1)")
"""
SECOND = """
import sqlalchemy as sa
from alembic import op
revision = "0002"
down_revision = "0001"
def upgrade():
    op.add_column("things", sa.Column("size", sa.Integer()))
    {more}
"""


@pytest.fixture
def versions(tmp_path: Path) -> Path:
    # A percent sign and a space: Alembic's configuration interpolates the one and may split at the other.
    folder = tmp_path / "100 %/versions"
    folder.mkdir(parents=True)
    (folder / "0001_first.py").write_text(FIRST)
    return folder


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return bare_database(f"sqlite:///{tmp_path}/test.sqlite3")


def things(database: Database) -> int:
    with database.snapshot() as session:
        return int(session.scalar(text("SELECT count(*) FROM things")))


def test_pending_revisions_run_once(database: Database, versions: Path) -> None:
    migrate(database, versions)
    migrate(database, versions)
    assert things(database) == 1


def test_later_revisions_run_on_what_is_there(database: Database, versions: Path) -> None:
    migrate(database, versions)
    (versions / "0002_second.py").write_text(SECOND.format(more="pass"))
    migrate(database, versions)
    with database.snapshot() as session:
        assert session.execute(text("SELECT id, size FROM things")).all() == [(1, None)]


def test_a_revision_that_fails_leaves_the_database_as_it_was(database: Database, versions: Path) -> None:
    migrate(database, versions)
    (versions / "0002_second.py").write_text(SECOND.format(more="raise RuntimeError('broken')"))
    with pytest.raises(RuntimeError, match="broken"):
        migrate(database, versions)
    with database.snapshot() as session:
        assert session.scalar(text("SELECT version_num FROM alembic_version")) == "0001"
        assert session.execute(text("SELECT * FROM things")).keys() == ["id"]


def test_a_database_of_a_version_that_is_not_taken_over_is_named_and_left_as_it_is(
    database: Database, versions: Path, tmp_path: Path
) -> None:
    migrate(database, versions)
    with database.session() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '0004'"))
    (versions / "0002_second.py").write_text(SECOND.format(more="pass"))
    with pytest.raises(Conflict) as refused:
        migrate(database, versions)
    said = refused.value.message
    assert f"the database sqlite:///{tmp_path}/test.sqlite3 was made by a version whose data is not taken over" in said
    assert "its revision 0004 is not known here" in said
    assert "move it away, or name another one in database_url" in said
    assert refused.value.fields["field"] == "database_url"
    with database.snapshot() as session:
        assert session.scalar(text("SELECT version_num FROM alembic_version")) == "0004"
        assert session.execute(text("SELECT * FROM things")).keys() == ["id"]


@pytest.mark.parametrize("service", ["data_owner", "federated_aggregator", "model_buyer"])
def test_no_service_takes_over_the_tables_of_the_first_versions(database: Database, service: str) -> None:
    """Their revisions were called by their numbers alone."""
    with database.session() as session:
        session.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)"))
        session.execute(text("INSERT INTO alembic_version VALUES ('0001')"))
    with pytest.raises(Conflict, match="its revision 0001 is not known here"):
        migrate(database, ROOT / service / "migrations" / "versions")


def test_processes_that_start_at_once_run_each_revision_once(database: Database, versions: Path) -> None:
    children = []
    for _ in range(3):
        child = os.fork()
        if child == 0:
            code = 1
            try:
                migrate(database, versions)
                code = 0
            finally:
                os._exit(code)
        children.append(child)
    assert [os.waitpid(child, 0)[1] for child in children] == [0, 0, 0]
    assert things(database) == 1


def test_schema_differences_names_what_the_revisions_lack(database: Database, versions: Path) -> None:
    migrate(database, versions)
    mapped = MetaData()
    Table("things", mapped, Column("id", Integer, primary_key=True))
    assert schema_differences(database, mapped) == []
    Table("more", mapped, Column("id", Integer, primary_key=True))
    (difference,) = schema_differences(database, mapped)
    assert difference[0] == "add_table"
