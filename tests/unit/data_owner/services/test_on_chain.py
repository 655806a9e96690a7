"""An owner gets its pay without anybody's help, and notices when a number has become another job's."""

from __future__ import annotations

import json
from typing import Any

import pytest
from eth_utils.crypto import keccak

from commons.chain.jobs import FINALIZE_WINDOW_S
from commons.chain.outbox import MONEY_PAUSES
from commons.chain.outbox_table import OutboxState
from commons.errors import ProtocolViolation, ServiceUnavailable
from commons.market.roles import Role, draw_roles
from data_owner.services.acceptances import AcceptRequest
from data_owner.services.offer_status import OfferStatus
from data_owner.services.on_chain import FINISH_GRACE_S
from data_owner.tables import Acceptance, AcceptanceState, OutboxTransaction
from tests.doubles.around_owner import BUYER, THIRD_ACCOUNT

VALIDATOR = str(THIRD_ACCOUNT.address)


@pytest.fixture
def job(world: Any, other_address: str) -> Any:
    """Job 1, accepted, handed in and running with this owner as its first trainer."""
    world.add_rows()
    job = world.post_job(1)
    world.acceptances.accept(1, AcceptRequest())
    world.deliveries.deliver_all()
    job.start(trainers=(world.address, other_address), validators=(VALIDATOR,))
    return job


def queued(world: Any) -> list[str]:
    with world.database.snapshot() as session:
        return [row.key for row in session.query(OutboxTransaction).order_by(OutboxTransaction.id)]


def test_a_job_that_nobody_settles_is_settled_by_its_owner_once(world: Any, job: Any) -> None:
    world.now = job.spec.finish_by + FINISH_GRACE_S
    world.on_chain.step()
    assert queued(world) == []
    world.now += 1
    for _ in range(3):
        world.on_chain.step()
    assert queued(world) == ["expire/1"]


def test_owners_come_one_after_another(world: Any, job: Any, other_address: str) -> None:
    job.undo("JobStarted")
    job.start(trainers=(other_address,), validators=(VALIDATOR, world.address))
    world.now = job.spec.finish_by + FINISH_GRACE_S * 1.5
    world.on_chain.step()
    assert queued(world) == []
    world.now += 1
    world.on_chain.step()
    assert queued(world) == ["expire/1"]


def test_after_a_last_checkpoint_the_aggregator_has_its_time_to_finalize(world: Any, job: Any) -> None:
    checkpoint = {"index": "1", "round": "4", "mse": "0", "leaveOneOutMses": ["0", "0"]}
    job.happen("CheckpointRecorded", **checkpoint, last=True, deliveryDigest="0x" + "d1" * 32)
    world.now = job.spec.finish_by + FINALIZE_WINDOW_S + FINISH_GRACE_S
    world.on_chain.step()
    assert queued(world) == []
    world.now += 1
    world.on_chain.step()
    assert queued(world) == ["expire/1"]


@pytest.mark.parametrize("event", ["JobFinalized", "JobExpired"])
def test_a_job_that_is_settled_is_left_alone(world: Any, job: Any, event: str) -> None:
    seed = {"seed": "0x" + "00" * 32} if event == "JobFinalized" else {}
    job.happen(event, paid="0", refunded="0", **seed)
    world.now = job.spec.finish_by + 10_000
    world.on_chain.step()
    assert queued(world) == []


def test_a_settlement_that_failed_is_tried_again_less_and_less_often(world: Any, job: Any) -> None:
    world.now = job.spec.finish_by + FINISH_GRACE_S + 1
    world.on_chain.step()
    pauses_s = [MONEY_PAUSES.after(failures) for failures in (1, 2, 3)]
    keys = ["expire/1", "expire/1/2", "expire/1/3", "expire/1/4"]
    for failures, pause_s in enumerate(pauses_s, 1):
        with world.database.session() as session:
            row = session.query(OutboxTransaction).order_by(OutboxTransaction.id.desc()).first()
            row.state, row.finished_at = OutboxState.FAILED, world.now
        world.now += pause_s - 1
        world.on_chain.step()
        assert queued(world) == keys[:failures]
        world.now += 1
        world.on_chain.step()
        assert queued(world) == keys[: failures + 1]


def test_jobs_without_this_owner_are_not_its_business(world: Any, job: Any, other_address: str) -> None:
    job.undo("JobStarted")
    job.start(trainers=(other_address,), validators=(VALIDATOR,))
    world.now = job.spec.finish_by + 10_000
    world.on_chain.step()
    assert queued(world) == []


def test_a_number_that_became_another_jobs_voids_the_acceptance_and_can_be_accepted_anew(world: Any) -> None:
    world.add_rows()
    world.post_job(1)
    former = world.acceptances.accept(1, AcceptRequest())
    world.jobs[1].undo("JobCreated")
    world.post_job(1, title="another job", role_seed=2)
    world.on_chain.step()
    offer = world.offers.get(1)
    assert offer.acceptance.state is AcceptanceState.REFUSED
    assert "reorganisation" in offer.acceptance.note
    again = world.acceptances.accept(1, AcceptRequest())
    assert again.mask_secret != former.mask_secret


def test_a_participant_is_not_used_for_others_than_it_was_made_for(world: Any, job: Any, other_address: str) -> None:
    drawn = draw_roles({world.address: Role.EITHER, other_address: Role.TRAINER, VALIDATOR: Role.VALIDATOR}, 1)
    job.undo("JobStarted")
    job.start(trainers=drawn.trainers, validators=drawn.validators)
    participant = world.taking_part.participant(1)
    assert world.taking_part.is_current(1, participant)
    job.undo("JobStarted")
    assert not world.taking_part.is_current(1, participant)
    with pytest.raises(ServiceUnavailable, match="not confirmed"):
        world.taking_part.participant(1)
    job.start(trainers=(world.address,), validators=(VALIDATOR,))
    assert not world.taking_part.is_current(1, participant)
    assert world.taking_part.participant(1).members == ((world.address,), (VALIDATOR,))


def test_an_owner_that_is_left_out_sees_why(world: Any, job: Any) -> None:
    job.view |= {"state": "recruiting", "owners": [], "left_out": [{"address": world.address, "reason": "it revoked"}]}
    offer = world.offers.get(1)
    assert (offer.status, offer.reason) == (OfferStatus.MISSED, "it revoked")


def test_a_job_whose_kind_is_not_known_any_more_is_settled_like_any_other(
    world: Any, job: Any, other_address: str
) -> None:
    spec = {**job.spec.model_dump(mode="json"), "computation": {"kind": "census", "of": [{"street": 1.5}]}}
    with world.database.session() as session:
        session.get_one(Acceptance, 1).spec = json.dumps(spec, sort_keys=True, separators=(",", ":"))
    digest = "0x" + keccak(json.dumps(spec, sort_keys=True, separators=(",", ":")).encode()).hex()
    job.undo("JobCreated", "JobStarted")
    job.happen("JobCreated", buyer=BUYER, aggregator=BUYER, deposit="1", specDigest=digest, keyDigest="0x" + "00" * 32)
    job.start(trainers=(world.address, other_address), validators=(VALIDATOR,))
    world.now = job.spec.finish_by + FINISH_GRACE_S + 1
    world.on_chain.step()
    assert queued(world) == ["expire/1"]
    with pytest.raises(ProtocolViolation, match="not known here any more"):
        world.taking_part.participant(1)
