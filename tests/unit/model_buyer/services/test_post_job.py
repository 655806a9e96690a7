from __future__ import annotations

from typing import Any

import pytest

from commons.errors import ChainUnavailable, Conflict, HeadroomExceeded, InvalidInput
from model_buyer.domain.job_request import JobRequest
from model_buyer.domain.posted_job import PostedJob, Stage
from model_buyer.services.ports import Buyer
from model_buyer.services.post_job import JobPosting


def post(buyer: Buyer, **changes: Any) -> PostedJob:
    fields: dict[str, Any] = {
        "title": "Yield",
        "features": [{"name": "rain", "minimum": 0, "maximum": 100}],
        "target": {"name": "yield", "minimum": 0, "maximum": 10},
        "deposit_wei": 1000,
        **changes,
    }
    return posting(buyer).post(JobRequest.model_validate(fields))


def posting(buyer: Buyer) -> JobPosting:
    return JobPosting(
        unit_of_work=buyer.unit_of_work,
        snapshot=buyer.snapshot,
        chain=buyer.chain,
        address=buyer.account.address,
        default_key_bits=1024,
        unsafe_small_key=True,
        clock=buyer.clock,
    )


def stored(buyer: Buyer) -> list[PostedJob]:
    with buyer.snapshot() as repository:
        return repository.all()


def test_a_posted_job_is_a_stored_draft(buyer: Buyer) -> None:
    job = post(buyer)
    assert job.stage is Stage.DRAFT
    assert stored(buyer) == [job]
    with buyer.snapshot() as repository:
        assert [entry.event for entry in repository.timeline(job.id)] == ["job accepted; its key is being made"]


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
        ({"scaling": "none"}, InvalidInput, "learning_rate"),
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
