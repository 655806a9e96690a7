"""Jobs say what is in their way while they go on."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the column; what is in a job's way is found anew at each look at the chain."""
    op.add_column("jobs", sa.Column("trouble", sa.Text(), nullable=True))
