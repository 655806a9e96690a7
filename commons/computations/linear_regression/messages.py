"""The typed tasks and results of the training protocol: who is asked what, and what each answer may contain.

The aggregator creates tasks; participants fetch them, compute, and post one result each. A model buyer answers these kinds
only and never decrypts anything else. Everybody answers each question once (`question_ledger`,
`task_order`): a task that is repeated gets the same answer.

===========  =================  =======================================================================================
kind         asked of           learns from the task
===========  =================  =======================================================================================
train        trainer            nothing: encrypted weights
refresh      model buyer        nothing: weights under a fresh statistical mask
evaluate     validator          nothing: encrypted candidates
square       model buyer        each validator's error of each candidate, but for noise; residuals are under its masks
unmask       validator          nothing: encrypted sums of squares
open         model buyer        the sum of squared errors over all validators, for each candidate
verify       validator          the same sums, which are public
deliver      model buyer        nothing yet: final weights under the mask that `finalize` will publish
===========  =================  =======================================================================================

Candidates of a checkpoint are the global model first, then one leave-one-out model for each trainer, in the order of the
trainers on chain. At checkpoint 0, before any training, there is the start model alone.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import Field

from commons.ciphers.wire import CiphertextVector, PackedCiphertexts
from commons.market.tasks import TaskBody, TaskResult
from commons.messages import Address, BigInteger, FrozenModel, Hex32, HexBytes


class TaskKind(StrEnum):
    """What a task asks for."""

    TRAIN = "linear_regression/train"
    REFRESH = "linear_regression/refresh"
    EVALUATE = "linear_regression/evaluate"
    SQUARE = "linear_regression/square"
    UNMASK = "linear_regression/unmask"
    OPEN = "linear_regression/open"
    VERIFY = "linear_regression/verify"
    DELIVER = "linear_regression/deliver"


class TrainTask(TaskBody):
    """Global weights to train on; the update is weighted by averaging_weight/averaging_total before it is sent.

    A trainer answers one round after the other. `missed_since` is the aggregator's notice that all rounds from that one to
    the one before this were closed without this trainer, because no answer came in time.
    """

    kind: Literal["linear_regression/train"] = "linear_regression/train"
    weights: CiphertextVector
    averaging_weight: int = Field(ge=1)
    averaging_total: int = Field(ge=1)
    missed_since: int | None = Field(default=None, ge=1)


class TrainResult(TaskResult):
    """[p_t · w_t], re-randomised."""

    kind: Literal["linear_regression/train"] = "linear_regression/train"
    update: CiphertextVector


class RefreshTask(TaskBody):
    """Masked weights of all candidates, one after another; `shift_bits` is what truncation takes off the scale."""

    kind: Literal["linear_regression/refresh"] = "linear_regression/refresh"
    masked: CiphertextVector
    shift_bits: int = Field(ge=0)


class RefreshResult(TaskResult):
    """Truncated and freshly encrypted, with a proof of honest truncation (`refresh_proof`)."""

    kind: Literal["linear_regression/refresh"] = "linear_regression/refresh"
    refreshed: CiphertextVector
    range_blindings: CiphertextVector
    range_values: tuple[BigInteger, ...] = Field(max_length=1000)
    range_randomness: tuple[BigInteger, ...] = Field(max_length=1000)
    blinding: CiphertextVector
    opened_value: BigInteger
    opened_randomness: BigInteger


class EvaluateTask(TaskBody):
    """Candidates to evaluate on the validator's rows."""

    kind: Literal["linear_regression/evaluate"] = "linear_regression/evaluate"
    candidates: tuple[CiphertextVector, ...] = Field(min_length=1)


class MaskedResiduals(FrozenModel):
    """For one candidate [Rw − q + r], and [k(Rw − q) + r'] under an independent mask and a secret factor."""

    residuals: PackedCiphertexts
    scaled_residuals: PackedCiphertexts


class EvaluateResult(TaskResult):
    """One pair of masked residuals and one correction for each candidate, signed over `statements.evaluation_digest`.

    The corrections are [SSE − Σe²], with e the masked residuals: whoever knows the sum of squares gets [SSE] from them. They
    are bound before anybody squares, so that a validator cannot choose its [SSE] by what the others send.
    """

    kind: Literal["linear_regression/evaluate"] = "linear_regression/evaluate"
    masked: tuple[MaskedResiduals, ...] = Field(min_length=1)
    corrections: CiphertextVector
    signature: HexBytes


class ValidatorResiduals(FrozenModel):
    """What one validator evaluated, as it sent and signed it."""

    validator: Address
    candidates_digest: Hex32
    masked: tuple[MaskedResiduals, ...]
    corrections: CiphertextVector
    signature: HexBytes


class SquareTask(TaskBody):
    """All validators' masked residuals, to be squared and summed for each validator and candidate."""

    kind: Literal["linear_regression/square"] = "linear_regression/square"
    validators: tuple[ValidatorResiduals, ...] = Field(min_length=1)


class Fault(StrEnum):
    """Why a validator's residuals are of no use; it takes no further part in the job."""

    MALFORMED = "malformed"  # they are not packed as the plan says
    ABOVE_BOUND = "above_bound"  # its error is outside of what can be measured


class ValidatorSquares(FrozenModel):
    """For one validator, [Σe²] of each candidate, plain and scaled; or what is wrong with its residuals.

    There are neither when too many others' are of no use for the job to go on.
    """

    validator: Address
    squares: CiphertextVector | None = None
    scaled_squares: CiphertextVector | None = None
    fault: Fault | None = None


class SquareResult(TaskResult):
    """Encrypted sums of squares, in the order of the task's validators.

    When the validators without a fault are too few, the buyer gives no squares and answers nothing more in this job: training
    has diverged if it was for errors above the bound.
    """

    kind: Literal["linear_regression/square"] = "linear_regression/square"
    validators: tuple[ValidatorSquares, ...] = Field(min_length=1)


class UnmaskTask(TaskBody):
    """The buyer's sums of squares for one validator, and the candidates once more, so that it need not remember them."""

    kind: Literal["linear_regression/unmask"] = "linear_regression/unmask"
    candidates: tuple[CiphertextVector, ...] = Field(min_length=1)
    squares: CiphertextVector
    scaled_squares: CiphertextVector


class ValidatorStatement(FrozenModel):
    """One validator's part of the metric, signed with its account.

    `sse` holds [SSE] of each candidate, the buyer's [Σe²] times the validator's correction; `zero_check` is
    [Σ_c τ_c·(SSE₂ − k²·SSE₁)], zero if and only if (up to a chance of 2^-38) the buyer squared honestly. `signature` is over
    `statements.statement_digest`.
    """

    validator: Address
    candidates_digest: Hex32
    sse: CiphertextVector
    zero_check: CiphertextVector
    signature: HexBytes


class UnmaskResult(TaskResult):
    """The validator's signed statement."""

    kind: Literal["linear_regression/unmask"] = "linear_regression/unmask"
    statement: ValidatorStatement


class OpenTask(TaskBody):
    """Every validator's statement; the buyer checks the signatures and multiplies the [SSE] itself."""

    kind: Literal["linear_regression/open"] = "linear_regression/open"
    statements: tuple[ValidatorStatement, ...] = Field(min_length=1)


class OpenedValue(FrozenModel):
    """A decrypted value with the ciphertext's randomness, so that anybody can check the decryption."""

    value: BigInteger
    randomness: BigInteger


class OpenResult(TaskResult):
    """Opened sums for each candidate, opened zero checks for each statement, and the buyer's checkpoint signature."""

    kind: Literal["linear_regression/open"] = "linear_regression/open"
    sums: tuple[OpenedValue, ...] = Field(min_length=1)
    zero_checks: tuple[OpenedValue, ...] = Field(min_length=1)
    checkpoint_signature: HexBytes


class VerifyTask(TaskBody):
    """What was opened, for the validators to check; training does not wait for their answer."""

    kind: Literal["linear_regression/verify"] = "linear_regression/verify"
    statements: tuple[ValidatorStatement, ...] = Field(min_length=1)
    sums: tuple[OpenedValue, ...] = Field(min_length=1)
    zero_checks: tuple[OpenedValue, ...] = Field(min_length=1)


class VerifyResult(TaskResult):
    """Whether everything checked; an objection is shown to everybody and does not stop the job."""

    kind: Literal["linear_regression/verify"] = "linear_regression/verify"
    accepted: bool
    reason: str = Field(default="", max_length=500)


class DeliverTask(TaskBody):
    """[w + s] of the final weights; the buyer signs the last checkpoint over its digest."""

    kind: Literal["linear_regression/deliver"] = "linear_regression/deliver"
    delivered: CiphertextVector
    statements: tuple[ValidatorStatement, ...] = Field(min_length=1)


class DeliverResult(TaskResult):
    """The signature on the checkpoint with last = true and the digest of the delivered ciphertexts."""

    kind: Literal["linear_regression/deliver"] = "linear_regression/deliver"
    checkpoint_signature: HexBytes
