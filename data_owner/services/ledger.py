"""What was learnt of each version of a dataset: about which columns answers were given, and in which job.

The answers of some kinds of computation tell something of these very rows, such as their sums. One answer is hidden among those
of other owners; two may not be. Whoever has the same columns answered in two jobs whose owners differ in one learns that one's
sums by subtraction, and no owner can see it from a single job. So where a kind says so (`Requirements.answered_once`), an owner
answers about a column of a version once. With the consent "again" it does so once more, knowingly.

A version is the digest of a dataset's profile: names, types, ranges and counts of its columns. A file that is removed and added
again is the version that it was; one with other counts or ranges, or another column, is a new one. The ledger's row is written
with a job's first answer, in one transaction, so that nothing is told unrecorded. Jobs that are accepted and not answered yet
count like answered ones, or two that recruit at the same time would both be answered.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from commons.chain.jobs import JobState
from commons.computations.registry import JobSpec
from commons.errors import Conflict
from commons.storage.database import take_turns
from data_owner.services.job_view import requirements_of, stored_spec
from data_owner.tables import EVENTS, STANDING, Acceptance, Dataset, Learnt

AGAIN = "again"
"""The consent to answer about columns that were answered about before."""

_ENDED = (JobState.FINISHED, JobState.EXPIRED, JobState.CANCELLED)


@dataclass(frozen=True)
class Disclosure:
    """What answering a job tells something about; `columns` by the dataset's own names."""

    dataset_id: str
    version: str
    kind: str
    columns: frozenset[str]


def disclosure_of(acceptance: Acceptance, dataset: Dataset) -> Disclosure | None:
    """What a job tells about the dataset that it was accepted with; None if answers may be as many as one likes."""
    spec = stored_spec(acceptance.spec)
    if not isinstance(spec, JobSpec):
        return None
    asked = requirements_of(spec)
    if not asked.answered_once:
        return None
    own_names = frozenset(acceptance.column_mapping.get(column.name, column.name) for column in asked.columns)
    return Disclosure(dataset.id, _version_of(dataset), spec.computation.kind, own_names)


def refuse_repeated(session: Session, acceptance: Acceptance, dataset: Dataset) -> None:
    """Raise Conflict if a job asks for what was told before, and its owner has not said that it may be told again."""
    disclosure = disclosure_of(acceptance, dataset)
    if disclosure is None:
        return
    take_turns(session, "ledger")
    if AGAIN in acceptance.consents:
        return
    told = select(Learnt).where(Learnt.version == disclosure.version).order_by(Learnt.id)
    for row in session.scalars(told):
        if common := disclosure.columns & set(row.columns):
            raise Conflict(
                f"job {row.job_id} was answered about the column {min(common)!r} of these rows. Two answers together can tell "
                f"more than each of them; accept with the consent {AGAIN!r} to give another one all the same",
                field="consents",
                columns=sorted(common),
            )
    for job_id, other in _promised(session, acceptance.job_id):
        if other.version == disclosure.version and (common := disclosure.columns & other.columns):
            raise Conflict(
                f"job {job_id}, which was accepted, will be answered about the column {min(common)!r} of these rows. Two answers "
                f"together can tell more than each of them; accept with the consent {AGAIN!r} to give both, or withdraw that one",
                field="consents",
                columns=sorted(common),
            )


def record(session: Session, job_id: int, disclosure: Disclosure, at: float) -> None:
    """Remember what the first answer of a job tells."""
    session.add(
        Learnt(
            dataset_id=disclosure.dataset_id,
            version=disclosure.version,
            kind=disclosure.kind,
            columns=sorted(disclosure.columns),
            job_id=job_id,
            at=at,
        )
    )


def _promised(session: Session, job_id: int) -> Iterator[tuple[int, Disclosure]]:
    """What the other jobs that are accepted will tell, unless the contract has them ended."""
    query = select(Acceptance, Dataset).join(Dataset, Dataset.id == Acceptance.dataset_id)
    query = query.where(Acceptance.state.in_(STANDING), Acceptance.job_id != job_id).order_by(Acceptance.job_id)
    rows = session.execute(query).all()
    states = EVENTS.job_states(session, [acceptance.job_id for acceptance, _ in rows])
    for acceptance, dataset in rows:
        disclosure = disclosure_of(acceptance, dataset)
        if disclosure is not None and states.get(acceptance.job_id) not in _ENDED:
            yield acceptance.job_id, disclosure


def _version_of(dataset: Dataset) -> str:
    canonical = json.dumps(dataset.profile, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
