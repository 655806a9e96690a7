"""Offers over HTTP: found, understood, accepted with consents, and followed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient

from commons.chain.signing import AcceptanceTerms, recover_acceptance
from commons.computations.linear_regression.computation import LinearRegression
from commons.computations.linear_regression.spec import Feature


def test_an_offer_is_found_accepted_and_taken_back(client: FlaskClient, world: Any) -> None:
    world.post_job(1)
    world.add_rows()
    (offer,) = client.get("/v1/offers?status=READY").get_json()["offers"]
    assert (offer["job_id"], offer["status_label"], offer["deposit_wei"]) == (1, "READY", "1000000000")
    accepted = client.post("/v1/offers/1/accept", json={})
    assert accepted.status_code == 200
    assert accepted.get_json()["status"] == "INITIATED"
    assert accepted.get_json()["acceptance"]["state"] == "posted"
    assert client.get("/v1/offers?status=READY").get_json()["offers"] == []
    assert client.post("/v1/offers/1/decline").status_code == 409
    taken_back = client.post("/v1/offers/1/withdraw", json={}).get_json()
    assert (taken_back["status"], taken_back["acceptance"]["state"]) == ("READY", "withdrawn")
    assert client.post("/v1/offers/1/decline").get_json()["status"] == "DECLINED"


def test_no_answer_shows_a_secret_of_an_acceptance(client: FlaskClient, world: Any) -> None:
    world.post_job(1)
    world.add_rows()
    answer = client.post("/v1/offers/1/accept", json={}).text
    signed = world.aggregator.acceptances[1]
    assert "mask" not in answer
    assert signed.signature.hex() not in answer


def test_offers_come_in_pages_with_counts(client: FlaskClient, world: Any) -> None:
    for number in range(1, 8):
        world.post_job(number, title="Wind" if number == 3 else f"Ward {number}")
    client.post("/v1/offers/5/decline")
    shown = client.get("/v1/offers?status=WAITING&limit=2&offset=1").get_json()
    assert [offer["job_id"] for offer in shown["offers"]] == [6, 4]
    assert (shown["total"], shown["counts"]) == (6, {"WAITING": 6, "DECLINED": 1})
    found = client.get("/v1/offers?query=wIND").get_json()
    assert [offer["job_id"] for offer in found["offers"]] == [3]
    assert "spec" not in found["offers"][0]


def test_names_that_differ_are_suggested_tried_and_accepted(client: FlaskClient, world: Any) -> None:
    world.post_job(1, features=(Feature(name="body mass", minimum=-1, maximum=1),))
    dataset_id = world.add_rows(columns="Body_Mass,y")
    (found,) = client.get("/v1/offers/1").get_json()["datasets"]
    assert (found["matches"], found["suggested_mapping"]) == (False, {"body mass": "Body_Mass"})
    assert (found["columns"][0]["codes"], found["columns"][0]["found"]) == (["missing_column"], None)
    body = {"dataset_id": dataset_id, "column_mapping": found["suggested_mapping"]}
    tried = client.post("/v1/offers/1/match", json=body).get_json()
    assert (tried["matches"], tried["suggested_mapping"]) == (True, {})
    assert tried["columns"][0]["own_name"] == "Body_Mass"
    assert client.get("/v1/offers/1").get_json()["acceptance"] is None
    assert client.post("/v1/offers/1/accept", json=body).get_json()["status"] == "INITIATED"
    unknown = client.post("/v1/offers/1/match", json={**body, "column_mapping": {"x": "y"}})
    assert (unknown.status_code, unknown.get_json()["fields"]["field"]) == (422, "column_mapping")


def test_the_terms_to_sign_are_those_that_accepting_signs(client: FlaskClient, world: Any) -> None:
    job = world.post_job(1)
    world.add_rows()
    terms = client.get("/v1/offers/1/terms?roles=2").get_json()
    assert (terms["chain_id"], terms["owner"], terms["roles"]) == (1337, world.address, 2)
    assert terms["spec_digest"] == "0x" + job.spec.digest().hex()
    client.post("/v1/offers/1/accept", json={"roles": 2})
    signed = world.aggregator.acceptances[1]
    on_chain = AcceptanceTerms(
        job_id=terms["job_id"],
        owner=terms["owner"],
        spec_digest=bytes.fromhex(terms["spec_digest"][2:]),
        key_digest=bytes.fromhex(terms["key_digest"][2:]),
        roles=terms["roles"],
        deposit_wei=int(terms["deposit_wei"]),
        trainer_bps=terms["trainer_bps"],
        validator_bps=terms["validator_bps"],
        aggregator_bps=terms["aggregator_bps"],
        deadline=terms["deadline"],
    )
    assert recover_acceptance(world.chain.domain, on_chain, signed.signature) == world.address


def test_terms_that_are_not_the_chains_are_refused(client: FlaskClient, world: Any) -> None:
    job = world.post_job(1)
    job.view["spec"]["computation"]["rounds"] = 5
    answer = client.get("/v1/offers/1/terms")
    assert (answer.status_code, answer.get_json()["fields"]["field"]) == (409, "specification")


def test_progress_shows_the_curve_who_is_waited_for_and_the_own_pay(
    client: FlaskClient, world: Any, other_address: str
) -> None:
    job = world.post_job(1)
    world.add_rows()
    client.post("/v1/offers/1/accept", json={})
    before = client.get("/v1/offers/1/progress").get_json()
    assert (before["status"], before["earning"], before["waiting_for"]["you"]) == ("INITIATED", None, False)
    job.start(trainers=(other_address, world.address), validators=("0x" + "e0" * 20,))
    job.contributions = (1, 3)
    job.view |= {"round": 2, "step": "linear_regression/train", "checkpoints": [{"index": 0, "round": 0, "mse": 0.5}]}
    job.view["waiting_for"] = {
        "code": "linear_regression/train",
        "who": [world.address],
        "what": "training",
        "until": 5.0,
    }
    answer = client.get("/v1/offers/1/progress")
    shown = answer.get_json()
    assert (shown["status"], shown["role"], shown["round"], shown["step"]) == (
        "IN_PROGRESS",
        "trainer",
        2,
        "linear_regression/train",
    )
    assert shown["mse_history"] == [{"round": 0, "mse": 0.5}]
    assert (shown["waiting_for"]["you"], shown["waiting_for"]["code"]) == (True, "linear_regression/train")
    assert (shown["earning"]["contribution_share"], shown["earning"]["pay_wei"]) == (0.75, "101")
    headers = {"If-None-Match": answer.headers["ETag"]}
    assert client.get("/v1/offers/1/progress", headers=headers).status_code == 304
    job.view["round"] = 3
    assert client.get("/v1/offers/1/progress", headers=headers).status_code == 200


def test_an_offer_is_shown_with_its_whole_specification_and_who_learns_what(client: FlaskClient, world: Any) -> None:
    job = world.post_job(1)
    world.add_rows()
    shown = client.get("/v1/offers/1").get_json()
    assert shown["spec"] == job.view["spec"]
    assert {"party", "code", "text"} == shown["learns"][0].keys()
    expected = {"kind": "linear_regression", "pay_rule": "improvement", "column_count": 3, "may_choose_role": True}
    assert {name: shown[name] for name in expected} == expected
    required = {"kind": "number", "minimum": -1.0, "maximum": 1.0, "unit": "", "levels": []}
    assert [(one["role"], one["required"]) for one in shown["datasets"][0]["columns"]] == [
        ("feature", required),
        ("feature", required),
        ("target", required),
    ]
    accepted = client.post("/v1/offers/1/accept", json={"consents": ["anything"]}).get_json()
    assert accepted["acceptance"]["facts"] == {"growth": 1.0}
    progress = client.get("/v1/offers/1/progress").get_json()
    assert (progress["kind"], progress["pay_rule"]) == ("linear_regression", "improvement")


def test_consents_are_asked_for_by_name(client: FlaskClient, world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = LinearRegression.requirements
    changes = {"consents": ("sums",), "answered_once": True}
    monkeypatch.setattr(LinearRegression, "requirements", lambda *one: replace(usual(*one), **changes))
    for job_id in (1, 2):
        world.post_job(job_id)
    world.add_rows()
    assert client.get("/v1/offers/1").get_json()["consents"] == ["sums"]
    missing = client.post("/v1/offers/1/accept", json={})
    assert (missing.status_code, missing.get_json()["fields"]["field"]) == (422, "consents")
    assert client.post("/v1/offers/1/accept", json={"consents": ["sums"]}).status_code == 200
    repeated = client.post("/v1/offers/2/accept", json={"consents": ["sums"]})
    assert (repeated.status_code, repeated.get_json()["fields"]["field"]) == (409, "consents")
    assert client.post("/v1/offers/2/accept", json={"consents": ["sums", "again"]}).status_code == 200
    for consents in ("sums", [""], ["x" * 51], ["x"] * 21, [1]):
        answer = client.post("/v1/offers/2/accept", json={"consents": consents})
        assert (answer.status_code, answer.get_json()["fields"]["field"].split(".")[0]) == (422, "consents")


def test_a_job_of_an_unknown_kind_is_an_offer_that_cannot_be_accepted(client: FlaskClient, world: Any) -> None:
    job = world.post_foreign(1)
    world.add_rows()
    (row,) = client.get("/v1/offers").get_json()["offers"]
    assert (row["kind"], row["pay_rule"], row["status"]) == ("census", None, "WAITING")
    assert client.get("/v1/offers/1").get_json()["spec"] == job.view["spec"]
    for method, path in (("POST", "/v1/offers/1/accept"), ("GET", "/v1/offers/1/terms")):
        answer = client.open(path, method=method, json={})
        assert (answer.status_code, "'census' is not known here" in answer.get_json()["detail"]) == (409, True)
