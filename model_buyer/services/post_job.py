"""Taking a job request on: everything that can be wrong is said now, before any money moves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from pydantic import ValidationError

from commons.computations.job_facts import Learnt, Pay
from commons.computations.registry import JobSpec
from commons.errors import (
    ChainUnavailable,
    Conflict,
    DeltaMLError,
    HeadroomExceeded,
    IdempotencyKeyReused,
    InvalidInput,
)
from commons.web.validation import to_invalid_input
from model_buyer.domain.job_request import JobRequest, checked_key_bits
from model_buyer.domain.participant_limits import require_placeable
from model_buyer.services.account_balance import promised_wei
from model_buyer.services.buyer import Buyer
from model_buyer.services.job_rows import add_job, find_under_key, new_job, tell
from model_buyer.tables import Job

Result = TypeVar("Result")


@dataclass(frozen=True)
class RequestProblem:
    """Why a request cannot be posted; `field` is a path with dots, None when it is about no single field."""

    code: str
    message: str
    field: str | None


@dataclass(frozen=True)
class Terms:
    """What follows from a request: the specification, whose draws and durations from now differ each time, and the key's size."""

    spec: JobSpec
    key_bits: int


@dataclass(frozen=True)
class Funds:
    """What posting takes and what there is for it, in wei.

    Attributes:
        posting_fee_wei: upper estimate of the fee.
        balance_wei: what the account holds.
        promised_wei: deposits of jobs that are being posted.
    """

    deposit_wei: int
    posting_fee_wei: int
    balance_wei: int
    promised_wei: int

    @property
    def missing_wei(self) -> int:
        """What the account lacks; 0 when it holds enough."""
        return max(0, self.deposit_wei + self.posting_fee_wei + self.promised_wei - self.balance_wei)


@dataclass(frozen=True)
class CheckedRequest:
    """What was found about a request; it could be posted now if there is no problem and nothing is unavailable.

    Attributes:
        problems: what is in the way.
        terms: None when the request is not good for any.
        funds: None when the request has no usable deposit, or while the chain does not answer.
        unavailable_reason: why the account's balance cannot be read now.
        learns: who would learn what; empty when it is not known what is to be computed.
        pay_rule: what owners would be paid for.
    """

    problems: tuple[RequestProblem, ...] = ()
    terms: Terms | None = None
    funds: Funds | None = None
    unavailable_reason: str | None = None
    learns: Sequence[Learnt] = ()
    pay_rule: Pay | None = None


def check_request(buyer: Buyer, document: object, key: str | None = None) -> CheckedRequest:
    """Find out whether a job could be posted; nothing is stored.

    Args:
        buyer: who would post it.
        document: what would be sent to post it, as parsed from JSON.
        key: under which it would be posted. When it was already, posting it again is right, with the terms that it has.
    """
    problems: list[RequestProblem] = []
    request = _tried(lambda: _parsed(document), problems)
    if request is None:
        return CheckedRequest(tuple(problems))
    former = _posted_before(buyer, key)
    if former is None or former.request_digest != request.digest():
        former, terms = None, _tried(lambda: _terms(buyer, request), problems)
    else:
        terms = Terms(former.spec, former.key_bits)
    funds, unavailable = None, None
    try:
        balance_wei, fee_wei = buyer.chain.balance_wei(buyer.address), buyer.chain.posting_cost_wei()
    except ChainUnavailable as error:
        unavailable = error.message
    else:
        with buyer.database.snapshot() as session:
            funds = Funds(request.deposit_wei, fee_wei, balance_wei, promised_wei(session))
        if former is None:
            _tried(lambda: _require_enough(buyer, funds), problems)
    learns, pay_rule = request.kind.learns(request.computation), request.kind.pay
    return CheckedRequest(tuple(problems), terms, funds, unavailable, learns, pay_rule)


def post_job(buyer: Buyer, request: JobRequest, key: str | None = None) -> Job:
    """Store a new job as a draft, which the background agent carries on.

    Args:
        buyer: who posts it.
        request: what is asked for.
        key: chosen by who asks, different for each job. The same request under the same key gives the job that was made
            then, however far it is by now, and stores nothing. Without a key every request makes a job.

    Raises:
        IdempotencyKeyReused: another request was posted under this key.
        InvalidInput: naming the field that cannot be.
        HeadroomExceeded: the numbers of this job do not fit the key.
        Conflict: the account cannot pay deposit and fees.
        ChainUnavailable: the account's balance cannot be read now.
    """
    if (former := _posted_before(buyer, key)) is not None:
        return _of_same_request(former, request)
    terms = _terms(buyer, request)
    job = new_job(terms.spec, key_bits=terms.key_bits, at=buyer.clock())
    if key is not None:
        job.idempotency_key, job.request_digest = key, request.digest()
    balance_wei, fee_wei = buyer.chain.balance_wei(buyer.address), buyer.chain.posting_cost_wei()
    with buyer.database.session() as session:
        # Before the balance is looked at, which the same request, at the same time elsewhere, may have promised away.
        stored = add_job(session, job)
        if stored is not job:
            return _of_same_request(stored, request)
        # In one unit of work with storing it, so that two requests cannot both count on the same money.
        promised_before_wei = promised_wei(session) - request.deposit_wei
        _require_enough(buyer, Funds(request.deposit_wei, fee_wei, balance_wei, promised_before_wei))
        tell(session, job, buyer.clock(), "job accepted; its key is being made")
    return job


def _posted_before(buyer: Buyer, key: str | None) -> Job | None:
    if key is None:
        return None
    with buyer.database.snapshot() as session:
        return find_under_key(session, key)


def _of_same_request(job: Job, request: JobRequest) -> Job:
    if job.request_digest != request.digest():
        raise IdempotencyKeyReused(
            f"job {job.id} was posted under this Idempotency-Key and asks for something else; "
            "to post another job send another key",
            job=job.id,
        )
    return job


def _terms(buyer: Buyer, request: JobRequest) -> Terms:
    key_bits = checked_key_bits(request.key_bits, default=buyer.key_bits, policy=buyer.key_policy)
    spec = _specification(request, buyer.clock())
    request.kind.require_terms(spec, spec.computation)
    require_placeable(spec.min_owners, request.kind.roles)
    request.kind.require_headroom(spec, spec.computation, key_bits)
    return Terms(spec, key_bits)


def _require_enough(buyer: Buyer, funds: Funds) -> None:
    missing_wei = funds.missing_wei
    if missing_wei > 0:
        more = f"about {funds.posting_fee_wei} wei of fees"
        if funds.promised_wei:
            more = f"{more} and {funds.promised_wei} wei for jobs that are being posted"
        raise Conflict(
            f"deposit_wei is {funds.deposit_wei}, with {more}; account "
            f"{buyer.address} holds {funds.balance_wei} wei. Send it at least {missing_wei} wei more, or lower the deposit",
            field="deposit_wei",
            balance_wei=str(funds.balance_wei),
            missing_wei=str(missing_wei),
        )


def _specification(request: JobRequest, now: float) -> JobSpec:
    try:
        return request.to_spec(now=now)
    except ValidationError as error:
        raise to_invalid_input(error) from error


def _parsed(document: object) -> JobRequest:
    try:
        return JobRequest.model_validate(document)
    except ValidationError as error:
        raise to_invalid_input(error) from error


def _tried(attempt: Callable[[], Result], problems: list[RequestProblem]) -> Result | None:
    """What comes of an attempt; None when it is refused, with the reasons in `problems`."""
    try:
        return attempt()
    except (InvalidInput, HeadroomExceeded, Conflict) as error:
        problems.extend(_problems_of(error))
        return None


def _problems_of(error: DeltaMLError) -> list[RequestProblem]:
    listed = error.fields.get("errors", [{"field": error.fields.get("field"), "message": error.message}])
    return [RequestProblem(error.code, one["message"], one["field"]) for one in listed]
