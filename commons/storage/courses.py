"""How far jobs came, read from a service's table of evaluations."""

from __future__ import annotations

from collections.abc import Collection
from typing import TypeVar

from sqlalchemy import func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from commons.market.course import Course

Id = TypeVar("Id")


def read_courses(
    session: Session,
    job_ids: Collection[Id],
    *,
    job_id: InstrumentedAttribute[Id],
    index: InstrumentedAttribute[int],
    number: InstrumentedAttribute[int],
    loss: InstrumentedAttribute[float | None],
) -> dict[Id, Course]:
    """Return how far these jobs came, by their ids; jobs without an evaluation are left out.

    Only the first and the latest evaluation of each are read.

    Args:
        session: the unit of work.
        job_ids: which jobs.
        job_id, index: the columns that say whose evaluation it is, and its place, which begins with 0.
        number: the column of the round.
        loss: the column of the loss for people.
    """
    last = (
        select(job_id.label("job_id"), func.max(index).label("index"))
        .where(job_id.in_(job_ids))
        .group_by(job_id)
        .subquery()
    )
    ends = (
        select(job_id, number, loss)
        .join(last, last.c.job_id == job_id)
        .where((index == 0) | (index == last.c.index))
        .order_by(job_id, index)
    )
    courses: dict[Id, Course] = {}
    for job, evaluated, value in session.execute(ends):
        start = courses.get(job, Course(initial_loss=value))
        courses[job] = Course(round=evaluated, initial_loss=start.initial_loss, loss=value)
    return courses
