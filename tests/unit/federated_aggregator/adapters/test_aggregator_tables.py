"""The aggregator's migrations: they make the mapped tables, and rows of older versions are found afterwards."""

from __future__ import annotations

from pathlib import Path

from commons.storage.database import create_database
from commons.storage.migrations import migrate, schema_differences
from federated_aggregator.tables import Base, db
from federated_aggregator.wiring import MIGRATIONS


def test_the_migrations_make_the_mapped_tables(tmp_path: Path) -> None:
    database = create_database(f"sqlite:///{tmp_path}/aggregator.sqlite3", db)
    migrate(database, MIGRATIONS)
    assert schema_differences(database, Base.metadata) == []
