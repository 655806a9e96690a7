"""An aggregator's database as its first version left it: one dataset, one job."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from sqlalchemy import text

from commons.storage.database import Database
from commons.storage.migrations import migrate
from federated_aggregator.serve import MIGRATIONS

OLD_TITLE = "Straße nach Süden"
_DATASET = {
    "dataset_id": "a",
    "owner": "0x1",
    "name": "Ward",
    "description": "",
    "tags": json.dumps(["Energy", "energy"]),
    "columns": json.dumps([{"name": "Wind speed", "type": "number"}]),
    "row_count": 10,
    "updated_at": 5.0,
}
_JOB = {
    "job_id": 1,
    "buyer": "0x2",
    "spec": json.dumps({"title": OLD_TITLE}),
    "modulus": "0x1",
    "modulus_proof": "[]",
    "state": "recruiting",
    "round": 0,
    "checkpoint": 0,
    "last": False,
    "growth": 1.0,
    "transactions": "{}",
    "entered": "{}",
}


def first_tables_with_rows(database: Database, folder: Path) -> None:
    """Make the tables of the first revision and put one dataset and one job into them."""
    versions = folder / "first-version"
    versions.mkdir()
    shutil.copy(MIGRATIONS / "0001_first_tables.py", versions)
    migrate(database, versions)
    with database.session() as session:
        for table, row in (("datasets", _DATASET), ("jobs", _JOB)):
            names = ", ".join(f'"{name}"' for name in row)
            values = ", ".join(f":{name}" for name in row)
            session.execute(text(f"INSERT INTO {table} ({names}) VALUES ({values})"), row)
