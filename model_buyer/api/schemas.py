"""What the API answers with. Amounts in wei and fixed-point integers are decimal strings; times are Unix seconds."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, Field

from commons.computations.linear_regression.spec import TrainingJobSpec
from commons.messages import FrozenModel
from commons.web.paging import PageQuery
from model_buyer.domain.job_status import JobStatus
from model_buyer.services.job_milestones import MilestoneCode

MAX_MEMBERS = 10_000
"""Of a row to predict for; those that are no features are left out of account."""


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


class Account(BaseModel):
    """The account that pays deposits and receives refunds; what only the chain knows is null while that does not answer."""

    address: str
    balance_wei: str | None
    owed_wei: str | None = Field(description="What can be withdrawn from the contract")
    posting_fee_wei: str | None = Field(description="Upper estimate of the fee of posting a job")
    promised_wei: str = Field(description="Deposits of jobs that are being posted, which the balance still contains")
    unavailable_reason: str | None = Field(description="Why amounts are null: the chain does not answer")


class Checkpoint(BaseModel):
    """One evaluation of the model, as this buyer opened it."""

    index: int
    round: int
    mse: float = Field(description="In squared units of the target")
    mse_fixed: str = Field(description="As recorded on chain")
    leave_one_out_mses_fixed: list[str]
    row_count: int
    opened_at: float
    tx_hash: str | None = Field(description="The transaction that recorded it, once that is confirmed")


class TimelineItem(BaseModel):
    """Something that happened."""

    at: float
    event: str
    tx_hash: str | None


class Transaction(BaseModel):
    """A transaction of this buyer."""

    id: str
    description: str
    state: str = Field(description="pending, mined or failed")
    tx_hash: str | None
    reason: str | None = Field(description="What it waits for or why it failed")


class Milestone(BaseModel):
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
    contribution: str | None = Field(description="Summed contribution on chain; validators have none")
    share: float | None = Field(description="Part of all contributions, 0 to 1")
    pay_wei: str | None


class Pay(BaseModel):
    """The split of the deposit on the checkpoints so far; final once the job is settled."""

    aggregator_wei: str
    refund_wei: str


class SettlementView(BaseModel):
    """How the deposit was split; the two add up to it."""

    paid_wei: str
    refunded_wei: str


class JobSummary(BaseModel):
    """A job in a list."""

    id: str
    job_id: int | None = Field(description="Its number on chain, once it has one")
    title: str
    stage: str = Field(
        description="draft, escrowing, escrowed, offered, unmasking, finished, cancelled, expired, failed"
    )
    status: JobStatus
    note: str = Field(description="What the stage waits for, or why it ended")
    trouble: str = Field(description="What keeps it from advancing right now")
    created_at: float
    deposit_wei: str
    rounds: int
    round: int = Field(description="The last one after which the model was evaluated")
    mse: float | None = Field(description="Latest MSE in squared units of the target")
    initial_mse: float | None = Field(description="MSE of the start model")
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


class FieldProblem(BaseModel):
    """Why a job cannot be posted as it was asked for."""

    code: str
    message: str
    field: str | None = Field(description="A path with dots, null when it is about no single field")


class DepositFunds(BaseModel):
    """What posting takes and what there is for it."""

    deposit_wei: str
    posting_fee_wei: str = Field(description="Upper estimate of the fee of posting a job")
    balance_wei: str
    promised_wei: str = Field(description="Deposits of jobs that are being posted, which the balance still contains")
    missing_wei: str = Field(description="What the account lacks; 0 when it holds enough")


class CheckedJob(BaseModel):
    """What was found about a job; it could be posted now if it has no problems and nothing is unavailable."""

    problems: list[FieldProblem]
    spec: TrainingJobSpec | None = Field(description="With everything filled in that was left open")
    key_bits: int | None
    funds: DepositFunds | None
    unavailable_reason: str | None = Field(description="Why the balance cannot be read now")


class JobDetail(JobSummary):
    """Everything there is to show of a job."""

    spec: TrainingJobSpec
    key_bits: int
    modulus: str | None
    cost_so_far_wei: str | None = Field(description="What the deposit has paid for on the checkpoints so far")
    checkpoints: list[Checkpoint]
    participants: list[Participant]
    pay: Pay | None
    settlement: SettlementView | None
    delivery_check: str = Field(
        description="Whether the model is the one the validators evaluated: pending, matches, differs, unavailable"
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


class TrainedColumn(BaseModel):
    """A column of a model, with the range that the job declared."""

    name: str
    unit: str
    minimum: float
    maximum: float


class TrainedFeature(TrainedColumn):
    """A feature and what a unit of it adds to the prediction."""

    weight: float


class TrainedModel(BaseModel):
    """A linear model in original units, as `commons.computations.linear_regression.learning.LinearModel` writes and reads it."""

    format: str
    features: list[TrainedFeature]
    intercept: float
    target: TrainedColumn


class SklearnParameters(BaseModel):
    """Attributes of a fitted `sklearn.linear_model.LinearRegression`."""

    coef_: list[float]
    intercept_: float
    n_features_in_: int
    feature_names_in_: list[str]


class WithdrawalRequest(FrozenModel):
    """Where to send what is owed; to the buyer's own account when left out."""

    to: str | None = Field(default=None, max_length=100)


class Withdrawal(Transaction):
    """A withdrawal; the amount is known once the chain has confirmed it."""

    requested_at: float
    amount_wei: str | None


class WithdrawalList(BaseModel):
    """Withdrawals, newest first."""

    withdrawals: list[Withdrawal]
