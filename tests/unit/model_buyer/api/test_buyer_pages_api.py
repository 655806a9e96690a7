"""What the buyer's pages ask for: a list that stays quick, checks without posting, milestones, predictions for files."""

from __future__ import annotations

import time
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from commons.chain.jobs import JobState
from commons.computations.linear_regression.learning import FeatureRange, LinearModel
from commons.computations.registry import JobSpec
from model_buyer.domain.stages import Participants, Stage
from model_buyer.tables import OUTBOX, Job, Score
from model_buyer.wiring import Parts
from tests.doubles.around_buyer import change_job, job_row, put_job
from tests.doubles.job_specs import nested

FIELDS: dict[str, Any] = {
    "title": "Yield",
    "features": [{"name": "rain", "minimum": 0, "maximum": 100, "unit": "mm"}],
    "target": {"name": "yield", "minimum": 0, "maximum": 10, "unit": "t"},
    "deposit_wei": "1000",
}
REQUEST = nested(FIELDS)
MODEL = LinearModel(
    features=(FeatureRange("rain", 0, 100, "mm"),),
    target=FeatureRange("yield", 0, 10, "t"),
    weights=(0.05,),
    intercept=1.5,
)


def save(parts: Parts, job: Job, **changes: Any) -> None:
    """Store a job with these columns."""
    for name, value in changes.items():
        setattr(job, name, value)
    put_job(parts.buyer.database, job)


def opened(parts: Parts, job_id: str, *losses: float) -> None:
    with parts.buyer.database.session() as session:
        for index, loss in enumerate(losses):
            score = Score(
                job_id=job_id,
                index=index,
                round=10 * index,
                mse_fixed=int(loss * 1000),
                leave_one_out_mses_fixed=(1,),
                loss=loss,
                details={"row_count": 40},
                opened_at=float(index),
            )
            session.add(score)


def test_every_route_but_signing_in_needs_a_session(web: FlaskClient) -> None:
    rules = [rule for rule in web.application.url_map.iter_rules() if rule.rule.startswith("/v1/")]
    assert len(rules) >= 15
    for rule in rules:
        for method in rule.methods - {"HEAD", "OPTIONS"}:
            expected = {("POST", "/v1/session"): 422, ("GET", "/v1/session"): 200}.get((method, rule.rule), 401)
            path = rule.rule.replace("<id>", "x")
            assert web.open(path, method=method, json={}).status_code == expected, (method, path)


def test_a_browser_changes_nothing_without_its_csrf_token(web: FlaskClient) -> None:
    credentials = {"user": "admin", "password": "correct horse", "kind": "browser"}
    token = web.post("/v1/session", json=credentials).get_json()["csrf_token"]
    assert web.get("/v1/jobs").status_code == 200
    for path in ("", "/check", "/x/cancel", "/x/predictions", "/x/predictions/csv"):
        refused = web.post(f"/v1/jobs{path}", json=REQUEST)
        assert (refused.status_code, refused.get_json()["code"]) == (403, "csrf_refused"), path
    assert web.post("/v1/withdrawals", json={}).status_code == 403
    assert web.post("/v1/jobs", json=REQUEST, headers={"X-CSRF-Token": token}).status_code == 202


def test_the_list_shows_where_each_job_really_is(client: FlaskClient, parts: Parts, spec: JobSpec) -> None:
    participants = Participants(("0x" + "01" * 20,), ("0x" + "02" * 20,))
    stages: dict[str, dict[str, Any]] = {
        "recruiting": {"stage": Stage.OFFERED},
        "training": {"stage": Stage.OFFERED, "participants": participants},
        "finished": {"stage": Stage.FINISHED},
    }
    for number, (name, columns) in enumerate(stages.items()):
        save(parts, job_row(spec, id=name, created_at=float(number), **columns))
    opened(parts, "training", 8.0, 6.0, 2.0)
    shown = client.get("/v1/jobs").get_json()
    assert [(one["id"], one["status"]) for one in shown["jobs"]] == [(name, name) for name in reversed(stages)]
    assert shown["counts"] == {"recruiting": 1, "training": 1, "finished": 1}
    training = shown["jobs"][1]
    assert (training["round"], training["initial_mse"], training["mse"]) == (20, 8.0, 2.0)
    assert training["improvement_percent"] == 75.0
    assert training["kind"] == "linear_regression"
    assert (shown["jobs"][0]["mse"], shown["jobs"][0]["improvement_percent"]) == (None, None)


def test_a_thousand_jobs_come_in_pages_quickly(client: FlaskClient, parts: Parts, job: Job) -> None:
    save(parts, job, stage=Stage.OFFERED)
    opened(parts, job.id, *(10.0 - index for index in range(10)))
    with parts.buyer.database.session() as session:
        first = session.execute(select(Job.__table__)).mappings().one()
        scores = session.execute(select(Score.__table__)).mappings().all()
        many = [{**first, "id": f"{n:032x}", "created_at": float(n), "chain_job_id": None} for n in range(1000)]
        session.execute(Job.__table__.insert(), many)
        copies = [{**row, "job_id": one["id"]} for one in many for row in scores]
        session.execute(Score.__table__.insert(), copies)
    started = time.perf_counter()
    page = client.get("/v1/jobs?limit=50&offset=100&status=recruiting&query=y").get_json()
    took_s = time.perf_counter() - started
    assert (len(page["jobs"]), page["total"]) == (50, 1001)
    assert [one["mse"] for one in page["jobs"]] == [1.0] * 50
    assert took_s < 2.0
    answer = client.get("/v1/jobs")
    assert len(answer.get_json()["jobs"]) == 1001
    assert client.get("/v1/jobs", headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304


def test_a_request_is_checked_without_being_posted(client: FlaskClient) -> None:
    checked = client.post("/v1/jobs/check", json=REQUEST)
    assert checked.status_code == 200
    shown = checked.get_json()
    assert (shown["problems"], shown["unavailable_reason"]) == ([], None)
    assert (shown["spec"]["computation"]["learning_rate"], shown["key_bits"]) == (0.5, 1024)
    assert shown["funds"] == {
        "deposit_wei": "1000",
        "posting_fee_wei": "1000",
        "balance_wei": str(10**18),
        "promised_wei": "0",
        "missing_wei": "0",
    }
    assert shown["pay_rule"] == "improvement"
    assert {one["party"] for one in shown["learns"]} == {"model_buyer", "data_owners", "aggregator", "everybody"}
    assert all(one["code"] and one["text"] for one in shown["learns"])
    assert client.get("/v1/jobs").get_json()["jobs"] == []


def asked(change: dict[str, Any]) -> dict[str, Any]:
    """The request with some fields changed, wherever they belong."""
    return {**REQUEST, **change} if "computation" in change else nested({**FIELDS, **change})


FAULTS = [
    ({"rounds": 0, "min_owners": 1}, 422, ["computation.rounds", "min_owners"]),
    ({"features": [{"name": "a", "minimum": 1}]}, 422, ["computation.features.0.maximum"]),
    ({"features": [{"name": "a", "minimum": 1, "maximum": 1}]}, 422, ["computation.features.0"]),
    ({"features": []}, 422, ["computation.features"]),
    ({"target": {"name": "rain", "minimum": 0, "maximum": 1}}, 422, ["computation.target"]),
    ({"pay": {"trainer_bps": 9000}}, 422, ["pay"]),
    ({"scaling": "none"}, 422, ["computation.learning_rate"]),
    ({"start_within_s": 10, "finish_within_s": 5}, 422, ["finish_by"]),
    ({"start_within_s": 10, "start_by": 5}, 422, ["start_by"]),
    ({"start_by": 5}, 422, ["start_by"]),
    ({"min_owners": 134}, 422, ["min_owners"]),
    ({"key_bits": 100}, 422, ["key_bits"]),
    ({"deposit_wei": "0"}, 422, ["deposit_wei"]),
    ({"surplus": 1}, 422, ["surplus"]),
    ({"computation": {"kind": "magic"}}, 422, ["computation.kind"]),
    ({"computation": {}}, 422, ["computation.kind"]),
    ({"computation": 7}, 422, ["computation"]),
    ({"deposit_wei": str(10**30)}, 409, ["deposit_wei"]),
]


@pytest.mark.parametrize(("change", "status", "fields"), FAULTS)
def test_every_error_of_a_request_names_its_field(
    client: FlaskClient, change: dict[str, Any], status: int, fields: list[str]
) -> None:
    answer = client.post("/v1/jobs", json=asked(change))
    assert answer.status_code == status
    errors = answer.get_json()["fields"]["errors"]
    assert [error["field"] for error in errors] == fields
    assert all(error["message"] for error in errors)


@pytest.mark.parametrize(("change", "status", "fields"), FAULTS)
def test_a_check_finds_what_posting_would_refuse_and_succeeds(
    client: FlaskClient, change: dict[str, Any], status: int, fields: list[str]
) -> None:
    request = asked(change)
    answer = client.post("/v1/jobs/check", json=request)
    assert answer.status_code == 200
    problems = answer.get_json()["problems"]
    refused = client.post("/v1/jobs", json=request).get_json()
    assert [problem["field"] for problem in problems] == fields
    assert [(one["field"], one["message"]) for one in problems] == [
        (one["field"], one["message"]) for one in refused["fields"]["errors"]
    ]
    assert {problem["code"] for problem in problems} == {refused["code"]}


def test_a_check_says_what_the_account_lacks_beside_other_problems(client: FlaskClient) -> None:
    shown = client.post("/v1/jobs/check", json={**REQUEST, "deposit_wei": str(10**18), "min_owners": 134}).get_json()
    assert [problem["field"] for problem in shown["problems"]] == ["min_owners", "deposit_wei"]
    assert (shown["spec"], shown["funds"]["missing_wei"]) == (None, "1000")


def test_a_check_finds_numbers_that_do_not_fit_the_key(client: FlaskClient) -> None:
    shown = client.post("/v1/jobs/check", json={**REQUEST, "key_bits": 512}).get_json()
    assert [(one["code"], one["field"]) for one in shown["problems"]] == [("headroom_exceeded", None)]


def test_a_check_goes_on_without_the_chain_and_says_so(client: FlaskClient, chain: Any) -> None:
    chain.available = False
    shown = client.post("/v1/jobs/check", json=REQUEST).get_json()
    assert (shown["problems"], shown["funds"], shown["unavailable_reason"]) == (
        [],
        None,
        "the Ethereum node does not answer",
    )
    assert shown["spec"]["title"] == "Yield"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"7"])
def test_a_check_of_what_is_no_job_at_all_is_refused(client: FlaskClient, body: bytes) -> None:
    answer = client.post("/v1/jobs/check", data=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.get_json()["fields"]["field"]) == (422, "body")


def test_the_check_is_documented_to_take_what_posting_takes(client: FlaskClient) -> None:
    paths = client.get("/openapi/openapi.json").get_json()["paths"]
    checked, posted = (paths[path]["post"]["requestBody"] for path in ("/v1/jobs/check", "/v1/jobs"))
    schema = checked["content"]["application/json"]["schema"]
    assert schema == posted["content"]["application/json"]["schema"]


def test_a_running_job_has_its_milestones_and_what_it_costs(
    client: FlaskClient, parts: Parts, chain: Any, job: Job
) -> None:
    participants = Participants(chain.trainers, chain.validators)
    save(parts, job, stage=Stage.OFFERED, chain_job_id=1, participants=participants)
    opened(parts, job.id, 8.0, 6.0)
    chain.put(job, JobState.RUNNING)
    answer = client.get(f"/v1/jobs/{job.id}")
    shown = answer.get_json()
    assert [one["code"] for one in shown["milestones"]] == ["posted", "escrowed", "offered", "started"]
    assert shown["milestones"][1]["tx_hash"].startswith("0x")
    # What the fake contract quotes is refunded out of the deposit.
    assert int(shown["cost_so_far_wei"]) == job.spec.deposit_wei - 2
    assert (shown["status"], shown["improvement_percent"]) == ("training", 25.0)
    assert [(one["round"], one["tx_hash"]) for one in shown["checkpoints"]] == [(0, None), (10, None)]
    assert [(one["mse"], one["mse_fixed"], one["row_count"]) for one in shown["checkpoints"]][1] == (6.0, "6000", 40)
    assert (shown["pay_rule"], len(shown["learns"]) > 3) == ("improvement", True)
    unchanged = client.get(f"/v1/jobs/{job.id}", headers={"If-None-Match": answer.headers["ETag"]})
    assert unchanged.status_code == 304


def test_before_the_start_a_job_costs_nothing(client: FlaskClient, parts: Parts, job: Job) -> None:
    save(parts, job)
    shown = client.get(f"/v1/jobs/{job.id}").get_json()
    assert (shown["cost_so_far_wei"], [one["code"] for one in shown["milestones"]]) == ("0", ["posted"])


def test_a_job_has_the_transactions_that_were_sent_for_it(
    client: FlaskClient, parts: Parts, chain: Any, job: Job
) -> None:
    save(parts, job, stage=Stage.OFFERED, chain_job_id=1)
    with parts.buyer.database.session() as session:
        for what, call in (
            ("cancel", chain.cancel_job(1)),
            ("expire", chain.expire_job(1)),
            ("other", chain.withdraw(None)),
        ):
            OUTBOX.enqueue(session, key=f"{what}-job-{job.id}", call=call)
    shown = client.get(f"/v1/jobs/{job.id}").get_json()["transactions"]
    assert [(one["id"], one["state"]) for one in shown] == [
        (f"cancel-job-{job.id}", "pending"),
        (f"expire-job-{job.id}", "pending"),
    ]


def test_a_csv_is_predicted_once_there_is_a_model(client: FlaskClient, parts: Parts, job: Job) -> None:
    save(parts, job, stage=Stage.OFFERED)
    path, headers = f"/v1/jobs/{job.id}/predictions/csv", {"Content-Type": "text/csv"}
    assert client.post(path, data="rain\n20\n", headers=headers).status_code == 409
    change_job(parts.buyer.database, job.id, stage=Stage.FINISHED, outcome_json=MODEL.to_json())
    answer = client.post(path, data="field,rain\nnorth,20\n", headers=headers)
    assert (answer.status_code, answer.mimetype) == (200, "text/csv")
    assert answer.text.splitlines() == ["field,rain,predicted yield", "north,20,2.5"]
    bad = client.post(path, data="rain\n20\nwet\n", headers=headers)
    assert (bad.status_code, bad.get_json()["fields"]["row"], bad.get_json()["fields"]["field"]) == (422, 2, "rain")
    assert client.post(path, data=b"rain\n\xff\n", headers=headers).status_code == 422
    assert client.post(path, json={"rows": []}).status_code == 415


def test_the_service_says_who_it_is_and_how_its_parts_are(client: FlaskClient, parts: Parts) -> None:
    shown = client.get("/v1/about").get_json()
    assert (shown["service"], shown["address"]) == ("buyer", parts.address)
    health = client.get("/v1/health")
    assert (health.status_code, health.get_json()["ready"]) == (200, False)


def test_no_answer_shows_a_key(client: FlaskClient, running_job: Job) -> None:
    answers = client.get("/v1/jobs").text + client.get(f"/v1/jobs/{running_job.id}").text
    assert running_job.sealed_secret is not None
    for hidden in ("sealed", running_job.sealed_secret.hex(), "modulus_proof", "signature"):
        assert hidden not in answers
