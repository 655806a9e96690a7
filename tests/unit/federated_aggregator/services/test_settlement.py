"""Jobs start, settle and end when confirmed events say so."""

import pytest

from commons.chain.jobs import FINALIZE_WINDOW_S
from commons.chain.outbox import MONEY_PAUSES
from commons.computations.linear_regression.messages import TaskKind
from federated_aggregator.services.chain_port import ChainState
from federated_aggregator.services.retries import PAUSES
from federated_aggregator.services.settlement import LOOK_INTERVAL_S


@pytest.fixture
def recruited(play):
    play.post()
    for owner in play.owners.values():
        play.accept(owner)
    return play


def test_training_begins_when_the_start_is_mined_and_not_before(recruited):
    recruited.follow()
    assert recruited.view()["state"] == "recruiting"
    recruited.chain.mine("start")
    recruited.follow()
    view = recruited.view()
    assert (view["state"], view["step"], view["round"], view["checkpoint"]) == (
        "running",
        "linear_regression/evaluate",
        0,
        0,
    )
    assert len(view["waiting_for"]["who"]) == 2
    recruited.follow(after_s=10)
    assert recruited.view() == view


def test_a_start_that_the_contract_refuses_fails_the_job_and_the_deposit_goes_back_later(recruited):
    recruited.chain.refuse("start", "MarketplaceParticipantCountInvalid")
    recruited.follow()
    view = recruited.view()
    assert view["state"] == "failed"
    assert view["reason"] == (
        "the contract refused to start the job: the number of trainers or validators is not what was agreed "
        "(MarketplaceParticipantCountInvalid)"
    )
    recruited.clock.now = recruited.spec.start_by + 1
    recruited.follow()
    recruited.chain.mine("cancel")
    recruited.follow(after_s=10)
    assert recruited.view()["state"] == "cancelled"


def test_a_finished_job_was_recorded_then_finalized_then_mined(play_at):
    play = play_at("settling", 3)
    play.follow(after_s=10)
    assert "job/7/finalize" not in play.chain.calls
    play.chain.mine("delivery")
    play.follow(after_s=10)
    assert "job/7/finalize" in play.chain.calls
    assert play.view()["state"] == "settling"
    play.follow(after_s=10)
    play.chain.mine("finalize")
    play.follow(after_s=10)
    view = play.view()
    assert view["state"] == "finished"
    assert view["transactions"]["finalize"] == play.chain.outbox["job/7/finalize"].tx_hash
    assert list(view["entered"]) == ["recruiting", "running", "settling", "finished"]


@pytest.mark.parametrize("name", ["delivery", "finalize"])
def test_a_settlement_that_the_contract_refuses_fails_with_its_reason_and_expires_later(play_at, name):
    play = play_at("settling", 3)
    play.chain.mine_checkpoints()
    if name == "finalize":
        play.chain.mine("delivery")
        play.follow()
    play.chain.refuse(name, "MarketplaceSeedMismatch")
    play.follow(after_s=10)
    view = play.view()
    assert view["state"] == "failed"
    assert view["reason"].startswith("the contract refused")
    assert view["reason"].endswith("(MarketplaceSeedMismatch)")
    play.clock.now = play.spec.finish_by + (FINALIZE_WINDOW_S if name == "finalize" else 0) + 1
    play.follow()
    play.chain.mine("expire")
    play.follow(after_s=10)
    assert play.view()["state"] == "expired"


def test_a_restart_while_settling_goes_on(play_at):
    play = play_at("settling", 3)
    play.restart()
    play.chain.mine("delivery")
    play.follow()
    play.restart()
    play.chain.mine("finalize")
    play.follow(after_s=10)
    assert play.view()["state"] == "finished"


def test_too_few_owners_until_start_by_cancels_the_job(play):
    play.post()
    play.accept(next(iter(play.owners.values())))
    play.clock.now = play.spec.start_by
    play.follow()
    assert play.chain.calls == {}
    play.follow(after_s=10)
    assert "not enough owners accepted before start_by" in play.view()["reason"]
    play.follow(after_s=10)
    play.chain.mine("cancel")
    play.follow(after_s=10)
    assert play.view()["state"] == "cancelled"


def test_the_buyer_can_cancel_on_chain_itself(play):
    play.post()
    play.chain.move(ChainState.CANCELLED)
    play.follow()
    assert play.view()["state"] == "cancelled"


def test_a_job_that_does_not_end_in_time_is_expired(play_at):
    play = play_at("linear_regression/train", 1)
    play.clock.now = play.spec.finish_by + 1
    play.follow()
    assert "job/7/expire" in play.chain.calls
    assert play.view()["state"] == "running"
    play.follow(after_s=10)
    play.chain.mine("expire")
    play.follow(after_s=10)
    view = play.view()
    assert view["state"] == "expired"
    assert view["waiting_for"] is None
    assert play.aggregator.scheduler.close_overdue_steps() == 0


@pytest.mark.parametrize("state", [ChainState.FINISHED, ChainState.CANCELLED])
def test_a_contract_that_ended_a_running_job_in_another_way_fails_it(play_at, state):
    play = play_at("linear_regression/train", 1)
    play.chain.move(state)
    play.follow(after_s=10)
    assert play.view()["state"] == "failed"
    assert f"shows the job as {state} while training was going on" in play.view()["reason"]


def test_a_job_that_the_chain_ended_asks_for_nothing_any_more(play_at):
    play = play_at("linear_regression/train", 1)
    assert play.tasks(TaskKind.TRAIN)
    play.chain.move(ChainState.EXPIRED)
    play.follow()
    assert play.view()["state"] == "expired"
    assert play.tasks(TaskKind.TRAIN) == []


def test_an_expiry_that_failed_is_tried_again_less_and_less_often_as_long_as_the_money_is_held(play_at):
    play = play_at("linear_regression/train", 1)
    play.clock.now = play.spec.finish_by + 1
    play.follow()
    pause_s = MONEY_PAUSES.first_s
    for tries in range(2, 12):
        play.chain.refuse("expire", "Reverted")
        play.follow(after_s=pause_s - 1)
        assert f"job/7/expire/{tries}" not in play.chain.calls
        assert play.view()["reason"] == (
            "the contract refused to settle the job: the contract gave no reason (Reverted); it is tried again, less and "
            "less often"
        )
        play.restart()
        play.follow(after_s=1)
        assert f"job/7/expire/{tries}" in play.chain.calls
        pause_s = min(2 * pause_s, MONEY_PAUSES.longest_s)
    assert pause_s == MONEY_PAUSES.longest_s
    play.chain.mine("expire")
    play.follow()
    assert (play.view()["state"], play.view()["reason"]) == ("expired", None)


def test_a_cancellation_that_failed_is_tried_again_in_the_same_way(play):
    play.post()
    play.clock.now = play.spec.start_by + 1
    play.follow()
    play.chain.refuse("cancel", "Reverted")
    play.follow(after_s=MONEY_PAUSES.first_s - LOOK_INTERVAL_S)
    assert "job/7/cancel/2" not in play.chain.calls
    assert play.view()["reason"] == (
        "not enough owners accepted before start_by; the deposit goes back to the buyer · the contract refused to cancel "
        "the job: the contract gave no reason (Reverted); it is tried again, less and less often"
    )
    play.follow(after_s=LOOK_INTERVAL_S)
    play.chain.mine("cancel")
    play.follow()
    assert play.view()["state"] == "cancelled"


@pytest.mark.parametrize("index", [0, 1])
def test_a_checkpoint_refused_for_good_stops_the_job_since_no_later_one_can_be_recorded(play_at, index):
    play = play_at("linear_regression/train", 3)
    for earlier in range(index):
        play.chain.mine(f"checkpoint/{earlier}")
    play.chain.refuse(f"checkpoint/{index}", "MarketplaceTooLate")
    play.follow()
    view = play.view()
    assert [one["refused"] for one in view["checkpoints"]][index] == "MarketplaceTooLate"
    assert view["state"] == "failed"
    assert view["reason"] == (f"the contract refused checkpoint {index}: it is too late for this (MarketplaceTooLate)")


def test_a_refusal_by_a_node_that_lags_is_tried_again_in_order(play_at):
    play = play_at("linear_regression/train", 3)
    play.chain.refuse("checkpoint/0", "MarketplaceWrongState")
    play.chain.refuse("checkpoint/1", "MarketplaceCheckpointOutOfOrder")
    play.follow()
    assert "job/7/checkpoint/0/2" in play.chain.calls
    assert "job/7/checkpoint/1/2" not in play.chain.calls
    play.chain.refuse("checkpoint/0", "MarketplaceWrongState")
    play.follow(after_s=2 * PAUSES.first_s - LOOK_INTERVAL_S)
    assert "job/7/checkpoint/0/3" not in play.chain.calls
    assert "it is tried again" in play.view()["reason"]
    play.follow(after_s=LOOK_INTERVAL_S)
    play.chain.mine("checkpoint/0")
    play.follow()
    assert play.chain.calls["job/7/checkpoint/1/2"] == play.chain.calls["job/7/checkpoint/1"]
    play.chain.mine("checkpoint/1")
    play.follow()
    assert play.view()["reason"] is None
    play.play_until(lambda view: view["state"] == "settling")


def test_a_checkpoint_that_reverts_without_a_reason_is_tried_less_and_less_often_until_finish_by(play_at):
    play = play_at("linear_regression/train", 3)
    play.follow()
    pause_s, began = PAUSES.first_s, play.clock.now
    tries = 1
    while play.clock.now + pause_s <= play.spec.finish_by and tries < 20:
        play.chain.refuse("checkpoint/0", "Reverted")
        play.follow(after_s=pause_s - 1)
        assert play.chain.tries(None, 7, "checkpoint/0") == tries
        assert play.view()["reason"] == (
            "the contract refused checkpoint 0: the contract gave no reason (Reverted); it is tried again, less and less often"
        )
        play.restart()
        play.follow(after_s=1)
        tries += 1
        assert play.chain.tries(None, 7, "checkpoint/0") == tries
        pause_s = min(2 * pause_s, PAUSES.longest_s)
    assert tries > 5
    assert play.clock.now - began > 16 * PAUSES.first_s
    play.chain.refuse("checkpoint/0", "Reverted")
    play.clock.now = play.spec.finish_by + 1
    play.follow()
    assert play.chain.tries(None, 7, "checkpoint/0") == tries
    assert "job/7/expire" in play.chain.calls
    assert play.view()["reason"].endswith("(Reverted)")


def test_a_settlement_is_not_tried_again_once_others_may_expire_the_job(play_at):
    play = play_at("settling", 3)
    play.chain.mine_checkpoints()
    play.chain.mine("delivery")
    play.follow()
    play.chain.refuse("finalize", "Reverted")
    play.clock.now = play.spec.finish_by + FINALIZE_WINDOW_S
    play.follow()
    assert "job/7/finalize/2" in play.chain.calls
    play.chain.refuse("finalize", "Reverted")
    play.follow(after_s=PAUSES.longest_s)
    assert "job/7/finalize/3" not in play.chain.calls
    assert "job/7/expire" in play.chain.calls


def test_a_delivery_that_a_lagging_node_refuses_is_sent_again(play_at):
    play = play_at("settling", 3)
    play.chain.refuse("delivery", "MarketplaceCheckpointOutOfOrder")
    play.follow(after_s=10)
    assert "job/7/delivery/2" not in play.chain.calls, "the checkpoints before it are still on their way"
    play.chain.mine_checkpoints()
    play.follow(after_s=10)
    assert play.view()["state"] == "settling"
    play.chain.mine("delivery")
    play.follow(after_s=10)
    play.chain.refuse("finalize", "MarketplaceLastCheckpointMissing")
    play.follow(after_s=10)
    play.chain.mine("finalize")
    play.follow(after_s=10)
    assert play.view()["state"] == "finished"


def test_after_a_delivery_expiry_waits_for_the_window_and_the_seed_is_not_shown_later(play_at):
    play = play_at("settling", 3)
    play.chain.mine("delivery")
    play.clock.now = play.spec.finish_by + FINALIZE_WINDOW_S
    play.follow()
    assert "job/7/expire" not in play.chain.calls
    assert "job/7/finalize" in play.chain.calls


def test_a_delivery_that_comes_too_late_is_expired_without_showing_the_seed(play_at):
    play = play_at("settling", 3)
    play.chain.mine("delivery")
    play.clock.now = play.spec.finish_by + FINALIZE_WINDOW_S + 1
    play.follow()
    assert "job/7/expire" in play.chain.calls
    assert "job/7/finalize" not in play.chain.calls


def test_a_chain_that_shows_nothing_new_changes_nothing(recruited):
    recruited.follow()
    before = recruited.view()
    for _ in range(3):
        recruited.follow(after_s=10)
    assert recruited.view() == before


def test_a_job_that_no_confirmed_event_has_created_yet_waits(play):
    play.post()
    play.chain.events.clear()
    play.clock.now = play.spec.start_by + 1
    play.follow()
    assert play.view()["state"] == "recruiting"
    assert play.chain.calls == {}
