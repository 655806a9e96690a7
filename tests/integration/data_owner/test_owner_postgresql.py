"""A data owner's database on PostgreSQL: migrations by several processes at once, users, datasets, units of work."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from sqlalchemy import select

from commons.errors import NotAuthenticated
from commons.storage.database import Database, create_database
from commons.storage.migrations import migrate, schema_differences
from commons.web.authentication import Authenticator
from data_owner.adapters.data_files import open_data_file
from data_owner.services.datasets import DatasetDetails, Datasets, profile_of
from data_owner.tables import AUTHENTICATION, Base, KnownJob, db
from data_owner.wiring import MIGRATIONS

pytestmark = pytest.mark.integration


def test_processes_that_start_at_once_make_one_schema_and_one_user(postgresql_url: str, tmp_path: Path) -> None:
    database = create_database(postgresql_url, db)
    children = [_prepare_in_child(database, tmp_path) for _ in range(4)]
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * 4
    assert schema_differences(database, Base.metadata) == []
    authenticator = Authenticator(database, AUTHENTICATION)
    password = (tmp_path / "admin-password").read_text().strip()
    token = authenticator.sign_in("admin", password).token
    assert authenticator.session_of(token).user == "admin"
    authenticator.sign_out(token)
    with pytest.raises(NotAuthenticated):
        authenticator.session_of(token)
    database.dispose()


def test_datasets_and_units_of_work(postgresql_url: str, tmp_path: Path) -> None:
    database = create_database(postgresql_url, db)
    migrate(database, MIGRATIONS)
    rows = tmp_path / "rows.csv"
    rows.write_text("a,y\n1,2.5\n3,4.5\n")
    datasets = Datasets(database, tmp_path, open_data_file, lambda: 1.0)
    added = datasets.add(rows, DatasetDetails(tags=("t",)))
    assert profile_of(datasets.get(added.id)) == profile_of(added)
    datasets.remove(added.id)
    assert datasets.list() == []
    with pytest.raises(RuntimeError):
        _write_and_raise(database)
    with database.snapshot() as session:
        assert session.scalars(select(KnownJob)).all() == []
    database.dispose()


def _prepare_in_child(database: Database, state_dir: Path) -> int:
    child = os.fork()
    if child == 0:
        code = 1
        try:
            migrate(database, MIGRATIONS)
            Authenticator(database, AUTHENTICATION).ensure_admin(None, state_dir)
            code = 0
        finally:
            os._exit(code)
    return child


def _write_and_raise(database: Database) -> None:
    with database.session() as session:
        session.add(KnownJob(job_id=2**40, view={}))
        session.flush()
        raise RuntimeError
