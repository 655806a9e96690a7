"""A kind of computation as unlike a regression as kinds get: one question, paid for each answer, an outcome that is no model.

It takes the place of linear regression, whose specification and messages it borrows: the types of all kinds are fixed when
the registry is loaded.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from commons.computations.base import Outcome
from commons.computations.job_facts import Learnt, Party, Pay, RoleRule, SignCheckpoint, StartedJob
from commons.computations.linear_regression.computation import LinearRegression
from commons.computations.linear_regression.messages import DeliverResult, DeliverTask
from commons.computations.parts import BuyerAnswer, BuyerPart, OpenedScore, Question, SignedDelivery
from commons.errors import ProtocolViolation
from commons.market.checkpoint_statement import CheckpointStatement

COUNT = Learnt(party=Party.MODEL_BUYER, code="count", text="how many rows there are")


class Counted(Outcome):
    """A number of rows."""

    def __init__(self, rows: int) -> None:
        self.rows = rows

    def to_json(self) -> str:
        return json.dumps({"format": "a count", "rows": self.rows})

    def facts(self) -> Sequence[tuple[str, str]]:
        return [("rows", str(self.rows))]


class CountingBuyer(BuyerPart):
    """Signs two scores without a loss for people, and the delivery, with its one answer."""

    def __init__(self, job: StartedJob[Any], sign: SignCheckpoint) -> None:
        self.job, self._sign = job, sign
        self.answered = 0

    def require_next(self, task: Any, questions: Sequence[Question], scores: Sequence[OpenedScore]) -> None:
        if not isinstance(task, DeliverTask) or questions or scores:
            raise ProtocolViolation("there is one question")

    def answer(self, task: Any, questions: Sequence[Question], scores: Sequence[OpenedScore]) -> BuyerAnswer:
        self.answered += 1
        trainers = len(self.job.trainers)
        start = CheckpointStatement(self.job.job_id, 0, 0, 1)
        result = CheckpointStatement(self.job.job_id, 1, 1, 0, (1,) * trainers)
        closing = result.closing(task.delivered.digest())
        signature = self._sign(closing)
        return BuyerAnswer(
            DeliverResult(checkpoint_signature="0x" + signature.hex()),
            scores=(OpenedScore(start, None), OpenedScore(result, None)),
            delivery=SignedDelivery(task.delivered, closing, signature, {"answered": list(self.job.owners)}),
        )

    def prepare(self) -> bool:
        return False


def put_in_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have jobs count rows instead of learning."""

    def outcome(_: Any, job: StartedJob[Any], *__: Any) -> Counted:
        return Counted(sum(one.row_count for one in job.declarations.values()))

    def read(_: Any, text: str) -> Counted:
        return Counted(json.loads(text)["rows"])

    replaced = {
        "pay": Pay.PER_ANSWER,
        "roles": RoleRule(lambda owners: 1, may_choose=False, exact=True),
        "learns": lambda *_: (COUNT,),
        "buyer": lambda _, job, key, sign, *__: CountingBuyer(job, sign),
        "outcome": outcome,
        "read_outcome": read,
        "compare": lambda *_: None,
    }
    for name, value in replaced.items():
        monkeypatch.setattr(LinearRegression, name, value)
