"""The aggregator's database on PostgreSQL: migrations, search, quotas under haste, and what it cannot store."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from eth_account import Account
from sqlalchemy import text

from commons.errors import Conflict
from commons.market.catalogue import CatalogueEntry
from commons.storage.database import Database, create_database
from commons.storage.migrations import migrate, schema_differences
from federated_aggregator.app import create_app
from federated_aggregator.services import catalogue as catalogue_module
from federated_aggregator.services.catalogue import Catalogue, DatasetFilter
from federated_aggregator.tables import Base, db
from federated_aggregator.wiring import MIGRATIONS, assemble
from tests.doubles.around_aggregator import Clock, FakeChain
from tests.doubles.older_aggregator import earlier_tables_with_rows, rows_of_earlier_tables
from tests.doubles.signing_in import sign_in

pytestmark = pytest.mark.integration

ENTRY = CatalogueEntry.model_validate(
    {
        "name": "Hauptstraße 100%",
        "tags": ["Energy", "ENERGY"],
        "columns": [{"name": "a_b", "type": "number"}],
        "row_count": 3,
    }
)


@pytest.fixture
def database(postgresql_url: str) -> Iterator[Database]:
    """An empty database; migrations are each test's own."""
    database = create_database(postgresql_url, db)
    with database.session() as session:
        session.execute(text("DROP SCHEMA public CASCADE"))
        session.execute(text("CREATE SCHEMA public"))
    yield database
    database.dispose()


def test_the_migrations_make_what_is_mapped_and_a_listed_dataset_is_found(database: Database) -> None:
    migrate(database, MIGRATIONS)
    assert schema_differences(database, Base.metadata) == []
    catalogue = Catalogue(database, lambda: 1.0)
    catalogue.put_dataset("0x1", "a", ENTRY)
    assert [row.dataset_id for row in catalogue.find(DatasetFilter("a_b", ["energy"]), limit=5).page] == ["a"]
    assert catalogue.tags("") == {"Energy": 1}


@pytest.mark.parametrize("revision", ["0001", "0004"])
def test_a_database_of_an_earlier_version_is_refused_and_left_as_it_is(
    database: Database, postgresql_url: str, revision: str
) -> None:
    earlier_tables_with_rows(database, revision)
    before = rows_of_earlier_tables(database)
    with_password = create_database(postgresql_url.replace("deltaml@", "deltaml:open%20sesame@"), db)
    with pytest.raises(Conflict, match="was made by a version whose data is not taken over") as refused:
        migrate(with_password, MIGRATIONS)
    with_password.dispose()
    assert f"its revision {revision} is not known here" in refused.value.message
    assert "postgresql+psycopg://deltaml:***@127.0.0.1" in refused.value.message
    assert "sesame" not in f"{refused.value.message}{refused.value.fields}"
    assert rows_of_earlier_tables(database) == before


@pytest.mark.parametrize(
    ("query", "total"), [("STRASSE", 1), ("100%", 1), ("0%x", 0), ("A_B", 1), ("axb", 0), ("\\", 0), ("energy", 1)]
)
def test_a_text_is_found_in_whatever_case_and_taken_as_it_is(database: Database, query: str, total: int) -> None:
    migrate(database, MIGRATIONS)
    catalogue = Catalogue(database, lambda: 1.0)
    catalogue.put_dataset("0x1", "a", ENTRY)
    assert catalogue.find(DatasetFilter(query), limit=5).total == total


def test_twenty_at_once_do_not_exceed_a_quota(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    migrate(database, MIGRATIONS)
    monkeypatch.setattr(catalogue_module, "MOST_ENTRIES", 3)
    catalogue = Catalogue(database, lambda: 1.0)

    def put(number: int) -> bool:
        try:
            catalogue.put_dataset("0x1", f"d{number}", ENTRY)
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(20) as pool:
        assert sum(pool.map(put, range(20))) == 3
    assert catalogue.find(DatasetFilter(), limit=5).total == 3


def test_the_character_that_postgresql_cannot_store_is_refused_everywhere(database: Database, tmp_path: Path) -> None:
    migrate(database, MIGRATIONS)
    client = create_app(assemble(database, FakeChain(), clock=Clock()), tmp_path).test_client()
    sign_in(client, Account.create())
    entry = ENTRY.model_dump(mode="json")
    requests = [
        ("GET", "/v1/board/datasets?query=%00", None),
        ("GET", "/v1/board/datasets?tag=a%00", None),
        ("GET", "/v1/board/jobs?query=%00", None),
        ("GET", "/v1/jobs?state=%00", None),
        ("PUT", "/v1/participants/me", {"name": "a\0", "kind": "data_owner"}),
        ("PUT", "/v1/datasets/a", {**entry, "name": "\0"}),
        ("PUT", "/v1/datasets/a", {**entry, "tags": ["\0"]}),
        ("PUT", "/v1/datasets/a", {**entry, "columns": [{"name": "\0", "type": "number"}]}),
        ("PUT", "/v1/datasets/%00", entry),
        ("POST", "/v1/tasks/%00/failure", {"reason": "none"}),
        ("POST", "/v1/tasks/x/failure", {"reason": "\0"}),
        ("POST", "/v1/sign-in", {"message": "\0", "signature": "0x"}),
    ]
    for method, path, body in requests:
        answer = client.open(path, method=method, json=body)
        assert answer.status_code == 422, (method, path, answer.text)
