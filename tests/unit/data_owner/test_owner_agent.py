"""Answering tasks, and carrying decisions out, as the service's background processes do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from commons.agent.loop import public_reason
from commons.chain.outbox_sender import OutboxStatus
from commons.chain.signing import recover_message
from commons.ciphers.paillier import EncryptedVector, KeyHolderRandomizer
from commons.ciphers.wire import CiphertextVector
from commons.computations.linear_regression.messages import EvaluateTask, RefreshTask, TrainTask, UnmaskTask
from commons.computations.linear_regression.numeric_plan import WEIGHT_FRACTIONAL_BITS, NumericPlan
from commons.computations.linear_regression.statements import statement_digest
from commons.errors import DatasetInvalid, InvalidCiphertext, ProtocolViolation
from data_owner.adapters.tables import AcceptanceState
from data_owner.agent import MAX_JOBS_READY, Courier, TaskAnswerer
from data_owner.services.acceptances import AcceptRequest
from data_owner.services.answered_tasks import AnsweredTasks


def start(world: Any, role: str, other_address: str, job_id: int = 1) -> None:
    if not world.datasets.list():
        world.add_rows()
    job = world.post_job(job_id)
    world.acceptances.accept(job_id, AcceptRequest(roles=1 if role == "trainer" else 2))
    world.deliveries.deliver_all()
    own, other = (world.address,), (other_address,)
    trainers, validators = (own, other) if role == "trainer" else (other, own)
    job.start(trainers=trainers, validators=validators)


def zeros(world: Any, count: int = 3, bits: int = WEIGHT_FRACTIONAL_BITS) -> CiphertextVector:
    randomizer = KeyHolderRandomizer(world.secret_key)
    return CiphertextVector.of(EncryptedVector.encrypt(randomizer, [0] * count, fractional_bits=bits))


def train_task(world: Any, job_id: int = 1, number: int = 1, **changes: Any) -> TrainTask:
    """A task of the only trainer, whose share is all."""
    fields = {"weights": zeros(world), "averaging_weight": 1, "averaging_total": 1} | changes
    return TrainTask(job_id=job_id, round=number, checkpoint=-(-number // 2), **fields)


def answerer_of(world: Any, make: Any = None) -> TaskAnswerer:
    return TaskAnswerer(make or world.taking_part.participant, AnsweredTasks(world.database), world.account)


@dataclass
class Counting:
    """Counts how often a participant is made."""

    world: Any
    made: list[int] = field(default_factory=list)

    def __call__(self, job_id: int) -> Any:
        self.made.append(job_id)
        return self.world.taking_part.participant(job_id)


def test_a_participant_is_made_once_for_many_tasks(world: Any, other_address: str) -> None:
    start(world, "trainer", other_address)
    make = Counting(world)
    answerer = answerer_of(world, make)
    first, second = (answerer.answer(train_task(world, number=number)) for number in (1, 2))
    assert make.made == [1]
    assert first != second


def test_the_same_task_gets_the_same_answer_also_after_a_restart(world: Any, other_address: str) -> None:
    start(world, "trainer", other_address)
    task = train_task(world)
    first = answerer_of(world).answer(task)
    assert [answerer_of(world).answer(task) for _ in range(2)] == [first, first]


def test_a_round_is_trained_in_once(world: Any, other_address: str) -> None:
    start(world, "trainer", other_address)
    answerer = answerer_of(world)
    answerer.answer(train_task(world))
    with pytest.raises(ProtocolViolation, match="round 1 is not trained in again"):
        answerer.answer(train_task(world))
    answerer.answer(train_task(world, number=2))
    with pytest.raises(ProtocolViolation, match="round 1 is not trained in again"):
        answerer.answer(train_task(world))


def test_rounds_rise_by_one_or_with_a_notice_that_the_owner_can_see(world: Any, other_address: str) -> None:
    start(world, "trainer", other_address)
    answerer = answerer_of(world)
    answerer.answer(train_task(world))
    for missed_since in (None, 3):
        with pytest.raises(ProtocolViolation, match="round 4 skips round 2"):
            answerer.answer(train_task(world, number=4, missed_since=missed_since))
    answerer.answer(train_task(world, number=4, missed_since=2))
    assert "no answer came in time in rounds 2 to 3" in world.offers.get(1).acceptance.note


def test_a_task_that_cannot_be_answered_leaves_its_place_free(world: Any, other_address: str) -> None:
    start(world, "trainer", other_address)
    answerer = answerer_of(world)
    with pytest.raises(InvalidCiphertext):
        answerer.answer(train_task(world, weights=zeros(world, 2)))
    answerer.answer(train_task(world))


def test_a_new_acceptance_begins_anew(world: Any, other_address: str) -> None:
    """A number that a reorganisation gives to another job, or the same one again."""
    start(world, "trainer", other_address)
    answerer_of(world).answer(train_task(world))
    world.jobs[1].undo("JobStarted", "JobCreated")
    world.acceptances.withdraw(1)
    world.deliveries.deliver_all()
    start(world, "trainer", other_address)
    answerer_of(world).answer(train_task(world))


def test_the_least_recently_used_job_is_dropped_from_memory(world: Any, other_address: str) -> None:
    for job_id in range(1, MAX_JOBS_READY + 2):
        start(world, "trainer", other_address, job_id)
    make = Counting(world)
    answerer = answerer_of(world, make)
    for job_id in range(1, MAX_JOBS_READY + 2):
        answerer.answer(train_task(world, job_id))
    for job_id in (MAX_JOBS_READY + 1, 1):
        answerer.answer(train_task(world, job_id, 2))
    assert make.made == [*range(1, MAX_JOBS_READY + 2), 1]


def test_a_validators_statement_is_signed_with_its_account(world: Any, other_address: str) -> None:
    start(world, "validator", other_address)
    answerer = answerer_of(world)
    candidate = zeros(world)
    answerer.answer(EvaluateTask(job_id=1, round=0, checkpoint=0, candidates=(candidate,)))
    key = world.secret_key.public_key
    bits = NumericPlan(world.jobs[1].spec, key.bits).sse_fractional_bits
    squares = zeros(world, 1, bits)
    task = UnmaskTask(job_id=1, round=0, checkpoint=0, candidates=(candidate,), squares=squares, scaled_squares=squares)
    result = answerer.answer(task)
    statement = result.statement
    assert answerer_of(world).answer(task) == result
    domain = world.chain.domain()
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
    start(world, "trainer", other_address, 1)
    start(world, "validator", other_address, 2)
    answerer = answerer_of(world)
    with pytest.raises(ProtocolViolation, match="evaluate task for a trainer"):
        answerer.answer(EvaluateTask(job_id=1, round=0, checkpoint=0, candidates=(zeros(world),)))
    with pytest.raises(ProtocolViolation, match="train task for a validator"):
        answerer.answer(train_task(world, 2))
    refresh = RefreshTask(job_id=2, round=0, checkpoint=0, masked=zeros(world), shift_bits=0)
    with pytest.raises(ProtocolViolation, match="not a data owner's task"):
        answerer.answer(refresh)


def test_what_the_aggregator_hears_of_a_failed_task_holds_no_cell_row_or_path(world: Any, other_address: str) -> None:
    start(world, "trainer", other_address)
    (world.folder / "rows.csv").write_text("a,b,y\n0.1,31415.92,0.3\n")
    answerer = answerer_of(world)
    with pytest.raises(DatasetInvalid) as caught:
        answerer.answer(train_task(world))
    # `public_reason` is what is sent, the message itself what is logged.
    for text in (public_reason(caught.value), caught.value.message):
        assert not any(part in text for part in ("31415", "row", "rows.csv", str(world.folder), "'b'"))
    assert "31415.92" in world.offers.get(1).acceptance.note


@dataclass
class FakeSender:
    """An outbox whose first transaction waits for something."""

    waiting_for: str | None = None
    steps: int = 0

    def step(self) -> OutboxStatus:
        self.steps += 1
        return OutboxStatus(0 if self.waiting_for is None else 1, self.waiting_for)


@dataclass
class Ticking:
    """A clock that is set by hand."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_courier_delivers_sends_and_looks_for_news(world: Any) -> None:
    world.add_rows()
    world.post_job(1)
    world.acceptances.accept(1, AcceptRequest())
    sender, clock = FakeSender(), Ticking()
    courier = Courier(world.deliveries, sender, world.on_chain, world.known_jobs, clock=clock)
    courier.step()
    assert sender.steps == 1
    assert world.offers.get(1).acceptance.state is AcceptanceState.POSTED
    world.post_job(2)
    clock.now = 100.0
    courier.step()
    world.aggregator.away = True
    assert {offer.job_id for offer in world.offers.list().offers} == {1, 2}


def test_an_absent_aggregator_slows_deliveries_but_not_transactions(world: Any) -> None:
    dataset_id = world.add_rows()
    world.aggregator.away = True
    sender, clock = FakeSender(), Ticking()
    courier = Courier(world.deliveries, sender, world.on_chain, world.known_jobs, clock=clock)
    for _ in range(50):
        courier.step()
        clock.now += 0.25
    assert sender.steps == 50
    world.aggregator.away = False
    clock.now += 20
    courier.step()
    assert dataset_id in world.aggregator.datasets
