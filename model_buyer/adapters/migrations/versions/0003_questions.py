"""The buyer remembers every question that it was asked in a job, and whether it answers no more."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table; answers to openings move there from now on."""
    op.create_table(
        "questions",
        sa.Column("job_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("round", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("checkpoint", sa.Integer(), nullable=False),
        sa.Column("task_digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("outcome_json", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_questions_job_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job_id", "kind", "round", name=op.f("pk_questions")),
    )
    op.add_column("jobs", sa.Column("refusal", sa.Text(), nullable=True))
    op.drop_column("openings", "answer")
