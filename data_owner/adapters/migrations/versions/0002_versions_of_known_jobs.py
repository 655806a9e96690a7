"""Known jobs remember the version of the aggregator's summary, so that only what has changed is asked for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; without a version a summary is taken over anew."""
    op.add_column("known_jobs", sa.Column("version", sa.Text(), nullable=True))
