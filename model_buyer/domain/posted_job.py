"""A job as its buyer keeps it, from the request to the model.

::

    draft → escrowing → escrowed → offered → unmasking → finished
      └────────┴───────────┴──────────┴─────────────────→ cancelled | expired | failed

Each step is repeatable: what it did is stored in the same transaction as the stage that follows, so a buyer that is
killed at any moment goes on from its row.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum

from commons.ciphers.wire import CiphertextVector
from commons.computations.linear_regression.spec import TrainingJobSpec
from commons.errors import Conflict


class Stage(StrEnum):
    """What has been done for a job so far."""

    DRAFT = "draft"  # accepted from the person; its key is made next
    ESCROWING = "escrowing"  # createJob is on its way to the chain
    ESCROWED = "escrowed"  # on chain; the aggregator is told next
    OFFERED = "offered"  # the aggregator has it: recruiting, training, settling
    UNMASKING = "unmasking"  # everybody is paid; the model is unmasked next
    FINISHED = "finished"  # the model is here
    CANCELLED = "cancelled"  # called off before it started; the deposit is the buyer's again
    EXPIRED = "expired"  # settled after finish_by on what was recorded; there is no model
    FAILED = "failed"  # could not be posted; nothing is escrowed


ENDED = frozenset({Stage.FINISHED, Stage.CANCELLED, Stage.EXPIRED, Stage.FAILED})


class DeliveryCheck(StrEnum):
    """How the delivered weights compare with the final weights that the aggregator shows after settlement."""

    PENDING = "pending"  # not compared yet
    UNAVAILABLE = "unavailable"  # the aggregator did not show the final weights in time; the model is complete anyway
    MATCHES = "matches"
    DIFFERS = "differs"  # evidence against the aggregator: it signed and was paid for other weights


@dataclass(frozen=True)
class JobKey:
    """The Paillier key of one job: the public part, and the secret part as the vault sealed it."""

    modulus: int
    modulus_proof: tuple[str, ...]
    sealed_secret: bytes = field(repr=False)


@dataclass(frozen=True)
class Participants:
    """Who takes part, as the chain has it, with the rows that each signed for and the growth that sets the numeric plan."""

    trainers: tuple[str, ...]
    validators: tuple[str, ...]
    growth: float
    row_counts: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class SignedDelivery:
    """The masked weights that were handed over, and the buyer's signature on the last checkpoint, which is over them.

    Attributes:
        delivered: kept here, so that the model needs nobody once the seed is on chain.
        digest: of the delivered ciphertexts.
        candidates_digest: what the validators signed about the models of the last checkpoint.
    """

    delivered: CiphertextVector = field(repr=False)
    digest: bytes
    candidates_digest: bytes
    round: int
    checkpoint: int
    signature: bytes


@dataclass(frozen=True)
class Settlement:
    """How the deposit was split, in wei (the two add up to it), and when this buyer saw it (Unix seconds)."""

    paid_wei: int
    refunded_wei: int
    seen_at: float


@dataclass(frozen=True)
class Submission:
    """How a job was asked for, so that asking again makes no second one.

    Attributes:
        key: chosen by who asked (the header Idempotency-Key), different for each job.
        request_digest: of what was asked for, 32 bytes.
    """

    key: str
    request_digest: bytes


@dataclass(frozen=True)
class PostedJob:
    """One job of this buyer.

    Attributes:
        id: local id; the chain's id is `chain_job_id`.
        note: what the present stage waits for or why it ended, for people; empty when there is nothing to say.
        trouble: what keeps the job from advancing right now, for people; empty when nothing does.
        cancel_requested: whether the person asked to call the job off.
        submission: None when the job was asked for without a key.
        refusal: why this buyer answers nothing more in the job; None as long as it does.
    """

    id: str
    spec: TrainingJobSpec
    key_bits: int
    created_at: float
    stage: Stage = Stage.DRAFT
    note: str = ""
    trouble: str = ""
    cancel_requested: bool = False
    key: JobKey | None = None
    chain_job_id: int | None = None
    participants: Participants | None = None
    delivery: SignedDelivery | None = None
    seed: bytes | None = None
    settlement: Settlement | None = None
    model_json: str | None = None
    delivery_check: DeliveryCheck = DeliveryCheck.PENDING
    submission: Submission | None = None
    refusal: str | None = None

    def at(self, stage: Stage, note: str = "") -> PostedJob:
        """The job at another stage."""
        return replace(self, stage=stage, note=note, trouble="")

    @property
    def needs_attention(self) -> bool:
        """Whether something remains to be done by the background agent."""
        if self.stage is Stage.FINISHED:
            return self.delivery_check is DeliveryCheck.PENDING
        return self.stage not in ENDED

    def require_key(self) -> JobKey:
        """The job's key; raises Conflict before it was made."""
        if self.key is None:
            raise Conflict(f"job {self.id} has no key yet", stage=self.stage)
        return self.key

    def require_chain_job_id(self) -> int:
        """The job's id on chain; raises Conflict before it is there."""
        if self.chain_job_id is None:
            raise Conflict(f"job {self.id} is not on chain yet", stage=self.stage)
        return self.chain_job_id


_WHY_NO_MODEL = {
    Stage.DRAFT: "its key is being made",
    Stage.ESCROWING: "its deposit is on its way to the chain",
    Stage.ESCROWED: "the aggregator does not know it yet",
    Stage.OFFERED: "the weights are masked until everybody is paid, and that has not happened yet",
    Stage.UNMASKING: "everybody is paid and the weights are being unmasked; try again in a moment",
    Stage.CANCELLED: "it was cancelled before it started",
    Stage.EXPIRED: "it ended at its deadline without a delivery",
    Stage.FAILED: "it could not be posted",
}


def require_model(job: PostedJob) -> str:
    """The model as JSON.

    Raises:
        Conflict: with what is waited for, or why there will be no model.
    """
    if job.model_json is None:
        why = _WHY_NO_MODEL.get(job.stage, "it is not there")
        told = "; ".join(text for text in (job.note, job.trouble) if text)
        raise Conflict(f"job {job.id} has no model: {f'{why} ({told})' if told else why}", stage=job.stage)
    return job.model_json


def request_cancel(job: PostedJob, *, started: bool) -> PostedJob:
    """The job with its cancellation asked for; `started` is whether the chain has its participants.

    Raises:
        Conflict: if it has ended, or has started (its participants are enrolled and will be paid).
    """
    if job.stage in ENDED or job.stage is Stage.UNMASKING:
        raise Conflict(f"job {job.id} is {job.stage} and cannot be cancelled", stage=job.stage)
    if started or job.participants is not None:
        raise Conflict(
            f"job {job.id} has started and cannot be cancelled; it ends with its training, or at finish_by at the latest",
            stage=job.stage,
            finish_by=job.spec.finish_by,
        )
    return replace(job, cancel_requested=True)
