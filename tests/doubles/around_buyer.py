"""What stands around a model buyer under test: a clock, a contract in the states that a test sets, an aggregator, and rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from eth_account import Account
from sqlalchemy import delete, func, select
from sqlalchemy.orm import undefer

from commons.agent.aggregator_client import AggregatorStatus
from commons.chain.calls import MarketplaceCalls
from commons.chain.jobs import ContractCall, JobOnChain, JobSettled, JobState, JobTerms, Quote
from commons.chain.signing import SigningDomain
from commons.computations.registry import JobSpec
from commons.errors import ChainUnavailable, NotFound, ServiceUnavailable
from commons.storage.database import Database
from model_buyer.services.job_rows import new_job
from model_buyer.tables import ContractEvent, Job, TimelineEntry

NOW = 1_800_000_000.0
CONTRACT = "0x" + "C0" * 20
AGGREGATOR = Account.from_key("0x" + "33" * 32).address
BUYER = Account.from_key("0x" + "44" * 32).address
CREATION_TX, START_TX, END_TX = ("0x" + digits * 32 for digits in ("ab", "cd", "ef"))
_DIGESTS = {"specDigest": "0x" + "00" * 32, "keyDigest": "0x" + "00" * 32}


@dataclass
class FakeChain:
    """A contract whose job goes through the states that a test sets; its events are in the buyer's own tables."""

    database: Database
    available: bool = True
    balance: int = 10**18
    owed: int = 0
    jobs: dict[int, JobOnChain] = field(default_factory=dict)
    trainers: tuple[str, ...] = ()
    validators: tuple[str, ...] = ()

    def _ask(self) -> None:
        if not self.available:
            raise ChainUnavailable("the Ethereum node does not answer")

    def domain(self) -> SigningDomain:
        return SigningDomain(1337, CONTRACT)

    def check(self) -> None:
        self._ask()

    def balance_wei(self, address: str) -> int:
        self._ask()
        return self.balance

    def owed_wei(self, address: str) -> int:
        self._ask()
        return self.owed

    def posting_cost_wei(self) -> int:
        self._ask()
        return 1000

    def create_job(self, terms: JobTerms, deposit_wei: int) -> ContractCall:
        self.terms = terms
        return ContractCall(CONTRACT, b"create" + terms.spec_digest, deposit_wei, "post a job")

    def cancel_job(self, job_id: int) -> ContractCall:
        return ContractCall(CONTRACT, b"cancel%d" % job_id, 0, f"cancel job {job_id}")

    def expire_job(self, job_id: int) -> ContractCall:
        return ContractCall(CONTRACT, b"expire%d" % job_id, 0, f"settle job {job_id}, whose time is over")

    def withdraw(self, to: str | None) -> ContractCall:
        return MarketplaceCalls(CONTRACT).withdraw(to)

    def job(self, job_id: int) -> JobOnChain:
        self._ask()
        return self.jobs[job_id]

    def contributions(self, job_id: int) -> tuple[int, ...]:
        self._ask()
        return tuple(range(1, len(self.trainers) + 1))

    def quote(self, job_id: int) -> Quote:
        self._ask()
        return Quote(tuple(10 for _ in self.trainers), 5, 3, 2)

    def put(self, job: Job, state: JobState, *, number: int = 1, settled: JobSettled | None = None) -> None:
        """Have the contract show the job in `state`, and its confirmed events say so."""
        self.drop(number)
        self.happen(number, "JobCreated", CREATION_TX, buyer=BUYER, aggregator=AGGREGATOR, deposit="1", **_DIGESTS)
        if state not in (JobState.POSTED, JobState.CANCELLED):
            members = {"trainers": list(self.trainers), "validators": list(self.validators)}
            self.happen(number, "JobStarted", START_TX, **members, seedHash="0x" + "00" * 32)
        settled = settled or JobSettled(number, bytes(32), 0, job.spec.deposit_wei, END_TX)
        money = {"paid": str(settled.paid_wei), "refunded": str(settled.refunded_wei)}
        match state:
            case JobState.FINISHED:
                self.happen(number, "JobFinalized", settled.tx_hash, seed="0x" + (settled.seed or b"").hex(), **money)
            case JobState.EXPIRED:
                self.happen(number, "JobExpired", settled.tx_hash, **money)
            case JobState.CANCELLED:
                self.happen(number, "JobCancelled", END_TX, refunded=str(job.spec.deposit_wei))
        terms = JobTerms(
            aggregator=AGGREGATOR,
            spec_digest=job.spec.digest(),
            key_digest=bytes(32),
            start_by=job.spec.start_by,
            finish_by=job.spec.finish_by,
        )
        self.jobs[number] = JobOnChain(
            job_id=number,
            terms=terms,
            buyer=AGGREGATOR,
            state=state,
            deposit_wei=job.spec.deposit_wei,
            last_recorded=False,
            checkpoint_count=0,
            initial_mse_fixed=0,
            latest_mse_fixed=0,
            seed_hash=bytes(32),
            delivery_digest=bytes(32),
        )

    def drop(self, number: int = 1) -> None:
        """Have a reorganisation drop all that happened to a job."""
        with self.database.session() as session:
            session.execute(delete(ContractEvent).where(ContractEvent.job_id == number))

    def happen(self, number: int, name: str, tx_hash: str = END_TX, **arguments: Any) -> None:
        """Have the contract report something, confirmed."""
        with self.database.session() as session:
            place = session.scalar(select(func.count()).select_from(ContractEvent)) or 0
            session.add(
                ContractEvent(
                    block_number=1,
                    block_hash="0x" + "b1" * 32,
                    block_time=int(NOW),
                    log_index=place + 1000 * number,
                    tx_hash=tx_hash,
                    name=name,
                    job_id=number,
                    arguments={"jobId": str(number), **arguments},
                )
            )


@dataclass
class FakeAggregator:
    """An aggregator in memory that shows what a test puts there."""

    available: bool = True
    offered: list[dict[str, Any]] = field(default_factory=list)
    views: dict[int, dict[str, Any]] = field(default_factory=dict)
    deliveries: dict[int, dict[str, Any]] = field(default_factory=dict)

    def _ask(self) -> None:
        if not self.available:
            raise ServiceUnavailable("the aggregator does not answer")

    def status(self) -> AggregatorStatus:
        self._ask()
        return AggregatorStatus(1337, CONTRACT, AGGREGATOR, "1")

    def offer_job(self, job_id: int, spec: JobSpec, *, modulus: int, modulus_proof: Any) -> dict[str, Any]:
        self._ask()
        self.offered.append({"job_id": job_id, "spec": spec, "modulus": modulus, "proof": modulus_proof})
        return {}

    def job(self, job_id: int) -> dict[str, Any]:
        self._ask()
        if job_id not in self.views:
            raise NotFound(f"job {job_id} is not known here")
        return self.views[job_id]

    def delivery(self, job_id: int) -> dict[str, Any]:
        self._ask()
        return self.deliveries[job_id]


@dataclass
class Clock:
    """Time that stands until a test moves it."""

    now: float = NOW

    def __call__(self) -> float:
        return self.now


def job_row(spec: JobSpec, **changes: Any) -> Job:
    """A job that is not in the database yet: a draft, but for these columns."""
    job = new_job(spec, key_bits=1024, at=NOW)
    for name, value in {"id": "a" * 32, **changes}.items():
        setattr(job, name, value)
    return job


def put_job(database: Database, job: Job) -> Job:
    """Store a job."""
    with database.session() as session:
        session.add(job)
    return job


def change_job(database: Database, job_id: str, **changes: Any) -> None:
    """Change columns of a stored job."""
    with database.session() as session:
        job = session.get_one(Job, job_id)
        for name, value in changes.items():
            setattr(job, name, value)


def stored_job(database: Database, job_id: str) -> Job:
    """A job as it is stored now, with all its columns."""
    with database.snapshot() as session:
        return session.get_one(Job, job_id, options=[undefer("*")])


def stored_jobs(database: Database) -> list[Job]:
    """All jobs, newest first."""
    with database.snapshot() as session:
        return list(session.scalars(select(Job).order_by(Job.created_at.desc(), Job.id)))


def events_of(database: Database, job_id: str) -> list[str]:
    """What a job's timeline tells, oldest first."""
    with database.snapshot() as session:
        story = select(TimelineEntry.event).where(TimelineEntry.job_id == job_id).order_by(TimelineEntry.id)
        return list(session.scalars(story))
