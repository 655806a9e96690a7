"""What the public board shows: jobs with their public metrics, the catalogue, and how the parts of the platform are.

All of it is public already, in the contract or in `federated_aggregator.services.job_view`; here it comes in pages that are
quick with thousands of jobs, and without keys.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session, defer

from commons.chain.outbox import UNFINISHED
from commons.market.course import Course
from commons.market.state import JobState
from commons.storage.courses import read_courses
from commons.storage.database import Database
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
from federated_aggregator.services.catalogue import Catalogue, DatasetFilter, search_form
from federated_aggregator.services.chain_port import ChainPort
from federated_aggregator.services.job_run import TRAINER, VALIDATOR, Clock
from federated_aggregator.services.job_view import JobViews
from federated_aggregator.tables import (
    CatalogueDataset,
    Checkpoint,
    Enrolment,
    Job,
    OutboxTransaction,
    Participant,
)

OVERDUE_AFTER_S = 15
STUCK_AFTER_S = 600


@dataclass(frozen=True)
class JobFilter:
    """Jobs of one group and one state, with a text in their title, in whatever case; None and the empty text take all."""

    group: BoardGroup | None = None
    state: JobState | None = None
    query: str = ""

    def conditions(self) -> list[ColumnElement[bool]]:
        """The same for the database, the group apart."""
        state = [] if self.state is None else [Job.state == self.state]
        return [*state, *([Job.search_text.contains(search_form(self.query), autoescape=True)] if self.query else [])]

    def states_in_group(self) -> list[JobState]:
        """The states of the group, all when it is None."""
        return [state for state, group in GROUP_OF.items() if self.group in (None, group)]


@dataclass(frozen=True)
class Board:
    """Reads for everybody.

    Attributes:
        database: the aggregator's database.
        catalogue: finds datasets.
        chain: the contract.
        views: of single jobs.
        clock: Unix seconds.
        explorer_url: a block explorer.
    """

    database: Database
    catalogue: Catalogue
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
        conditions = wanted.conditions()
        counted = select(Job.state, func.count()).where(*conditions).group_by(Job.state)
        chosen = select(Job.job_id).where(*conditions, Job.state.in_(wanted.states_in_group()))
        with self.database.snapshot() as session:
            counts: Counter[BoardGroup] = Counter()
            for state, count in session.execute(counted):
                counts[GROUP_OF[JobState(state)]] += count
            page = _rows(session, session.scalars(chosen.order_by(Job.job_id.desc()).limit(limit).offset(offset)).all())
        total = counts.total() if wanted.group is None else counts[wanted.group]
        return BoardJobs(jobs=page, total=total, counts={group: counts[group] for group in BoardGroup})

    def job(self, job_id: int) -> BoardJob:
        """One job with its metric so far; raises NotFound."""
        view = self.views.view(job_id)
        with self.database.snapshot() as session:
            (row,) = _rows(session, [job_id])
        return BoardJob.of_view(row, view)

    def datasets(self, wanted: DatasetFilter, *, limit: int, offset: int = 0) -> BoardDatasets:
        """Some datasets, latest first."""
        found = self.catalogue.find(wanted, limit=limit, offset=offset)
        return BoardDatasets(
            datasets=tuple(BoardDataset.of(entry, found.owner_names.get(entry.owner)) for entry in found.page),
            total=found.total,
            tags=tuple(TagCount(tag=tag, count=count) for tag, count in self.catalogue.tags(wanted.query).items()),
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
    # Keys and their proofs are long, and rows do without them.
    unkeyed = select(Job).where(Job.job_id.in_(job_ids)).options(defer(Job.modulus), defer(Job.modulus_proof))
    jobs = {job.job_id: job for job in session.scalars(unkeyed)}
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
    courses = read_courses(
        session,
        job_ids,
        job_id=Checkpoint.job_id,
        index=Checkpoint.index,
        number=Checkpoint.round,
        loss=Checkpoint.mse,
    )
    return tuple(
        BoardJobRow.of(
            jobs[job_id],
            names.get(jobs[job_id].buyer),
            owners=sum(roles.get(job_id, Counter()).values()),
            trainers=roles.get(job_id, Counter())[TRAINER],
            validators=roles.get(job_id, Counter())[VALIDATOR],
            course=courses.get(job_id, Course()),
        )
        for job_id in job_ids
    )
