"""A job as its buyer sees it now: its own record, the aggregator's live view and the money on chain."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from commons.chain.jobs import Quote
from commons.computations.linear_regression.question_ledger import OpenedRecord
from commons.errors import DeltaMLError
from model_buyer.domain.posted_job import PostedJob
from model_buyer.services.ports import AggregatorView, Chain, SentTransaction, TimelineEntry, UnitOfWork

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class FollowedJob:
    """Everything there is to show of a job.

    Attributes:
        live: the aggregator's view, None before it knows the job or when it does not answer.
        quote: the division of the deposit on the checkpoints so far, None before the job is on chain.
        contributions: of each trainer on chain.
        unavailable: what could not be asked just now, for people.
    """

    job: PostedJob
    openings: tuple[OpenedRecord, ...]
    timeline: tuple[TimelineEntry, ...]
    transactions: tuple[SentTransaction, ...]
    live: dict[str, Any] | None
    quote: Quote | None
    contributions: tuple[int, ...]
    unavailable: tuple[str, ...]


def follow_job(job_id: str, *, snapshot: UnitOfWork, chain: Chain, aggregator: AggregatorView) -> FollowedJob:
    """Return the job with what chain and aggregator say; neither has to answer.

    Raises:
        NotFound: there is no such job here.
    """
    with snapshot() as repository:
        job = repository.get(job_id)
        openings = tuple(repository.openings(job_id))
        timeline = tuple(repository.timeline(job_id))
        keys = [f"{what}-job-{job_id}" for what in ("create", "cancel", "expire")]
        transactions = tuple(sent for key in keys if (sent := repository.sent(key)) is not None)
    unavailable: list[str] = []
    live, quote, contributions = None, None, None
    if (chain_job_id := job.chain_job_id) is not None:
        live = _asked(lambda: aggregator.job(chain_job_id), unavailable)
        quote = _asked(lambda: chain.quote(chain_job_id), unavailable)
        contributions = _asked(lambda: chain.contributions(chain_job_id), unavailable)
    return FollowedJob(
        job, openings, timeline, transactions, live, quote, contributions or (), tuple(dict.fromkeys(unavailable))
    )


def _asked(ask: Callable[[], Answer], unavailable: list[str]) -> Answer | None:
    try:
        return ask()
    except DeltaMLError as error:
        unavailable.append(error.message)
        return None
