"""Jobs remember under which key they were asked for, so that asking again makes no second one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; jobs from before have no key."""
    op.add_column("jobs", sa.Column("idempotency_key", sa.String(length=64), nullable=True))
    op.add_column("jobs", sa.Column("request_digest", sa.LargeBinary(length=32), nullable=True))
    op.create_index(op.f("ix_jobs_idempotency_key"), "jobs", ["idempotency_key"], unique=True)
