"""Bringing a service's database to its newest revision when the service starts.

Revisions are Alembic files in `<service>/adapters/migrations/versions`. All pending ones run in one transaction that
holds a lock, so two processes that start at once do not run them twice. Each service has a database of its own.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, MetaData, text

from commons.storage.database import Database

_MIGRATION_LOCK = 0x44454C54


def migrate(database: Database, versions_dir: Path) -> None:
    """Run every revision in `versions_dir` that the database has not seen.

    Raises:
        ServiceUnavailable: if the database does not answer.
    """
    from alembic import command  # noqa: PLC0415 - a third of a second that only start-up needs
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", _escaped(Path(__file__).parent / "alembic_environment"))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", _escaped(versions_dir))
    with database.session() as session:
        connection = session.connection()
        _lock(connection)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def schema_differences(database: Database, metadata: MetaData) -> list[object]:
    """What a migrated database lacks of the mapped tables, or has beyond them; empty when they agree."""
    from alembic.autogenerate import compare_metadata  # noqa: PLC0415
    from alembic.migration import MigrationContext  # noqa: PLC0415

    with database.snapshot() as session:
        return list(compare_metadata(MigrationContext.configure(session.connection()), metadata))


def _lock(connection: Connection) -> None:
    # SQLite holds its write lock since BEGIN IMMEDIATE.
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})


def _escaped(path: Path) -> str:
    return str(path).replace("%", "%%")
