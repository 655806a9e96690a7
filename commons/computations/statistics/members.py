"""Who must take part, and what each of them must have agreed to, before anything is summed.

Sums over one owner are that owner's; over two, each of them has the other's. So there are three at least, and the sums that are
handed over are those of at least a quorum: two thirds of the members, and three.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, ValidationError

from commons.computations.job_facts import StartedJob
from commons.computations.statistics.spec import StatisticsSpec
from commons.errors import ProtocolViolation
from commons.market.declaration import Declaration
from commons.market.tasks import TaskBody
from commons.messages import FrozenModel

MIN_OWNERS = 3
ROUND = 1
CHECKPOINT = 1

Consent = Annotated[str, Field(min_length=1, max_length=50)]


class DeclaredFacts(FrozenModel):
    """What an owner signs for beside its number of rows: codes of what it agreed to."""

    consents: tuple[Consent, ...] = Field(max_length=10)


def quorum(members: int) -> int:
    """So many of a job's members must answer: two thirds, and three."""
    return max(MIN_OWNERS, -(-2 * members // 3))


def require_members(job: StartedJob[StatisticsSpec]) -> None:
    """Raise ProtocolViolation unless there are members enough, each of which agreed to what is asked for."""
    members = set(job.owners)
    if len(members) < MIN_OWNERS:
        raise ProtocolViolation(
            f"job {job.job_id} has {len(members)} owners; statistics are computed over at least {MIN_OWNERS}, since fewer "
            "would show what one of them has",
            field="owners",
        )
    for owner in job.owners:
        require_consents(job.spec, job.declaration_of(owner))


def require_consents(spec: StatisticsSpec, declaration: Declaration) -> None:
    """Raise ProtocolViolation unless the facts of a declaration are of this kind, with all the consents that a job needs."""
    try:
        facts = DeclaredFacts.model_validate(declaration.facts)
    except ValidationError as error:
        raise ProtocolViolation(
            "the declaration of an owner does not say what it agreed to; it is not for statistics", field="consents"
        ) from error
    if missing := sorted(set(spec.consents) - set(facts.consents)):
        raise ProtocolViolation(
            f"an owner did not agree to {', '.join(missing)}, which the job asks for", field="consents"
        )


def require_place(job: StartedJob[StatisticsSpec], task: TaskBody) -> None:
    """Raise ProtocolViolation unless a task is of this job, and of the only round that there is."""
    if (task.job_id, task.round, task.checkpoint) != (job.job_id, ROUND, CHECKPOINT):
        raise ProtocolViolation(
            f"a task for round {task.round}, checkpoint {task.checkpoint} of job {task.job_id}; job {job.job_id} has round "
            f"{ROUND}, checkpoint {CHECKPOINT} only"
        )
