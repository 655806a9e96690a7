"""Owners sign what they declare; validators can be out of a running job."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; acceptances of jobs that have not started lack the signature and are asked for again."""
    op.add_column(
        "enrolments", sa.Column("declaration_signature", sa.Text(), nullable=False, server_default=sa.text("''"))
    )
    op.add_column("enrolments", sa.Column("out", sa.Text(), nullable=True))
    op.execute("DELETE FROM enrolments WHERE role IS NULL")
