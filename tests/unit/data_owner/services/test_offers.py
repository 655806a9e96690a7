"""Offers: matching, staleness, declining."""

from __future__ import annotations

from typing import Any

import pytest

from commons.computations.job_facts import Pay
from commons.computations.linear_regression.computation import LinearRegression
from commons.errors import Conflict, NotFound, ProtocolViolation, ServiceUnavailable
from commons.market.requirements import ColumnKind, RequiredColumn, Requirements
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
    assert (offer.kind, offer.pay_rule, offer.column_count, offer.rounds) == ("linear_regression", "improvement", 3, 4)
    assert [feature.name for feature in offer.spec.computation.features] == ["a", "b"]
    assert (offer.deposit_wei, offer.spec.pay.trainer_bps, offer.start_by) == (10**9, 7000, 2000)
    assert {(one.party, one.code) for one in offer.learns} >= {("model_buyer", "model"), ("everybody", "metric")}
    assert (offer.consents, offer.may_choose_role) == ((), True)
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


def test_a_job_of_a_kind_that_is_not_known_here_is_shown_and_hides_no_other(world: Any) -> None:
    world.post_foreign(1)
    world.post_job(2)
    world.add_rows()
    listed = world.offers.list().offers
    assert [(offer.job_id, offer.status, offer.kind) for offer in listed] == [
        (2, OfferStatus.READY, "linear_regression"),
        (1, OfferStatus.WAITING, "census"),
    ]
    offer = world.offers.get(1)
    assert "'census' is not known here; install the package" in offer.reason
    assert (offer.pay_rule, offer.column_count, offer.datasets, offer.learns) == (None, 0, (), ())
    assert (offer.consents, offer.may_choose_role, offer.mse_history) == ((), False, ())
    shown = offer.model_dump(mode="json")["spec"]
    assert shown == world.jobs[1].view["spec"]
    assert world.offers.progress(1, world.earnings.of_job).kind == "census"
    with pytest.raises(Conflict, match="not known here"):
        world.offers.match(1, world.datasets.list()[0].id, {})
    assert world.offers.decline(1).status is OfferStatus.DECLINED


def test_where_pay_is_for_an_answer_no_error_is_shown(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LinearRegression, "pay", Pay.PER_ANSWER)
    job = world.post_job(1)
    job.view["checkpoints"] = [{"index": 0, "round": 0, "mse": 1.0}]
    assert (world.offers.get(1).pay_rule, world.offers.get(1).mse_history) == ("per_answer", ())


def test_columns_are_shown_as_the_kind_asks_for_them(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = (
        RequiredColumn("a", "column", minimum=-1, maximum=1, unit="m", may_be_missing=True),
        RequiredColumn("sex", "column", ColumnKind.CATEGORY, levels=("f", "m")),
    )
    monkeypatch.setattr(LinearRegression, "requirements", lambda *_: Requirements(asked, min_rows=3))
    world.post_job(1)
    (world.folder / "people.csv").write_text("a,sex\n0.5,f\n,m\n0.5,f\n")
    world.datasets.add(world.folder / "people.csv", DatasetDetails())
    offer = world.offers.get(1)
    assert (offer.status, offer.column_count) == (OfferStatus.READY, 2)
    columns = offer.model_dump(mode="json")["datasets"][0]["columns"]
    assert [(one["name"], one["role"], one["required"], one["codes"]) for one in columns] == [
        ("a", "column", {"kind": "number", "minimum": -1, "maximum": 1, "unit": "m", "levels": []}, []),
        ("sex", "column", {"kind": "category", "minimum": None, "maximum": None, "unit": "", "levels": ["f", "m"]}, []),
    ]
    # What the terms say of rows counts as well as what the kind needs.
    world.post_job(2, min_rows=4)
    assert world.offers.get(2).datasets[0].mismatches[0].code == "too_few_rows"
