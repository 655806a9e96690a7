"""Bringing a service's database to its newest revision when the service starts.

Revisions are Alembic files in `<service>/migrations/versions`. All pending ones run in one transaction that
holds a lock, so two processes that start at once do not run them twice. Each service has a database of its own.
A database under a revision that is not among them is another version's, and is left as it is.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, MetaData, text

from commons.errors import Conflict
from commons.storage.database import Database

if TYPE_CHECKING:
    from alembic.config import Config

_MIGRATION_LOCK = 0x44454C54


def migrate(database: Database, versions_dir: Path) -> None:
    """Run every revision in `versions_dir` that the database has not seen.

    Raises:
        Conflict: if another version made the database, whose data this one does not take over; nothing is changed.
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
        _require_known_revision(config, connection, database)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def schema_differences(database: Database, metadata: MetaData) -> list[object]:
    """What a migrated database lacks of the mapped tables, or has beyond them; empty when they agree."""
    from alembic.autogenerate import compare_metadata  # noqa: PLC0415
    from alembic.migration import MigrationContext  # noqa: PLC0415

    with database.snapshot() as session:
        return list(compare_metadata(MigrationContext.configure(session.connection()), metadata))


def _require_known_revision(config: Config, connection: Connection, database: Database) -> None:
    from alembic.migration import MigrationContext  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    unknown = set(MigrationContext.configure(connection).get_current_heads()) - known
    if unknown:
        raise Conflict(
            f"the database {database.description} was made by a version whose data is not taken over (its revision "
            f"{', '.join(sorted(unknown))} is not known here). Nothing in it was changed: move it away, or name another one in "
            "database_url",
            field="database_url",
            database=database.description,
        )


def _lock(connection: Connection) -> None:
    # SQLite holds its write lock since BEGIN IMMEDIATE.
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})


def _escaped(path: Path) -> str:
    return str(path).replace("%", "%%")
