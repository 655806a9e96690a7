"""What the aggregator concluded from events is undone with them."""

from dataclasses import replace

import pytest
from eth_account import Account

from commons.chain.jobs import JobState
from commons.errors import NotFound
from federated_aggregator.services.chain_port import ChainState

JOB_ID = 7


def finished(play_at):
    play = play_at("settling", 3)
    for name in ("checkpoint/0", "checkpoint/1", "checkpoint/2", "delivery"):
        play.chain.mine(name)
    play.follow()
    play.chain.mine("finalize")
    play.follow()
    assert play.view()["state"] == "finished"
    return play


def test_a_finished_job_whose_settlement_is_undone_settles_again_and_hides_the_weights_meanwhile(play_at):
    play = finished(play_at)
    play.chain.change(state=ChainState.RUNNING)
    play.follow()
    view = play.view()
    assert view["state"] == "settling"
    assert "reorganisation" in view["reason"]
    assert "finished" not in view["entered"]
    assert play.aggregator.views.delivery(play.buyer, JOB_ID)["evidence"] is None
    assert "job/7/finalize/2" not in play.chain.calls
    play.chain.move(ChainState.FINISHED)
    play.follow()
    assert play.view()["state"] == "finished"


def test_an_undone_delivery_sends_no_second_finalize(play_at):
    play = finished(play_at)
    play.chain.change(state=ChainState.RUNNING, delivered=False, recorded=frozenset({0, 1}))
    play.follow()
    play.chain.change(delivered=True, recorded=frozenset({0, 1, 2, 3}))
    play.follow()
    assert [key for key in play.chain.calls if "finalize" in key] == ["job/7/finalize"]


def test_an_end_by_expiry_that_is_undone_is_asked_for_again(play_at):
    play = play_at("linear_regression/train", 1)
    play.chain.move(ChainState.EXPIRED)
    play.follow()
    play.chain.move(ChainState.RUNNING)
    play.clock.now = play.spec.finish_by + 1
    play.follow()
    assert play.view()["state"] == "failed"
    assert "job/7/expire" in play.chain.calls
    play.chain.mine("expire")
    play.follow()
    assert play.view()["state"] == "expired"


def test_a_cancellation_that_is_undone_lets_recruiting_go_on(play):
    play.post()
    play.chain.move(ChainState.CANCELLED)
    play.follow()
    assert play.view()["state"] == "cancelled"
    play.chain.move(ChainState.POSTED)
    play.follow()
    assert play.view()["state"] == "recruiting"
    for owner in play.owners.values():
        play.accept(owner)
    assert "job/7/start" in play.chain.calls


def test_a_start_that_is_undone_and_sent_again_does_not_disturb_training(play_at):
    play = play_at("linear_regression/train", 1)
    facts = play.chain.events[JOB_ID]
    play.chain.change(state=ChainState.POSTED, trainers=(), validators=(), seed_hash=None)
    play.follow()
    assert play.view()["state"] == "running"
    play.chain.events[JOB_ID] = facts
    play.play_until(lambda view: view["state"] == "settling")


def test_a_start_that_is_undone_for_good_fails_the_job(play_at):
    play = play_at("linear_regression/train", 1)
    play.chain.change(state=ChainState.POSTED, trainers=(), validators=(), seed_hash=None)
    play.chain.refuse("start", "MarketplaceTooLate")
    play.follow()
    view = play.view()
    assert view["state"] == "failed"
    assert view["reason"].endswith("had undone that: it is too late for this (MarketplaceTooLate)")


def test_other_participants_after_a_reorganisation_fail_the_job(play_at):
    play = play_at("linear_regression/train", 1)
    play.chain.change(trainers=play.chain.events[JOB_ID].trainers[::-1])
    play.follow()
    assert "who takes part" in play.view()["reason"]


@pytest.mark.parametrize("what", ["recruiting", "running", "finished"])
def test_a_job_whose_number_belongs_to_another_now_is_forgotten_with_everything_it_had(play, play_at, what):
    if what == "recruiting":
        play.post()
        play.accept(next(iter(play.owners.values())))
    else:
        play = play_at("linear_regression/train", 1) if what == "running" else finished(play_at)
    stranger = str(Account.create().address)
    job = replace(play.chain.jobs[JOB_ID], state=JobState.POSTED, buyer=stranger)
    play.chain.post(JOB_ID, job)
    play.follow()
    with pytest.raises(NotFound):
        play.view()
    assert all(not play.pending(address) for address in play.everybody())
    play.aggregator.recruiting.post(stranger, play.posting())
    assert play.view()["buyer"] == stranger
    assert play.view()["owners"] == []


def test_after_a_restart_everything_is_looked_at_again(play_at):
    play = finished(play_at)
    play.chain.change(state=ChainState.RUNNING)
    play.restart()
    play.follow()
    assert play.view()["state"] == "settling"
