"""What the API answers with. Amounts in wei and fixed-point integers are decimal strings; times are Unix seconds."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from commons.computations import job_facts
from commons.computations.registry import JobSpec
from commons.messages import FrozenModel
from commons.web.paging import PageQuery
from model_buyer.domain.job_status import JobStatus
from model_buyer.domain.milestones import MilestoneCode
from model_buyer.domain.stages import DeliveryCheck, Stage
from model_buyer.services.outgoing import SendState

Decimal = Annotated[str, BeforeValidator(lambda value: str(value) if isinstance(value, int) else value)]
"""An integer of any size as decimal text."""

MAX_MEMBERS = 10_000
"""Of a row to predict for; those that are no features are left out of account."""


class View(BaseModel):
    """Made of an object that has members of the same names."""

    model_config = ConfigDict(from_attributes=True)


class JobPath(FrozenModel):
    """A job in a path."""

    id: str = Field(min_length=1, max_length=64, description="The buyer's own id of the job")


class PostHeaders(BaseModel):
    """What a request to post a job may carry beside its body."""

    idempotency_key: str | None = Field(
        default=None,
        alias="Idempotency-Key",
        max_length=64,
        pattern="^[!-~]+$",
        description="Another one for each job, for example a UUID in quotation marks: visible ASCII, taken as it is",
    )


class Account(View):
    """The account that pays deposits and receives refunds; what only the chain knows is null while that does not answer."""

    address: str
    balance_wei: Decimal | None
    owed_wei: Decimal | None = Field(description="What can be withdrawn from the contract")
    posting_fee_wei: Decimal | None = Field(description="Upper estimate of the fee of posting a job")
    promised_wei: Decimal = Field(
        description="Deposits of jobs that are being posted, which the balance still contains"
    )
    unavailable_reason: str | None = Field(description="Why amounts are null: the chain does not answer")


class Checkpoint(BaseModel):
    """One evaluation, as this buyer signed it."""

    index: int
    round: int
    mse: float = Field(description="In squared units of the target")
    mse_fixed: Decimal = Field(description="As recorded on chain")
    leave_one_out_mses_fixed: list[Decimal]
    row_count: int | None = Field(description="Rows that it was evaluated on")
    opened_at: float
    tx_hash: str | None = Field(description="The transaction that recorded it, once that is confirmed")


class TimelineItem(View):
    """Something that happened."""

    at: float
    event: str
    tx_hash: str | None


class Transaction(BaseModel):
    """A transaction of this buyer."""

    id: str
    description: str
    state: SendState
    tx_hash: str | None
    reason: str | None = Field(description="What it waits for or why it failed")


class Milestone(View):
    """Something that happened to a job, as a code; `round` and `checkpoint` are those of a checkpoint."""

    code: MilestoneCode
    at: float | None
    tx_hash: str | None
    round: int | None
    checkpoint: int | None


class Participant(BaseModel):
    """A data owner in a job, with its pay on the checkpoints so far."""

    address: str
    role: str = Field(description="trainer or validator")
    contribution: Decimal | None = Field(description="Summed contribution on chain; validators have none")
    share: float | None = Field(description="Part of all contributions, 0 to 1")
    pay_wei: Decimal | None


class Pay(BaseModel):
    """The split of the deposit on the checkpoints so far; final once the job is settled."""

    aggregator_wei: Decimal
    refund_wei: Decimal


class SettlementView(View):
    """How the deposit was split; the two add up to it."""

    paid_wei: Decimal
    refunded_wei: Decimal


class JobSummary(BaseModel):
    """A job in a list."""

    id: str
    job_id: int | None = Field(description="Its number on chain, once it has one")
    title: str
    kind: str = Field(description="Of computation")
    stage: Stage
    status: JobStatus
    note: str = Field(description="What the stage waits for, or why it ended")
    trouble: str = Field(description="What keeps it from advancing right now")
    created_at: float
    deposit_wei: Decimal
    rounds: int
    round: int = Field(description="The last one that was evaluated")
    mse: float | None = Field(
        description="Latest MSE in squared units of the target; null for kinds that are paid for each answer"
    )
    initial_mse: float | None = Field(description="MSE at the start")
    improvement_percent: float | None = Field(description="By how much the MSE fell, in percent of the initial one")
    cancel_requested: bool


class JobList(BaseModel):
    """Jobs of this buyer, newest first; `total` counts those on all pages, `counts` those of each status."""

    jobs: list[JobSummary]
    total: int
    counts: dict[JobStatus, int]


class JobsQuery(PageQuery):
    """Only jobs of this status, and with this text in their title."""

    status: JobStatus | None = None
    query: str = Field(default="", max_length=200)


class FieldProblem(View):
    """Why a job cannot be posted as it was asked for."""

    code: str
    message: str
    field: str | None = Field(description="A path with dots, null when it is about no single field")


class DepositFunds(View):
    """What posting takes and what there is for it."""

    deposit_wei: Decimal
    posting_fee_wei: Decimal = Field(description="Upper estimate of the fee of posting a job")
    balance_wei: Decimal
    promised_wei: Decimal = Field(
        description="Deposits of jobs that are being posted, which the balance still contains"
    )
    missing_wei: Decimal = Field(description="What the account lacks; 0 when it holds enough")


class CheckedJob(BaseModel):
    """What was found about a job; it could be posted now if it has no problems and nothing is unavailable."""

    problems: list[FieldProblem]
    spec: JobSpec | None = Field(description="With everything filled in that was left open")
    key_bits: int | None
    funds: DepositFunds | None
    unavailable_reason: str | None = Field(description="Why the balance cannot be read now")
    learns: list[job_facts.Learnt] = Field(
        description="Who would learn what; empty when the computation cannot be read"
    )
    pay_rule: job_facts.Pay | None = Field(description="What owners would be paid for")


class JobDetail(JobSummary):
    """Everything there is to show of a job."""

    spec: JobSpec
    key_bits: int
    modulus: str | None
    cost_so_far_wei: Decimal | None = Field(description="What the deposit has paid for on the checkpoints so far")
    pay_rule: job_facts.Pay
    learns: list[job_facts.Learnt] = Field(description="Who learns what")
    checkpoints: list[Checkpoint] = Field(description="None for kinds that have no loss for people")
    participants: list[Participant]
    pay: Pay | None
    settlement: SettlementView | None
    delivery_check: DeliveryCheck = Field(
        description="How what was delivered compares with the evidence that the aggregator shows afterwards"
    )
    milestones: list[Milestone]
    timeline: list[TimelineItem]
    transactions: list[Transaction]
    live: dict[str, Any] | None = Field(
        description="The aggregator's view without specification and key: state, step, round, who is waited for"
    )
    unavailable: list[str] = Field(description="What could not be asked just now")


class PredictionRequest(FrozenModel):
    """Rows to predict for: objects of feature names and numbers."""

    rows: list[Annotated[dict[str, Any], Field(max_length=MAX_MEMBERS)]] = Field(min_length=1, max_length=100_000)


class Predictions(BaseModel):
    """One prediction a row, in the target's unit."""

    target: str
    unit: str
    predictions: list[float]


class ResultDocument(BaseModel):
    """What a job was for; `format` says which members there are, which are those of its kind of computation."""

    model_config = ConfigDict(extra="allow")

    format: str


class SklearnAttributes(BaseModel):
    """Attributes of a fitted estimator of scikit-learn; a linear regression has `coef_`, `intercept_` and these."""

    model_config = ConfigDict(extra="allow")

    n_features_in_: int
    feature_names_in_: list[str]


class WithdrawalRequest(FrozenModel):
    """Where to send what is owed; to the buyer's own account when left out."""

    to: str | None = Field(default=None, max_length=100)


class Withdrawal(Transaction):
    """A withdrawal; the amount is known once the chain has confirmed it."""

    requested_at: float
    amount_wei: Decimal | None


class WithdrawalList(BaseModel):
    """Withdrawals, newest first."""

    withdrawals: list[Withdrawal]
