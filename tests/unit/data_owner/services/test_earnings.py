"""Pay of each job, preliminary and settled, and withdrawing it."""

from __future__ import annotations

from typing import Any

import pytest

from commons.chain.jobs import Role
from commons.chain.outbox_table import OutboxState
from commons.errors import ChainUnavailable, Conflict, InvalidInput
from data_owner.services.acceptances import AcceptRequest
from data_owner.tables import OutboxTransaction


def accepted(world: Any, job_id: int = 1) -> Any:
    if not world.datasets.list():
        world.add_rows()
    job = world.post_job(job_id)
    world.acceptances.accept(job_id, AcceptRequest())
    world.known_jobs.refresh()
    return job


def test_a_running_job_shows_share_and_preliminary_pay(world: Any, other_address: str) -> None:
    job = accepted(world)
    assert world.earnings.earnings().jobs == ()
    job.start(trainers=(other_address, world.address), validators=("0x" + "ee" * 20,))
    job.contributions = (1, 3)
    world.known_jobs.refresh()
    (earning,) = world.earnings.earnings().jobs
    assert (earning.role, earning.contribution_share, earning.pay_wei, earning.settled) == ("trainer", 0.75, 101, False)


def test_trainers_share_alike_while_nobody_contributed(world: Any, other_address: str) -> None:
    accepted(world).start(trainers=(world.address, other_address), validators=("0x" + "ee" * 20,))
    world.known_jobs.refresh()
    assert world.earnings.earnings().jobs[0].contribution_share == 0.5


def test_a_validator_has_pay_but_no_share(world: Any, other_address: str) -> None:
    accepted(world).start(trainers=(other_address,), validators=(world.address,))
    world.known_jobs.refresh()
    (earning,) = world.earnings.earnings().jobs
    assert (earning.role, earning.contribution_share, earning.pay_wei) == ("validator", None, 50)


def test_settled_pay_is_what_was_credited_and_is_remembered(world: Any, other_address: str) -> None:
    job = accepted(world)
    job.start(trainers=(world.address, other_address), validators=("0x" + "ee" * 20,))
    job.contributions = (3, 1)
    job.settle([(other_address, Role.TRAINER, 9), (world.address.lower(), Role.TRAINER, 7)])
    world.known_jobs.refresh()
    (earning,) = world.earnings.earnings().jobs
    assert (earning.pay_wei, earning.settled, earning.tx_hash) == (7, True, "0x" + "99" * 32)
    world.chain.away = True
    shown = world.earnings.earnings()
    assert shown.jobs == (earning,)
    assert shown.owed_wei is None
    assert shown.unavailable_reason == "no Ethereum node answers"


def test_while_the_chain_is_away_unsettled_pay_is_unknown_not_zero(world: Any, other_address: str) -> None:
    accepted(world).start(trainers=(world.address,), validators=(other_address,))
    world.known_jobs.refresh()
    world.chain.away = True
    (earning,) = world.earnings.earnings().jobs
    assert (earning.pay_wei, earning.settled) == (None, False)


def test_jobs_that_started_without_this_owner_earn_nothing(world: Any, other_address: str) -> None:
    accepted(world).start(trainers=(other_address,), validators=("0x" + "ee" * 20,))
    world.known_jobs.refresh()
    assert world.earnings.earnings().jobs == ()


def test_the_account_shows_balance_and_what_is_owed(world: Any) -> None:
    world.chain.owed = 2**70
    account = world.earnings.account().model_dump(mode="json")
    amounts = {"balance_wei": str(10**18), "owed_wei": str(2**70)}
    assert account == {"address": world.address, **amounts, "unavailable_reason": None}


def test_while_the_chain_is_away_the_account_is_shown_without_amounts(world: Any) -> None:
    world.chain.away = True
    assert world.earnings.account().model_dump() == {
        "address": world.address,
        "balance_wei": None,
        "owed_wei": None,
        "unavailable_reason": "no Ethereum node answers",
    }


def test_a_withdrawal_is_queued_once(world: Any) -> None:
    with pytest.raises(Conflict, match="nothing is owed"):
        world.earnings.withdraw(None)
    world.chain.owed = 5
    queued = world.earnings.withdraw(None)
    assert (queued.state, queued.tx_hash) == (OutboxState.QUEUED, None)
    with pytest.raises(Conflict, match="on its way"):
        world.earnings.withdraw(None)
    with world.database.session() as session:
        session.query(OutboxTransaction).one().state = OutboxState.MINED
    second = world.earnings.withdraw("0x" + "AB" * 20)
    assert [withdrawal.id for withdrawal in world.earnings.withdrawals()] == [second.id, queued.id]
    assert "0x" in second.description


def test_a_recipient_that_is_no_address_is_named_as_the_field_to(world: Any) -> None:
    world.chain.owed = 5
    with pytest.raises(InvalidInput, match=r"^to is 'abc'"):
        world.earnings.withdraw("abc")


def test_without_a_chain_nothing_is_withdrawn(world: Any) -> None:
    world.chain.away = True
    with pytest.raises(ChainUnavailable):
        world.earnings.withdraw(None)
    assert world.earnings.withdrawals() == []


def test_pay_that_a_reorganisation_took_back_is_not_shown_as_settled(world: Any, other_address: str) -> None:
    job = accepted(world)
    job.start(trainers=(world.address, other_address), validators=("0x" + "ee" * 20,))
    job.settle([(world.address, Role.TRAINER, 7)])
    world.known_jobs.refresh()
    assert world.earnings.earnings().jobs[0].settled
    job.undo("JobFinalized", "Credited")
    (earning,) = world.earnings.earnings().jobs
    assert (earning.settled, earning.pay_wei, earning.tx_hash) == (False, 100, None)


def test_pay_is_settled_by_the_chain_alone_when_the_aggregator_is_gone(world: Any, other_address: str) -> None:
    job = accepted(world)
    job.start(trainers=(world.address, other_address), validators=("0x" + "ee" * 20,))
    world.known_jobs.refresh()
    world.aggregator.away = True
    job.happen("Credited", payee=world.address, role="0", amount="7")
    job.happen("JobExpired", paid="7", refunded="0")
    (earning,) = world.earnings.earnings().jobs
    assert (earning.state, earning.settled, earning.pay_wei) == ("expired", True, 7)
