"""Taking a job request on: everything that can be wrong is said now, before any money moves."""

from __future__ import annotations

import uuid

from pydantic import ValidationError

from commons.errors import Conflict
from commons.protocol.numeric_plan import NumericPlan
from commons.protocol.training_job import TrainingJobSpec
from commons.web.validation import to_invalid_input
from model_buyer.domain.job_request import JobRequest, checked_key_bits
from model_buyer.domain.participant_limits import require_placeable
from model_buyer.domain.posted_job import PostedJob, Stage
from model_buyer.services.ports import Chain, Clock, TimelineEntry, UnitOfWork

_NOT_YET_ESCROWED = frozenset({Stage.DRAFT, Stage.ESCROWING})


def post_job(
    request: JobRequest,
    *,
    unit_of_work: UnitOfWork,
    chain: Chain,
    address: str,
    default_key_bits: int,
    unsafe_small_key: bool,
    clock: Clock,
) -> PostedJob:
    """Store a new job as a draft; the background agent carries it on.

    Raises:
        InvalidInput: naming the field that cannot be.
        HeadroomExceeded: the numbers of this job do not fit the key.
        Conflict: the account cannot pay deposit and fees.
        ChainUnavailable: the account's balance cannot be read now.
    """
    key_bits = checked_key_bits(request.key_bits, default=default_key_bits, unsafe_small_key=unsafe_small_key)
    spec = _specification(request, clock())
    require_placeable(spec.min_owners)
    NumericPlan(spec, key_bits).require_headroom((spec.min_rows,))
    job = PostedJob(id=uuid.uuid4().hex, spec=spec, key_bits=key_bits, created_at=clock())
    balance_wei = chain.balance_wei(address)
    fee_wei = chain.posting_cost_wei()
    with unit_of_work() as repository:
        promised_wei = sum(one.spec.deposit_wei for one in repository.unfinished() if one.stage in _NOT_YET_ESCROWED)
        _require_funds(spec.deposit_wei, fee_wei, balance_wei, promised_wei, address)
        repository.add(job)
        repository.record(job.id, TimelineEntry(clock(), "job accepted; its key is being made"))
    return job


def _specification(request: JobRequest, now: float) -> TrainingJobSpec:
    try:
        return request.to_spec(now=now)
    except ValidationError as error:
        raise to_invalid_input(error) from error


def _require_funds(deposit_wei: int, fee_wei: int, balance_wei: int, promised_wei: int, address: str) -> None:
    missing_wei = deposit_wei + fee_wei + promised_wei - balance_wei
    if missing_wei > 0:
        other = f" and {promised_wei} wei for jobs that are being posted" if promised_wei else ""
        raise Conflict(
            f"deposit_wei is {deposit_wei}, with about {fee_wei} wei of fees{other}; account {address} holds "
            f"{balance_wei} wei. Send it at least {missing_wei} wei more, or lower the deposit",
            field="deposit_wei",
            balance_wei=str(balance_wei),
            missing_wei=str(missing_wei),
        )
