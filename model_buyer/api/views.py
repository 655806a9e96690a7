"""From the domain's objects to what the API answers with."""

from __future__ import annotations

from model_buyer.api.schemas import (
    Checkpoint,
    JobDetail,
    JobSummary,
    Participant,
    Pay,
    SettlementView,
    TimelineItem,
    Transaction,
)
from model_buyer.domain.checkpoint_ledger import OpenedRecord
from model_buyer.domain.posted_job import PostedJob
from model_buyer.services.follow_job import FollowedJob
from model_buyer.services.ports import SentTransaction


def job_summary(job: PostedJob, latest: OpenedRecord | None) -> JobSummary:
    """A job in a list."""
    return JobSummary(
        id=job.id,
        job_id=job.chain_job_id,
        title=job.spec.title,
        stage=job.stage.value,
        note=job.note,
        trouble=job.trouble,
        created_at=job.created_at,
        deposit_wei=str(job.spec.deposit_wei),
        rounds=job.spec.rounds,
        mse=None if latest is None else latest.mse,
    )


def job_detail(followed: FollowedJob) -> JobDetail:
    """Everything there is to show of a job."""
    job = followed.job
    summary = job_summary(job, followed.openings[-1] if followed.openings else None)
    quote, settlement = followed.quote, job.settlement
    return JobDetail(
        **summary.model_dump(),
        spec=job.spec,
        key_bits=job.key_bits,
        modulus=None if job.key is None else hex(job.key.modulus),
        cancel_requested=job.cancel_requested,
        checkpoints=[_checkpoint(record) for record in followed.openings],
        participants=_participants(followed),
        pay=None if quote is None else Pay(aggregator_wei=str(quote.aggregator), refund_wei=str(quote.refund)),
        settlement=None
        if settlement is None
        else SettlementView(paid_wei=str(settlement.paid_wei), refunded_wei=str(settlement.refunded_wei)),
        delivery_check=job.delivery_check.value,
        timeline=[TimelineItem(at=entry.at, event=entry.event, tx_hash=entry.tx_hash) for entry in followed.timeline],
        transactions=[transaction(sent) for sent in followed.transactions],
        live=followed.live,
        unavailable=list(followed.unavailable),
    )


def transaction(sent: SentTransaction) -> Transaction:
    """A transaction of this buyer."""
    return Transaction(
        id=sent.key, description=sent.description, state=sent.state.value, tx_hash=sent.tx_hash, reason=sent.reason
    )


def _checkpoint(record: OpenedRecord) -> Checkpoint:
    return Checkpoint(
        index=record.index,
        round=record.round,
        mse=record.mse,
        mse_fixed=str(record.mse_fixed),
        leave_one_out_mses_fixed=[str(mse) for mse in record.leave_one_out_mses_fixed],
        row_count=record.row_count,
        opened_at=record.opened_at,
    )


def _participants(followed: FollowedJob) -> list[Participant]:
    participants = followed.job.participants
    if participants is None:
        return []
    quote, contributions = followed.quote, followed.contributions
    total = sum(contributions)
    trainers = [
        Participant(
            address=address,
            role="trainer",
            contribution=str(contributions[index]) if index < len(contributions) else None,
            share=contributions[index] / total if total and index < len(contributions) else None,
            pay_wei=None if quote is None else str(quote.trainers[index]),
        )
        for index, address in enumerate(participants.trainers)
    ]
    validator_pay = None if quote is None else str(quote.validator_each)
    validators = [
        Participant(address=address, role="validator", contribution=None, share=None, pay_wei=validator_pay)
        for address in participants.validators
    ]
    return trainers + validators
