"""The model buyer's database as lists and timelines show it: narrow queries, nothing of keys and ciphertexts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import func, select

from commons.chain.event_log import EventLog
from commons.chain.event_table import ContractEventColumns
from commons.storage.database import Database
from model_buyer.adapters.tables import ContractEvent, FollowedBlock, JobRow, OpeningRow
from model_buyer.domain.job_status import job_status
from model_buyer.domain.posted_job import Stage
from model_buyer.services.job_list import Course, ListedJob
from model_buyer.services.job_milestones import Milestone, MilestoneCode, Withdrawn

_EVENTS = EventLog(FollowedBlock, ContractEvent)
_CODES = {
    "JobCreated": MilestoneCode.ESCROWED,
    "JobStarted": MilestoneCode.STARTED,
    "CheckpointRecorded": MilestoneCode.CHECKPOINT,
    "JobFinalized": MilestoneCode.SETTLED,
    "JobExpired": MilestoneCode.EXPIRED,
    "JobCancelled": MilestoneCode.CANCELLED,
}


class SqlReads:
    """`model_buyer.services.job_list.JobIndex` and `model_buyer.services.job_milestones.ChainRecord` on one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def listed(self) -> Sequence[ListedJob]:
        """All jobs, newest first."""
        query = select(
            JobRow.id,
            JobRow.chain_job_id,
            JobRow.stage,
            JobRow.note,
            JobRow.trouble,
            JobRow.created_at,
            JobRow.cancel_requested,
            JobRow.spec_json,
            JobRow.participants_json.is_not(None).label("started"),
            JobRow.delivery_json.is_not(None).label("delivered"),
        )
        with self._database.snapshot() as session:
            rows = session.execute(query.order_by(JobRow.created_at.desc(), JobRow.id)).all()
        return [_listed(row) for row in rows]

    def courses(self, job_ids: Sequence[str]) -> Mapping[str, Course]:
        """How far these jobs came."""
        last = (
            select(OpeningRow.job_id, func.max(OpeningRow.checkpoint).label("checkpoint"))
            .where(OpeningRow.job_id.in_(job_ids))
            .group_by(OpeningRow.job_id)
            .subquery()
        )
        ends = (
            select(OpeningRow.job_id, OpeningRow.checkpoint, OpeningRow.round, OpeningRow.mse)
            .join(last, last.c.job_id == OpeningRow.job_id)
            .where((OpeningRow.checkpoint == 0) | (OpeningRow.checkpoint == last.c.checkpoint))
            .order_by(OpeningRow.job_id, OpeningRow.checkpoint)
        )
        courses: dict[str, Course] = {}
        with self._database.snapshot() as session:
            for job_id, _, number, mse in session.execute(ends):
                start = courses.get(job_id, Course(initial_mse=mse))
                courses[job_id] = Course(round=number, initial_mse=start.initial_mse, mse=mse)
        return courses

    def happened(self, chain_job_id: int) -> Sequence[Milestone]:
        """What the chain says of a job, in the order of the chain."""
        with self._database.snapshot() as session:
            return [_milestone(event) for event in _EVENTS.history(session, chain_job_id) if event.name in _CODES]

    def withdrawn(self, address: str) -> Sequence[Withdrawn]:
        """What an account took out of the contract."""
        with self._database.snapshot() as session:
            return [Withdrawn(one.tx_hash, one.amount_wei) for one in _EVENTS.withdrawals(session, address)]


def _listed(row: Any) -> ListedJob:
    spec = json.loads(row.spec_json)
    return ListedJob(
        id=row.id,
        job_id=row.chain_job_id,
        title=spec["title"],
        stage=row.stage,
        status=job_status(Stage(row.stage), started=row.started, delivered=row.delivered),
        note=row.note,
        trouble=row.trouble,
        created_at=row.created_at,
        deposit_wei=int(spec["deposit_wei"]),
        rounds=spec["rounds"],
        cancel_requested=row.cancel_requested,
    )


def _milestone(event: ContractEventColumns) -> Milestone:
    def number(name: str) -> int | None:
        return int(event.arguments[name]) if name in event.arguments else None

    # The checkpoint that the buyer signs once more, for the delivery.
    delivered = bool(event.arguments.get("last"))
    return Milestone(
        code=MilestoneCode.DELIVERED if delivered else _CODES[event.name],
        at=event.block_time,
        tx_hash=event.tx_hash,
        round=number("round"),
        checkpoint=number("index"),
    )
