"""The buyer's part of statistics: it signs for masked sums when enough owners have signed for theirs, and decrypts nothing yet.

What it signs pays those who answered, so it looks at who they are and at the form of what it gets. What is in it shows when
`finalize` has published the mask's seed (`statistics.outcome`); what an aggregator put there instead of the product of the
owners' sums would show as sums over other rows than these signed for, or not at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from commons.ciphers.paillier import SecretKey
from commons.computations.job_facts import RecoverSigner, SignCheckpoint, StartedJob
from commons.computations.parts import BuyerAnswer, BuyerPart, OpenedScore, Question, SignedDelivery
from commons.computations.statistics.members import quorum, require_members, require_place
from commons.computations.statistics.messages import DeliverResult, DeliverTask
from commons.computations.statistics.plan import SumPlan
from commons.computations.statistics.spec import StatisticsSpec
from commons.computations.statistics.statements import paying_statements, require_own
from commons.errors import ProtocolViolation

ANSWERED = "answered"
"""Name of the detail of a delivery that lists the owners whose sums are in it."""


class StatisticsBuyer(BuyerPart):
    """The buyer in one job.

    Args:
        job: public facts.
        secret_key: belongs to the job's key.
        sign_checkpoint: signs a statement for the chain.
        recover: who signed a digest.

    Raises:
        ProtocolViolation: the key is another one, or the members are too few or have not agreed.
        HeadroomExceeded: with the rows that the owners declared, the job does not fit the key.
    """

    def __init__(
        self,
        job: StartedJob[StatisticsSpec],
        secret_key: SecretKey,
        sign_checkpoint: SignCheckpoint,
        recover: RecoverSigner,
    ) -> None:
        if secret_key.public_key != job.key:
            raise ProtocolViolation("the job's key is not this buyer's key for it")
        require_members(job)
        self._job, self._sign, self._recover = job, sign_checkpoint, recover
        self._plan = SumPlan.of(job)
        _ = self._plan.layout

    def require_next(self, task: Any, questions: Sequence[Question], scores: Sequence[OpenedScore]) -> None:
        """There is one question, and one answer to it."""
        require_place(self._job, task)
        if questions or scores:
            raise ProtocolViolation("the sums of this job were signed for already; a buyer takes one delivery")

    def answer(self, task: Any, questions: Sequence[Question], scores: Sequence[OpenedScore]) -> BuyerAnswer:
        """Sign the three statements that pay the owners that answered."""
        if not isinstance(task, DeliverTask):
            raise ProtocolViolation("a buyer is asked to take the delivery only", field="kind")
        self.require_next(task, questions, scores)
        answered = self._answered(task)
        plan = self._plan
        task.delivered.to_vector(self._job.key, count=plan.ciphertext_count, fractional_bits=0, bound=plan.masked_bound)
        start, result, closing = paying_statements(self._job, answered, task.delivered.digest())
        signatures = [self._sign(statement) for statement in (start, result, closing)]
        answer = DeliverResult(
            start_signature="0x" + signatures[0].hex(),
            result_signature="0x" + signatures[1].hex(),
            closing_signature="0x" + signatures[2].hex(),
        )
        return BuyerAnswer(
            answer,
            scores=(OpenedScore(start, None), OpenedScore(result, None)),
            delivery=SignedDelivery(task.delivered, closing, signatures[2], {ANSWERED: answered}),
        )

    def prepare(self) -> bool:
        """Nothing can be made ahead."""
        return False

    def _answered(self, task: DeliverTask) -> list[str]:
        """The owners whose sums are in a delivery, each with its own signature."""
        owners = [answer.owner for answer in task.answers]
        if len(set(owners)) != len(owners):
            raise ProtocolViolation("answers: an owner is there twice", field="answers")
        needed = quorum(len(self._job.owners))
        if len(owners) < needed:
            raise ProtocolViolation(
                f"answers: there are {len(owners)}; the sums of at least {needed} of {len(self._job.owners)} owners are taken",
                field="answers",
            )
        for answer in task.answers:
            require_own(self._job, answer, self._recover)
        return owners
