"""From what use cases return to what the API answers with, where that is more than the same members."""

from __future__ import annotations

from collections.abc import Sequence

from commons.chain.outbox_table import OutboxColumns
from commons.computations import job_facts
from commons.computations.registry import computation_of
from commons.market.contribution import contribution_share
from commons.market.course import Course
from commons.market.state import JobState
from model_buyer.api.schemas import (
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
from model_buyer.domain.milestones import milestones
from model_buyer.services.follow_job import FollowedJob
from model_buyer.services.job_list import ListedJob
from model_buyer.services.outgoing import send_state
from model_buyer.services.post_job import CheckedRequest
from model_buyer.tables import Score

# Shown once, beside it, or of no use to people.
_NOT_LIVE = frozenset({"spec", "modulus", "modulus_proof", "checkpoints"})


def job_summary(job: ListedJob, course: Course) -> JobSummary:
    """A job in a list."""
    return JobSummary(
        **vars(job),
        round=course.round,
        mse=course.loss,
        initial_mse=course.initial_loss,
        improvement_percent=course.improvement_percent,
    )


def job_detail(followed: FollowedJob) -> JobDetail:
    """Everything there is to show of a job."""
    job, live, quote = followed.job, followed.live or {}, followed.quote
    kind, settlement = computation_of(job.spec), job.settlement
    story = milestones(
        job.stage,
        followed.happened,
        posted_at=job.created_at,
        offered_at=live.get("entered", {}).get(JobState.RECRUITING),
        settled_at=None if settlement is None else settlement.seen_at,
    )
    return JobDetail(
        **job_summary(followed.listed, followed.course).model_dump(),
        spec=job.spec,
        key_bits=job.key_bits,
        modulus=job.modulus,
        pay_rule=kind.pay,
        learns=list(kind.learns(job.spec.computation)),
        cost_so_far_wei=_cost_so_far(followed),
        checkpoints=_checkpoints(followed),
        participants=_participants(followed),
        pay=None if quote is None else Pay(aggregator_wei=str(quote.aggregator), refund_wei=str(quote.refund)),
        settlement=None if settlement is None else SettlementView.model_validate(settlement),
        delivery_check=job.delivery_check,
        milestones=[Milestone.model_validate(one) for one in story],
        timeline=[TimelineItem.model_validate(entry) for entry in followed.timeline],
        transactions=[transaction(sent) for sent in followed.transactions],
        live={name: value for name, value in live.items() if name not in _NOT_LIVE} or None,
        unavailable=list(followed.unavailable),
    )


def checked_job(checked: CheckedRequest) -> CheckedJob:
    """What was found about a job."""
    terms, funds = checked.terms, checked.funds
    return CheckedJob(
        problems=[FieldProblem.model_validate(problem) for problem in checked.problems],
        spec=None if terms is None else terms.spec,
        key_bits=None if terms is None else terms.key_bits,
        funds=None if funds is None else DepositFunds.model_validate(funds),
        unavailable_reason=checked.unavailable_reason,
        learns=list(checked.learns),
        pay_rule=checked.pay_rule,
    )


def withdrawal(sent: OutboxColumns, amount_wei: int | None = None) -> Withdrawal:
    """A withdrawal."""
    return Withdrawal(
        **transaction(sent).model_dump(),
        requested_at=sent.queued_at,
        amount_wei=None if amount_wei is None else str(amount_wei),
    )


def transaction(sent: OutboxColumns) -> Transaction:
    """A transaction of this buyer."""
    return Transaction(
        id=sent.key,
        description=sent.description,
        state=send_state(sent),
        tx_hash=sent.tx_hash,
        reason=sent.explanation,
    )


def _cost_so_far(followed: FollowedJob) -> str | None:
    job = followed.job
    if job.settlement is not None:
        return str(job.settlement.paid_wei)
    if job.participants is None:
        return "0"
    return None if followed.quote is None else str(job.deposit_wei - followed.quote.refund)


def _checkpoints(followed: FollowedJob) -> list[Checkpoint]:
    recorded = {one.checkpoint: one.tx_hash for one in followed.happened if one.checkpoint is not None}
    return [
        _checkpoint(score, score.loss, recorded.get(score.index)) for score in followed.scores if score.loss is not None
    ]


def _checkpoint(score: Score, loss: float, tx_hash: str | None) -> Checkpoint:
    return Checkpoint(
        index=score.index,
        round=score.round,
        mse=loss,
        mse_fixed=str(score.mse_fixed),
        leave_one_out_mses_fixed=list(map(str, score.leave_one_out_mses_fixed)),
        row_count=score.details.get("row_count"),
        opened_at=score.opened_at,
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
    pay = None if quote is None else quote.trainers
    if computation_of(followed.job.spec).pay is job_facts.Pay.PER_ANSWER:
        # What the contract keeps as contributions only makes it divide the trainers' part equally.
        contributions = ()
    trainers = [
        Participant(
            address=address,
            role="trainer",
            contribution=_at(contributions, index),
            share=_share(contributions, index),
            pay_wei=None if pay is None else str(pay[index]),
        )
        for index, address in enumerate(participants.trainers)
    ]
    validator_pay = None if quote is None else str(quote.validator_each)
    validators = [
        Participant(address=address, role="validator", contribution=None, share=None, pay_wei=validator_pay)
        for address in participants.validators
    ]
    return trainers + validators


def _at(contributions: Sequence[int], index: int) -> str | None:
    return str(contributions[index]) if index < len(contributions) else None


def _share(contributions: Sequence[int], index: int) -> float | None:
    return contribution_share(contributions, index) if index < len(contributions) else None
