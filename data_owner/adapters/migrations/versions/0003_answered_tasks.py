"""Owners remember which tasks they answered, sign what they declare, and keep what the others declared."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table and the columns; acceptances from before have no signed declaration and are not taken any more."""
    op.create_table(
        "answered_tasks",
        sa.Column("job_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("checkpoint", sa.Integer(), nullable=False),
        sa.Column("task_digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("job_id", "kind", name=op.f("pk_answered_tasks")),
    )
    op.add_column(
        "acceptances",
        sa.Column("declaration_signature", sa.LargeBinary(), nullable=False, server_default=sa.text("''")),
    )
    op.add_column("acceptances", sa.Column("chain_id", sa.BigInteger(), nullable=False, server_default=sa.text("0")))
    op.add_column(
        "acceptances", sa.Column("contract", sa.String(length=42), nullable=False, server_default=sa.text("''"))
    )
    op.add_column("acceptances", sa.Column("row_counts", sa.JSON(), nullable=True))
    op.execute(
        "UPDATE acceptances SET state = 'withdrawn', note = 'accepted with an earlier version; accept it again' "
        "WHERE role IS NULL AND state IN ('pending', 'posted', 'withdrawing')"
    )
