"""A third kind of computation, in a package of its own: the sum of one column of whole numbers over all owners.

It is as small as the seam lets it be. Nothing of the market, of a service, of a table or of a page knows it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Any, Literal

import numpy as np

from commons.ciphers.paillier import EncryptedVector, Randomizer, SecretKey
from commons.ciphers.wire import CiphertextVector
from commons.computations.base import Computation, Outcome
from commons.computations.job_facts import (
    ComputationSpec,
    Learnt,
    ParallelMap,
    Party,
    Pay,
    RecoverSigner,
    RoleRule,
    SignCheckpoint,
    StartedJob,
)
from commons.computations.parts import (
    DELIVERED,
    AggregatorJob,
    AggregatorPart,
    Answer,
    Ask,
    AskedBefore,
    BuyerAnswer,
    BuyerPart,
    OpenedScore,
    OwnerPart,
    OwnerSecrets,
    Question,
    Score,
    SignedDelivery,
    Turn,
    Value,
)
from commons.errors import ProtocolViolation
from commons.market.checkpoint_statement import CheckpointStatement
from commons.market.declaration import Declaration
from commons.market.delivery import delivery_mask
from commons.market.job_terms import JobTerms
from commons.market.requirements import RequiredColumn, Requirements
from commons.market.tasks import Step, TaskBody, TaskResult
from commons.tables.table import Table

SUM, DELIVER = "toy_sum/sum", "toy_sum/deliver"
SUM_BITS, MASK_BITS = 100, 200
ONE = 10**18


class ToySumSpec(ComputationSpec):
    kind: Literal["toy_sum"] = "toy_sum"
    column: str
    minimum: float
    maximum: float


class SumTask(TaskBody):
    kind: Literal["toy_sum/sum"] = "toy_sum/sum"


class SumResult(TaskResult):
    kind: Literal["toy_sum/sum"] = "toy_sum/sum"
    total: CiphertextVector


class DeliverTask(TaskBody):
    kind: Literal["toy_sum/deliver"] = "toy_sum/deliver"
    delivered: CiphertextVector


class DeliverResult(TaskResult):
    kind: Literal["toy_sum/deliver"] = "toy_sum/deliver"
    signatures: tuple[str, str, str]


Job = StartedJob[ToySumSpec]


def statements(job: Job, delivered: CiphertextVector) -> list[CheckpointStatement]:
    """What pays all trainers alike: the loss falls from 1 to 0, and without any one of them it would not have."""
    result = CheckpointStatement(job.job_id, 1, 1, 0, (ONE,) * len(job.trainers))
    return [CheckpointStatement(job.job_id, 0, 0, ONE), result, result.closing(delivered.digest())]


class ToyAggregator(AggregatorPart[ToySumSpec]):
    def start(self, job: AggregatorJob[ToySumSpec]) -> Turn:
        return Turn(Step(SUM, 1, 1))

    def configure(self, job: AggregatorJob[ToySumSpec], step: Step) -> Sequence[Ask]:
        if step.kind == DELIVER:
            return [Ask(job.buyer, DELIVER, refers_to={"delivered": DELIVERED})]
        return [Ask(owner, SUM) for owner in job.started.owners]

    def check(self, job: AggregatorJob[ToySumSpec], step: Step, ask: Ask, result: Any) -> Any:
        if isinstance(result, SumResult):
            return result.total.to_vector(job.started.key, count=1, fractional_bits=0, bound=1 << SUM_BITS)
        delivered = job.values.get(DELIVERED, CiphertextVector.model_validate_json)
        scores = [
            Score(statement, bytes.fromhex(signature[2:]))
            for statement, signature in zip(statements(job.started, delivered), result.signatures, strict=True)
        ]
        if any(job.recover_checkpoint(one.statement, one.signature) != job.buyer for one in scores):
            raise ProtocolViolation("signatures: not the buyer's", field="signatures")
        return scores

    def quorum(self, job: AggregatorJob[ToySumSpec], step: Step) -> int:
        return len(job.started.owners) if step.kind == SUM else 1

    def aggregate(
        self,
        job: AggregatorJob[ToySumSpec],
        step: Step,
        answers: Mapping[str, Answer],
        missing: Mapping[str, str | None],
    ) -> Turn:
        if step.kind == DELIVER:
            ((_, answer),) = answers.items()
            return Turn(scores=answer.checked[:2], delivery=answer.checked[2])
        total: EncryptedVector = reduce(add, (answer.checked for answer in answers.values()))
        mask = delivery_mask(job.delivery_seed, job.started.job_id, 1, MASK_BITS)
        delivered = CiphertextVector.of(total.add_encoded(mask).rerandomize(job.randomizer))
        return Turn(Step(DELIVER, 1, 1), values={DELIVERED: Value(delivered.model_dump_json(), delivered)})

    def doing(self, step: Step) -> str:
        return "adding up"


class ToyOwner(OwnerPart):
    def __init__(self, job: Job, total: int, randomizer: Randomizer) -> None:
        self._total, self._randomizer = total, randomizer

    def require_next(self, task: Any, latest: Mapping[str, AskedBefore]) -> None:
        if latest:
            raise ProtocolViolation("the sum was sent already")

    def answer(self, task: Any, earlier: Callable[[str], Any]) -> SumResult:
        vector = EncryptedVector.encrypt(self._randomizer, [self._total], fractional_bits=0)
        return SumResult(total=CiphertextVector.of(vector))

    def prepare(self, count: int) -> bool:
        return False


class ToyBuyer(BuyerPart):
    def __init__(self, job: Job, sign: SignCheckpoint) -> None:
        self._job, self._sign = job, sign

    def require_next(self, task: Any, questions: Sequence[Question], scores: Sequence[OpenedScore]) -> None:
        if questions:
            raise ProtocolViolation("the delivery was signed for already")

    def answer(self, task: Any, questions: Sequence[Question], scores: Sequence[OpenedScore]) -> BuyerAnswer:
        start, result, closing = statements(self._job, task.delivered)
        signatures = [self._sign(one) for one in (start, result, closing)]
        first, second, third = ("0x" + signature.hex() for signature in signatures)
        return BuyerAnswer(
            DeliverResult(signatures=(first, second, third)),
            scores=[OpenedScore(start, None), OpenedScore(result, None)],
            delivery=SignedDelivery(task.delivered, closing, signatures[2]),
        )

    def prepare(self) -> bool:
        return False


@dataclass(frozen=True)
class ToyOutcome(Outcome):
    total: int

    def to_json(self) -> str:
        return json.dumps({"format": "toy sum", "sum": self.total})

    def facts(self) -> Sequence[tuple[str, str]]:
        return [("sum", str(self.total))]


class ToySum(Computation[ToySumSpec]):
    kind = "toy_sum"
    spec = ToySumSpec
    tasks = (SumTask, DeliverTask)
    results = (SumResult, DeliverResult)
    pay = Pay.PER_ANSWER
    roles = RoleRule(lambda owners: owners - 1, may_choose=False)

    def learns(self, spec: ToySumSpec) -> Sequence[Learnt]:
        return [Learnt(party=Party.MODEL_BUYER, code="sum", text="the sum of the column over all owners")]

    def requirements(self, spec: ToySumSpec) -> Requirements:
        return Requirements((RequiredColumn(spec.column, "addend", minimum=spec.minimum, maximum=spec.maximum),))

    def require_headroom(
        self, terms: JobTerms, spec: ToySumSpec, key_bits: int, declarations: Sequence[Declaration] = ()
    ) -> None:
        """Any key that is allowed is large enough."""

    def declare(
        self, terms: JobTerms, spec: ToySumSpec, key_bits: int, table: Table, consents: Sequence[str]
    ) -> tuple[int, dict[str, Any]]:
        return len(_numbers(spec, table)), {}

    def aggregator(self) -> AggregatorPart[ToySumSpec]:
        return ToyAggregator()

    def owner(self, job: Job, secrets: OwnerSecrets, table: Table, randomizer: Randomizer) -> OwnerPart:
        return ToyOwner(job, sum(map(int, _numbers(job.spec, table))), randomizer)

    def buyer(
        self,
        job: Job,
        secret_key: SecretKey,
        sign_checkpoint: SignCheckpoint,
        recover: RecoverSigner,
        parallel_map: ParallelMap = map,
    ) -> BuyerPart:
        return ToyBuyer(job, sign_checkpoint)

    def outcome(self, job: Job, secret_key: SecretKey, delivery: SignedDelivery, seed: bytes) -> Outcome:
        vector = delivery.delivered.to_vector(job.key, count=1, fractional_bits=0, bound=1 << (MASK_BITS + 1))
        (masked,) = map(secret_key.decrypt, vector.ciphertexts)
        return ToyOutcome(masked - delivery_mask(seed, job.job_id, 1, MASK_BITS)[0])

    def read_outcome(self, text: str) -> Outcome:
        return ToyOutcome(json.loads(text)["sum"])


def _numbers(spec: ToySumSpec, table: Table) -> list[float]:
    name = table.own_name(spec.column)
    columns = [block.columns[name].values for block in table.blocks([name])]
    return np.concatenate(columns).tolist() if columns else []


TOY_SUM = ToySum()
