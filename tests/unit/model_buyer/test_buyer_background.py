"""The background processes, in this process: they outlive an absent aggregator and an absent chain."""

from __future__ import annotations

import threading
from dataclasses import replace

from model_buyer.background import answer_tasks, keep_jobs
from model_buyer.domain.stages import Stage
from model_buyer.tables import Job
from model_buyer.wiring import Parts
from tests.doubles.around_buyer import put_job, stored_job


def run_for(seconds: float, work, parts: Parts) -> None:  # type: ignore[no-untyped-def]
    stop = threading.Event()
    timer = threading.Timer(seconds, stop.set)
    timer.start()
    work(parts, stop)
    timer.join()


def test_an_absent_aggregator_does_not_end_the_agent(parts: Parts) -> None:
    run_for(0.6, answer_tasks, parts)


def test_jobs_say_whom_they_wait_for(parts: Parts, job: Job) -> None:
    parts = replace(parts, config=replace(parts.config, poll_interval_s=0.05))
    job.key_bits = 512
    put_job(parts.buyer.database, job)
    run_for(1.5, keep_jobs, parts)
    waiting = stored_job(parts.buyer.database, job.id)
    assert waiting.stage is Stage.DRAFT
    assert "the aggregator at http://127.0.0.1:9 does not answer" in waiting.trouble
