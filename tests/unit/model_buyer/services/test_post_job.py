from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from pydantic import ValidationError

from commons.errors import ChainUnavailable, Conflict, HeadroomExceeded, IdempotencyKeyReused, InvalidInput
from model_buyer.domain.job_request import JobRequest
from model_buyer.domain.stages import Stage
from model_buyer.services.buyer import Buyer
from model_buyer.services.post_job import Terms, check_request, post_job
from model_buyer.tables import Job
from tests.doubles.around_buyer import change_job, events_of, stored_job, stored_jobs
from tests.doubles.job_specs import nested


def post(buyer: Buyer, key: str | None = None, **changes: Any) -> Job:
    return post_job(buyer, JobRequest.model_validate(job_document(**changes)), key)


def job_document(**changes: Any) -> dict[str, Any]:
    fields = {
        "title": "Yield",
        "features": [{"name": "rain", "minimum": 0, "maximum": 100}],
        "target": {"name": "yield", "minimum": 0, "maximum": 10},
        "deposit_wei": 1000,
        **changes,
    }
    return nested(fields)


def stored(buyer: Buyer) -> list[str]:
    return [job.id for job in stored_jobs(buyer.database)]


def test_a_posted_job_is_a_stored_draft(buyer: Buyer) -> None:
    job = post(buyer)
    assert job.stage is Stage.DRAFT
    assert stored(buyer) == [job.id]
    assert stored_job(buyer.database, job.id).spec == job.spec
    assert events_of(buyer.database, job.id) == ["job accepted; its key is being made"]


def test_a_deposit_beyond_the_balance_is_refused_with_what_is_missing(buyer: Buyer, chain: Any) -> None:
    chain.balance = 1500
    with pytest.raises(Conflict, match="Send it at least 500 wei more") as raised:
        post(buyer)
    assert raised.value.fields["field"] == "deposit_wei"
    assert stored(buyer) == []


def test_deposits_that_are_on_their_way_count(buyer: Buyer, chain: Any) -> None:
    chain.balance = 2500
    post(buyer)
    with pytest.raises(Conflict, match="1000 wei for jobs that are being posted"):
        post(buyer)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"key_bits": 100}, InvalidInput, "key_bits"),
        ({"min_owners": 134}, InvalidInput, "min_owners"),
        ({"start_within_s": 10, "finish_within_s": 5}, InvalidInput, "finish_by: must be after start_by"),
        ({"scaling": "none"}, ValidationError, "learning_rate"),
        ({"key_bits": 512}, HeadroomExceeded, "512-bit key has no room"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_stored(
    buyer: Buyer, changes: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        post(buyer, **changes)
    assert stored(buyer) == []


def test_while_the_chain_is_away_nothing_is_promised(buyer: Buyer, chain: Any) -> None:
    chain.available = False
    with pytest.raises(ChainUnavailable):
        post(buyer)
    assert stored(buyer) == []


def test_the_same_request_under_the_same_key_gives_the_job_that_was_made(buyer: Buyer, chain: Any, clock: Any) -> None:
    chain.balance = 2500  # enough for one
    job = post(buyer, "a key", description="")
    change_job(buyer.database, job.id, stage=Stage.ESCROWED)
    clock.now += 7 * 86_400
    chain.available = False
    again = post(buyer, "a key")
    assert (again.id, again.stage, again.spec) == (job.id, Stage.ESCROWED, job.spec)
    assert len(stored(buyer)) == 1


def test_another_request_under_the_same_key_is_refused_and_names_the_job(buyer: Buyer) -> None:
    job = post(buyer, "a key")
    with pytest.raises(IdempotencyKeyReused, match="to post another job send another key") as raised:
        post(buyer, "a key", deposit_wei=1001)
    assert raised.value.fields["job"] == job.id
    assert stored(buyer) == [job.id]


def test_another_key_or_none_makes_another_job(buyer: Buyer) -> None:
    jobs = [post(buyer, key) for key in ("a key", "A key", None, None)]
    assert len({job.id for job in jobs}) == len(stored(buyer)) == 4


def test_a_refused_request_leaves_its_key_free(buyer: Buyer, chain: Any) -> None:
    chain.balance = 1500
    with pytest.raises(Conflict):
        post(buyer, "a key")
    assert post(buyer, "a key", deposit_wei=500).spec.deposit_wei == 500


@pytest.mark.parametrize("rounds", [(5, 5), (5, 6)])
def test_of_requests_that_race_under_one_key_one_makes_a_job(
    buyer: Buyer, chain: Any, monkeypatch: pytest.MonkeyPatch, rounds: tuple[int, int]
) -> None:
    chain.balance = 2500  # so that the second, were it to count the first one's deposit, would be refused
    both_have_found_no_job = threading.Barrier(2, timeout=60)

    def posting_cost_wei() -> int:
        both_have_found_no_job.wait()
        return 1000

    monkeypatch.setattr(chain, "posting_cost_wei", posting_cost_wei)
    with ThreadPoolExecutor(2) as pool:
        racing = [pool.submit(post, buyer, "a key", rounds=number) for number in rounds]
    [job_id] = stored(buyer)
    refusals = [type(error) for one in racing if (error := one.exception()) is not None]
    assert refusals == ([] if rounds[0] == rounds[1] else [IdempotencyKeyReused])
    assert [one.result().id for one in racing if one.exception() is None] == [job_id] * (2 - len(refusals))


def test_a_posted_job_can_be_posted_again_under_its_key_even_if_its_deposit_took_all_the_money(
    buyer: Buyer, chain: Any
) -> None:
    chain.balance = 2500
    job = post(buyer, "a key")
    document = job_document(rounds=100)
    again = check_request(buyer, document, "a key")
    assert (again.problems, again.terms) == ((), Terms(job.spec, job.key_bits))
    for changed, key in (({"rounds": 99}, "a key"), ({}, "another key"), ({}, None)):
        [problem] = check_request(buyer, job_document(**{"rounds": 100, **changed}), key).problems
        assert problem.field == "deposit_wei"
