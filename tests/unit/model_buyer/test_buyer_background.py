"""The background processes, in this process: they outlive an absent aggregator and an absent chain."""

from __future__ import annotations

import threading
from dataclasses import replace

from model_buyer.background import answer_tasks, keep_jobs
from model_buyer.domain.posted_job import PostedJob, Stage
from model_buyer.wiring import Assembly


def run_for(seconds: float, work, parts: Assembly) -> None:  # type: ignore[no-untyped-def]
    stop = threading.Event()
    timer = threading.Timer(seconds, stop.set)
    timer.start()
    work(parts, stop)
    timer.join()


def test_an_absent_aggregator_does_not_end_the_agent(parts: Assembly) -> None:
    run_for(0.6, answer_tasks, parts)


def test_jobs_say_whom_they_wait_for(parts: Assembly, job: PostedJob) -> None:
    parts.config = replace(parts.config, poll_interval_s=0.05)
    with parts.unit_of_work() as repository:
        repository.add(replace(job, key_bits=512))
    run_for(1.5, keep_jobs, parts)
    with parts.snapshot() as repository:
        waiting = repository.get(job.id)
    assert waiting.stage is Stage.DRAFT
    assert "the aggregator at http://127.0.0.1:9 does not answer" in waiting.trouble
