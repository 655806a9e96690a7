"""A kind that is no regression, from its first task to its outcome: what the market does for every kind."""

from __future__ import annotations

import json
from typing import Any

import pytest

from commons.chain.jobs import JobSettled, JobState
from commons.ciphers.wire import CiphertextVector
from commons.computations.linear_regression.messages import DeliverTask
from commons.computations.linear_regression.numeric_plan import WEIGHT_FRACTIONAL_BITS
from commons.errors import Conflict, ProtocolViolation
from commons.market.course import Course
from commons.market.roles import Role, draw_roles
from commons.market.tasks import TaskBody
from model_buyer.domain.stages import DeliveryCheck, Stage
from model_buyer.services.answer_task import TaskAnswerer
from model_buyer.services.carry_on import carry_on
from model_buyer.services.follow_job import follow_job
from model_buyer.services.job_list import list_jobs
from model_buyer.services.outcomes import model_json, outcome_json, predictor
from model_buyer.services.questions import questions_of, scores_of
from model_buyer.tables import Job
from tests.doubles.around_buyer import change_job, stored_job
from tests.doubles.counting_kind import put_in_place
from tests.doubles.job_specs import changed

TX = "0x" + "cd" * 32
PATTERN = "a delivery was signed for, so nothing else is answered"


@pytest.fixture(autouse=True)
def counting(monkeypatch: pytest.MonkeyPatch, running_job: Job, world: Any) -> None:
    put_in_place(monkeypatch)
    change_job(world.database, running_job.id, spec=changed(running_job.spec, min_owners=3))


def deliver_task(tasks: Any) -> DeliverTask:
    """Another one each time."""
    vector = CiphertextVector.of(tasks.vector([1.0], WEIGHT_FRACTIONAL_BITS))
    return DeliverTask.model_construct(job_id=1, round=1, checkpoint=1, delivered=vector, statements=())


def test_one_answer_may_bring_scores_and_the_delivery_and_is_kept(answerer: TaskAnswerer, world: Any) -> None:
    task = deliver_task(world.tasks)
    result = answerer.answer(task)
    with world.database.snapshot() as session:
        scores, questions = scores_of(session, world.job), questions_of(session, world.job)
    assert [(one.index, one.mse_fixed, one.leave_one_out_mses_fixed, one.loss) for one in scores] == [
        (0, 1, (), None),
        (1, 0, (1,), None),
    ]
    assert [one.kind for one in questions] == ["linear_regression/deliver"]
    job = stored_job(world.database, world.job.id)
    assert job.delivery is not None
    assert job.delivery.details == {"answered": [*world.chain.trainers, *world.chain.validators]}
    assert (job.delivery.statement.index, job.delivery.statement.last) == (2, True)
    for one in (answerer, TaskAnswerer(world.buyer)):
        assert one.answer(task) == result
        with pytest.raises(ProtocolViolation, match=PATTERN):
            one.answer(deliver_task(world.tasks))
        with pytest.raises(ProtocolViolation, match=PATTERN):
            one.answer(world.tasks.refresh())


def test_the_answer_to_the_delivery_is_given_again_when_everybody_is_paid(answerer: TaskAnswerer, world: Any) -> None:
    task = deliver_task(world.tasks)
    result = answerer.answer(task)
    change_job(world.database, world.job.id, stage=Stage.UNMASKING)
    assert answerer.answer(task) == result


def test_of_two_processes_that_were_asked_the_same_one_answer_counts(world: Any) -> None:
    task = deliver_task(world.tasks)
    first, second = TaskAnswerer(world.buyer), TaskAnswerer(world.buyer)
    part = second._load(task).part
    compute = part.answer

    def late(*asked: Any) -> Any:
        found = compute(*asked)
        answered.append(first.answer(task))
        return found

    answered: list[Any] = []
    part.answer = late  # type: ignore[method-assign]
    assert second.answer(task) == answered[0]
    with world.database.snapshot() as session:
        assert len(scores_of(session, world.job)) == 2


def test_tasks_of_kinds_that_are_not_known_here_are_refused(answerer: TaskAnswerer) -> None:
    task = TaskBody(kind="labelling/label", job_id=1, round=1, checkpoint=1)
    with pytest.raises(ProtocolViolation, match="labelling/label is no task of a computation that is known here"):
        answerer.answer(task)


def test_where_the_number_of_owners_is_exact_another_one_gets_no_answer(answerer: TaskAnswerer, world: Any) -> None:
    change_job(world.database, world.job.id, spec=changed(world.job.spec, min_owners=2))
    with pytest.raises(ProtocolViolation, match="started with 3 owners; exactly 2 were agreed"):
        answerer.answer(deliver_task(world.tasks))
    carry_on(world.buyer)
    assert "exactly 2 were agreed" in stored_job(world.database, world.job.id).trouble


@pytest.mark.parametrize("trainers", [1, 2])
def test_the_draw_is_checked_by_the_rule_of_the_kind(
    answerer: TaskAnswerer, world: Any, declared: Any, trainers: int
) -> None:
    owners = dict.fromkeys((*world.chain.trainers, *world.chain.validators), Role.EITHER)
    drawn = draw_roles(owners, world.job.spec.role_seed, lambda _: trainers)
    world.chain.trainers, world.chain.validators = drawn.trainers, drawn.validators
    world.chain.put(world.job, JobState.RUNNING)
    world.aggregator.views[1]["owners"] = declared(roles=Role.EITHER)
    if trainers == 1:
        answerer.answer(deliver_task(world.tasks))
        return
    with pytest.raises(ProtocolViolation, match="the roles on chain are not the ones that the job's seed gives"):
        answerer.answer(deliver_task(world.tasks))


def finished(answerer: TaskAnswerer, world: Any) -> Job:
    answerer.answer(deliver_task(world.tasks))
    world.chain.put(world.job, JobState.FINISHED, settled=JobSettled(1, b"\x01" * 32, 400_000, 600_000, TX))
    world.aggregator.deliveries[1] = {"delivered": None, "evidence": None, "round": 1}
    carry_on(world.buyer)
    return stored_job(world.database, world.job.id)


def test_the_outcome_is_kept_as_json_and_is_no_model(answerer: TaskAnswerer, world: Any) -> None:
    job = finished(answerer, world)
    assert job.stage is Stage.FINISHED
    assert json.loads(outcome_json(world.buyer, job.id)) == {"format": "a count", "rows": 30}
    for read in (model_json, predictor):
        with pytest.raises(Conflict, match=f"the result of job {job.id} is no model"):
            read(world.buyer, job.id)


def test_a_kind_with_nothing_to_compare_is_done_at_once(answerer: TaskAnswerer, world: Any) -> None:
    assert finished(answerer, world).delivery_check is DeliveryCheck.NOT_APPLICABLE


def test_a_list_shows_no_loss_where_there_is_none_for_people(answerer: TaskAnswerer, world: Any) -> None:
    finished(answerer, world)
    [(_, course)] = list_jobs(world.buyer).jobs
    assert course == follow_job(world.buyer, world.job.id).course == Course(round=1)
    assert course.improvement_percent is None
