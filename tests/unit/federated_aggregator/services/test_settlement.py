"""Jobs start, settle and end when the contract says so."""

import pytest

from commons.protocol.tasks import TaskKind
from federated_aggregator.services.chain_port import ChainState
from federated_aggregator.services.settlement import CHAIN_LOOK_INTERVAL_S


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
    assert (view["state"], view["step"], view["round"], view["checkpoint"]) == ("running", "evaluate", 0, 0)
    assert len(view["waiting_for"]["who"]) == 2
    recruited.follow(after_s=10)
    assert recruited.view() == view


def test_a_start_that_the_contract_refuses_fails_the_job_and_the_deposit_goes_back_later(recruited):
    recruited.chain.refuse("start", "JobsAcceptanceInvalid")
    recruited.follow()
    view = recruited.view()
    assert view["state"] == "failed"
    assert view["reason"] == "the contract refused to start the job: JobsAcceptanceInvalid"
    recruited.clock.now = recruited.spec.start_by + 1
    recruited.follow()
    recruited.chain.mine("cancel")
    recruited.follow(after_s=10)
    assert recruited.view()["state"] == "cancelled"


def test_a_finished_job_was_recorded_then_finalized_then_mined(play_at):
    play = play_at("settling", 3)
    play.follow(after_s=10)
    assert "job/7/finalize" not in play.chain.calls
    play.chain.mine("checkpoint/2")
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


@pytest.mark.parametrize("name", ["checkpoint/2", "finalize"])
def test_a_settlement_that_the_contract_refuses_fails_with_its_reason_and_expires_later(play_at, name):
    play = play_at("settling", 3)
    if name == "finalize":
        play.chain.mine("checkpoint/2")
        play.follow()
    play.chain.refuse(name, "JobsSeedInvalid")
    play.follow(after_s=10)
    view = play.view()
    assert view["state"] == "failed"
    assert view["reason"].startswith("the contract refused")
    assert view["reason"].endswith("JobsSeedInvalid")
    play.clock.now = play.spec.finish_by + 1
    play.follow()
    play.chain.mine("expire")
    play.follow(after_s=10)
    assert play.view()["state"] == "expired"


def test_a_restart_while_settling_goes_on(play_at):
    play = play_at("settling", 3)
    play.restart()
    play.chain.mine("checkpoint/2")
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
    play = play_at("train", 1)
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
    assert play.aggregator.training.close_overdue_steps() == 0


@pytest.mark.parametrize("state", [ChainState.FINISHED, ChainState.CANCELLED])
def test_a_contract_that_ended_a_running_job_in_another_way_fails_it(play_at, state):
    play = play_at("train", 1)
    play.chain.move(state)
    play.follow(after_s=10)
    assert play.view()["state"] == "failed"
    assert f"shows the job as {state} while training was going on" in play.view()["reason"]


def test_a_settlement_under_way_ends_a_job_that_failed_here_meanwhile(play_at):
    """A validator objects after finalize was sent: the contract has the last word."""
    play = play_at("settling", 3)
    play.chain.mine("checkpoint/2")
    play.follow()
    address, task_id, _ = play.tasks(TaskKind.VERIFY)[0]
    play.submit(address, task_id, {"kind": "verify", "accepted": False, "reason": "no"})
    assert play.view()["state"] == "failed"
    play.chain.mine("finalize")
    play.follow(after_s=10)
    assert play.view()["state"] == "finished"


def test_the_contract_is_looked_at_every_few_seconds_only(play):
    play.post()
    before = play.chain.reads
    for _ in range(10):
        play.follow(after_s=CHAIN_LOOK_INTERVAL_S / 10.5)
    assert play.chain.reads == before + 1
    play.follow(after_s=CHAIN_LOOK_INTERVAL_S)
    assert play.chain.reads == before + 2


def test_an_unreachable_chain_holds_nothing_up_for_good(recruited):
    recruited.chain.reachable = False
    recruited.chain.mine("start")
    recruited.follow()
    assert recruited.view()["state"] == "running"
    recruited.chain.reachable = True
    recruited.clock.now = recruited.spec.finish_by + 1
    recruited.chain.reachable = False
    recruited.follow(after_s=10)
    assert recruited.view()["state"] == "running"
    recruited.chain.reachable = True
    recruited.follow(after_s=10)
    assert "job/7/expire" in recruited.chain.calls
