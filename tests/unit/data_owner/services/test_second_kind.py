"""An owner takes part in statistics by the same services as in a regression: nothing of them knows which of the two it is."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from commons.computations.registry import TASK, AnyTask, JobSpec
from commons.errors import Conflict, DatasetInvalid, InvalidInput, ProtocolViolation
from commons.market.roles import Role, draw_roles
from data_owner.services.acceptances import AcceptRequest
from data_owner.services.answered_tasks import AnsweredTasks
from data_owner.services.datasets import DatasetDetails
from data_owner.services.ledger import AGAIN
from data_owner.services.offer_status import OfferStatus
from data_owner.services.task_answers import TaskAnswerer
from data_owner.tables import Learnt
from tests.doubles.around_owner import OTHERS, train_task

COLUMNS = [
    {"kind": "number", "name": "a", "minimum": -1, "maximum": 1},
    {"kind": "number", "name": "b", "minimum": -1, "maximum": 1},
    {"kind": "category", "name": "sex", "levels": ["f", "m"]},
]
ROWS = "a,b,sex\n0.5,0.25,f\n,-1,m\n0.5,1,\n"


def post(world: Any, job_id: int = 1, **computation: Any) -> Any:
    spec = JobSpec.model_validate(
        {
            "title": f"job {job_id}",
            "min_owners": 3,
            "deposit_wei": 10**9,
            "pay": {"trainer_bps": 6000, "validator_bps": 3000, "aggregator_bps": 1000},
            "start_by": 2000,
            "finish_by": 3000,
            "role_seed": 1,
            "computation": {"kind": "statistics", "columns": COLUMNS, **computation},
        }
    )
    job = world.post(job_id, spec)
    job.facts = {"consents": []}
    return job


def add(world: Any, rows: str = ROWS) -> None:
    path = world.folder / "people.csv"
    path.write_text(rows)
    world.now += 1
    world.datasets.add(path, DatasetDetails())


def start(world: Any, job: Any) -> None:
    world.deliveries.deliver_all()
    drawn = draw_roles(dict.fromkeys((world.address, *OTHERS), Role.EITHER), 1, lambda n_owners: n_owners - 1)
    job.start(trainers=drawn.trainers, validators=drawn.validators)


def sum_task(job_id: int = 1) -> AnyTask:
    return TASK.validate_python({"kind": "statistics/sum", "job_id": job_id, "round": 1, "checkpoint": 1})


def answer(world: Any, task: AnyTask) -> Any:
    return TaskAnswerer(world.taking_part.participant, AnsweredTasks(world.database, world.clock)).answer(task)


def test_gaps_match_and_columns_are_shown_with_range_or_levels(world: Any) -> None:
    post(world)
    add(world)
    offer = world.offers.get(1)
    assert (offer.status, offer.kind, offer.pay_rule) == (OfferStatus.READY, "statistics", "per_answer")
    assert (offer.column_count, offer.rounds, offer.may_choose_role, offer.mse_history) == (3, 1, False, ())
    assert [(one.name, one.required.kind, one.required.levels) for one in offer.datasets[0].columns] == [
        ("a", "number", ()),
        ("b", "number", ()),
        ("sex", "category", ("f", "m")),
    ]
    assert offer.datasets[0].remarks == ()


def test_another_text_than_the_levels_is_found_when_the_file_is_read(world: Any) -> None:
    post(world)
    add(world, ROWS.replace(",m\n", ",x\n"))
    assert world.offers.get(1).status is OfferStatus.READY
    with pytest.raises(DatasetInvalid, match=r"'sex', row 2"):
        world.acceptances.accept(1, AcceptRequest())


def test_it_is_accepted_answered_and_written_down(world: Any) -> None:
    job = post(world)
    add(world)
    with pytest.raises(InvalidInput, match="owners cannot choose one"):
        world.acceptances.accept(1, AcceptRequest(roles=1))
    acceptance = world.acceptances.accept(1, AcceptRequest())
    assert (acceptance.row_count, acceptance.facts) == (3, {"consents": []})
    start(world, job)
    result = answer(world, sum_task())
    assert result.kind == "statistics/sum"
    assert answer(world, sum_task()) == result
    with world.database.snapshot() as session:
        (row,) = session.scalars(select(Learnt))
    assert (row.job_id, row.kind, row.columns) == (1, "statistics", ["a", "b", "sex"])
    with pytest.raises(ProtocolViolation, match="has round 1, checkpoint 1 only"):
        answer(world, sum_task().model_copy(update={"round": 2}))
    with pytest.raises(ProtocolViolation, match="linear_regression/train is no task of its computation"):
        answer(world, train_task())


def test_the_same_columns_are_answered_about_once_more_only_by_consent(world: Any) -> None:
    job = post(world)
    add(world)
    world.acceptances.accept(1, AcceptRequest())
    start(world, job)
    answer(world, sum_task())
    post(world, 2, columns=COLUMNS[1:])
    with pytest.raises(Conflict, match="job 1 was answered about the column 'b'"):
        world.acceptances.accept(2, AcceptRequest())
    assert world.acceptances.accept(2, AcceptRequest(consents=(AGAIN,))).facts == {"consents": []}


def test_correlations_are_agreed_to_by_name_and_signed_for(world: Any) -> None:
    job = post(world, correlation=True)
    job.facts = {"consents": ["correlation"]}
    add(world)
    assert world.offers.get(1).consents == ("correlation",)
    with pytest.raises(InvalidInput, match="the job asks for 'correlation'"):
        world.acceptances.accept(1, AcceptRequest())
    acceptance = world.acceptances.accept(1, AcceptRequest(consents=("correlation",)))
    assert acceptance.facts == {"consents": ["correlation"]}
    start(world, job)
    assert answer(world, sum_task()).kind == "statistics/sum"


def test_who_has_not_agreed_to_correlations_keeps_all_others_from_answering(world: Any) -> None:
    job = post(world, correlation=True)
    add(world)
    world.acceptances.accept(1, AcceptRequest(consents=("correlation",)))
    start(world, job)
    with pytest.raises(ProtocolViolation, match="an owner did not agree to correlation"):
        answer(world, sum_task())
