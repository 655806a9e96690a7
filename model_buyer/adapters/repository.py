"""The model buyer's database as its use cases see it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from pydantic import TypeAdapter
from sqlalchemy import Exists, and_, exists, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from commons.chain.event_log import EventLog
from commons.chain.jobs import ContractCall, JobSettled
from commons.chain.outbox import Outbox
from commons.chain.outbox_table import OutboxColumns, OutboxState
from commons.ciphers.wire import CiphertextVector
from commons.computations.linear_regression.question_ledger import OpenedRecord
from commons.computations.linear_regression.spec import TrainingJobSpec
from commons.errors import Conflict, NotFound
from commons.storage.database import Database
from model_buyer.adapters.question_rows import QuestionRows
from model_buyer.adapters.tables import (
    ContractEvent,
    FollowedBlock,
    JobRow,
    OpeningRow,
    OutboxTransaction,
    TimelineRow,
    VaultRow,
)
from model_buyer.adapters.vault import VaultHeader
from model_buyer.domain.posted_job import (
    DeliveryCheck,
    JobKey,
    Participants,
    PostedJob,
    Settlement,
    SignedDelivery,
    Stage,
    Submission,
)
from model_buyer.services.ports import CREATION_PREFIX, JobOnRecord, SendState, SentTransaction, TimelineEntry

_OUTBOX = Outbox(OutboxTransaction)
_SEND_STATES = {OutboxState.MINED: SendState.MINED, OutboxState.FAILED: SendState.FAILED}
_EVENTS = EventLog(FollowedBlock, ContractEvent)
_ENDED_BY = {
    "JobFinalized": (Stage.UNMASKING, Stage.FINISHED),
    "JobExpired": (Stage.EXPIRED,),
    "JobCancelled": (Stage.CANCELLED,),
}
_PARTICIPANTS = TypeAdapter(Participants)
_SETTLEMENT = TypeAdapter(Settlement)


class SqlRepository(QuestionRows):
    """`model_buyer.services.ports.Repository` on one SQLAlchemy session.

    Args:
        session: the unit of work.
        writes: whether a job that is read may be saved, so that other processes must wait with it.
    """

    def __init__(self, session: Session, *, writes: bool) -> None:
        self._session = session
        self._writes = writes

    def add(self, job: PostedJob) -> PostedJob:
        """Store a new job and return it; or return the one that was stored before under its submission's key."""
        row = JobRow(id=job.id)
        _write(row, job)
        try:
            # A savepoint: after a refused insertion PostgreSQL takes no other statement of the transaction.
            with self._session.begin_nested():
                self._session.add(row)
        except IntegrityError:
            if job.submission is None or (former := self.submitted(job.submission.key)) is None:
                raise
            return former
        return job

    def get(self, job_id: str) -> PostedJob:
        """A job by its local id; raises NotFound."""
        return _read(self._job(job_id))

    def by_chain_id(self, chain_job_id: int) -> PostedJob | None:
        """A job by its id on chain."""
        row = self._session.scalar(select(JobRow).where(JobRow.chain_job_id == chain_job_id))
        return None if row is None else _read(row)

    def submitted(self, key: str) -> PostedJob | None:
        """The job that was asked for under a key."""
        row = self._session.scalar(select(JobRow).where(JobRow.idempotency_key == key))
        return None if row is None else _read(row)

    def all(self) -> list[PostedJob]:
        """All jobs, newest first."""
        rows = self._session.scalars(select(JobRow).order_by(JobRow.created_at.desc(), JobRow.id))
        return [_read(row) for row in rows]

    def unfinished(self) -> list[PostedJob]:
        """The jobs that something remains to be done for, oldest first."""
        query = select(JobRow).where(JobRow.needs_attention).order_by(JobRow.created_at, JobRow.id)
        return [_read(row) for row in self._session.scalars(query)]

    def save(self, job: PostedJob) -> None:
        """Store what changed."""
        _write(self._job(job.id), job)
        self._session.flush()

    def openings(self, job_id: str) -> list[OpenedRecord]:
        """The opened checkpoints of a job in order."""
        query = select(OpeningRow).where(OpeningRow.job_id == job_id).order_by(OpeningRow.checkpoint)
        return [_read_opening(row) for row in self._session.scalars(query)]

    def add_opening(self, job_id: str, record: OpenedRecord) -> None:
        """Store an opened checkpoint; raises Conflict if that checkpoint is there already."""
        self._session.add(
            OpeningRow(
                job_id=job_id,
                checkpoint=record.index,
                round=record.round,
                statements_digest=record.statements_digest,
                mse=record.mse,
                mse_fixed=str(record.mse_fixed),
                leave_one_out_json=json.dumps(record.leave_one_out_mses_fixed),
                row_count=record.row_count,
                opened_at=record.opened_at,
            )
        )
        try:
            self._session.flush()
        except IntegrityError as error:
            raise Conflict(f"checkpoint {record.index} of job {job_id} was opened already") from error

    def record(self, job_id: str, entry: TimelineEntry) -> None:
        """Add to a job's timeline."""
        self._session.add(TimelineRow(job_id=job_id, at=entry.at, event=entry.event, tx_hash=entry.tx_hash))

    def timeline(self, job_id: str) -> list[TimelineEntry]:
        """A job's timeline, oldest first."""
        query = select(TimelineRow).where(TimelineRow.job_id == job_id).order_by(TimelineRow.id)
        return [TimelineEntry(row.at, row.event, row.tx_hash) for row in self._session.scalars(query)]

    def send(self, key: str, call: ContractCall) -> None:
        """Put a transaction into the outbox, once for each key; after a failure once more."""
        former = _OUTBOX.tries(self._session, key)
        if former and former[0].state is not OutboxState.FAILED:
            _OUTBOX.enqueue(self._session, key=former[0].key, call=call)
        else:
            _OUTBOX.enqueue_again(self._session, key=key, call=call)

    def sent(self, key: str) -> SentTransaction | None:
        """The latest transaction with this key."""
        tries = _OUTBOX.tries(self._session, key)
        return replace(_read_transaction(tries[0]), tries=len(tries)) if tries else None

    def created_job_id(self, tx_hash: str) -> int | None:
        """Number of the job that a createJob made, as confirmed events have it now; None while none does."""
        created = _EVENTS.created_by(self._session, tx_hash)
        return None if created is None else created.job_id

    def on_record(self, chain_job_id: int) -> JobOnRecord:
        """What confirmed events say about a job."""
        end = _EVENTS.settled(self._session, chain_job_id)
        if (cancelled := _EVENTS.cancelled(self._session, chain_job_id)) is not None:
            end = JobSettled(chain_job_id, None, 0, cancelled.refunded_wei, cancelled.tx_hash)
        state = _EVENTS.job_state(self._session, chain_job_id)
        last_recorded = _EVENTS.is_last_recorded(self._session, chain_job_id)
        return JobOnRecord(state, _EVENTS.started(self._session, chain_job_id), end, last_recorded=last_recorded)

    def renumbered(self) -> list[tuple[PostedJob, int]]:
        """Jobs that the chain has under another number than this database, with that number."""
        query = (
            select(JobRow, ContractEvent.job_id)
            .join(OutboxTransaction, OutboxTransaction.key == CREATION_PREFIX + JobRow.id)
            .join(ContractEvent, ContractEvent.tx_hash == OutboxTransaction.tx_hash)
            .where(ContractEvent.name == "JobCreated", JobRow.stage != Stage.ESCROWING.value)
            .where(JobRow.chain_job_id.is_distinct_from(ContractEvent.job_id))
        )
        return [(_read(row), number) for row, number in self._session.execute(query) if number is not None]

    def renumber(self, jobs: Sequence[tuple[PostedJob, int]]) -> None:
        """Store these jobs under these numbers."""
        # Numbers are unique, and who held one of these has another by now, or will have.
        taken = update(JobRow).where(JobRow.chain_job_id.in_([number for _, number in jobs]))
        self._session.execute(taken.values(chain_job_id=None))
        for job, number in jobs:
            self.save(replace(job, chain_job_id=number))

    def undone(self) -> list[PostedJob]:
        """Jobs that ended in a way that no confirmed event shows (any more)."""
        ends = [
            and_(JobRow.stage.in_([stage.value for stage in stages]), ~_happened(name))
            for name, stages in _ENDED_BY.items()
        ]
        query = select(JobRow).where(JobRow.chain_job_id.is_not(None), or_(*ends))
        return [_read(row) for row in self._session.scalars(query)]

    def sent_with_prefix(self, prefix: str) -> list[SentTransaction]:
        """The transactions whose key begins with `prefix`, newest first."""
        query = select(OutboxTransaction).where(OutboxTransaction.key.startswith(prefix, autoescape=True))
        rows = self._session.scalars(query.order_by(OutboxTransaction.id.desc()))
        return [_read_transaction(row) for row in rows]

    def _job(self, job_id: str) -> JobRow:
        # SQLite, which knows no row locks, holds its write lock since the unit of work began.
        row = self._session.get(JobRow, job_id, with_for_update=self._writes)
        if row is None:
            raise NotFound(f"there is no job {job_id!r} here; GET /v1/jobs lists the jobs of this buyer", job=job_id)
        return row


class SqlVaultHeaders:
    """Where the vault's header is kept."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def load(self) -> VaultHeader | None:
        """The header, or None before the first use."""
        with self._database.snapshot() as session:
            row = session.get(VaultRow, 1)
            return None if row is None else VaultHeader(row.salt, row.cost, row.check)

    def keep(self, header: VaultHeader) -> VaultHeader:
        """Store `header` unless there is one already; returns the one that is stored."""
        try:
            with self._database.session() as session:
                session.add(VaultRow(id=1, salt=header.salt, cost=header.cost, check=header.check))
        except IntegrityError:
            # Another process of this service made one at the same time.
            return self.load() or header
        return header


@contextmanager
def unit_of_work(database: Database) -> Iterator[SqlRepository]:
    """A unit of work that may write to `database`."""
    with database.session() as session:
        yield SqlRepository(session, writes=True)


@contextmanager
def snapshot(database: Database) -> Iterator[SqlRepository]:
    """A unit of work that only reads."""
    with database.snapshot() as session:
        yield SqlRepository(session, writes=False)


def _happened(name: str) -> Exists:
    return exists().where(ContractEvent.job_id == JobRow.chain_job_id, ContractEvent.name == name)


def _write(row: JobRow, job: PostedJob) -> None:
    row.created_at = job.created_at
    row.stage = job.stage.value
    row.note = job.note
    row.trouble = job.trouble
    row.needs_attention = job.needs_attention
    row.cancel_requested = job.cancel_requested
    row.spec_json = job.spec.model_dump_json()
    row.key_bits = job.key_bits
    row.key_json = None if job.key is None else _key_json(job.key)
    row.sealed_secret = None if job.key is None else job.key.sealed_secret
    row.chain_job_id = job.chain_job_id
    row.participants_json = None if job.participants is None else _PARTICIPANTS.dump_json(job.participants).decode()
    row.delivery_json = None if job.delivery is None else _delivery_json(job.delivery)
    row.seed = job.seed
    row.settlement_json = None if job.settlement is None else _SETTLEMENT.dump_json(job.settlement).decode()
    row.model_json = job.model_json
    row.delivery_check = job.delivery_check.value
    row.idempotency_key = None if job.submission is None else job.submission.key
    row.refusal = job.refusal
    row.request_digest = None if job.submission is None else job.submission.request_digest


def _read(row: JobRow) -> PostedJob:
    return PostedJob(
        id=row.id,
        spec=TrainingJobSpec.model_validate_json(row.spec_json),
        key_bits=row.key_bits,
        created_at=row.created_at,
        stage=Stage(row.stage),
        note=row.note,
        trouble=row.trouble,
        cancel_requested=row.cancel_requested,
        key=_read_key(row),
        chain_job_id=row.chain_job_id,
        participants=None if row.participants_json is None else _PARTICIPANTS.validate_json(row.participants_json),
        delivery=None if row.delivery_json is None else _read_delivery(row.delivery_json),
        seed=row.seed,
        settlement=None if row.settlement_json is None else _SETTLEMENT.validate_json(row.settlement_json),
        model_json=row.model_json,
        delivery_check=DeliveryCheck(row.delivery_check),
        submission=_read_submission(row),
        refusal=row.refusal,
    )


def _key_json(key: JobKey) -> str:
    return json.dumps({"modulus": hex(key.modulus), "modulus_proof": key.modulus_proof})


def _read_key(row: JobRow) -> JobKey | None:
    if row.key_json is None or row.sealed_secret is None:
        return None
    public = json.loads(row.key_json)
    return JobKey(int(public["modulus"], 16), tuple(public["modulus_proof"]), row.sealed_secret)


def _read_submission(row: JobRow) -> Submission | None:
    if row.idempotency_key is None or row.request_digest is None:
        return None
    return Submission(row.idempotency_key, row.request_digest)


def _delivery_json(delivery: SignedDelivery) -> str:
    return json.dumps(
        {
            "delivered": delivery.delivered.model_dump(mode="json"),
            "digest": delivery.digest.hex(),
            "candidates_digest": delivery.candidates_digest.hex(),
            "round": delivery.round,
            "checkpoint": delivery.checkpoint,
            "signature": delivery.signature.hex(),
        }
    )


def _read_delivery(text: str) -> SignedDelivery:
    document = json.loads(text)
    return SignedDelivery(
        delivered=CiphertextVector.model_validate(document["delivered"]),
        digest=bytes.fromhex(document["digest"]),
        candidates_digest=bytes.fromhex(document["candidates_digest"]),
        round=document["round"],
        checkpoint=document["checkpoint"],
        signature=bytes.fromhex(document["signature"]),
    )


def _read_opening(row: OpeningRow) -> OpenedRecord:
    return OpenedRecord(
        index=row.checkpoint,
        round=row.round,
        statements_digest=row.statements_digest,
        mse=row.mse,
        mse_fixed=int(row.mse_fixed),
        leave_one_out_mses_fixed=tuple(json.loads(row.leave_one_out_json)),
        row_count=row.row_count,
        opened_at=row.opened_at,
    )


def _read_transaction(row: OutboxColumns) -> SentTransaction:
    state = _SEND_STATES.get(row.state, SendState.PENDING)
    return SentTransaction(row.key, row.description, state, row.tx_hash, row.note or row.reason, row.queued_at)
