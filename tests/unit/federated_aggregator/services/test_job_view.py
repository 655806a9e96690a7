import json

import pytest
from eth_account import Account

from commons.ciphers.wire import CiphertextVector
from commons.computations.linear_regression.messages import TaskKind
from commons.computations.linear_regression.statements import candidates_digest
from commons.errors import NotAllowed, NotFound

JOB_ID = 7


def delivery(play):
    return play.aggregator.views.delivery(play.buyer, JOB_ID)


def test_the_encrypted_weights_are_hidden_from_the_buyer_until_everybody_is_paid(play_at):
    play = play_at("linear_regression/deliver", 3)
    shown = delivery(play)
    assert shown["evidence"] is None
    play.answer_all([TaskKind.DELIVER])
    assert play.view()["state"] == "settling"
    assert delivery(play)["evidence"] is None
    play.chain.mine("delivery")
    play.follow(after_s=10)
    assert delivery(play)["evidence"] is None
    play.chain.mine("finalize")
    assert delivery(play)["evidence"] is None
    play.follow(after_s=10)
    assert delivery(play)["evidence"] is not None


def test_what_is_shown_after_settlement_is_what_the_validators_signed(play_at):
    play = play_at("settling", 3)
    play.settle()
    shown = delivery(play)["evidence"]
    final = CiphertextVector.model_validate(shown["final"])
    digests = [bytes.fromhex(text[2:]) for text in shown["candidate_digests"]]
    assert digests[0] == final.digest()
    signed = {
        statement.candidates_digest
        for _, task in play.answered
        if task.kind == TaskKind.DELIVER
        for statement in task.statements
    }
    assert signed == {"0x" + candidates_digest(digests).hex()}


def test_what_is_delivered_is_what_the_buyer_signed_for(play_at):
    play = play_at("settling", 3)
    (task,) = [task for _, task in play.answered if task.kind == TaskKind.DELIVER]
    assert delivery(play)["delivered"] == json.loads(task.delivered.model_dump_json())
    assert delivery(play)["round"] == 3


def test_nothing_is_delivered_before_training_ends(play_at):
    with pytest.raises(NotFound, match="nothing is delivered yet; it is running"):
        delivery(play_at("linear_regression/train", 1))


def test_a_delivery_is_its_buyers_alone(play_at):
    play = play_at("settling", 3)
    play.settle()
    for stranger in (*play.owners, play.chain.address, str(Account.create().address)):
        with pytest.raises(NotAllowed, match="belongs to another buyer"):
            play.aggregator.views.delivery(stranger, JOB_ID)


def test_the_final_weights_of_a_job_that_was_not_paid_are_never_shown(play_at):
    play = play_at("linear_regression/deliver", 3)
    play.clock.now = play.spec.finish_by + 1
    play.follow()
    play.chain.mine("expire")
    play.follow(after_s=10)
    assert play.view()["state"] == "expired"
    assert delivery(play)["evidence"] is None


def test_no_view_holds_a_secret_or_a_vector(play_at):
    play = play_at("settling", 3)
    text = json.dumps(play.view()) + json.dumps(play.aggregator.views.summaries(limit=5))
    seed = play.chain.calls["job/7/start"]["seed_hash"].hex()
    assert seed in text
    assert "delivery_seed" not in text
    assert "secret_seed" not in text
    for _, task in play.answered:
        if task.kind == TaskKind.TRAIN:
            assert task.weights.ciphertexts[:64] not in text


def test_a_view_says_whom_a_running_job_waits_for_what_and_until_when(play_at):
    waits = {
        ("linear_regression/evaluate", 0): ("evaluating the model", "validator"),
        ("linear_regression/square", 0): ("squaring the masked residuals", None),
        ("linear_regression/unmask", 2): ("signing the encrypted errors", "validator"),
        ("linear_regression/open", 2): ("opening the metric", None),
        ("linear_regression/train", 1): ("training on their rows", "trainer"),
        ("linear_regression/refresh", 3): ("refreshing the encrypted weights", None),
        ("linear_regression/deliver", 3): ("signing for the delivered weights", None),
    }
    for place, (what, role) in waits.items():
        play = play_at(*place)
        view = play.view()
        who = [owner.address for owner in play.members(role)] if role else [play.buyer]
        assert view["waiting_for"]["what"] == what
        assert sorted(view["waiting_for"]["who"]) == sorted(who)
        assert view["waiting_for"]["until"] == pytest.approx(play.clock.now + 60)


def test_transactions_are_shown_by_their_hashes_once_they_have_one(play_at):
    play = play_at("settling", 3)
    view = play.view()
    assert view["checkpoints"][2]["tx"] is None
    play.chain.mine("checkpoint/2")
    assert play.view()["checkpoints"][2]["tx"] == play.chain.outbox["job/7/checkpoint/2"].tx_hash
    assert list(view["transactions"]) == ["start", "delivery"]


def test_summaries_can_be_of_one_state_only(play):
    play.post()
    views = play.aggregator.views
    assert [one["job_id"] for one in views.summaries(limit=5)[0]] == [JOB_ID]
    assert [one["job_id"] for one in views.summaries("recruiting", limit=5)[0]] == [JOB_ID]
    assert views.summaries("running", limit=5) == ([], 0)
    assert "modulus" not in views.summaries(limit=5)[0][0]


def test_summaries_can_be_of_some_jobs_only(play):
    play.post()
    views = play.aggregator.views
    assert [one["job_id"] for one in views.summaries(job_ids=[JOB_ID, 8], limit=5)[0]] == [JOB_ID]
    assert views.summaries(job_ids=[8], limit=5) == ([], 0)


def test_a_version_changes_whenever_a_summary_does_and_else_stays(play):
    views = play.aggregator.views
    assert views.versions() == {}
    seen: dict[str, str] = {}

    def look() -> None:
        ((summary,), _) = views.summaries(limit=5)
        (version,) = views.versions().values()
        assert views.versions() == {JOB_ID: version}
        assert seen.setdefault(version, json.dumps(summary)) == json.dumps(summary)

    play.post()
    look()
    play.aggregator.catalogue.register(play.buyer, kind="model_buyer", name="City hospital")
    look()
    for owner in play.owners.values():
        play.accept(owner)
        look()
    play.follow()
    look()
    play.chain.mine("start")
    play.follow(after_s=10)
    while (view := play.view())["state"] == "running":
        address, task_id, task = play.tasks(TaskKind(view["step"]))[0]
        play.submit(address, task_id, play.answer(address, task))
        look()
    play.settle()
    look()
    assert len(seen) > 20


def test_an_unknown_job_is_not_found(play):
    with pytest.raises(NotFound, match="job 7 is not known here"):
        play.view()
    with pytest.raises(NotFound):
        delivery(play)
