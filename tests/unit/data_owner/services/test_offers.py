"""Offers: matching, staleness, declining."""

from __future__ import annotations

from typing import Any

import pytest

from commons.errors import Conflict, NotFound, ProtocolViolation, ServiceUnavailable
from data_owner.services.acceptances import AcceptRequest
from data_owner.services.datasets import DatasetDetails
from data_owner.services.offer_status import OfferStatus


def test_every_job_is_matched_against_every_dataset_with_reasons(world: Any) -> None:
    world.post_job(1)
    world.add_rows("short.csv", rows=1)
    world.add_rows("other.csv", columns="a,B.,y")
    offer = world.offers.get(1)
    assert offer.status is OfferStatus.WAITING
    reasons = {match.name: [(item.column, item.code) for item in match.mismatches] for match in offer.datasets}
    assert reasons["short"] == [(None, "too_few_rows")]
    assert reasons["other"] == [("b", "missing_column")]
    assert "did you mean 'B.'?" in offer.datasets[1].mismatches[0].reason
    world.add_rows("fits.csv")
    assert world.offers.get(1).status is OfferStatus.READY


def test_a_column_of_one_value_is_remarked_on_but_matches(world: Any) -> None:
    world.post_job(1)
    path = world.folder / "constant.csv"
    path.write_text("a,b,y\n0.5,0.1,0.2\n0.5,0.2,0.4\n")
    world.datasets.add(path, DatasetDetails())
    offer = world.offers.get(1)
    assert offer.status is OfferStatus.READY
    assert [remark.column for remark in offer.datasets[0].remarks] == ["a"]


def test_what_a_job_asks_and_pays_is_shown(world: Any) -> None:
    job = world.post_job(3)
    job.view["checkpoints"] = [{"index": 0, "round": 0, "mse": 0.5}, {"index": 1, "round": 2, "mse": 0.25}]
    offer = world.offers.get(3)
    assert [feature.name for feature in offer.features] == ["a", "b"]
    assert (offer.deposit_wei, offer.pay.trainer_bps, offer.start_by) == (10**9, 7000, 2000)
    assert [(point.round, point.mse) for point in offer.mse_history] == [(0, 0.5), (2, 0.25)]
    assert offer.waiting_for is not None
    assert offer.model_dump(mode="json")["deposit_wei"] == "1000000000"


def test_offers_can_be_listed_by_status_newest_first(world: Any) -> None:
    for job_id in (1, 2, 3):
        world.post_job(job_id)
    world.add_rows()
    world.offers.decline(2)
    assert [offer.job_id for offer in world.offers.list().offers] == [3, 2, 1]
    assert [offer.job_id for offer in world.offers.list(OfferStatus.READY).offers] == [3, 1]


def test_while_the_aggregator_is_away_the_last_views_are_shown_and_said_to_be_old(world: Any) -> None:
    world.post_job(1).view["checkpoints"] = [{"index": 0, "round": 0, "mse": 0.5}]
    world.offers.get(1)
    world.offers.list()
    world.aggregator.away = True
    listed = world.offers.list()
    assert [offer.job_id for offer in listed.offers] == [1]
    assert listed.stale_reason == "the aggregator does not answer"
    # The list has no checkpoints, but those of the full view are remembered.
    assert [point.round for point in world.offers.get(1).mse_history] == [0]
    assert world.offers.get(1).stale_reason == "the aggregator does not answer"
    with pytest.raises(ServiceUnavailable):
        world.offers.get(2)


def test_an_unknown_job_is_not_found(world: Any) -> None:
    with pytest.raises(NotFound, match="job 9"):
        world.offers.get(9)


def test_a_view_that_makes_no_sense_is_a_protocol_violation_and_hides_no_other_job(world: Any) -> None:
    world.post_job(1)
    world.post_job(2).view["spec"] = {"title": "nonsense"}
    with pytest.raises(ProtocolViolation, match="spec"):
        world.offers.get(2)
    assert [offer.job_id for offer in world.offers.list().offers] == [1]
    world.post_job(3).view["job_id"] = 1
    with pytest.raises(ProtocolViolation, match="job 1 when asked for job 3"):
        world.offers.get(3)


def test_a_declined_job_can_be_accepted_after_all_but_not_the_other_way_round(world: Any) -> None:
    world.post_job(1)
    world.add_rows()
    assert world.offers.decline(1).status is OfferStatus.DECLINED
    assert world.offers.decline(1).status is OfferStatus.DECLINED
    world.acceptances.accept(1, AcceptRequest())
    assert world.offers.get(1).status is OfferStatus.INITIATED
    with pytest.raises(Conflict, match="withdraw the acceptance first"):
        world.offers.decline(1)
