"""Failed transactions keep the arguments of the contract's error."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; what failed before has none."""
    op.add_column("outbox_transactions", sa.Column("arguments", sa.JSON(), nullable=True))
