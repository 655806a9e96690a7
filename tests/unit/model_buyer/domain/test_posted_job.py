from __future__ import annotations

from dataclasses import replace

import pytest

from commons.errors import Conflict
from model_buyer.domain.posted_job import (
    ENDED,
    DeliveryCheck,
    JobKey,
    Participants,
    PostedJob,
    Stage,
    request_cancel,
    require_model,
)


def test_a_job_can_be_cancelled_until_it_starts(job: PostedJob) -> None:
    for stage in (Stage.DRAFT, Stage.ESCROWING, Stage.ESCROWED, Stage.OFFERED):
        assert request_cancel(job.at(stage), started=False).cancel_requested
    with pytest.raises(Conflict, match="has started and cannot be cancelled"):
        request_cancel(job.at(Stage.OFFERED), started=True)
    started = replace(job.at(Stage.OFFERED), participants=Participants(("0x1",), ("0x2",), 1.0))
    with pytest.raises(Conflict, match="has started"):
        request_cancel(started, started=False)


@pytest.mark.parametrize("stage", [*sorted(ENDED), Stage.UNMASKING])
def test_what_has_ended_cannot_be_cancelled(job: PostedJob, stage: Stage) -> None:
    with pytest.raises(Conflict, match=str(stage)):
        request_cancel(job.at(stage), started=False)


@pytest.mark.parametrize("stage", [stage for stage in Stage if stage is not Stage.FINISHED])
def test_without_a_model_the_reason_is_told(job: PostedJob, stage: Stage) -> None:
    with pytest.raises(Conflict, match=r"has no model: .+waits for a block"):
        require_model(job.at(stage, "waits for a block"))


def test_a_finished_job_has_its_model(job: PostedJob) -> None:
    assert require_model(replace(job.at(Stage.FINISHED), model_json="{}")) == "{}"


def test_a_job_needs_attention_until_it_has_ended_and_was_compared(job: PostedJob) -> None:
    assert job.needs_attention
    assert not job.at(Stage.CANCELLED).needs_attention
    finished = job.at(Stage.FINISHED)
    assert finished.needs_attention
    assert not replace(finished, delivery_check=DeliveryCheck.MATCHES).needs_attention


def test_no_sealed_key_stands_in_a_representation(job: PostedJob) -> None:
    keyed = replace(job, key=JobKey(15, ("0x1",), b"sealed bytes"))
    assert "sealed" not in repr(keyed)


def test_moving_on_clears_the_trouble_of_the_stage_before(job: PostedJob) -> None:
    assert replace(job, trouble="the node does not answer").at(Stage.ESCROWED).trouble == ""
