"""The typed tasks and results of statistics: two questions, each answered once.

===========  =================  =======================================================================================
kind         asked of           learns from the task
===========  =================  =======================================================================================
sum          every owner        nothing: the specification says what to sum
deliver      model buyer        who answered; the sums are under the mask that `finalize` will publish
===========  =================  =======================================================================================

Trainers and validators are asked the same: the contract deals roles, and this kind makes no difference between them.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import Field

from commons.ciphers.wire import CiphertextVector
from commons.market.job_terms import MAX_TRAINERS, MAX_VALIDATORS
from commons.market.tasks import TaskBody, TaskResult
from commons.messages import Address, FrozenModel, Hex32, HexBytes


class TaskKind(StrEnum):
    """What a task asks for."""

    SUM = "statistics/sum"
    DELIVER = "statistics/deliver"


class SumTask(TaskBody):
    """To sum one's rows as the specification says."""

    kind: Literal["statistics/sum"] = "statistics/sum"


class SumResult(TaskResult):
    """The packed sums (`statistics.plan`), freshly encrypted, signed over `statements.sums_digest`."""

    kind: Literal["statistics/sum"] = "statistics/sum"
    sums: CiphertextVector
    signature: HexBytes


class SignedSums(FrozenModel):
    """That an owner answered: the digest of its encrypted sums and its signature, without the sums.

    The buyer must never get the ciphertexts of one owner: it could decrypt them.
    """

    owner: Address
    digest: Hex32
    signature: HexBytes


class DeliverTask(TaskBody):
    """[all owners' sums + mask], packed, and who is in it."""

    kind: Literal["statistics/deliver"] = "statistics/deliver"
    delivered: CiphertextVector
    answers: tuple[SignedSums, ...] = Field(min_length=1, max_length=MAX_TRAINERS + MAX_VALIDATORS)


class DeliverResult(TaskResult):
    """The buyer's signatures of the three statements that are recorded on chain (`statements.paying_statements`)."""

    kind: Literal["statistics/deliver"] = "statistics/deliver"
    start_signature: HexBytes
    result_signature: HexBytes
    closing_signature: HexBytes
