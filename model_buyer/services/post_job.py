"""Taking a job request on: everything that can be wrong is said now, before any money moves."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from pydantic import ValidationError

from commons.computations.linear_regression.numeric_plan import NumericPlan
from commons.computations.linear_regression.spec import TrainingJobSpec
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
from model_buyer.domain.posted_job import PostedJob, Stage, Submission
from model_buyer.services.ports import Chain, Clock, Repository, TimelineEntry, UnitOfWork

Result = TypeVar("Result")

_NOT_YET_ESCROWED = frozenset({Stage.DRAFT, Stage.ESCROWING})


@dataclass(frozen=True)
class RequestProblem:
    """Why a request cannot be posted; `field` is a path with dots, None when it is about no single field."""

    code: str
    message: str
    field: str | None


@dataclass(frozen=True)
class Terms:
    """What follows from a request: the specification, whose draws and durations from now differ each time, and the key's size."""

    spec: TrainingJobSpec
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
    """

    problems: tuple[RequestProblem, ...] = ()
    terms: Terms | None = None
    funds: Funds | None = None
    unavailable_reason: str | None = None


@dataclass(frozen=True)
class JobPosting:
    """Takes job requests on.

    Attributes:
        unit_of_work, snapshot: of the buyer's database.
        chain: for balance and fees.
        address: the account that pays.
        default_key_bits: size of the Paillier key unless a request asks for another.
        unsafe_small_key: takes keys under the minimum size (tests).
        clock: Unix seconds.
    """

    unit_of_work: UnitOfWork
    snapshot: UnitOfWork
    chain: Chain
    address: str
    default_key_bits: int
    unsafe_small_key: bool
    clock: Clock

    def check(self, document: object, key: str | None = None) -> CheckedRequest:
        """Find out whether a job could be posted; nothing is stored.

        Args:
            document: what would be sent to post it, as parsed from JSON.
            key: under which it would be posted. When it was already, posting it again is right, with the terms that it has.
        """
        problems: list[RequestProblem] = []
        request = _tried(lambda: _parsed(document), problems)
        if request is None:
            return CheckedRequest(tuple(problems))
        submission = _submission(request, key)
        former = self._posted_before(submission)
        if former is None or former.submission != submission:
            former, terms = None, _tried(lambda: self._terms(request), problems)
        else:
            terms = Terms(former.spec, former.key_bits)
        try:
            balance_wei, fee_wei = self.chain.balance_wei(self.address), self.chain.posting_cost_wei()
        except ChainUnavailable as error:
            return CheckedRequest(tuple(problems), terms, unavailable_reason=error.message)
        with self.snapshot() as repository:
            funds = Funds(request.deposit_wei, fee_wei, balance_wei, promised_wei(repository))
        if former is None:
            _tried(lambda: self._require_enough(funds), problems)
        return CheckedRequest(tuple(problems), terms, funds)

    def post(self, request: JobRequest, key: str | None = None) -> PostedJob:
        """Store a new job as a draft, which the background agent carries on.

        Args:
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
        submission = _submission(request, key)
        if (former := self._posted_before(submission)) is not None:
            return _of_same_request(former, submission)
        job = self._draft(request, submission)
        balance_wei, fee_wei = self.chain.balance_wei(self.address), self.chain.posting_cost_wei()
        with self.unit_of_work() as repository:
            # Before the balance is looked at, which the same request, at the same time elsewhere, may have promised away.
            stored = repository.add(job)
            if stored is not job:
                return _of_same_request(stored, submission)
            # In one unit of work with storing it, so that two requests cannot both count on the same money.
            promised_before_wei = promised_wei(repository) - request.deposit_wei
            self._require_enough(Funds(request.deposit_wei, fee_wei, balance_wei, promised_before_wei))
            repository.record(job.id, TimelineEntry(self.clock(), "job accepted; its key is being made"))
        return job

    def _posted_before(self, submission: Submission | None) -> PostedJob | None:
        if submission is None:
            return None
        with self.snapshot() as repository:
            return repository.submitted(submission.key)

    def _draft(self, request: JobRequest, submission: Submission | None) -> PostedJob:
        terms = self._terms(request)
        return PostedJob(
            id=uuid.uuid4().hex,
            spec=terms.spec,
            key_bits=terms.key_bits,
            created_at=self.clock(),
            submission=submission,
        )

    def _terms(self, request: JobRequest) -> Terms:
        key_bits = checked_key_bits(
            request.key_bits, default=self.default_key_bits, unsafe_small_key=self.unsafe_small_key
        )
        spec = _specification(request, self.clock())
        require_placeable(spec.min_owners)
        NumericPlan(spec, key_bits).require_headroom((spec.min_rows,))
        return Terms(spec, key_bits)

    def _require_enough(self, funds: Funds) -> None:
        missing_wei = funds.missing_wei
        if missing_wei > 0:
            more = f"about {funds.posting_fee_wei} wei of fees"
            if funds.promised_wei:
                more = f"{more} and {funds.promised_wei} wei for jobs that are being posted"
            raise Conflict(
                f"deposit_wei is {funds.deposit_wei}, with {more}; account "
                f"{self.address} holds {funds.balance_wei} wei. Send it at least {missing_wei} wei more, or lower the deposit",
                field="deposit_wei",
                balance_wei=str(funds.balance_wei),
                missing_wei=str(missing_wei),
            )


def promised_wei(repository: Repository) -> int:
    """The deposits of jobs that are being posted, which the account's balance still contains."""
    return sum(job.spec.deposit_wei for job in repository.unfinished() if job.stage in _NOT_YET_ESCROWED)


def _submission(request: JobRequest, key: str | None) -> Submission | None:
    return None if key is None else Submission(key, request.digest())


def _of_same_request(job: PostedJob, submission: Submission | None) -> PostedJob:
    if job.submission != submission:
        raise IdempotencyKeyReused(
            f"job {job.id} was posted under this Idempotency-Key and asks for something else; "
            "to post another job send another key",
            job=job.id,
        )
    return job


def _specification(request: JobRequest, now: float) -> TrainingJobSpec:
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
