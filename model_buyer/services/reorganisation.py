"""Taking back what was concluded from blocks that a reorganisation of the chain has dropped.

The transactions come back by themselves, since the outbox sends them again. A job can come back under another number.
"""

from __future__ import annotations

from dataclasses import replace

import structlog

from model_buyer.domain.posted_job import DeliveryCheck, PostedJob, Stage
from model_buyer.services.ports import Buyer, TimelineEntry

_log = structlog.get_logger(__name__)


def follow_reorganisation(buyer: Buyer) -> None:
    """Bring all jobs into line with the events as they are now."""
    with buyer.snapshot() as repository:
        renumbered, undone = repository.renumbered(), repository.undone()
    if renumbered:
        _renumber(buyer)
    for job in undone:
        _reopen(buyer, job)


def _renumber(buyer: Buyer) -> None:
    with buyer.unit_of_work() as repository:
        moved = repository.renumbered()
        repository.renumber([(_under_new_number(job), number) for job, number in moved])
        for job, number in moved:
            event = f"a reorganisation of the chain made this job number {number}; it was {job.chain_job_id}"
            repository.record(job.id, TimelineEntry(buyer.clock(), event))
            _log.warning("job_renumbered", job=job.id, number=number, former=job.chain_job_id)


def _under_new_number(job: PostedJob) -> PostedJob:
    job = job.at(Stage.ESCROWED)
    if job.participants is None:
        return job
    # Owners have worked under this key for the job of the former number: another one must not use it as well.
    return replace(
        job,
        participants=None,
        delivery=None,
        settlement=None,
        seed=None,
        model_json=None,
        cancel_requested=True,
        note="a reorganisation of the chain undid the training; the job is called off and its deposit comes back",
    )


def _reopen(buyer: Buyer, seen: PostedJob) -> None:
    with buyer.unit_of_work() as repository:
        job = repository.get(seen.id)
        if job.stage is not seen.stage:
            return
        before = Stage.ESCROWED if job.stage is Stage.CANCELLED else Stage.OFFERED
        reopened = replace(
            job.at(before, f"a reorganisation of the chain undid that the job was {job.stage}"),
            settlement=None,
            seed=None,
            model_json=None,
            delivery_check=DeliveryCheck.PENDING,
        )
        repository.save(reopened)
        repository.record(job.id, TimelineEntry(buyer.clock(), reopened.note))
    _log.warning("end_undone", job=job.id, ended=job.stage)
