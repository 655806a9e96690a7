"""Owners that the contract does not take when the job is about to start."""

import pytest

from commons.errors import Conflict
from federated_aggregator.services.chain_port import ChainState

REVOKED = "MarketplaceAcceptanceRevoked"


def accepted(play):
    play.post()
    for owner in play.owners.values():
        play.accept(owner)
    return play


@pytest.fixture
def three_of_four(make_play):
    """A job of at least three owners, whom the first three draw already; the fourth comes when one is left out."""
    play = make_play(min_owners=3)
    play.post()
    for owner in list(play.owners.values())[:3]:
        play.accept(owner)
    return play


def enrolled(call):
    return [*call["trainers"], *call["validators"]]


@pytest.mark.parametrize("reason", [REVOKED, "MarketplaceAcceptanceInvalid", "MarketplaceParticipantConflict"])
def test_an_owner_that_cannot_be_enrolled_is_left_out_and_another_takes_its_place(three_of_four, reason):
    play = three_of_four
    hostile, last = next(iter(play.owners)), list(play.owners.values())[3]
    play.chain.refuse("start", reason, account=hostile)
    play.follow()
    view = play.view()
    assert view["state"] == "recruiting"
    assert [one["address"] for one in view["left_out"]] == [hostile]
    assert view["left_out"][0]["reason"]
    assert hostile not in [one["address"] for one in view["owners"]]
    assert "job/7/start/2" not in play.chain.calls
    play.accept(last)
    second = play.chain.calls["job/7/start/2"]
    assert hostile not in enrolled(second)
    assert sorted(enrolled(second)) == sorted(list(play.owners)[1:])
    assert second["seed_hash"] == play.chain.calls["job/7/start"]["seed_hash"]
    play.chain.mine("start")
    play.follow()
    assert play.view()["state"] == "running"
    assert {one["address"] for one in play.view()["owners"] if one["role"]} == set(enrolled(second))


def test_with_enough_others_the_draw_is_repeated_at_once(make_play):
    play = make_play(min_owners=3)
    play.post()
    owners = list(play.owners.values())
    for owner in owners[:2]:
        play.accept(owner)
    # The third and the fourth come together, as far as the contract can tell.
    play.chain.change(revoked=(owners[0].address,))
    play.follow()
    for owner in owners[2:]:
        play.accept(owner)
    assert owners[0].address not in enrolled(play.chain.calls["job/7/start"])
    play.chain.mine("start")
    play.follow()
    assert play.view()["state"] == "running"


def test_who_is_left_out_is_told_why_and_cannot_come_back(three_of_four):
    play = three_of_four
    hostile = next(iter(play.owners.values()))
    play.chain.refuse("start", REVOKED, account=hostile.address)
    play.follow()
    with pytest.raises(Conflict, match="took back its acceptance on chain"):
        play.accept(hostile)
    play.aggregator.recruiting.withdraw(hostile.address, 7)
    with pytest.raises(Conflict, match="took back its acceptance on chain"):
        play.accept(hostile)


def test_a_refusal_that_names_nobody_waits_for_the_event_that_does(three_of_four):
    play = three_of_four
    hostile = list(play.owners)[1]
    play.chain.refuse("start", REVOKED)
    play.follow(after_s=10)
    assert play.view()["state"] == "recruiting"
    assert play.view()["left_out"] == []
    play.chain.change(revoked=(hostile,))
    play.follow()
    assert [one["address"] for one in play.view()["left_out"]] == [hostile]
    play.accept(list(play.owners.values())[3])
    assert "job/7/start/2" in play.chain.calls


def test_too_few_left_until_start_by_gives_the_deposit_back(make_play):
    play = accepted(make_play(min_owners=4))
    play.chain.refuse("start", REVOKED, account=next(iter(play.owners)))
    play.clock.now = play.spec.start_by + 1
    play.follow()
    play.follow(after_s=10)
    play.chain.mine("cancel")
    play.follow()
    assert play.view()["state"] == "cancelled"


def test_a_first_attempt_that_is_mined_after_all_is_taken_as_the_chain_has_it(three_of_four):
    """A reorganisation drops the revocation, and the start that it had made fail is mined instead of the second."""
    play = three_of_four
    hostile, last = next(iter(play.owners)), list(play.owners.values())[3]
    first = play.chain.calls["job/7/start"]
    play.chain.refuse("start", REVOKED, account=hostile)
    play.follow()
    play.accept(last)
    play.chain.change(
        state=ChainState.RUNNING,
        trainers=tuple(first["trainers"]),
        validators=tuple(first["validators"]),
        seed_hash=first["seed_hash"],
    )
    play.chain.refuse("start", "MarketplaceWrongState")
    play.follow()
    assert play.view()["state"] == "running"
    members = {role: [one.address for one in play.members(role[:-1])] for role in ("trainers", "validators")}
    assert members == {role: first[role] for role in members}


def test_a_start_with_another_seed_is_not_taken_for_this_jobs(three_of_four):
    first = three_of_four.chain.calls["job/7/start"]
    three_of_four.chain.change(
        state=ChainState.RUNNING,
        trainers=tuple(first["trainers"]),
        validators=tuple(first["validators"]),
        seed_hash=bytes(32),
    )
    three_of_four.follow()
    assert three_of_four.view()["state"] == "failed"
