"""What the public board shows: jobs with their public metrics, the catalogue, and how the parts of the platform are.

All of it is public already, in the contract or in `federated_aggregator.services.job_view`; here it comes in pages that are
quick with thousands of jobs, and without keys.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from commons.chain.outbox import UNFINISHED
from commons.protocol.state import JobState
from commons.storage.database import Database
from federated_aggregator.adapters.tables import (
    CatalogueDataset,
    Checkpoint,
    Enrolment,
    Job,
    OutboxTransaction,
    Participant,
)
from federated_aggregator.services.board_views import (
    GROUP_OF,
    BoardDataset,
    BoardDatasets,
    BoardGroup,
    BoardJob,
    BoardJobRow,
    BoardJobs,
    ChainView,
    Overview,
    Part,
    TagCount,
)
from federated_aggregator.services.chain_port import ChainPort
from federated_aggregator.services.job_run import TRAINER, VALIDATOR, Clock
from federated_aggregator.services.job_view import JobViews

OVERDUE_AFTER_S = 15
STUCK_AFTER_S = 600


@dataclass(frozen=True)
class JobFilter:
    """Jobs of one group and one state, with a text in their title; None and the empty text take all."""

    group: BoardGroup | None = None
    state: JobState | None = None
    query: str = ""

    def takes(self, row: Any) -> bool:
        """Whether a job's group apart, it is looked for; only with a text does `row` need a specification."""
        if self.state is not None and row.state != self.state:
            return False
        return not self.query or self.query.casefold() in json.loads(row.spec)["title"].casefold()


@dataclass(frozen=True)
class Board:
    """Reads for everybody.

    Attributes:
        database: the aggregator's database.
        chain: the contract.
        views: of single jobs.
        clock: Unix seconds.
        explorer_url: a block explorer.
    """

    database: Database
    chain: ChainPort
    views: JobViews
    clock: Clock
    version: str
    explorer_url: str | None = None

    def overview(self) -> Overview:
        """The chain, the parts, and how much there is of everything."""
        facts = self.chain.overview()
        with self.database.snapshot() as session:
            states = dict(session.execute(select(Job.state, func.count()).group_by(Job.state)).all())
            kinds = dict(session.execute(select(Participant.kind, func.count()).group_by(Participant.kind)).all())
            datasets = session.scalar(select(func.count()).select_from(CatalogueDataset)) or 0
            parts = (
                Part(name="database", ok=True, detail=""),
                Part(name="chain", ok=facts.available, detail=""),
                self._worker(session),
                self._transactions(session),
            )
        return Overview(
            version=self.version,
            chain=ChainView(
                ok=facts.available,
                chain_id=self.chain.chain_id,
                block_number=facts.block_number,
                block_time=facts.block_time,
                contract_address=self.chain.contract_address,
                aggregator_address=self.chain.address,
                job_count=facts.job_count,
                escrowed_wei=facts.escrowed_wei,
            ),
            parts=parts,
            jobs={state: states.get(state, 0) for state in JobState},
            datasets=datasets,
            participants=kinds,
            explorer_url=self.explorer_url,
        )

    def jobs(self, wanted: JobFilter, *, limit: int, offset: int = 0) -> BoardJobs:
        """Some jobs, newest first."""
        # The specifications of a thousand jobs can be many megabytes, and are asked for every few seconds.
        columns = (Job.job_id, Job.state, Job.spec) if wanted.query else (Job.job_id, Job.state)
        with self.database.snapshot() as session:
            rows = session.execute(select(*columns).order_by(Job.job_id.desc())).all()
            found = [row for row in rows if wanted.takes(row)]
            groups = Counter(GROUP_OF[JobState(row.state)] for row in found)
            chosen = [row.job_id for row in found if wanted.group in (None, GROUP_OF[JobState(row.state)])]
            page = _rows(session, chosen[offset : offset + limit])
        return BoardJobs(jobs=page, total=len(chosen), counts={group: groups[group] for group in BoardGroup})

    def job(self, job_id: int) -> BoardJob:
        """One job with its metric so far; raises NotFound."""
        view = self.views.view(job_id)
        with self.database.snapshot() as session:
            (row,) = _rows(session, [job_id])
        return BoardJob.of_view(row, view)

    def datasets(self, query: str, tags: Sequence[str], *, limit: int, offset: int = 0) -> BoardDatasets:
        """Some datasets, latest first, with a text in name, description, tags or column names, and with all tags."""
        with self.database.snapshot() as session:
            entries = session.scalars(select(CatalogueDataset).order_by(CatalogueDataset.updated_at.desc()))
            found = [entry for entry in entries if query.casefold() in _searched(entry)]
            names = dict(session.execute(select(Participant.address, Participant.name)).all())
        counts = Counter(tag for entry in found for tag in dict.fromkeys(entry.tags))
        wanted = {tag.casefold() for tag in tags}
        chosen = [entry for entry in found if wanted <= {tag.casefold() for tag in entry.tags}]
        return BoardDatasets(
            datasets=tuple(BoardDataset.of(entry, names.get(entry.owner)) for entry in chosen[offset : offset + limit]),
            total=len(chosen),
            tags=tuple(TagCount(tag=tag, count=count) for tag, count in sorted(counts.items())),
        )

    def _worker(self, session: Session) -> Part:
        due = self.clock() - OVERDUE_AFTER_S
        query = select(func.count()).where(Job.state == JobState.RUNNING, Job.step_deadline < due)
        overdue = session.scalar(query) or 0
        detail = f"jobs with a step that should have been closed: {overdue}" if overdue else ""
        return Part(name="worker", ok=not overdue, detail=detail)

    def _transactions(self, session: Session) -> Part:
        table = OutboxTransaction
        query = select(func.count(), func.min(table.queued_at)).where(table.state.in_(UNFINISHED))
        count, oldest = session.execute(query).one()
        stuck = oldest is not None and oldest < self.clock() - STUCK_AFTER_S
        waiting = f"on their way: {count}" if count else ""
        return Part(
            name="transactions", ok=not stuck, detail=f"{waiting}, the oldest for too long" if stuck else waiting
        )


def _rows(session: Session, job_ids: Sequence[int]) -> tuple[BoardJobRow, ...]:
    jobs = {job.job_id: job for job in session.scalars(select(Job).where(Job.job_id.in_(job_ids)))}
    buyers = {job.buyer for job in jobs.values()}
    named = select(Participant.address, Participant.name).where(Participant.address.in_(buyers))
    names = dict(session.execute(named).all())
    roles: dict[int, Counter[str | None]] = {}
    enrolled = (
        select(Enrolment.job_id, Enrolment.role, func.count())
        .where(Enrolment.job_id.in_(job_ids), Enrolment.left_out.is_(None))
        .group_by(Enrolment.job_id, Enrolment.role)
    )
    for job_id, role, count in session.execute(enrolled):
        roles.setdefault(job_id, Counter())[role] = count
    courses = _courses(session, job_ids)
    return tuple(
        BoardJobRow.of(
            jobs[job_id],
            names.get(jobs[job_id].buyer),
            owners=sum(roles.get(job_id, Counter()).values()),
            trainers=roles.get(job_id, Counter())[TRAINER],
            validators=roles.get(job_id, Counter())[VALIDATOR],
            course=courses.get(job_id),
        )
        for job_id in job_ids
    )


def _courses(session: Session, job_ids: Sequence[int]) -> dict[int, tuple[float, float]]:
    """First and latest MSE of each job that was evaluated."""
    last = (
        select(Checkpoint.job_id, func.max(Checkpoint.index).label("index"))
        .where(Checkpoint.job_id.in_(job_ids))
        .group_by(Checkpoint.job_id)
        .subquery()
    )
    ends = (
        select(Checkpoint.job_id, Checkpoint.mse)
        .join(last, last.c.job_id == Checkpoint.job_id)
        .where((Checkpoint.index == 0) | (Checkpoint.index == last.c.index))
        .order_by(Checkpoint.job_id, Checkpoint.index)
    )
    courses: dict[int, tuple[float, float]] = {}
    for job_id, mse in session.execute(ends):
        courses[job_id] = (courses[job_id][0] if job_id in courses else mse, mse)
    return courses


def _searched(entry: CatalogueDataset) -> str:
    columns = (column["name"] for column in entry.columns)
    return "\n".join((entry.name, entry.description, *entry.tags, *columns)).casefold()
