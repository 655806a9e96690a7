"""Getting ready for a job's tasks: the chain is asked first, the rows are read again, and the answers are right."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from commons.chain.signing import sign_declaration
from commons.ciphers.paillier import EncryptedVector, KeyHolderRandomizer, decode, encode
from commons.ciphers.wire import CiphertextVector
from commons.computations.job_facts import RoleRule
from commons.computations.linear_regression.computation import LinearRegression
from commons.computations.linear_regression.job_context import context_of
from commons.computations.linear_regression.messages import EvaluateTask, TrainTask
from commons.computations.linear_regression.numeric_plan import MATRIX_FRACTIONAL_BITS, WEIGHT_FRACTIONAL_BITS
from commons.errors import (
    ChainUnavailable,
    Conflict,
    DatasetInvalid,
    HeadroomExceeded,
    InvalidInput,
    ProtocolViolation,
    ServiceUnavailable,
)
from commons.market.declaration import Declaration
from commons.market.roles import Role, Roles, draw_roles
from data_owner.services.acceptances import AcceptRequest
from data_owner.services.participation import Participant
from data_owner.tables import Acceptance
from tests.doubles.around_owner import OTHER_ACCOUNT


def enrolled(world: Any, role: str, other_address: str, *, rows: int = 8, growth: float = 1.0) -> Any:
    world.add_rows(rows=rows)
    job = world.post_job(1)
    world.acceptances.accept(1, AcceptRequest(roles=1 if role == "trainer" else 2))
    world.deliveries.deliver_all()
    own, other = (world.address,), (other_address,)
    trainers, validators = (own, other) if role == "trainer" else (other, own)
    job.start(trainers=trainers, validators=validators, growth=growth)
    return job


def no_earlier(_kind: str) -> None:
    """Nothing was answered before."""


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
    weights = np.array([0.25, -0.5, 0.125])
    task = TrainTask(
        job_id=1,
        round=1,
        checkpoint=1,
        weights=encrypted(world, weights.tolist()),
        averaging_weight=8,
        averaging_total=8,
    )
    update = participant.part.answer(task, no_earlier).update
    scale = WEIGHT_FRACTIONAL_BITS + MATRIX_FRACTIONAL_BITS
    vector = update.to_vector(world.secret_key.public_key, count=3, fractional_bits=scale, bound=1 << 500)
    found = decode([world.secret_key.decrypt(c) for c in vector.ciphertexts], scale)
    X, y = rows_of(world)
    step = weights - 0.5 * X.T @ (X @ weights - y) / len(y)
    np.testing.assert_allclose(found, step, rtol=1e-12)


def test_a_validator_answers_for_its_rows(world: Any, other_address: str) -> None:
    enrolled(world, "validator", other_address)
    participant = world.taking_part.participant(1)
    task = EvaluateTask(job_id=1, round=0, checkpoint=0, candidates=(encrypted(world, [0.0, 0.0, 0.0]),))
    result = participant.part.answer(task, no_earlier)
    assert result.masked[0].residuals.count == 3


def test_who_takes_part_is_remembered_so_that_a_restart_needs_neither_chain_nor_aggregator(
    world: Any, other_address: str
) -> None:
    enrolled(world, "validator", other_address)
    world.taking_part.participant(1)
    with world.database.snapshot() as session:
        row = session.get_one(Acceptance, 1)
    assert (row.trainers, row.validators) == ([other_address], [world.address])
    world.chain.away = world.aggregator.away = True
    assert world.taking_part.participant(1).members == ((other_address,), (world.address,))


@pytest.mark.parametrize("absent", ["chain", "aggregator"])
def test_before_that_an_absent_chain_or_aggregator_is_waited_for(world: Any, other_address: str, absent: str) -> None:
    enrolled(world, "trainer", other_address)
    getattr(world, absent).away = True
    with pytest.raises(ServiceUnavailable):
        world.taking_part.participant(1)
    getattr(world, absent).away = False
    assert world.taking_part.participant(1).members == ((world.address,), (other_address,))


def test_a_job_that_a_reorganisation_has_taken_off_the_chain_for_now_is_waited_for(
    world: Any, other_address: str
) -> None:
    job = enrolled(world, "trainer", other_address)
    del world.chain.jobs[1]
    with pytest.raises(ServiceUnavailable, match="the chain does not show it just now"):
        world.taking_part.participant(1)
    world.chain.jobs[1] = job
    assert world.taking_part.participant(1).members == ((world.address,), (other_address,))


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
    """Both signed for either role, and the aggregator claims masks that make its own choice look drawn."""
    world.add_rows()
    job = world.post_job(1)
    world.acceptances.accept(1, AcceptRequest())
    world.deliveries.deliver_all()
    either = Declaration(roles=3, row_count=8, facts={"growth": 1.0})
    signature = sign_declaration(OTHER_ACCOUNT, world.chain.domain, 1, either.digest())
    drawn = draw_roles({world.address: Role.EITHER, other_address: Role.EITHER}, 1)
    for roles, masks in ((Roles(drawn.validators, drawn.trainers), (3, 1)), (drawn, (3,))):
        job.start(trainers=roles.trainers, validators=roles.validators)
        for mask in masks:
            for owner in job.view["owners"]:
                if owner["address"] == other_address:
                    owner |= {"roles": mask, "declaration_signature": "0x" + signature.hex()}
            if roles == drawn:
                world.taking_part.participant(1)
            else:
                with pytest.raises(
                    ProtocolViolation, match=r"not the ones that the job's seed gives|not signed by itself"
                ):
                    world.taking_part.participant(1)
        job.undo("JobStarted")


@pytest.mark.parametrize(
    "change", [{"row_count": 9}, {"facts": {"growth": 1.5}}, {"roles": 3}, {"declaration_signature": "0x"}]
)
def test_what_this_owner_declared_must_be_shown_as_it_was(world: Any, other_address: str, change: Any) -> None:
    job = enrolled(world, "trainer", other_address)
    job.view["owners"][0] |= change
    with pytest.raises(ProtocolViolation, match=r"something else than what this owner declared|malformed"):
        world.taking_part.participant(1)


@pytest.mark.parametrize("change", [{"row_count": 9}, {"facts": {"growth": 1.5}}, {"declaration_signature": "0x"}])
def test_what_others_declared_must_be_signed_by_them(world: Any, other_address: str, change: Any) -> None:
    job = enrolled(world, "trainer", other_address)
    job.view["owners"][1] |= change
    with pytest.raises(ProtocolViolation, match=r"not signed by itself|malformed"):
        world.taking_part.participant(1)


def test_terms_are_compared_with_the_chain_once_more(world: Any, other_address: str) -> None:
    job = enrolled(world, "trainer", other_address)
    job.on_chain = replace(job.on_chain, terms=replace(job.on_chain.terms, key_digest=b"\x01" * 32))
    with pytest.raises(Conflict, match=r"^key: "):
        world.taking_part.participant(1)


def test_what_all_members_signed_for_is_remembered_and_sets_the_bounds(
    world: Any, other_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    enrolled(world, "validator", other_address, growth=1.25)
    seen = []
    monkeypatch.setattr(LinearRegression, "owner", lambda _self, job, *_rest: seen.append(job))
    world.taking_part.participant(1)
    with world.database.snapshot() as session:
        row = session.get_one(Acceptance, 1)
    own, other = {"roles": 2, "row_count": 8, "facts": {"growth": 1.0}}, {"growth": 1.25}
    assert row.declarations == {world.address: own, other_address: {"roles": 1, "row_count": 8, "facts": other}}
    world.aggregator.away = True
    world.taking_part.participant(1)
    for job in seen:
        assert context_of(job).plan.growth == 1.25
        assert context_of(job).row_counts == {world.address: 8, other_address: 8}


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
    assert world.taking_part.participant(1).members == ((world.address,), (other_address,))
    assert world.offers.get(1).acceptance.note == ""


def test_an_absent_chain_is_named_as_such(world: Any, other_address: str) -> None:
    enrolled(world, "trainer", other_address)
    world.chain.away = True
    with pytest.raises(ChainUnavailable, match="no Ethereum node answers"):
        world.taking_part.participant(1)


@pytest.mark.parametrize(("min_owners", "fits"), [(2, True), (3, False)])
def test_where_a_kind_demands_it_a_job_starts_with_just_as_many_owners_as_its_terms_say(
    world: Any, other_address: str, monkeypatch: pytest.MonkeyPatch, min_owners: int, fits: bool
) -> None:
    monkeypatch.setattr(
        LinearRegression, "roles", RoleRule(lambda n_owners: n_owners - 1, may_choose=False, exact=True)
    )
    world.add_rows()
    job = world.post_job(1, min_owners=min_owners)
    world.acceptances.accept(1, AcceptRequest())
    world.deliveries.deliver_all()
    either = {world.address: Role.EITHER, other_address: Role.EITHER}
    drawn = draw_roles(either, 1, lambda n_owners: n_owners - 1)
    job.start(trainers=drawn.trainers, validators=drawn.validators)
    if fits:
        assert world.taking_part.participant(1).members == (drawn.trainers, drawn.validators)
    else:
        with pytest.raises(ProtocolViolation, match="was started with 2 owners; its terms say exactly 3"):
            world.taking_part.participant(1)


def test_what_others_declared_must_be_such_as_the_job_can_be_computed_with(
    world: Any, other_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    enrolled(world, "validator", other_address, growth=2.0**20)
    with pytest.raises(InvalidInput, match="facts: expected growth"):
        world.taking_part.participant(1)
    # It is not this owner's rows that are at fault.
    assert world.offers.get(1).acceptance.note == ""

    def refusing(_self: Any, _terms: Any, _spec: Any, _bits: int, declared: Any = ()) -> None:
        raise HeadroomExceeded(f"{len(declared)} owners")

    monkeypatch.setattr(LinearRegression, "require_headroom", refusing)
    with pytest.raises(HeadroomExceeded, match="2 owners"):
        world.taking_part.participant(1)
