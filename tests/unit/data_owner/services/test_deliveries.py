"""Bringing decisions to the aggregator: at last, once, and with its refusals noted."""

from __future__ import annotations

from typing import Any

import pytest

from commons.errors import Conflict, InvalidInput, NotAuthenticated, ServiceUnavailable
from data_owner.services.acceptances import AcceptRequest
from data_owner.services.commitments import Commitments
from data_owner.services.datasets import DatasetDetails
from data_owner.services.offer_status import OfferStatus
from data_owner.tables import Acceptance, AcceptanceState, Dataset, Listing


def acceptance(world: Any) -> Acceptance:
    with world.database.snapshot() as session:
        row: Acceptance = session.get_one(Acceptance, 1)
        return row


def dataset(world: Any, dataset_id: str) -> Dataset:
    with world.database.snapshot() as session:
        row: Dataset = session.get_one(Dataset, dataset_id)
        return row


@pytest.fixture
def commitments(world: Any) -> Commitments:
    return Commitments(world.acceptances, world.deliveries, world.offers)


def test_what_was_decided_while_the_aggregator_was_away_is_brought_over_later(world: Any) -> None:
    dataset_id = world.add_rows(rows=6)
    world.post_job(1)
    world.acceptances.accept(1, AcceptRequest())
    world.aggregator.away = True
    with pytest.raises(ServiceUnavailable):
        world.deliveries.deliver_all()
    assert dataset(world, dataset_id).listing is Listing.PENDING
    world.aggregator.away = False
    world.deliveries.deliver_all()
    assert dataset(world, dataset_id).listing is Listing.LISTED
    assert acceptance(world).state is AcceptanceState.POSTED
    assert world.aggregator.acceptances[1].row_count == 6
    world.deliveries.deliver_all()
    assert world.aggregator.told == [f"put {dataset_id}", "accept 1"]


def test_a_refusal_is_noted_and_not_repeated(world: Any) -> None:
    dataset_id = world.add_rows()
    world.post_job(1)
    world.acceptances.accept(1, AcceptRequest())
    world.aggregator.refusal = InvalidInput("too many columns")
    world.deliveries.deliver_all()
    world.deliveries.deliver_all()
    assert world.aggregator.told == [f"put {dataset_id}", "accept 1"]
    assert (dataset(world, dataset_id).listing, dataset(world, dataset_id).listing_note) == (
        Listing.REFUSED,
        "too many columns",
    )
    assert (acceptance(world).state, acceptance(world).note) == (AcceptanceState.REFUSED, "too many columns")


def test_an_account_that_is_not_let_in_leaves_everything_due(world: Any) -> None:
    dataset_id = world.add_rows()
    world.aggregator.refusal = NotAuthenticated("sign in first")
    with pytest.raises(NotAuthenticated):
        world.deliveries.deliver_all()
    assert dataset(world, dataset_id).listing is Listing.PENDING


def test_a_removed_dataset_leaves_the_catalogue_and_one_that_was_never_in_it_does_no_harm(world: Any) -> None:
    listed, unlisted = world.add_rows("one.csv"), world.add_rows("two.csv")
    world.deliveries.deliver_dataset(listed)
    for dataset_id in (listed, unlisted):
        world.datasets.remove(dataset_id)
    world.deliveries.deliver_all()
    assert world.aggregator.datasets == {}
    assert {dataset(world, dataset_id).listing for dataset_id in (listed, unlisted)} == {Listing.REMOVED}


def test_what_was_changed_while_it_was_on_its_way_stays_due(world: Any) -> None:
    dataset_id = world.add_rows()
    put = world.aggregator.put_dataset

    def change_meanwhile(dataset_id: str, metadata: dict[str, Any]) -> None:
        put(dataset_id, metadata)
        if metadata["name"] == "rows":
            world.datasets.update(dataset_id, DatasetDetails(name="renamed"))

    world.aggregator.put_dataset = change_meanwhile
    world.deliveries.deliver_all()
    assert dataset(world, dataset_id).listing is Listing.PENDING
    world.deliveries.deliver_all()
    assert world.aggregator.datasets[dataset_id]["name"] == "renamed"
    assert dataset(world, dataset_id).listing is Listing.LISTED


def test_accepting_hands_in_at_once(world: Any, commitments: Commitments) -> None:
    world.add_rows()
    world.post_job(1)
    offer = commitments.accept(1, AcceptRequest())
    assert offer.status is OfferStatus.INITIATED
    assert offer.acceptance is not None
    assert offer.acceptance.state is AcceptanceState.POSTED


def test_accepting_works_while_the_aggregator_is_away_if_the_job_was_seen_before(
    world: Any, commitments: Commitments
) -> None:
    world.add_rows()
    world.post_job(1)
    world.offers.get(1)
    world.aggregator.away = True
    offer = commitments.accept(1, AcceptRequest())
    assert offer.status is OfferStatus.INITIATED
    assert offer.acceptance is not None
    assert offer.acceptance.state is AcceptanceState.PENDING


def test_the_aggregators_refusal_is_the_answer_and_the_offer_can_be_accepted_again(
    world: Any, commitments: Commitments
) -> None:
    world.add_rows()
    world.post_job(1)
    world.aggregator.refusal = Conflict("job 1 is not recruiting any more")
    with pytest.raises(Conflict, match="not recruiting any more"):
        commitments.accept(1, AcceptRequest())
    offer = world.offers.get(1)
    assert offer.status is OfferStatus.READY
    assert offer.acceptance.note == "job 1 is not recruiting any more"
    world.aggregator.refusal = None
    assert commitments.accept(1, AcceptRequest()).status is OfferStatus.INITIATED


def test_a_withdrawal_that_comes_too_late_leaves_the_acceptance_standing(world: Any, commitments: Commitments) -> None:
    world.add_rows()
    world.post_job(1)
    commitments.accept(1, AcceptRequest())
    world.aggregator.refusal = Conflict("job 1 has started")
    with pytest.raises(Conflict, match="has started"):
        commitments.withdraw(1, revoke_on_chain=False)
    assert acceptance(world).state is AcceptanceState.POSTED
    assert "has started" in acceptance(world).note
