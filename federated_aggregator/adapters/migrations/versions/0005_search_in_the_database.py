"""Jobs and datasets keep what a search looks through, datasets their size, and tags have rows of their own."""

from __future__ import annotations

import json
import unicodedata
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the columns and the table, and fill them from the rows that are there."""
    op.add_column("jobs", sa.Column("search_text", sa.Text(), nullable=False, server_default=""))
    op.add_column("datasets", sa.Column("search_text", sa.Text(), nullable=False, server_default=""))
    op.add_column("datasets", sa.Column("size_bytes", sa.Integer(), nullable=False, server_default="0"))
    op.create_index(op.f("ix_datasets_updated_at"), "datasets", ["updated_at", "dataset_id"], unique=False)
    op.create_table(
        "dataset_tags",
        sa.Column("folded", sa.Text(), nullable=False),
        sa.Column("dataset_id", sa.Text(), nullable=False),
        sa.Column("tag", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["dataset_id"], ["datasets.dataset_id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("folded", "dataset_id"),
    )
    op.create_index(op.f("ix_dataset_tags_dataset_id"), "dataset_tags", ["dataset_id"], unique=False)
    connection = op.get_bind()
    _fill_jobs(connection)
    _fill_datasets(connection)


def _fill_jobs(connection: sa.Connection) -> None:
    jobs = sa.table("jobs", sa.column("job_id"), sa.column("spec"), sa.column("search_text"))
    for job_id in connection.scalars(sa.select(jobs.c.job_id)).all():
        spec = json.loads(connection.scalars(sa.select(jobs.c.spec).where(jobs.c.job_id == job_id)).one())
        title = _search_form(spec["title"])
        connection.execute(sa.update(jobs).where(jobs.c.job_id == job_id).values(search_text=title))


def _fill_datasets(connection: sa.Connection) -> None:
    columns = ("dataset_id", "name", "description", "row_count", "search_text", "size_bytes")
    datasets = sa.table(
        "datasets",
        *(sa.column(name) for name in columns),
        sa.column("tags", sa.JSON()),
        sa.column("columns", sa.JSON()),
    )
    tags = sa.table("dataset_tags", sa.column("folded"), sa.column("dataset_id"), sa.column("tag"))
    shown = (datasets.c.name, datasets.c.description, datasets.c.tags, datasets.c.columns, datasets.c.row_count)
    for dataset_id in connection.scalars(sa.select(datasets.c.dataset_id)).all():
        this = datasets.c.dataset_id == dataset_id
        row = connection.execute(sa.select(*shown).where(this)).one()
        connection.execute(sa.update(datasets).where(this).values(search_text=_text(row), size_bytes=_size(row)))
        folded = {_search_form(tag): tag for tag in reversed(row.tags)}
        rows = [{"folded": key, "dataset_id": dataset_id, "tag": tag} for key, tag in folded.items()]
        if rows:
            connection.execute(sa.insert(tags), rows)


def _search_form(text: str) -> str:
    return unicodedata.normalize("NFC", text.casefold())


def _text(row: Any) -> str:
    columns = (column["name"] for column in row.columns)
    return _search_form("\n".join((row.name, row.description, *row.tags, *columns)))


def _size(row: Any) -> int:
    return len(json.dumps(row._asdict(), ensure_ascii=False, separators=(",", ":")).encode())
