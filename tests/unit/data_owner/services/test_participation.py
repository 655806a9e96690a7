"""Getting ready for a job's tasks: the chain is asked first, the rows are read again, and the answers are right."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from commons.errors import ChainUnavailable, Conflict, DatasetInvalid, ProtocolViolation, ServiceUnavailable
from commons.paillier import EncryptedVector, KeyHolderRandomizer, decode, encode
from commons.protocol.numeric_plan import MATRIX_FRACTIONAL_BITS, WEIGHT_FRACTIONAL_BITS
from commons.protocol.roles import Role, draw_roles
from commons.protocol.tasks import EvaluateTask, TrainTask
from commons.protocol.wire import CiphertextVector
from data_owner.adapters.tables import Acceptance
from data_owner.services.acceptances import AcceptRequest
from data_owner.services.participation import Participant


def enrolled(world: Any, role: str, other_address: str, *, rows: int = 8, growth: float = 1.0) -> Any:
    world.add_rows(rows=rows)
    job = world.post_job(1)
    world.acceptances.accept(1, AcceptRequest())
    world.deliveries.deliver_all()
    own, other = (world.address,), (other_address,)
    trainers, validators = (own, other) if role == "trainer" else (other, own)
    job.start(trainers=trainers, validators=validators, growth=growth)
    return job


def encrypted(world: Any, weights: list[float]) -> CiphertextVector:
    randomizer = KeyHolderRandomizer(world.secret_key)
    encoded = encode(weights, WEIGHT_FRACTIONAL_BITS)
    return CiphertextVector.of(EncryptedVector.encrypt(randomizer, encoded, fractional_bits=WEIGHT_FRACTIONAL_BITS))


def rows_of(world: Any) -> tuple[np.ndarray, np.ndarray]:
    values = np.loadtxt(world.folder / "rows.csv", delimiter=",", skiprows=1)
    return np.column_stack([values[:, :2], np.ones(len(values))]), values[:, 2]


def test_a_trainer_takes_a_gradient_step_on_its_own_rows(world: Any, other_address: str) -> None:
    enrolled(world, "trainer", other_address)
    participant: Participant = world.taking_part.participant(1)
    assert participant.validator is None
    assert participant.trainer is not None
    weights = np.array([0.25, -0.5, 0.125])
    task = TrainTask(
        job_id=1,
        round=1,
        checkpoint=0,
        weights=encrypted(world, weights.tolist()),
        averaging_weight=8,
        averaging_total=16,
    )
    update = participant.trainer.train(task, participant.randomizer).update
    scale = WEIGHT_FRACTIONAL_BITS + MATRIX_FRACTIONAL_BITS
    vector = update.to_vector(world.secret_key.public_key, count=3, fractional_bits=scale, bound=1 << 500)
    found = decode([world.secret_key.decrypt(c) for c in vector.ciphertexts], scale)
    X, y = rows_of(world)
    step = weights - 0.5 * X.T @ (X @ weights - y) / len(y)
    np.testing.assert_allclose(found, step / 2, rtol=1e-12)


def test_a_validator_answers_for_its_rows(world: Any, other_address: str) -> None:
    enrolled(world, "validator", other_address)
    participant = world.taking_part.participant(1)
    assert participant.trainer is None
    task = EvaluateTask(job_id=1, round=0, checkpoint=0, candidates=(encrypted(world, [0.0, 0.0, 0.0]),))
    result = participant.validator.evaluate(task, participant.randomizer)
    assert result.masked[0].residuals.count == 3


def test_who_takes_part_is_remembered_so_that_a_restart_needs_neither_chain_nor_aggregator(
    world: Any, other_address: str
) -> None:
    enrolled(world, "validator", other_address)
    world.taking_part.participant(1)
    with world.database.snapshot() as session:
        row = session.get_one(Acceptance, 1)
    assert (row.role, row.trainers, row.validators) == ("validator", [other_address], [world.address])
    world.chain.away = world.aggregator.away = True
    assert world.taking_part.participant(1).validator is not None


@pytest.mark.parametrize("absent", ["chain", "aggregator"])
def test_before_that_an_absent_chain_or_aggregator_is_waited_for(world: Any, other_address: str, absent: str) -> None:
    enrolled(world, "trainer", other_address)
    getattr(world, absent).away = True
    with pytest.raises(ServiceUnavailable):
        world.taking_part.participant(1)
    getattr(world, absent).away = False
    assert world.taking_part.participant(1).trainer is not None


def test_a_job_that_was_not_accepted_is_not_worked_for(world: Any, other_address: str) -> None:
    world.post_job(1).start(trainers=(world.address,), validators=(other_address,))
    with pytest.raises(ProtocolViolation, match="no standing acceptance"):
        world.taking_part.participant(1)


def test_a_withdrawn_acceptance_is_not_worked_for(world: Any, other_address: str) -> None:
    world.add_rows()
    job = world.post_job(1)
    world.acceptances.accept(1, AcceptRequest())
    world.acceptances.withdraw(1)
    world.deliveries.deliver_all()
    job.start(trainers=(world.address,), validators=(other_address,))
    with pytest.raises(ProtocolViolation, match="no standing acceptance"):
        world.taking_part.participant(1)


def test_the_aggregators_word_that_a_job_runs_is_not_enough(world: Any, other_address: str) -> None:
    job = enrolled(world, "trainer", other_address)
    job.undo("JobStarted")
    with pytest.raises(ServiceUnavailable, match="its start is not confirmed on chain yet"):
        world.taking_part.participant(1)
    job.start(trainers=("0x" + "ee" * 20,), validators=(other_address,))
    with pytest.raises(ProtocolViolation, match="does not list this owner"):
        world.taking_part.participant(1)


def test_roles_that_the_seed_does_not_give_are_not_worked_in(world: Any, other_address: str) -> None:
    job = enrolled(world, "trainer", other_address)
    drawn = draw_roles({world.address: Role.EITHER, other_address: Role.EITHER}, 1)
    job.start(trainers=drawn.validators, validators=drawn.trainers)
    for owner in job.view["owners"]:
        owner["roles"] = 3
    with pytest.raises(ProtocolViolation, match="not the ones that its seed gives"):
        world.taking_part.participant(1)
    job.start(trainers=drawn.trainers, validators=drawn.validators)
    for owner in job.view["owners"]:
        owner["roles"] = 3
    world.taking_part.participant(1)


def test_terms_are_compared_with_the_chain_once_more(world: Any, other_address: str) -> None:
    job = enrolled(world, "trainer", other_address)
    job.on_chain = replace(job.on_chain, terms=replace(job.on_chain.terms, key_digest=b"\x01" * 32))
    with pytest.raises(Conflict, match=r"^key: "):
        world.taking_part.participant(1)


def test_a_growth_below_the_declared_one_would_break_the_bounds(world: Any, other_address: str) -> None:
    job = enrolled(world, "trainer", other_address, growth=1.25)
    job.view["growth"] = 0.5
    with pytest.raises(ProtocolViolation, match="below what this owner declared"):
        world.taking_part.participant(1)


def test_rows_that_changed_since_the_acceptance_are_not_trained_on(world: Any, other_address: str) -> None:
    enrolled(world, "trainer", other_address)
    path = Path(world.folder / "rows.csv")
    original = path.read_text()
    for changed, reason in (
        (original + "0.1,0.1,0.1\n", "has 9 rows, but job 1 was accepted with 8"),
        (original.replace("\n", "\n31415.9,0.1,0.1\n", 1), "31415.9"),
    ):
        path.write_text(changed)
        with pytest.raises(DatasetInvalid, match="the offer says why") as caught:
            world.taking_part.participant(1)
        assert "31415" not in caught.value.message
        assert reason in world.offers.get(1).acceptance.note
    path.unlink()
    with pytest.raises(DatasetInvalid):
        world.taking_part.participant(1)
    assert "rows.csv" in world.offers.get(1).acceptance.note
    path.write_text(original)
    assert world.taking_part.participant(1).trainer is not None
    assert world.offers.get(1).acceptance.note == ""


def test_an_absent_chain_is_named_as_such(world: Any, other_address: str) -> None:
    enrolled(world, "trainer", other_address)
    world.chain.away = True
    with pytest.raises(ChainUnavailable, match="no Ethereum node answers"):
        world.taking_part.participant(1)
