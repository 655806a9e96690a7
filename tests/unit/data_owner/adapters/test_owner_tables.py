"""The migrations give the tables that are mapped."""

from __future__ import annotations

from commons.storage.database import Database
from commons.storage.migrations import schema_differences
from data_owner.tables import Base


def test_a_migrated_database_has_the_mapped_tables(database: Database) -> None:
    assert schema_differences(database, Base.metadata) == []
