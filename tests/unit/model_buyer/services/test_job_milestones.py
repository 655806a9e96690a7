"""A job's story from confirmed events, in order."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from model_buyer.adapters.read_models import SqlReads
from model_buyer.adapters.tables import ContractEvent
from model_buyer.domain.posted_job import PostedJob, Settlement, Stage
from model_buyer.services.job_milestones import Milestone, MilestoneCode, milestones

ESCROWED = Milestone(MilestoneCode.ESCROWED, 20.0, "0xe")
STARTED = Milestone(MilestoneCode.STARTED, 40.0, "0xs")


def codes(job: PostedJob, *happened: Milestone, offered_at: float | None = None) -> list[str]:
    return [one.code.value for one in milestones(job, happened, offered_at)]


def test_a_job_that_was_trained(job: PostedJob) -> None:
    settled = Milestone(MilestoneCode.SETTLED, 60.0, "0xf")
    done = replace(job.at(Stage.FINISHED), settlement=Settlement(1, 2, 61.0))
    found = milestones(done, (ESCROWED, STARTED, settled), 30.0)
    assert [one.code.value for one in found] == ["posted", "escrowed", "offered", "started", "settled", "finished"]
    assert [one.at for one in found] == [job.created_at, 20.0, 30.0, 40.0, 60.0, 61.0]


@pytest.mark.parametrize(
    ("stage", "happened", "expected"),
    [
        (Stage.DRAFT, (), ["posted"]),
        (Stage.ESCROWED, (ESCROWED,), ["posted", "escrowed"]),
        (Stage.OFFERED, (ESCROWED,), ["posted", "escrowed", "offered"]),
        (Stage.CANCELLED, (), ["posted", "cancelled"]),
        (Stage.CANCELLED, (ESCROWED, Milestone(MilestoneCode.CANCELLED, 9.0)), ["posted", "escrowed", "cancelled"]),
        (Stage.FAILED, (), ["posted", "failed"]),
        (
            Stage.EXPIRED,
            (ESCROWED, STARTED, Milestone(MilestoneCode.EXPIRED, 9.0)),
            ["posted", "escrowed", "offered", "started", "expired"],
        ),
    ],
)
def test_each_end_has_its_story(
    job: PostedJob, stage: Stage, happened: tuple[Milestone, ...], expected: list[str]
) -> None:
    assert codes(job.at(stage), *happened) == expected


def test_events_of_the_contract_become_milestones_in_their_order(database: Any) -> None:
    def event(place: int, name: str, **arguments: Any) -> ContractEvent:
        return ContractEvent(
            block_number=place,
            block_hash="0x" + "00" * 32,
            block_time=1000 + place,
            log_index=0,
            tx_hash=f"0x{place:064x}",
            name=name,
            job_id=7,
            account=None,
            arguments={"jobId": "7", **arguments},
        )

    with database.session() as session:
        session.add(event(4, "CheckpointRecorded", index="2", round="20", last=True))
        session.add(event(3, "CheckpointRecorded", index="1", round="10", last=False))
        session.add(event(1, "JobCreated"))
        session.add(event(5, "Credited", amount="5"))
        session.add(event(2, "AcceptanceRevoked"))
    found = SqlReads(database).happened(7)
    assert [(one.code.value, one.round, one.checkpoint) for one in found] == [
        ("escrowed", None, None),
        ("checkpoint", 10, 1),
        ("delivered", 20, 2),
    ]
    assert (found[1].at, found[1].tx_hash) == (1003, f"0x{3:064x}")
    assert SqlReads(database).happened(8) == []
