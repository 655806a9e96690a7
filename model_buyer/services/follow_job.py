"""A job as its buyer sees it now: its own record, the aggregator's live view and the money on chain."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import select

from commons.chain.jobs import Quote
from commons.chain.outbox_table import OutboxColumns
from commons.errors import DeltaMLError
from commons.market.course import Course
from model_buyer.domain.milestones import Milestone
from model_buyer.services.buyer import Buyer
from model_buyer.services.chain_story import happened
from model_buyer.services.job_list import ListedJob, listed_in
from model_buyer.services.job_rows import find_job
from model_buyer.services.outgoing import cancellation_key, creation_key, expiry_key
from model_buyer.services.questions import scores_of
from model_buyer.tables import OUTBOX, Job, Score, TimelineEntry

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class FollowedJob:
    """Everything there is to show of a job.

    Attributes:
        listed, course: as in the list.
        happened: what confirmed events say of it.
        live: the aggregator's view, None before it knows the job or when it does not answer.
        quote: the division of the deposit on the checkpoints so far, None before the job is on chain.
        contributions: of each trainer on chain.
        unavailable: what could not be asked just now, for people.
    """

    job: Job
    listed: ListedJob
    course: Course
    scores: Sequence[Score]
    timeline: Sequence[TimelineEntry]
    transactions: Sequence[OutboxColumns]
    happened: Sequence[Milestone]
    live: dict[str, Any] | None
    quote: Quote | None
    contributions: tuple[int, ...]
    unavailable: tuple[str, ...]


def follow_job(buyer: Buyer, job_id: str) -> FollowedJob:
    """Return the job with what chain and aggregator say; neither has to answer.

    Raises:
        NotFound: there is no such job here.
    """
    with buyer.database.snapshot() as session:
        job = find_job(session, job_id)
        listed, course = listed_in(session, job_id)
        story = select(TimelineEntry).where(TimelineEntry.job_id == job_id).order_by(TimelineEntry.id)
        timeline, scores = session.scalars(story).all(), scores_of(session, job)
        keys = (creation_key(job_id), cancellation_key(job_id), expiry_key(job_id))
        transactions = [sent for key in keys if (sent := OUTBOX.latest(session, key)) is not None]
        on_chain = () if job.chain_job_id is None else happened(session, job.chain_job_id)
    unavailable: list[str] = []
    live, quote, contributions = None, None, None
    if (chain_job_id := job.chain_job_id) is not None:
        live = _asked(lambda: buyer.aggregator.job(chain_job_id), unavailable)
        quote = _asked(lambda: buyer.chain.quote(chain_job_id), unavailable)
        contributions = _asked(lambda: buyer.chain.contributions(chain_job_id), unavailable)
    return FollowedJob(
        job=job,
        listed=listed,
        course=course,
        scores=scores,
        timeline=timeline,
        transactions=transactions,
        happened=on_chain,
        live=live,
        quote=quote,
        contributions=contributions or (),
        unavailable=tuple(dict.fromkeys(unavailable)),
    )


def _asked(ask: Callable[[], Answer], unavailable: list[str]) -> Answer | None:
    try:
        return ask()
    except DeltaMLError as error:
        unavailable.append(error.message)
        return None
