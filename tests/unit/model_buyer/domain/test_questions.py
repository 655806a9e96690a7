from __future__ import annotations

import pytest

from commons.computations.parts import Question
from commons.errors import ProtocolViolation
from commons.market.tasks import TaskBody, task_digest
from model_buyer.domain.questions import repeated


class Task(TaskBody):
    contents: str = ""


def task(kind: str = "a_kind/square", number: int = 2, contents: str = "") -> Task:
    return Task(kind=kind, job_id=1, round=number, checkpoint=1, contents=contents)


def test_a_question_is_recognised_and_another_one_in_its_place_refused() -> None:
    asked = task()
    questions = [Question(asked.kind, asked.round, asked.checkpoint, task_digest(asked))]
    assert repeated(questions, asked) is questions[0]
    with pytest.raises(ProtocolViolation, match="each question is answered once"):
        repeated(questions, task(contents="of other validators"))
    assert repeated(questions, task(number=3)) is None
    assert repeated(questions, task("a_kind/open")) is None
    assert repeated([], asked) is None
