"""An aggregator's database as an earlier version left it, whose data is not taken over: one dataset, one job."""

from __future__ import annotations

import json

from sqlalchemy import text

from commons.storage.database import Database

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
    "spec": json.dumps({"title": "Straße nach Süden"}),
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
_TYPES = {str: "TEXT", int: "BIGINT", float: "DOUBLE PRECISION", bool: "BOOLEAN"}


def earlier_tables_with_rows(database: Database, revision: str) -> None:
    """Make the tables of an earlier version under one of its revisions, and put one dataset and one job into them."""
    tables = {"datasets": _DATASET, "jobs": _JOB, "alembic_version": {"version_num": revision}}
    with database.session() as session:
        for table, row in tables.items():
            columns = ", ".join(f'"{name}" {_TYPES[type(value)]} NOT NULL' for name, value in row.items())
            names, values = ", ".join(f'"{name}"' for name in row), ", ".join(f":{name}" for name in row)
            session.execute(text(f"CREATE TABLE {table} ({columns})"))
            session.execute(text(f"INSERT INTO {table} ({names}) VALUES ({values})"), row)


def rows_of_earlier_tables(database: Database) -> tuple[object, ...]:
    """Everything that is in them, and the names of all tables that there are."""
    with database.snapshot() as session:
        rows = [
            session.execute(text(f"SELECT * FROM {table}")).all() for table in ("datasets", "jobs", "alembic_version")
        ]
        named = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
        return (*rows, session.scalars(text(named)).all())
