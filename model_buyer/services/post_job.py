"""Taking a job request on: everything that can be wrong is said now, before any money moves."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from pydantic import ValidationError

from commons.errors import Conflict
from commons.protocol.numeric_plan import NumericPlan
from commons.protocol.training_job import TrainingJobSpec
from commons.web.validation import to_invalid_input
from model_buyer.domain.job_request import JobRequest, checked_key_bits
from model_buyer.domain.participant_limits import require_placeable
from model_buyer.domain.posted_job import PostedJob, Stage
from model_buyer.services.ports import Chain, Clock, Repository, TimelineEntry, UnitOfWork

_NOT_YET_ESCROWED = frozenset({Stage.DRAFT, Stage.ESCROWING})


@dataclass(frozen=True)
class CheckedRequest:
    """A request that could be posted now, and what its money is compared with (all in wei).

    Attributes:
        spec: the specification that follows from it; draws and durations from now differ at each check.
        posting_fee_wei: upper estimate of the fee.
        balance_wei: what the account holds.
        promised_wei: deposits of jobs that are being posted.
    """

    spec: TrainingJobSpec
    key_bits: int
    posting_fee_wei: int
    balance_wei: int
    promised_wei: int


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

    def check(self, request: JobRequest) -> CheckedRequest:
        """Find out whether a request could be posted; nothing is stored.

        Raises:
            InvalidInput: naming the field that cannot be.
            HeadroomExceeded: the numbers of this job do not fit the key.
            Conflict: the account cannot pay deposit and fees.
            ChainUnavailable: the account's balance cannot be read now.
        """
        spec, key_bits = self._terms(request)
        balance_wei, fee_wei = self.chain.balance_wei(self.address), self.chain.posting_cost_wei()
        with self.snapshot() as repository:
            checked = CheckedRequest(spec, key_bits, fee_wei, balance_wei, promised_wei(repository))
        self._require_funds(checked)
        return checked

    def post(self, request: JobRequest) -> PostedJob:
        """Store a new job as a draft, which the background agent carries on; raises what `check` does."""
        spec, key_bits = self._terms(request)
        job = PostedJob(id=uuid.uuid4().hex, spec=spec, key_bits=key_bits, created_at=self.clock())
        balance_wei, fee_wei = self.chain.balance_wei(self.address), self.chain.posting_cost_wei()
        with self.unit_of_work() as repository:
            # In one unit of work with storing it, so that two requests cannot both count on the same money.
            self._require_funds(CheckedRequest(spec, key_bits, fee_wei, balance_wei, promised_wei(repository)))
            repository.add(job)
            repository.record(job.id, TimelineEntry(self.clock(), "job accepted; its key is being made"))
        return job

    def _terms(self, request: JobRequest) -> tuple[TrainingJobSpec, int]:
        key_bits = checked_key_bits(
            request.key_bits, default=self.default_key_bits, unsafe_small_key=self.unsafe_small_key
        )
        spec = _specification(request, self.clock())
        require_placeable(spec.min_owners)
        NumericPlan(spec, key_bits).require_headroom((spec.min_rows,))
        return spec, key_bits

    def _require_funds(self, checked: CheckedRequest) -> None:
        deposit_wei, promised = checked.spec.deposit_wei, checked.promised_wei
        missing_wei = deposit_wei + checked.posting_fee_wei + promised - checked.balance_wei
        if missing_wei > 0:
            other = f" and {promised} wei for jobs that are being posted" if promised else ""
            raise Conflict(
                f"deposit_wei is {deposit_wei}, with about {checked.posting_fee_wei} wei of fees{other}; account "
                f"{self.address} holds {checked.balance_wei} wei. Send it at least {missing_wei} wei more, or lower the deposit",
                field="deposit_wei",
                balance_wei=str(checked.balance_wei),
                missing_wei=str(missing_wei),
            )


def promised_wei(repository: Repository) -> int:
    """The deposits of jobs that are being posted, which the account's balance still contains."""
    return sum(job.spec.deposit_wei for job in repository.unfinished() if job.stage in _NOT_YET_ESCROWED)


def _specification(request: JobRequest, now: float) -> TrainingJobSpec:
    try:
        return request.to_spec(now=now)
    except ValidationError as error:
        raise to_invalid_input(error) from error
