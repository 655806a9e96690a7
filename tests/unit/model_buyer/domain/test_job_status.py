from __future__ import annotations

import pytest

from model_buyer.domain.job_status import JobStatus, job_status
from model_buyer.domain.stages import Stage


@pytest.mark.parametrize("stage", [stage for stage in Stage if stage is not Stage.OFFERED])
def test_most_stages_are_their_own_status(stage: Stage) -> None:
    assert job_status(stage, started=True, delivered=True) == stage


@pytest.mark.parametrize(
    ("started", "delivered", "status"),
    [(False, False, JobStatus.RECRUITING), (True, False, JobStatus.TRAINING), (True, True, JobStatus.SETTLING)],
)
def test_an_offered_job_recruits_trains_and_settles(started: bool, delivered: bool, status: JobStatus) -> None:
    assert job_status(Stage.OFFERED, started=started, delivered=delivered) is status
