"""The aggregator's part of statistics: ask all owners, multiply what they send, hand it to the buyer under a mask.

It sees ciphertexts under the buyer's key only. To the buyer it gives nothing of a single owner but a digest, in no step and not
as evidence afterwards: whatever is under the buyer's key, the buyer can read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from operator import add
from typing import Any

from pydantic import TypeAdapter

from commons.ciphers.paillier import EncryptedVector
from commons.ciphers.wire import CiphertextVector
from commons.computations.parts import DELIVERED, AggregatorJob, AggregatorPart, Answer, Ask, Score, Turn, Value
from commons.computations.statistics.members import CHECKPOINT, ROUND, quorum, require_members
from commons.computations.statistics.messages import DeliverResult, SignedSums, SumResult, TaskKind
from commons.computations.statistics.plan import SumPlan
from commons.computations.statistics.spec import StatisticsSpec
from commons.computations.statistics.statements import paying_statements, require_own
from commons.errors import DeltaMLError, NotAuthenticated, ProtocolViolation
from commons.market.checkpoint_statement import CheckpointStatement
from commons.market.delivery import delivery_mask
from commons.market.tasks import Step

ANSWERS = "answers"
"""Name of the value that says who answered, a list of `SignedSums`."""

_ANSWERS: TypeAdapter[tuple[SignedSums, ...]] = TypeAdapter(tuple[SignedSums, ...])

StatisticsJob = AggregatorJob[StatisticsSpec]


class StatisticsAggregator(AggregatorPart[StatisticsSpec]):
    """Two steps: `sum`, asked of every owner, and `deliver`, asked of the buyer."""

    def start(self, job: StatisticsJob) -> Turn:
        """Begin with the sums, if the members are enough and have agreed."""
        try:
            require_members(job.started)
            _ = SumPlan.of(job.started).layout
        except DeltaMLError as error:
            return Turn(failure=error.message)
        return Turn(Step(TaskKind.SUM, ROUND, CHECKPOINT))

    def configure(self, job: StatisticsJob, step: Step) -> Sequence[Ask]:
        """Ask every owner, or the buyer."""
        if step.kind == TaskKind.SUM:
            return [Ask(owner, TaskKind.SUM) for owner in job.started.owners]
        return [Ask(job.buyer, TaskKind.DELIVER, refers_to={"delivered": DELIVERED, "answers": ANSWERS})]

    def check(self, job: StatisticsJob, step: Step, ask: Ask, result: Any) -> Any:
        """An owner's sums, as a vector; or the scores that the buyer signed.

        Raises:
            InvalidCiphertext: sums that are not packed as the plan says.
            ProtocolViolation: a signature that is somebody else's.
        """
        match result:
            case SumResult():
                return _owners_sums(job, ask.assignee, result)
            case DeliverResult():
                return _scores(job, result)
            case _:
                raise ProtocolViolation(f"{step.kind} is not answered with this", field="kind")

    def quorum(self, job: StatisticsJob, step: Step) -> int:
        """Two thirds of the owners, and three; or the buyer."""
        return quorum(len(job.started.owners)) if step.kind == TaskKind.SUM else 1

    def aggregate(
        self, job: StatisticsJob, step: Step, answers: Mapping[str, Answer], missing: Mapping[str, str | None]
    ) -> Turn:
        """Multiply and mask what the owners sent; or end with what the buyer signed."""
        if step.kind == TaskKind.DELIVER:
            ((_, answer),) = answers.items()
            start, result, closing = answer.checked
            return Turn(scores=(start, result), delivery=closing)
        if len(answers) < quorum(len(job.started.owners)):
            return Turn(failure="too few owners have answered; nothing is handed over of fewer than a quorum")
        delivered = CiphertextVector.of(_masked_total(job, [answer.checked for answer in answers.values()]))
        signed = tuple(_signed(owner, answer.result) for owner, answer in answers.items())
        return Turn(
            Step(TaskKind.DELIVER, ROUND, CHECKPOINT),
            values={
                DELIVERED: Value(delivered.model_dump_json(), delivered),
                ANSWERS: Value(_ANSWERS.dump_json(signed).decode(), signed),
            },
        )

    def doing(self, step: Step) -> str:
        """What is waited for."""
        return "adding up their columns" if step.kind == TaskKind.SUM else "signing for what was added up"


def _signed(owner: str, result: SumResult) -> SignedSums:
    return SignedSums(owner=owner, digest="0x" + result.sums.digest().hex(), signature=result.signature)


def _owners_sums(job: StatisticsJob, owner: str, result: SumResult) -> EncryptedVector:
    plan = SumPlan.of(job.started)
    vector = result.sums.to_vector(job.started.key, count=plan.ciphertext_count, fractional_bits=0, bound=plan.bound)
    require_own(job.started, _signed(owner, result), job.recover_message)
    return vector


def _masked_total(job: StatisticsJob, vectors: Sequence[EncryptedVector]) -> EncryptedVector:
    """[Σ sums + mask] under fresh randomness."""
    plan = SumPlan.of(job.started)
    # Slots are wide enough for all members together, so the sum is no larger than one vector can be.
    total = reduce(add, vectors).unsafe_with_bound(plan.bound)
    mask = delivery_mask(job.delivery_seed, job.started.job_id, plan.ciphertext_count, plan.mask_bits)
    return total.add_encoded(mask).rerandomize(job.randomizer)


def _scores(job: StatisticsJob, result: DeliverResult) -> tuple[Score, Score, Score]:
    delivered = job.values.get(DELIVERED, CiphertextVector.model_validate_json)
    answered = [answer.owner for answer in job.values.get(ANSWERS, _ANSWERS.validate_json)]
    start, middle, closing = paying_statements(job.started, answered, delivered.digest())
    return (
        _score(job, start, result.start_signature, "start_signature"),
        _score(job, middle, result.result_signature, "result_signature"),
        _score(job, closing, result.closing_signature, "closing_signature"),
    )


def _score(job: StatisticsJob, statement: CheckpointStatement, signature: str, field: str) -> Score:
    signed = bytes.fromhex(signature[2:])
    try:
        signer = job.recover_checkpoint(statement, signed)
    except NotAuthenticated as error:
        raise ProtocolViolation(f"{field}: {error.message}", field=field) from error
    if signer != job.buyer:
        raise ProtocolViolation(f"{field}: not the model buyer's signature of this statement", field=field)
    return Score(statement, signed)
