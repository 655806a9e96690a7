"""Courses as they are read from a table of evaluations."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from commons.market.course import Course
from commons.storage.courses import read_courses


class Base(DeclarativeBase):
    pass


class Evaluation(Base):
    __tablename__ = "evaluations"

    job: Mapped[str] = mapped_column(primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True)
    round: Mapped[int]
    loss: Mapped[float | None]


@pytest.fixture
def session() -> Iterator[Session]:
    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        yield session
    engine.dispose()


def courses(session: Session, *jobs: str) -> dict[str, Course]:
    return read_courses(
        session,
        jobs,
        job_id=Evaluation.job,
        index=Evaluation.place,
        number=Evaluation.round,
        loss=Evaluation.loss,
    )


def test_the_first_and_the_latest_evaluation_of_each_job_count(session: Session) -> None:
    for job, losses in {"a": (8.0, 9.0, 2.0), "b": (5.0,), "other": (1.0, 1.0)}.items():
        session.add_all(
            Evaluation(job=job, place=place, round=2 * place, loss=loss) for place, loss in enumerate(losses)
        )
    assert courses(session, "a", "b", "never evaluated") == {
        "a": Course(round=4, initial_loss=8.0, loss=2.0),
        "b": Course(round=0, initial_loss=5.0, loss=5.0),
    }


def test_a_kind_without_a_loss_for_people_has_rounds_only(session: Session) -> None:
    session.add_all(Evaluation(job="a", place=place, round=place, loss=None) for place in (0, 1))
    assert courses(session, "a") == {"a": Course(round=1)}
