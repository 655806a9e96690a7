"""What a job's summary shows of other tables, read for many jobs at once; and from the same, whether a summary has changed.

A market of a thousand jobs is asked for again and again. Whoever knows the versions of its jobs needs only the summaries of
those whose version is another one, and to compute versions no specification is parsed and no proof is read.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from commons.market.state import JobState
from federated_aggregator.services.job_run import PENDING
from federated_aggregator.tables import Enrolment, Job, Participant, Task

_VERSION_BYTES = 12
_OF_JOB = (
    Job.job_id,
    Job.buyer,
    Job.spec,
    Job.state,
    Job.step,
    Job.round,
    Job.checkpoint,
    Job.step_deadline,
    Job.reason,
    Job.trouble,
    Job.transactions,
    Job.entered,
)


class AcceptedOwner(NamedTuple):
    """An owner that accepted a job (`federated_aggregator.tables.Enrolment`)."""

    owner: str
    roles: int
    role: str | None
    row_count: int
    facts: dict[str, Any]
    left_out: str | None
    declaration_signature: str
    out: str | None


_OF_OWNER = tuple(getattr(Enrolment, name) for name in AcceptedOwner._fields)


@dataclass(frozen=True)
class JobCompany:
    """Owners that accepted jobs, participants that running jobs wait for, and buyers' names."""

    owners: Mapping[int, Sequence[AcceptedOwner]]
    waited_for: Mapping[int, Sequence[str]]
    names: Mapping[str, str]

    @classmethod
    def read(cls, session: Session, *wanted: ColumnElement[bool]) -> JobCompany:
        """Of the jobs that fulfil all conditions on `Job`; without a condition, of all."""
        enrolled = (
            select(Enrolment.job_id, *_OF_OWNER)
            .join(Job, Job.job_id == Enrolment.job_id)
            .where(*wanted)
            .order_by(Enrolment.role.is_not(None), Enrolment.role, Enrolment.position, Enrolment.accepted_at)
        )
        owners: dict[int, list[AcceptedOwner]] = defaultdict(list)
        for job_id, *owner in session.execute(enrolled):
            owners[job_id].append(AcceptedOwner(*owner))
        present_step = (Task.kind == Job.step, Task.round == Job.round, Task.checkpoint == Job.checkpoint)
        pending = (
            select(Task.job_id, Task.assignee)
            .join(Job, Job.job_id == Task.job_id)
            .where(Job.state == JobState.RUNNING, Task.status == PENDING, *present_step, *wanted)
            .order_by(Task.created_at, Task.assignee)
        )
        waited_for: dict[int, list[str]] = defaultdict(list)
        for job_id, assignee in session.execute(pending):
            waited_for[job_id].append(assignee)
        buyers = (
            select(Participant.address, Participant.name)
            .join(Job, Job.buyer == Participant.address)
            .where(*wanted)
            .distinct()
        )
        names = dict(session.execute(buyers).all())
        return cls(owners, waited_for, names)

    def accepted(self, job_id: int) -> Sequence[AcceptedOwner]:
        """The owners that accepted a job, those with a role in its order."""
        return self.owners.get(job_id, ())

    def asked(self, job_id: int) -> list[str]:
        """Whom a job's present step waits for."""
        return list(self.waited_for.get(job_id, ()))


def job_versions(session: Session) -> dict[int, str]:
    """A short text for each job, which changes whenever its summary does."""
    company = JobCompany.read(session)
    versions = {}
    for job in session.execute(select(*_OF_JOB)):
        around = (company.names.get(job.buyer), company.accepted(job.job_id), company.asked(job.job_id))
        shown = [*job, *around]
        digest = hashlib.sha256(json.dumps(shown).encode())
        versions[job.job_id] = digest.hexdigest()[: 2 * _VERSION_BYTES]
    return versions
