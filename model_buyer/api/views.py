"""From the domain's objects to what the API answers with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from commons.computations.linear_regression.question_ledger import OpenedRecord
from commons.market.state import JobState
from model_buyer.api.schemas import (
    Account,
    CheckedJob,
    Checkpoint,
    DepositFunds,
    FieldProblem,
    JobDetail,
    JobSummary,
    Milestone,
    Participant,
    Pay,
    SettlementView,
    TimelineItem,
    Transaction,
    Withdrawal,
)
from model_buyer.services.account_balance import AccountBalance
from model_buyer.services.follow_job import FollowedJob
from model_buyer.services.job_list import Course, ListedJob, listed
from model_buyer.services.job_milestones import Milestone as Happened
from model_buyer.services.job_milestones import milestones
from model_buyer.services.ports import SentTransaction
from model_buyer.services.post_job import CheckedRequest

# Shown once, beside it, or of no use to people.
_NOT_LIVE = frozenset({"spec", "modulus", "modulus_proof", "growth", "checkpoints"})


def job_summary(job: ListedJob, course: Course) -> JobSummary:
    """A job in a list."""
    return JobSummary(
        id=job.id,
        job_id=job.job_id,
        title=job.title,
        stage=job.stage,
        status=job.status,
        note=job.note,
        trouble=job.trouble,
        created_at=job.created_at,
        deposit_wei=str(job.deposit_wei),
        rounds=job.rounds,
        round=course.round,
        mse=course.mse,
        initial_mse=course.initial_mse,
        improvement_percent=course.improvement_percent,
        cancel_requested=job.cancel_requested,
    )


def job_detail(followed: FollowedJob, happened: Sequence[Happened]) -> JobDetail:
    """Everything there is to show of a job; `happened` is what confirmed events say of it."""
    job, openings, live = followed.job, followed.openings, followed.live or {}
    course = Course(openings[-1].round, openings[0].mse, openings[-1].mse) if openings else Course()
    quote, settlement = followed.quote, job.settlement
    recorded = {one.checkpoint: one.tx_hash for one in happened if one.checkpoint is not None}
    offered_at = live.get("entered", {}).get(JobState.RECRUITING)
    return JobDetail(
        **job_summary(listed(job), course).model_dump(),
        spec=job.spec,
        key_bits=job.key_bits,
        modulus=None if job.key is None else hex(job.key.modulus),
        cost_so_far_wei=_cost_so_far(followed),
        checkpoints=[_checkpoint(record, recorded.get(record.index)) for record in openings],
        participants=_participants(followed),
        pay=None if quote is None else Pay(aggregator_wei=str(quote.aggregator), refund_wei=str(quote.refund)),
        settlement=None
        if settlement is None
        else SettlementView(paid_wei=str(settlement.paid_wei), refunded_wei=str(settlement.refunded_wei)),
        delivery_check=job.delivery_check.value,
        milestones=[Milestone(**asdict(one)) for one in milestones(job, happened, offered_at)],
        timeline=[TimelineItem(at=entry.at, event=entry.event, tx_hash=entry.tx_hash) for entry in followed.timeline],
        transactions=[transaction(sent) for sent in followed.transactions],
        live={name: value for name, value in live.items() if name not in _NOT_LIVE} or None,
        unavailable=list(followed.unavailable),
    )


def checked_job(checked: CheckedRequest) -> CheckedJob:
    """What was found about a job."""
    terms, funds = checked.terms, checked.funds
    return CheckedJob(
        problems=[FieldProblem(**asdict(problem)) for problem in checked.problems],
        spec=None if terms is None else terms.spec,
        key_bits=None if terms is None else terms.key_bits,
        funds=None
        if funds is None
        else DepositFunds(
            deposit_wei=str(funds.deposit_wei),
            posting_fee_wei=str(funds.posting_fee_wei),
            balance_wei=str(funds.balance_wei),
            promised_wei=str(funds.promised_wei),
            missing_wei=str(funds.missing_wei),
        ),
        unavailable_reason=checked.unavailable_reason,
    )


def account(address: str, balance: AccountBalance) -> Account:
    """The account, as far as the chain answers."""
    return Account(
        address=address,
        balance_wei=_wei(balance.balance_wei),
        owed_wei=_wei(balance.owed_wei),
        posting_fee_wei=_wei(balance.posting_fee_wei),
        promised_wei=str(balance.promised_wei),
        unavailable_reason=balance.unavailable_reason,
    )


def withdrawal(sent: SentTransaction, amount_wei: int | None = None) -> Withdrawal:
    """A withdrawal."""
    return Withdrawal(
        **transaction(sent).model_dump(),
        requested_at=sent.queued_at,
        amount_wei=_wei(amount_wei),
    )


def transaction(sent: SentTransaction) -> Transaction:
    """A transaction of this buyer."""
    return Transaction(
        id=sent.key, description=sent.description, state=sent.state.value, tx_hash=sent.tx_hash, reason=sent.reason
    )


def _wei(amount: int | None) -> str | None:
    return None if amount is None else str(amount)


def _cost_so_far(followed: FollowedJob) -> str | None:
    job = followed.job
    if job.settlement is not None:
        return str(job.settlement.paid_wei)
    if job.participants is None:
        return "0"
    return None if followed.quote is None else str(job.spec.deposit_wei - followed.quote.refund)


def _checkpoint(record: OpenedRecord, tx_hash: str | None) -> Checkpoint:
    return Checkpoint(
        index=record.index,
        round=record.round,
        mse=record.mse,
        mse_fixed=str(record.mse_fixed),
        leave_one_out_mses_fixed=[str(mse) for mse in record.leave_one_out_mses_fixed],
        row_count=record.row_count,
        opened_at=record.opened_at,
        tx_hash=tx_hash,
    )


def _participants(followed: FollowedJob) -> list[Participant]:
    participants = followed.job.participants
    if participants is None:
        return []
    quote, contributions = followed.quote, followed.contributions
    if quote is not None and len(quote.trainers) != len(participants.trainers):
        # The contract is asked for its latest state, in which a reorganisation can have undone the start.
        quote = None
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
