"""Starts that fail without a reason: owners whose accounts have code are left out, and tries come to an end."""

import pytest

from commons.errors import Conflict
from federated_aggregator.services.chain_port import ChainState
from federated_aggregator.services.retries import PAUSES
from federated_aggregator.services.silent_starts import HAS_CODE, MAY_HAVE_HAD_CODE, MOST_SILENT_STARTS

TRAINER, VALIDATOR, EITHER = 1, 2, 3
SILENT = ["Reverted", "GasLimitExceeded"]


@pytest.fixture
def recruited(make_play):
    """Four owners for a job of at least three: the first and the second agreed to one role, the last comes later."""
    play = make_play(min_owners=3)
    play.post()
    for owner, roles in zip(list(play.owners.values())[:3], (TRAINER, VALIDATOR, EITHER), strict=True):
        play.accept(owner, roles=roles)
    play.addresses = list(play.owners)
    return play


def enrolled(call):
    return {*call["trainers"], *call["validators"]}


def starts(play):
    return [name for name in play.chain.calls if name.startswith("job/7/start")]


@pytest.mark.parametrize("reason", SILENT)
def test_who_agreed_to_one_role_and_has_code_is_named_and_left_out_and_the_others_start(recruited, reason):
    play, (hostile, *others) = recruited, recruited.addresses
    play.chain.code = {hostile}
    play.chain.refuse("start", reason)
    play.follow()
    view = play.view()
    assert view["state"] == "recruiting"
    assert view["left_out"] == [{"address": hostile, "reason": HAS_CODE}]
    assert f"{hostile} is left out: {HAS_CODE}" in view["reason"]
    assert hostile not in [one["address"] for one in view["owners"]]
    with pytest.raises(Conflict, match="its account has code"):
        play.accept(play.owners[hostile], roles=EITHER)
    play.accept(play.owners[others[-1]])
    assert enrolled(play.chain.calls["job/7/start/2"]) == set(others)
    play.chain.mine("start")
    play.follow()
    assert (play.view()["state"], play.view()["reason"]) == ("running", None)


def test_the_node_is_asked_about_those_whose_code_can_be_called_while_no_transaction_is_open(recruited):
    play, (trainer, validator, either, _) = recruited, recruited.addresses
    play.chain.code = {either}
    play.chain.while_asked = lambda: (
        pytest.fail("a transaction is open") if play.database.engine.pool.checkedout() else None
    )
    play.chain.refuse("start", "Reverted")
    block = play.chain.outbox["job/7/start"].block
    play.chain.active = {either}
    for _ in range(5):
        play.follow()
    assert play.chain.asked_for_code == [(frozenset({trainer, validator}), block)]
    assert play.view()["left_out"] == []


def test_who_may_have_had_code_in_the_block_of_the_start_is_left_out_if_nobody_else_can_be(recruited):
    play, (trainer, validator, either, _) = recruited, recruited.addresses
    play.chain.active = {validator, either}
    play.chain.code = {trainer}
    play.chain.refuse("start", "Reverted")
    play.follow()
    assert play.view()["left_out"] == [{"address": trainer, "reason": HAS_CODE}]
    play.accept(play.owners[play.addresses[3]])
    play.chain.refuse("start", "Reverted")
    play.follow()
    left_out = {one["address"]: one["reason"] for one in play.view()["left_out"]}
    assert left_out == {trainer: HAS_CODE, validator: MAY_HAVE_HAD_CODE}


def test_who_was_active_while_a_start_was_refused_in_the_estimate_has_done_nothing(recruited):
    recruited.chain.active = set(recruited.addresses)
    recruited.chain.refuse("start", "Reverted", mined=False)
    recruited.follow()
    assert recruited.view()["left_out"] == []


def test_other_refusals_and_other_transactions_ask_for_no_code(recruited):
    play = recruited
    play.chain.code = set(play.addresses)
    play.chain.refuse("start", "MarketplaceWrongState")
    play.follow()
    play.chain.refuse("start", "MarketplaceAcceptanceRevoked", account=play.addresses[0])
    play.follow()
    assert play.chain.asked_for_code == []


def test_a_start_without_anybody_to_leave_out_is_tried_again_and_given_up_in_the_end(recruited):
    play, pause_s = recruited, PAUSES.first_s
    for tries in range(1, MOST_SILENT_STARTS):
        assert len(starts(play)) == tries
        play.chain.refuse("start", "Reverted")
        play.follow(after_s=pause_s - 1)
        assert len(starts(play)) == tries
        assert play.view()["reason"] == (
            "the contract refused to start the job: the contract gave no reason (Reverted); it is tried again, less and less "
            "often"
        )
        # Another process goes on counting where this one was.
        play.restart()
        play.follow(after_s=1)
        pause_s *= 2
    play.chain.refuse("start", "Reverted")
    play.follow()
    view = play.view()
    assert view["state"] == "failed"
    assert view["reason"] == (
        "the start failed 5 times without a reason, so it is given up; the deposit comes back when the job is cancelled"
    )
    play.follow(after_s=3600)
    assert len(starts(play)) == MOST_SILENT_STARTS
    assert all(play.chain.calls[name] == play.chain.calls["job/7/start"] for name in starts(play))
    play.clock.now = play.spec.start_by + 1
    play.follow()
    play.chain.mine("cancel")
    play.follow()
    assert play.view()["state"] == "cancelled"


def test_too_much_gas_without_anybody_to_leave_out_fails_at_once(recruited):
    recruited.chain.refuse("start", "GasLimitExceeded")
    recruited.follow()
    assert recruited.view()["state"] == "failed"
    assert recruited.view()["reason"] == (
        "the contract refused to start the job: it needs more gas than a transaction may take (GasLimitExceeded)"
    )


def test_owners_who_take_turns_cannot_make_the_aggregator_pay_without_end(make_play):
    """Each one takes on code when its predecessor has been left out."""
    play = make_play(min_owners=2)
    play.post()
    owners = list(play.owners.values())
    play.accept(owners[0], roles=TRAINER)
    play.accept(owners[1], roles=EITHER)
    failures = 0
    while play.view()["state"] == "recruiting":
        drawn = play.chain.calls[play.chain.key_of("start")]
        hostile = drawn["trainers"][0]
        play.chain.code = {hostile} if failures < 2 else set()
        play.chain.refuse("start", "Reverted")
        failures += 1
        play.follow()
        if failures <= 2 and play.view()["state"] == "recruiting":
            play.accept(owners[1 + failures], roles=TRAINER)
        else:
            play.follow(after_s=PAUSES.first_s * 2**failures)
        assert failures <= MOST_SILENT_STARTS
    assert failures == MOST_SILENT_STARTS
    assert play.view()["state"] == "failed"


def test_while_the_node_is_away_nothing_is_decided(recruited):
    play, hostile = recruited, recruited.addresses[0]
    play.chain.code = {hostile}
    play.chain.refuse("start", "GasLimitExceeded")
    play.chain.reachable = False
    play.follow(after_s=3600)
    view = play.view()
    assert (view["state"], view["left_out"], len(starts(play))) == ("recruiting", [], 1)
    assert view["reason"].startswith("the contract refused to start the job: it needs more gas")
    play.chain.reachable = True
    play.follow()
    assert [one["address"] for one in play.view()["left_out"]] == [hostile]


def test_the_starts_of_a_former_job_of_the_same_number_do_not_count(recruited):
    play = recruited
    key = play.chain.key_of("start")
    for n in range(2, 2 + MOST_SILENT_STARTS):
        play.chain.refuse("start", "Reverted")
        play.chain.outbox[f"job/7/start/{n}"] = play.chain.outbox[key]
        play.chain.calls[f"job/7/start/{n}"] = play.chain.calls[key] | {"seed_hash": bytes(32)}
    play.follow(after_s=1)
    assert play.view()["state"] == "recruiting"


def test_after_start_by_a_start_is_not_tried_again_and_the_deposit_goes_back(recruited):
    play = recruited
    play.chain.refuse("start", "Reverted")
    play.clock.now = play.spec.start_by + 1
    play.follow()
    assert len(starts(play)) == 1
    assert play.view()["reason"] == (
        "the job could not be started before start_by; the deposit goes back to the buyer · the contract refused to start "
        "the job: the contract gave no reason (Reverted)"
    )
    play.chain.mine("cancel")
    play.follow()
    assert play.view()["state"] == "cancelled"


def test_a_start_that_a_reorganisation_took_back_comes_to_an_end_too(play_at):
    play = play_at("linear_regression/train", 1)
    play.chain.change(state=ChainState.POSTED, trainers=(), validators=(), seed_hash=None)
    for tries in range(1, MOST_SILENT_STARTS + 1):
        play.chain.refuse("start", "Reverted")
        play.follow(after_s=PAUSES.first_s * 2 ** (tries - 1))
        assert len(starts(play)) == min(tries + 1, MOST_SILENT_STARTS)
    assert play.view()["state"] == "failed"
    assert "failed 5 times without a reason" in play.view()["reason"]


def test_the_version_of_a_job_changes_with_what_is_in_its_way(recruited):
    play = recruited
    versions = [play.aggregator.views.versions()[7]]
    play.chain.refuse("start", "Reverted")
    play.follow()
    versions.append(play.aggregator.views.versions()[7])
    play.follow()
    assert play.aggregator.views.versions()[7] == versions[1]
    play.follow(after_s=PAUSES.first_s)
    versions.append(play.aggregator.views.versions()[7])
    assert len(set(versions)) == 3
