"""Taking back what was concluded from blocks that a reorganisation of the chain has dropped.

The transactions come back by themselves, since the outbox sends them again. A job can come back under another number.
"""

from __future__ import annotations

import structlog
from sqlalchemy import Exists, Select, and_, exists, or_, select, update
from sqlalchemy.orm import Session

from model_buyer.domain.stages import DeliveryCheck, Stage
from model_buyer.services.buyer import Buyer
from model_buyer.services.job_rows import changing, move, tell
from model_buyer.services.outgoing import CREATION_PREFIX
from model_buyer.tables import ContractEvent, Job, OutboxTransaction

_log = structlog.get_logger(__name__)
_ENDED_BY = {
    "JobFinalized": (Stage.UNMASKING, Stage.FINISHED),
    "JobExpired": (Stage.EXPIRED,),
    "JobCancelled": (Stage.CANCELLED,),
}


def follow_reorganisation(buyer: Buyer) -> None:
    """Bring all jobs into line with the events as they are now."""
    with buyer.database.snapshot() as session:
        renumbered = session.execute(_renumbered()).all()
        undone = session.execute(_undone()).all()
    if renumbered:
        _renumber(buyer)
    for job_id, stage in undone:
        _reopen(buyer, job_id, stage)


def _renumbered() -> Select[str, int | None]:
    """The ids of jobs that the chain has under another number than this database, with that number."""
    return (
        select(Job.id, ContractEvent.job_id)
        .join(OutboxTransaction, OutboxTransaction.key == CREATION_PREFIX + Job.id)
        .join(ContractEvent, ContractEvent.tx_hash == OutboxTransaction.tx_hash)
        .where(ContractEvent.name == "JobCreated", ContractEvent.job_id.is_not(None))
        .where(Job.stage != Stage.ESCROWING, Job.chain_job_id.is_distinct_from(ContractEvent.job_id))
    )


def _undone() -> Select[str, Stage]:
    """The ids of jobs that ended in a way that no confirmed event shows (any more), with the stage that they are in."""
    ends = [and_(Job.stage.in_(stages), ~_happened(name)) for name, stages in _ENDED_BY.items()]
    return select(Job.id, Job.stage).where(Job.chain_job_id.is_not(None), or_(*ends))


def _happened(name: str) -> Exists:
    return exists().where(ContractEvent.job_id == Job.chain_job_id, ContractEvent.name == name)


def _renumber(buyer: Buyer) -> None:
    with buyer.database.session() as session:
        for job, number, former in _freed(session):
            job.chain_job_id = number
            _begin_again(job)
            event = f"a reorganisation of the chain made this job number {number}; it was {former}"
            tell(session, job, buyer.clock(), event)
            _log.warning("job_renumbered", job=job.id, number=number, former=former)


def _freed(session: Session) -> list[tuple[Job, int, int | None]]:
    """Jobs with their new and former numbers, all of which nobody holds now."""
    numbers = {job_id: number for job_id, number in session.execute(_renumbered()) if number is not None}
    jobs = session.scalars(select(Job).where(Job.id.in_(numbers)).order_by(Job.id).with_for_update()).all()
    found = [(job, numbers[job.id], job.chain_job_id) for job in jobs]
    # Numbers are unique, and who held one of these has another by now, or will have.
    taken = or_(Job.chain_job_id.in_(numbers.values()), Job.id.in_(numbers))
    session.execute(update(Job).where(taken).values(chain_job_id=None))
    return found


def _begin_again(job: Job) -> None:
    move(job, Stage.ESCROWED)
    if job.participants is None:
        return
    # Owners have worked under this key for the job of the former number: another one must not use it as well.
    job.participants = job.delivery = None
    job.cancel_requested = True
    job.note = "a reorganisation of the chain undid the start; the job is called off and its deposit comes back"
    _forget_end(job)


def _reopen(buyer: Buyer, job_id: str, seen: Stage) -> None:
    with changing(buyer, job_id) as (session, job):
        if job.stage is not seen:
            return
        before = Stage.ESCROWED if seen is Stage.CANCELLED else Stage.OFFERED
        move(job, before, f"a reorganisation of the chain undid that the job was {seen}")
        _forget_end(job)
        tell(session, job, buyer.clock(), job.note)
    _log.warning("end_undone", job=job_id, ended=seen)


def _forget_end(job: Job) -> None:
    job.settlement = job.seed = job.outcome_json = None
    job.delivery_check = DeliveryCheck.PENDING
