"""What everybody may see of a job: its terms, where it stands, whom it waits for, its metric and its transactions."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, defer

from commons.ciphers.masks import seed_hash
from commons.computations.parts import DELIVERED, EVIDENCE
from commons.computations.registry import JobSpec, computation_of
from commons.errors import NotAllowed, NotFound
from commons.market.state import JobState
from commons.market.tasks import Step
from commons.storage.database import Database
from federated_aggregator.services.chain_port import ChainPort, Sending, Sent
from federated_aggregator.services.job_company import AcceptedOwner, JobCompany, job_versions
from federated_aggregator.services.job_run import CHECKPOINT, DONE, START, parse_spec
from federated_aggregator.services.job_values import value_text
from federated_aggregator.tables import Checkpoint, Job, Task


@dataclass(frozen=True)
class JobViews:
    """Reads of jobs.

    Attributes:
        database: the aggregator's database.
        chain: for the hashes of queued transactions.
    """

    database: Database
    chain: ChainPort

    def summaries(
        self, state: str | None = None, job_ids: Collection[int] = (), *, limit: int, offset: int = 0
    ) -> tuple[list[dict[str, Any]], int]:
        """A page of all jobs, or of those in one state or with these numbers, and how many there are on all pages.

        The newest come first, without keys and checkpoints.
        """
        wanted = [Job.state == state] if state else []
        if job_ids:
            wanted.append(Job.job_id.in_(job_ids))
        query = select(Job).where(*wanted).order_by(Job.job_id.desc()).limit(limit).offset(offset)
        with self.database.snapshot() as session:
            total = session.scalar(select(func.count()).select_from(Job).where(*wanted)) or 0
            # Proofs are long, and summaries do without them.
            jobs = session.scalars(query.options(defer(Job.modulus), defer(Job.modulus_proof))).all()
            company = JobCompany.read(session, Job.job_id.in_([job.job_id for job in jobs]))
            return [_summary(job, company) for job in jobs], total

    def versions(self) -> dict[int, str]:
        """A short text for each job, which changes whenever its summary does."""
        with self.database.snapshot() as session:
            return job_versions(session)

    def view(self, job_id: int) -> dict[str, Any]:
        """Everything public about one job; raises NotFound."""
        with self.database.snapshot() as session:
            job = _get(session, job_id)
            rows = session.scalars(select(Checkpoint).where(Checkpoint.job_id == job_id).order_by(Checkpoint.index))
            return {
                **_summary(job, JobCompany.read(session, Job.job_id == job_id)),
                "modulus": job.modulus,
                "modulus_proof": job.modulus_proof,
                "seed_hash": "0x" + seed_hash(job.delivery_seed).hex() if job.delivery_seed else None,
                "checkpoints": [self._checkpoint(session, job, row) for row in rows],
                "transactions": {
                    name: self._hash(session, key)
                    for name, key in job.transactions.items()
                    if not name.startswith(CHECKPOINT)
                },
                "objections": _objections(session, job_id),
            }

    def delivery(self, buyer: str, job_id: int) -> dict[str, Any]:
        """What was delivered under its mask, for the buyer, and once the job is finished what it can be compared with.

        Raises:
            NotFound: no such job, or nothing delivered yet.
            NotAllowed: the caller is not the job's buyer.
        """
        with self.database.snapshot() as session:
            job = _get(session, job_id)
            if job.buyer != buyer:
                raise NotAllowed(f"job {job_id} belongs to another buyer", job_id=job_id)
            delivered = value_text(session, job_id, DELIVERED)
            if delivered is None:
                raise NotFound(f"job {job_id}: nothing is delivered yet; it is {job.state}", job_id=job_id)
            # It may hold what could be decrypted at once, so it is shown only when everybody has been paid.
            evidence = value_text(session, job_id, EVIDENCE) if job.state == JobState.FINISHED else None
            return {
                "delivered": json.loads(delivered),
                "evidence": json.loads(evidence) if evidence else None,
                "round": job.round,
            }

    def _checkpoint(self, session: Session, job: Job, row: Checkpoint) -> dict[str, Any]:
        sent = self._sent(session, job.transactions.get(f"{CHECKPOINT}{row.index}"))
        return {
            "index": row.index,
            "round": row.round,
            "mse": row.mse,
            "mse_fixed": row.mse_fixed,
            "leave_one_out_mses_fixed": row.leave_one_out_mses_fixed,
            "tx": sent.tx_hash if sent else None,
            # What the contract refused counts for nobody's pay.
            "refused": sent.reason if sent and sent.sending is Sending.FAILED else None,
        }

    def _hash(self, session: Session, key: str | None) -> str | None:
        sent = self._sent(session, key)
        return sent.tx_hash if sent else None

    def _sent(self, session: Session, key: str | None) -> Sent | None:
        return self.chain.sent(session, key) if key else None


def _summary(job: Job, company: JobCompany) -> dict[str, Any]:
    spec = parse_spec(job.spec)
    accepted = company.accepted(job.job_id)
    owners = [owner for owner in accepted if not owner.left_out]
    return {
        "job_id": job.job_id,
        "state": job.state,
        "step": job.step,
        "round": job.round,
        "checkpoint": job.checkpoint,
        "buyer": job.buyer,
        "buyer_name": company.names.get(job.buyer),
        "deposit_wei": str(spec.deposit_wei),
        "spec": spec.model_dump(mode="json"),
        "owners": [
            {
                "address": owner.owner,
                "roles": owner.roles,
                "role": owner.role,
                "row_count": owner.row_count,
                "facts": owner.facts,
                "declaration_signature": owner.declaration_signature,
                "out": owner.out,
            }
            for owner in owners
        ],
        "left_out": [{"address": owner.owner, "reason": owner.left_out} for owner in accepted if owner.left_out],
        "waiting_for": _waiting_for(job, spec, len(owners), company.asked(job.job_id)),
        "reason": _reason(job, [owner for owner in accepted if owner.left_out]),
        "entered": job.entered,
    }


def _reason(job: Job, left_out: list[AcceptedOwner]) -> str | None:
    """Why the job is where it is, what is in its way, and while owners are sought, with whom it goes on without."""
    shown = left_out if job.state == JobState.RECRUITING else []
    without = [f"{owner.owner} is left out: {owner.left_out}" for owner in shown]
    return " · ".join(text for text in (job.reason, job.trouble, *without) if text) or None


def _waiting_for(job: Job, spec: JobSpec, accepted: int, asked: list[str]) -> dict[str, Any] | None:
    if job.state == JobState.RECRUITING:
        if START in job.transactions:
            return {"code": "start", "who": [], "what": "the contract to confirm the start", "until": spec.start_by}
        what = f"data owners to accept ({accepted} of {spec.min_owners})"
        return {"code": "owners", "who": [], "what": what, "until": spec.start_by}
    if job.state == JobState.SETTLING:
        what = "the contract to confirm the settlement"
        return {"code": "settlement", "who": [], "what": what, "until": spec.finish_by}
    if job.state != JobState.RUNNING or job.step is None:
        return None
    what = computation_of(spec).aggregator().doing(Step(job.step, job.round, job.checkpoint))
    return {"code": job.step, "who": asked, "what": what, "until": job.step_deadline}


def _objections(session: Session, job_id: int) -> list[dict[str, Any]]:
    """What members remarked in answers that nothing waits for."""
    query = select(Task).where(Task.job_id == job_id, Task.status == DONE, Task.reason.is_not(None))
    return [
        {"validator": task.assignee, "checkpoint": task.checkpoint, "reason": task.reason}
        for task in session.scalars(query.order_by(Task.checkpoint, Task.assignee))
    ]


def _get(session: Session, job_id: int) -> Job:
    job = session.get(Job, job_id)
    if job is None:
        raise NotFound(f"job {job_id} is not known here", job_id=job_id)
    return job
