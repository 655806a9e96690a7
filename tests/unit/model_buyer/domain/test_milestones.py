"""A job's story in order."""

from __future__ import annotations

import pytest

from model_buyer.domain.milestones import Milestone, MilestoneCode, milestones
from model_buyer.domain.stages import Stage

ESCROWED = Milestone(MilestoneCode.ESCROWED, 20.0, "0xe")
STARTED = Milestone(MilestoneCode.STARTED, 40.0, "0xs")


def test_a_job_that_was_finished() -> None:
    settled = Milestone(MilestoneCode.SETTLED, 60.0, "0xf")
    found = milestones(Stage.FINISHED, (ESCROWED, STARTED, settled), posted_at=10.0, offered_at=30.0, settled_at=61.0)
    assert [one.code.value for one in found] == ["posted", "escrowed", "offered", "started", "settled", "finished"]
    assert [one.at for one in found] == [10.0, 20.0, 30.0, 40.0, 60.0, 61.0]


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
def test_each_end_has_its_story(stage: Stage, happened: tuple[Milestone, ...], expected: list[str]) -> None:
    assert [one.code.value for one in milestones(stage, happened, posted_at=1.0)] == expected
