"""Answering tasks: each question once, the same answer each time, and no word of own rows in what goes wrong."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from commons.agent.loop import public_reason
from commons.chain.signing import recover_message
from commons.computations.linear_regression.messages import EvaluateTask, RefreshTask, UnmaskTask, VerifyResult
from commons.computations.linear_regression.numeric_plan import NumericPlan
from commons.computations.linear_regression.statements import statement_digest
from commons.computations.parts import OwnerPart
from commons.errors import DatasetInvalid, InvalidCiphertext, ProtocolViolation
from data_owner.services.answered_tasks import AnsweredTasks
from data_owner.services.task_answers import MAX_JOBS_READY, TaskAnswerer
from tests.doubles.around_owner import train_task, zeros


def answerer_of(world: Any, make: Any = None) -> TaskAnswerer:
    return TaskAnswerer(make or world.taking_part.participant, AnsweredTasks(world.database, world.clock))


@dataclass
class Counting:
    """Counts how often a participant is made."""

    world: Any
    made: list[int] = field(default_factory=list)

    def __call__(self, job_id: int) -> Any:
        self.made.append(job_id)
        return self.world.taking_part.participant(job_id)


class FakePart(OwnerPart):
    """A part of no kind in particular, which says what it was given."""

    def __init__(self, notice: str) -> None:
        self._notice = notice
        self.asked: list[Any] = []

    def require_next(self, task: Any, latest: Any) -> None:
        self.latest = dict(latest)

    def answer(self, task: Any, earlier: Any) -> VerifyResult:
        self.asked.append(task)
        self.earlier = earlier
        return VerifyResult(accepted=True)

    def notice(self, task: Any) -> str:
        return self._notice

    def prepare(self, count: int) -> bool:
        return False


def test_a_participant_is_made_once_for_many_tasks(world: Any, other_address: str) -> None:
    world.start("trainer", other_address)
    make = Counting(world)
    answerer = answerer_of(world, make)
    first, second = (answerer.answer(train_task(number=number)) for number in (1, 2))
    assert make.made == [1]
    assert first != second


def test_the_same_task_gets_the_same_answer_also_after_a_restart(world: Any, other_address: str) -> None:
    world.start("trainer", other_address)
    task = train_task()
    first = answerer_of(world).answer(task)
    assert [answerer_of(world).answer(task) for _ in range(2)] == [first, first]


def test_a_round_is_trained_in_once(world: Any, other_address: str) -> None:
    world.start("trainer", other_address)
    answerer = answerer_of(world)
    answerer.answer(train_task())
    with pytest.raises(ProtocolViolation, match="round 1 is not trained in again"):
        answerer.answer(train_task())
    answerer.answer(train_task(number=2))
    with pytest.raises(ProtocolViolation, match="round 1 is not trained in again"):
        answerer.answer(train_task())


def test_rounds_rise_by_one_or_with_a_notice_that_the_owner_can_see(world: Any, other_address: str) -> None:
    world.start("trainer", other_address)
    answerer = answerer_of(world)
    answerer.answer(train_task())
    for missed_since in (None, 3):
        with pytest.raises(ProtocolViolation, match="round 4 skips round 2"):
            answerer.answer(train_task(number=4, missed_since=missed_since))
    answerer.answer(train_task(number=4, missed_since=2))
    assert "no answer came in time in rounds 2 to 3" in world.offers.get(1).acceptance.note


def test_a_task_that_cannot_be_answered_leaves_its_place_free(world: Any, other_address: str) -> None:
    world.start("trainer", other_address)
    answerer = answerer_of(world)
    with pytest.raises(InvalidCiphertext):
        answerer.answer(train_task(weights=zeros(2)))
    answerer.answer(train_task())


def test_a_new_acceptance_begins_anew(world: Any, other_address: str) -> None:
    """A number that a reorganisation gives to another job, or the same one again."""
    world.start("trainer", other_address)
    answerer_of(world).answer(train_task())
    world.jobs[1].undo("JobStarted", "JobCreated")
    world.acceptances.withdraw(1)
    world.deliveries.deliver_all()
    world.start("trainer", other_address)
    answerer_of(world).answer(train_task())


def test_the_least_recently_used_job_is_dropped_from_memory(world: Any, other_address: str) -> None:
    for job_id in range(1, MAX_JOBS_READY + 2):
        world.start("trainer", other_address, job_id)
    make = Counting(world)
    answerer = answerer_of(world, make)
    for job_id in range(1, MAX_JOBS_READY + 2):
        answerer.answer(train_task(job_id))
    for job_id in (MAX_JOBS_READY + 1, 1):
        answerer.answer(train_task(job_id, 2))
    assert make.made == [*range(1, MAX_JOBS_READY + 2), 1]


def test_a_validators_statement_is_signed_with_its_account(world: Any, other_address: str) -> None:
    world.start("validator", other_address)
    answerer = answerer_of(world)
    candidate = zeros()
    answerer.answer(EvaluateTask(job_id=1, round=0, checkpoint=0, candidates=(candidate,)))
    key = world.secret_key.public_key
    bits = NumericPlan(world.jobs[1].spec.computation, key.bits).sse_fractional_bits
    squares = zeros(1, bits)
    task = UnmaskTask(job_id=1, round=0, checkpoint=0, candidates=(candidate,), squares=squares, scaled_squares=squares)
    result = answerer.answer(task)
    statement = result.statement
    assert answerer_of(world).answer(task) == result
    domain = world.chain.domain
    numbers = (domain.chain_id, int(domain.contract, 16), 1, 0, 0)
    digest = statement_digest(
        place=b"".join(number.to_bytes(32, "big") for number in numbers),
        row_count=8,
        candidates=bytes.fromhex(statement.candidates_digest[2:]),
        sse=statement.sse.to_vector(key, count=1, fractional_bits=bits, bound=1).digest(),
        zero_check=statement.zero_check.to_vector(key, count=1, fractional_bits=bits, bound=1).digest(),
    )
    assert recover_message(digest, bytes.fromhex(statement.signature[2:])) == world.address


def test_a_task_for_another_role_is_refused(world: Any, other_address: str) -> None:
    world.start("trainer", other_address, 1)
    world.start("validator", other_address, 2)
    answerer = answerer_of(world)
    with pytest.raises(ProtocolViolation, match="evaluate task for a trainer"):
        answerer.answer(EvaluateTask(job_id=1, round=0, checkpoint=0, candidates=(zeros(),)))
    with pytest.raises(ProtocolViolation, match="train task for a validator"):
        answerer.answer(train_task(2))
    refresh = RefreshTask(job_id=2, round=0, checkpoint=0, masked=zeros(), shift_bits=0)
    with pytest.raises(ProtocolViolation, match="refresh task for a validator"):
        answerer.answer(refresh)


def test_what_the_aggregator_hears_of_a_failed_task_holds_no_cell_row_or_path(world: Any, other_address: str) -> None:
    world.start("trainer", other_address)
    (world.folder / "rows.csv").write_text("a,b,y\n0.1,31415.92,0.3\n")
    answerer = answerer_of(world)
    with pytest.raises(DatasetInvalid) as caught:
        answerer.answer(train_task())
    # `public_reason` is what is sent, the message itself what is logged.
    for text in (public_reason(caught.value), caught.value.message):
        assert not any(part in text for part in ("31415", "row", "rows.csv", str(world.folder), "'b'"))
    assert "31415.92" in world.offers.get(1).acceptance.note


def test_a_task_of_another_kind_than_the_jobs_is_refused(
    world: Any, other_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.start("trainer", other_address)
    other = SimpleNamespace(kind="census")
    monkeypatch.setattr("data_owner.services.task_answers.kind_of_task", lambda _kind: other)
    with pytest.raises(ProtocolViolation, match="is no task of its computation"):
        answerer_of(world).answer(train_task())


def test_what_is_worth_saying_about_a_task_is_said_to_its_owner_once_it_is_answered(
    world: Any, other_address: str
) -> None:
    world.start("trainer", other_address)
    answered, part = AnsweredTasks(world.database, world.clock), FakePart("somebody else came later")
    task = EvaluateTask(job_id=1, round=2, checkpoint=1, candidates=(zeros(),))
    for _ in range(2):
        assert answered.answer(task, part) == VerifyResult(accepted=True)
    assert world.offers.get(1).acceptance.note == "somebody else came later"
    assert part.asked == [task]


def test_a_part_is_told_what_it_was_asked_before_and_can_have_its_answers(world: Any, other_address: str) -> None:
    world.start("trainer", other_address)
    answered = AnsweredTasks(world.database, world.clock)
    update = answerer_of(world).answer(train_task(number=1))
    part = FakePart("")
    answered.answer(EvaluateTask(job_id=1, round=2, checkpoint=1, candidates=(zeros(),)), part)
    assert {kind: (before.round, before.checkpoint) for kind, before in part.latest.items()} == {
        "linear_regression/train": (1, 1)
    }
    assert part.earlier("linear_regression/train") == update


def test_work_ahead_is_done_for_the_jobs_at_hand(world: Any, other_address: str) -> None:
    answerer = answerer_of(world)
    assert not answerer.prepare()
    world.start("trainer", other_address)
    answerer.answer(train_task())
    assert answerer.prepare()
