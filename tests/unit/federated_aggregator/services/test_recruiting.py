from dataclasses import replace

import pytest
from eth_account import Account
from sqlalchemy import select

from commons.chain.signing import sign_acceptance
from commons.ciphers.masks import seed_hash
from commons.ciphers.paillier import STANDARD_KEYS
from commons.computations.linear_regression.job_context import context_of
from commons.computations.linear_regression.numeric_plan import NumericPlan
from commons.errors import (
    ChainUnavailable,
    Conflict,
    HeadroomExceeded,
    InvalidInput,
    KeyProofInvalid,
    KeyTooSmall,
    NotAllowed,
    NotAuthenticated,
    NotFound,
)
from commons.market.roles import Role, draw_roles
from federated_aggregator.services.chain_port import ChainState
from federated_aggregator.services.job_run import JobRun
from federated_aggregator.services.job_values import JobValues
from federated_aggregator.services.recruiting import Recruiting, acceptance_terms
from federated_aggregator.tables import Enrolment, Job
from tests.doubles.job_specs import changed

JOB_ID = 7


def stored(play, table):
    with play.database.snapshot() as session:
        return list(session.scalars(select(table)))


# -- posting


def test_a_posted_job_is_offered_to_owners(play):
    play.post()
    view = play.view()
    assert (view["state"], view["buyer"], view["owners"]) == ("recruiting", play.buyer, [])
    assert view["spec"] == play.spec.model_dump(mode="json")
    assert view["waiting_for"] == {
        "code": "owners",
        "who": [],
        "what": "data owners to accept (0 of 4)",
        "until": play.spec.start_by,
    }
    assert view["entered"] == {"recruiting": play.clock.now}


def test_posting_again_changes_nothing_even_without_the_chain(play):
    play.post()
    play.clock.now += 100
    play.chain.reachable = False
    play.post()
    assert play.view()["entered"] == {"recruiting": play.clock.now - 100}


@pytest.mark.parametrize("what", ["buyer", "spec", "modulus"])
def test_a_known_job_cannot_be_posted_with_other_contents(play, what):
    play.post()
    buyer, posting = play.buyer, play.posting()
    if what == "buyer":
        buyer = Account.create().address
    elif what == "spec":
        posting = replace(posting, spec=changed(play.spec, rounds=4))
    else:
        posting = replace(posting, modulus=hex(play.key.public_key.n + 2))
    with pytest.raises(Conflict, match="known with other contents"):
        play.aggregator.recruiting.post(buyer, posting)


def test_a_job_that_is_not_on_chain_is_refused(play):
    with pytest.raises(NotFound, match="create it on chain first"):
        play.aggregator.recruiting.post(play.buyer, play.posting(job_id=8))
    assert stored(play, Job) == []


def test_nothing_is_stored_while_the_chain_does_not_answer(play):
    play.chain.reachable = False
    with pytest.raises(ChainUnavailable):
        play.post()
    assert stored(play, Job) == []
    play.chain.reachable = True
    play.post()


def test_somebody_elses_job_is_refused(play):
    with pytest.raises(NotAllowed, match="belongs to another buyer"):
        play.aggregator.recruiting.post(Account.create().address, play.posting())


@pytest.mark.parametrize("state", [state for state in ChainState if state is not ChainState.POSTED])
def test_a_job_that_is_further_on_chain_is_refused(play, state):
    play.chain.move(state)
    with pytest.raises(Conflict, match=f"the contract has job 7 as {state}"):
        play.post()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("aggregator", "0x" + "11" * 20),
        ("spec_digest", bytes(32)),
        ("key_digest", bytes(32)),
        ("deposit_wei", 10**18 + 1),
        ("deposit_wei", 10**18 - 1),
        ("start_by", 1),
        ("finish_by", 1),
        ("trainer_bps", 6999),
        ("validator_bps", 1999),
        ("aggregator_bps", 999),
    ],
)
def test_other_terms_on_chain_are_refused_by_name(play, field, value):
    job = play.chain.jobs[JOB_ID]
    terms = job.terms if field == "deposit_wei" else replace(job.terms, **{field: value})
    deposit_wei = value if field == "deposit_wei" else job.deposit_wei
    play.chain.jobs[JOB_ID] = replace(job, terms=terms, deposit_wei=deposit_wei)
    with pytest.raises(Conflict) as caught:
        play.post()
    assert caught.value.fields["field"] == field
    assert caught.value.message.startswith(field)
    assert stored(play, Job) == []


def test_a_key_without_a_valid_proof_is_refused(play):
    for proof in ([], play.proof[:-1], [*play.proof[:-1], "0x1"], ["what"] * len(play.proof)):
        with pytest.raises(KeyProofInvalid):
            play.aggregator.recruiting.post(play.buyer, play.posting(modulus_proof=proof))


def test_small_keys_are_taken_only_where_they_are_allowed_by_name(play):
    means = replace(play.aggregator.recruiting.means, key_policy=STANDARD_KEYS)
    strict = Recruiting(play.database, play.chain, play.clock, means)
    with pytest.raises(KeyTooSmall, match="2048 are required"):
        strict.post(play.buyer, play.posting())


def test_a_job_that_could_never_fit_its_key_is_refused(make_play):
    play = make_play(local_steps=1000, learning_rate=1e12, rounds=100_000)
    features = tuple(f.model_copy(update={"maximum": 1e90}) for f in play.spec.computation.features)
    huge = changed(play.spec, scaling="none", features=features)
    with pytest.raises(HeadroomExceeded, match="larger key"):
        play.aggregator.recruiting.post(play.buyer, play.posting(spec=huge))


# -- accepting


def test_with_the_last_owner_that_is_needed_roles_are_drawn_and_the_start_is_queued(play):
    play.post()
    owners = list(play.owners.values())
    for owner in owners[:3]:
        play.accept(owner)
    assert play.chain.calls == {}
    assert play.view()["waiting_for"]["what"] == "data owners to accept (3 of 4)"
    play.accept(owners[3])
    roles = draw_roles(dict.fromkeys(play.owners, Role.EITHER), play.spec.role_seed)
    call = play.chain.calls["job/7/start"]
    assert (call["trainers"], call["validators"]) == (list(roles.trainers), list(roles.validators))
    in_order = [*roles.trainers, *roles.validators]
    assert call["acceptances"] == [play.offer(play.owners[address]).signature for address in in_order]
    (job,) = stored(play, Job)
    assert call["seed_hash"] == seed_hash(job.delivery_seed)
    view = play.view()
    assert [one["address"] for one in view["owners"]] == in_order
    assert view["seed_hash"] == "0x" + call["seed_hash"].hex()
    assert view["waiting_for"]["what"] == "the contract to confirm the start"
    assert view["state"] == "recruiting"


def test_the_growth_with_room_for_few_rows_of_all_is_the_jobs(play):
    play.post()
    for owner, growth in zip(play.owners.values(), (1.0, 1.25, 1.0, 1.0625), strict=True):
        play.accept(owner, growth=growth)
    play.chain.mine("start")
    play.follow()
    with play.database.snapshot() as session:
        run = JobRun.lock(session, JOB_ID, play.clock, play.aggregator.scheduler.means)
        context = context_of(run.for_computation(JobValues()).started)
    assert context.plan.growth == 1.25


def test_accepting_twice_changes_nothing_and_correcting_an_offer_does(play):
    play.post()
    owner = next(iter(play.owners.values()))
    play.accept(owner)
    before = stored(play, Enrolment)
    play.clock.now += 5
    play.accept(owner)
    (after,) = stored(play, Enrolment)
    assert after.accepted_at == before[0].accepted_at
    play.accept(owner, growth=1.5)
    play.accept(owner, growth=1.5, row_count=5, roles=1)
    (corrected,) = stored(play, Enrolment)
    assert (corrected.facts, corrected.row_count, corrected.roles) == ({"growth": 1.5}, 5, 1)


def _growth_with_room_for_few_rows(play, row_count):
    """The least declared growth for which that many rows are too many, though a hundred are not."""

    def fits(growth, rows):
        try:
            NumericPlan(play.spec.computation, play.key.public_key.bits, growth).require_headroom((rows,))
        except HeadroomExceeded:
            return False
        return True

    return next(g for g in (1 + step / 16 for step in range(1, 1600)) if fits(g, 100) and not fits(g, row_count))


def test_an_offer_is_checked_together_with_those_of_the_others(make_play):
    """Each of the two fits the key alone: one owner's steps grow, the other has many rows."""
    play = make_play(rounds=30)
    play.post()
    first, second = list(play.owners.values())[:2]
    many = {"row_count": 2**61}
    growing = {"growth": _growth_with_room_for_few_rows(play, many["row_count"])}
    play.accept(first, **growing)
    with pytest.raises(HeadroomExceeded, match="facts: squared residuals may need"):
        play.accept(second, **many)
    play.accept(first)
    play.accept(second, **many)
    with pytest.raises(HeadroomExceeded, match="facts: squared residuals may need"):
        play.accept(first, **growing)


def test_after_the_start_is_queued_nobody_can_join_or_leave_or_change(play):
    play.post()
    for owner in play.owners.values():
        play.accept(owner)
    first = next(iter(play.owners.values()))
    play.accept(first)
    with pytest.raises(Conflict, match="not recruiting any more"):
        play.accept(first, growth=2.0)
    with pytest.raises(Conflict, match="not recruiting any more"):
        play.aggregator.recruiting.withdraw(first.address, JOB_ID)


def test_an_acceptance_can_be_taken_back_before_the_start(play):
    play.post()
    owners = list(play.owners.values())
    for owner in owners[:3]:
        play.accept(owner)
    for _ in range(2):
        play.aggregator.recruiting.withdraw(owners[0].address, JOB_ID)
    assert len(play.view()["owners"]) == 2
    play.accept(owners[3])
    assert play.chain.calls == {}
    play.accept(owners[0])
    assert "job/7/start" in play.chain.calls


def test_a_job_waits_on_while_everybody_agreed_to_one_role_only(play, make_owner):
    play.post()
    for owner in play.owners.values():
        play.accept(owner, roles=1)
    assert play.chain.calls == {}
    some = next(iter(play.owners.values()))
    late = make_owner(some.X, some.y)
    play.owners[late.address] = late
    play.accept(late, roles=2)
    assert play.chain.calls["job/7/start"]["validators"] == [late.address]


def test_an_owner_signs_its_own_job_and_terms(play):
    play.post()
    first, second = list(play.owners.values())[:2]
    terms = acceptance_terms(play.spec, play.key.public_key, job_id=JOB_ID, owner=first.address, roles=3)
    for wrong in (
        play.offer(second).signature,
        sign_acceptance(first.account, play.chain.domain, replace(terms, job_id=8)),
        sign_acceptance(first.account, play.chain.domain, replace(terms, roles=1)),
        sign_acceptance(first.account, play.chain.domain, replace(terms, deposit_wei=2)),
        sign_acceptance(first.account, play.chain.domain, replace(terms, spec_digest=bytes(32))),
        sign_acceptance(first.account, replace(play.chain.domain, chain_id=1), terms),
    ):
        with pytest.raises(NotAllowed, match="not this account's signature"):
            play.accept(first, signature=wrong)
    with pytest.raises(NotAuthenticated, match="malformed"):
        play.accept(first, signature=b"")
    assert stored(play, Enrolment) == []


@pytest.mark.parametrize(
    ("changes", "error", "field"),
    [
        ({"row_count": 4}, InvalidInput, "row_count"),
        ({"growth": 1e6}, HeadroomExceeded, "facts"),
        ({"deadline": 1_800_007_201}, InvalidInput, "deadline"),
    ],
)
def test_offers_that_do_not_fit_the_job_are_refused_by_name(make_play, changes, error, field):
    play = make_play(min_rows=5, rounds=30)
    play.post()
    owner = next(iter(play.owners.values()))
    with pytest.raises(error) as caught:
        play.accept(owner, **changes)
    assert caught.value.fields["field"] == field
    assert stored(play, Enrolment) == []


def test_neither_the_buyer_nor_the_aggregator_can_be_an_owner(play, make_owner):
    play.post()
    rows = next(iter(play.owners.values()))
    buyer = make_owner(rows.X, rows.y, account=play.buyer_account)
    with pytest.raises(NotAllowed, match="cannot be data owners of it"):
        play.accept(buyer)
    offer = play.offer(rows)
    with pytest.raises(NotAllowed, match="cannot be data owners of it"):
        play.aggregator.recruiting.accept(play.chain.address, JOB_ID, offer)


def test_offers_after_start_by_are_refused(play):
    play.post()
    play.clock.now = play.spec.start_by + 1
    with pytest.raises(Conflict, match="time to start has passed"):
        play.accept(next(iter(play.owners.values())))


def test_an_unknown_job_cannot_be_accepted_or_left(play):
    owner = next(iter(play.owners.values()))
    with pytest.raises(NotFound):
        play.accept(owner)
    with pytest.raises(NotFound):
        play.aggregator.recruiting.withdraw(owner.address, JOB_ID)
