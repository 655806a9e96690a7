"""The aggregator's migrations: they make the mapped tables, and rows of older versions are found afterwards."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import select

from commons.storage.database import create_database
from commons.storage.migrations import migrate, schema_differences
from federated_aggregator.adapters.tables import Base, Job
from federated_aggregator.serve import MIGRATIONS
from federated_aggregator.services.catalogue import Catalogue, DatasetFilter
from tests.doubles.older_aggregator import OLD_TITLE, first_tables_with_rows


def test_the_migrations_make_the_mapped_tables(tmp_path: Path) -> None:
    database = create_database(f"sqlite:///{tmp_path}/aggregator.sqlite3")
    migrate(database, MIGRATIONS)
    assert schema_differences(database, Base.metadata) == []


def test_what_was_stored_before_is_found_counted_and_weighed(tmp_path: Path) -> None:
    database = create_database(f"sqlite:///{tmp_path}/aggregator.sqlite3")
    first_tables_with_rows(database, tmp_path)
    migrate(database, MIGRATIONS)
    catalogue = Catalogue(database, lambda: 1.0)
    (found,) = catalogue.find(DatasetFilter("WIND", tags=["energy"]), limit=5).page
    assert (found.dataset_id, found.size_bytes > 60) == ("a", True)
    assert catalogue.tags("") == {"Energy": 1}
    assert catalogue.find(DatasetFilter("unheard of"), limit=5).total == 0
    with database.snapshot() as session:
        assert session.scalar(select(Job.search_text)) == OLD_TITLE.casefold()
