"""What is told of a version of a dataset is written down with the answer, and told again only to who says so."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from commons.computations.linear_regression.computation import LinearRegression
from commons.computations.linear_regression.spec import Feature
from commons.errors import Conflict, InvalidCiphertext
from data_owner.services.acceptances import AcceptRequest
from data_owner.services.answered_tasks import AnsweredTasks
from data_owner.services.ledger import AGAIN
from data_owner.services.task_answers import TaskAnswerer
from data_owner.tables import AnsweredTask, Learnt
from tests.doubles.around_owner import train_task, zeros


@pytest.fixture
def telling(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the kind one whose answers tell something of these very rows."""
    usual = LinearRegression.requirements
    monkeypatch.setattr(LinearRegression, "requirements", lambda *one: replace(usual(*one), answered_once=True))


def ledger(world: Any) -> list[tuple[int, str, list[str]]]:
    with world.database.snapshot() as session:
        return [(row.job_id, row.kind, row.columns) for row in session.scalars(select(Learnt).order_by(Learnt.id))]


def answer(world: Any, task: Any) -> None:
    answered = AnsweredTasks(world.database, world.clock)
    TaskAnswerer(world.taking_part.participant, answered).answer(task)


def answered(world: Any, other_address: str, job_id: int = 1, *consents: str) -> Any:
    job = world.start("trainer", other_address, job_id, consents)
    answer(world, train_task(job_id))
    return job


def accept(world: Any, job_id: int = 2, *consents: str, **request: Any) -> None:
    world.acceptances.accept(job_id, AcceptRequest(consents=consents, **request))


@pytest.mark.usefixtures("telling")
def test_the_first_answer_of_a_job_is_written_down_once(world: Any, other_address: str) -> None:
    world.start("trainer", other_address)
    assert ledger(world) == []
    for number in (1, 2):
        answer(world, train_task(number=number))
    assert ledger(world) == [(1, "linear_regression", ["a", "b", "y"])]


@pytest.mark.usefixtures("telling")
def test_nothing_is_written_down_without_an_answer(world: Any, other_address: str) -> None:
    world.start("trainer", other_address)
    with pytest.raises(InvalidCiphertext):
        answer(world, train_task(weights=zeros(2)))
    assert ledger(world) == []


@pytest.mark.usefixtures("telling")
def test_an_answer_that_cannot_be_written_down_is_not_given(
    world: Any, other_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.start("trainer", other_address)

    def failing(*_: Any) -> None:
        raise RuntimeError("no space left")

    monkeypatch.setattr("data_owner.services.answered_tasks.record", failing)
    with pytest.raises(RuntimeError):
        answer(world, train_task())
    with world.database.snapshot() as session:
        assert session.scalars(select(AnsweredTask)).all() == []


def test_a_kind_whose_answers_may_be_many_leaves_no_trace(world: Any, other_address: str) -> None:
    answered(world, other_address)
    assert ledger(world) == []
    world.post_job(2)
    accept(world)


@pytest.mark.usefixtures("telling")
def test_columns_that_were_answered_about_are_not_answered_about_again(world: Any, other_address: str) -> None:
    answered(world, other_address)
    feature = Feature(name="c", minimum=-1, maximum=1)
    world.post_job(2, features=(feature,))
    mapping = {"c": "b"}
    with pytest.raises(
        Conflict, match=r"job 1 was answered about the column 'b' of these rows.*consent 'again'"
    ) as caught:
        accept(world, column_mapping=mapping)
    assert caught.value.fields == {"field": "consents", "columns": ["b", "y"]}
    assert world.offers.get(2).acceptance is None
    accept(world, 2, AGAIN, column_mapping=mapping)
    assert world.offers.get(2).acceptance.state == "pending"


@pytest.mark.usefixtures("telling")
def test_other_columns_and_other_rows_are_another_matter(world: Any, other_address: str) -> None:
    world.add_rows("wide.csv", columns="a,b,c,y,z")
    answered(world, other_address)
    world.post_job(
        2, features=(Feature(name="c", minimum=-1, maximum=1),), target=Feature(name="z", minimum=-1, maximum=1)
    )
    accept(world)
    world.post_job(3)
    other = world.add_rows("other.csv", seed=2)
    accept(world, 3, dataset_id=other)


@pytest.mark.usefixtures("telling")
def test_a_file_that_is_added_again_is_the_version_that_it_was(world: Any, other_address: str) -> None:
    job = answered(world, other_address)
    job.settle([])
    world.known_jobs.refresh()
    (old,) = world.datasets.list()
    world.datasets.remove(old.id)
    world.add_rows()
    world.post_job(2)
    with pytest.raises(Conflict, match="job 1 was answered"):
        accept(world)
    (world.folder / "rows.csv").unlink()
    world.add_rows("copy.csv")
    with pytest.raises(Conflict, match="job 1 was answered"):
        accept(world, 2, dataset_id=world.datasets.list()[-1].id)


@pytest.mark.usefixtures("telling")
def test_jobs_that_recruit_at_the_same_time_are_not_both_answered_by_accident(world: Any, other_address: str) -> None:
    world.add_rows()
    for job_id in (1, 2, 3):
        world.post_job(job_id)
    accept(world, 1)
    with pytest.raises(Conflict, match="job 1, which was accepted, will be answered about the column 'a'"):
        accept(world)
    world.acceptances.withdraw(1)
    with pytest.raises(Conflict, match="job 1, which was accepted"):
        # The aggregator has not given it back yet.
        accept(world)
    world.deliveries.deliver_all()
    accept(world)
    world.jobs[2].happen("JobCancelled", refunded="1")
    accept(world, 3)


@pytest.mark.usefixtures("telling")
def test_a_number_that_a_reorganisation_gives_to_another_job_was_answered_all_the_same(
    world: Any, other_address: str
) -> None:
    answered(world, other_address)
    world.jobs[1].undo("JobStarted", "JobCreated")
    world.acceptances.withdraw(1)
    world.deliveries.deliver_all()
    world.post_job(1, title="another job")
    with pytest.raises(Conflict, match="job 1 was answered"):
        accept(world, 1)
    accept(world, 1, AGAIN)
