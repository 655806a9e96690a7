"""The HTTP API of the buyer with its real database, and a chain in memory; the aggregator is away."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from commons.chain.jobs import JobState
from commons.computations.linear_regression.learning import FeatureRange, LinearModel
from model_buyer.domain.stages import Participants, Settlement, Stage
from model_buyer.tables import Job
from model_buyer.wiring import Parts
from tests.doubles.around_buyer import change_job, put_job
from tests.doubles.counting_kind import COUNT, Counted, put_in_place
from tests.doubles.hostile_documents import crashes
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


def problem(answer: Any, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.get_data(as_text=True)
    assert answer.content_type == "application/problem+json"
    document: dict[str, Any] = answer.get_json()
    return document


def save(parts: Parts, job: Job, **changes: Any) -> None:
    """Store a job with these columns."""
    for name, value in changes.items():
        setattr(job, name, value)
    put_job(parts.buyer.database, job)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/account"),
        ("GET", "/v1/jobs"),
        ("POST", "/v1/jobs"),
        ("GET", "/v1/jobs/x/model"),
        ("POST", "/v1/withdrawals"),
    ],
)
def test_nothing_is_shown_or_done_without_signing_in(web: FlaskClient, method: str, path: str) -> None:
    assert problem(web.open(path, method=method, json={}), 401)["code"] == "not_authenticated"


def test_the_right_password_gives_a_token_that_opens_the_rest(web: FlaskClient) -> None:
    token = web.post("/v1/session", json={"user": "admin", "password": "correct horse"}).get_json()["token"]
    assert web.get("/v1/jobs", headers={"Authorization": f"Bearer {token}"}).get_json()["jobs"] == []


def test_a_wrong_password_is_refused(web: FlaskClient) -> None:
    answer = web.post("/v1/session", json={"user": "admin", "password": "wrong"})
    assert problem(answer, 401)["detail"] == "wrong user name or password"


def test_a_posted_job_is_accepted_listed_and_shown(client: FlaskClient) -> None:
    answer = client.post("/v1/jobs", json=REQUEST)
    assert answer.status_code == 202
    posted = answer.get_json()
    assert answer.headers["Location"] == f"/v1/jobs/{posted['id']}"
    assert (posted["stage"], posted["deposit_wei"], posted["job_id"]) == ("draft", "1000", None)
    assert [job["id"] for job in client.get("/v1/jobs").get_json()["jobs"]] == [posted["id"]]
    shown = client.get(f"/v1/jobs/{posted['id']}").get_json()
    assert shown["spec"]["computation"]["features"][0] == {**FIELDS["features"][0]}
    assert shown["live"] is None
    assert shown["unavailable"] == []
    assert [entry["event"] for entry in shown["timeline"]] == ["job accepted; its key is being made"]


def test_a_job_that_is_posted_again_under_its_key_is_answered_as_it_is_by_now(
    client: FlaskClient, parts: Parts
) -> None:
    headers = {"Idempotency-Key": '"8e03978e-40d5-43dd-bc93-6894a57f9324"'}
    first = client.post("/v1/jobs", json=REQUEST, headers=headers)
    change_job(parts.buyer.database, first.get_json()["id"], stage=Stage.ESCROWING)
    again = client.post("/v1/jobs", json=nested({**FIELDS, "deposit_wei": 1000, "rounds": 100}), headers=headers)
    assert (first.status_code, again.status_code) == (202, 202)
    assert again.headers["Location"] == first.headers["Location"]
    assert again.get_json() == {**first.get_json(), "stage": "escrowing", "status": again.get_json()["status"]}

    refused = problem(client.post("/v1/jobs", json=nested({**FIELDS, "rounds": 7}), headers=headers), 422)
    assert (refused["code"], refused["fields"]["job"]) == ("idempotency_key_reused", first.get_json()["id"])
    assert client.get("/v1/jobs").get_json()["total"] == 1


@pytest.mark.parametrize("key", ["", "a b", "é", "x" * 65])
def test_a_key_that_cannot_be_is_refused(client: FlaskClient, key: str) -> None:
    refused = problem(client.post("/v1/jobs", json=REQUEST, headers={"Idempotency-Key": key}), 422)
    assert refused["fields"]["field"] == "Idempotency-Key"
    assert client.get("/v1/jobs").get_json()["total"] == 0


@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        ({"rounds": 0}, 422, "computation.rounds"),
        ({"features": []}, 422, "name at least one feature"),
        ({"surplus": 1}, 422, "surplus"),
        ({"key_bits": 100}, 422, "key_bits"),
        ({"scaling": "none"}, 422, "computation.learning_rate: must be given"),
        ({"start_by": 1}, 422, "start_by"),
        ({"deposit_wei": str(10**30)}, 409, "deposit_wei"),
    ],
)
def test_a_job_that_cannot_be_is_refused_with_the_field(
    client: FlaskClient, change: dict[str, Any], status: int, words: str
) -> None:
    assert words in problem(client.post("/v1/jobs", json=nested({**FIELDS, **change})), status)["detail"]
    assert client.get("/v1/jobs").get_json()["jobs"] == []


def test_a_chain_that_is_away_is_named(client: FlaskClient, chain: Any) -> None:
    chain.available = False
    assert problem(client.post("/v1/jobs", json=REQUEST), 503)["code"] == "chain_unavailable"
    problem(client.post("/v1/withdrawals", json={}), 503)


def test_the_account_is_shown_as_far_as_it_is_known_while_the_chain_is_away(
    client: FlaskClient, parts: Parts, chain: Any
) -> None:
    assert client.post("/v1/jobs", json=REQUEST).status_code == 202
    chain.available = False
    answer = client.get("/v1/account")
    assert (answer.status_code, answer.get_json()) == (
        200,
        {
            "address": parts.address,
            "balance_wei": None,
            "owed_wei": None,
            "posting_fee_wei": None,
            "promised_wei": REQUEST["deposit_wei"],
            "unavailable_reason": "the Ethereum node does not answer",
        },
    )


def test_a_running_job_shows_participants_and_pay_and_what_is_not_available(
    client: FlaskClient, parts: Parts, chain: Any, job: Job
) -> None:
    participants = Participants(chain.trainers, chain.validators)
    save(parts, job, stage=Stage.OFFERED, chain_job_id=1, participants=participants)
    shown = client.get(f"/v1/jobs/{job.id}").get_json()
    assert [one["role"] for one in shown["participants"]] == ["trainer", "validator", "validator"]
    assert [one["pay_wei"] for one in shown["participants"]] == ["10", "5", "5"]
    assert shown["participants"][0]["share"] == 1.0
    assert shown["pay"] == {"aggregator_wei": "3", "refund_wei": "2"}
    assert shown["live"] is None
    assert "http://127.0.0.1:9 does not answer" in shown["unavailable"][0]


def test_a_job_is_cancelled_before_it_starts_and_not_after(
    client: FlaskClient, parts: Parts, chain: Any, job: Job
) -> None:
    save(parts, job, stage=Stage.OFFERED, chain_job_id=1)
    chain.put(job, JobState.RUNNING)
    assert "has started" in problem(client.post(f"/v1/jobs/{job.id}/cancel"), 409)["detail"]
    chain.put(job, JobState.POSTED)
    for _ in range(2):
        assert client.post(f"/v1/jobs/{job.id}/cancel").status_code == 202
    shown = client.get(f"/v1/jobs/{job.id}").get_json()
    assert shown["cancel_requested"]
    assert [entry["event"] for entry in shown["timeline"]] == ["cancellation asked for"]


def test_unknown_jobs_are_not_found(client: FlaskClient) -> None:
    for path in ("", "/result", "/model", "/model/sklearn-params"):
        assert problem(client.get(f"/v1/jobs/nothing{path}"), 404)["code"] == "not_found"
    problem(client.post("/v1/jobs/nothing/cancel"), 404)


def test_before_settlement_the_model_is_refused_with_the_reason(client: FlaskClient, parts: Parts, job: Job) -> None:
    save(parts, job, stage=Stage.OFFERED, note="the result is delivered; everybody is being paid")
    for answer in (
        client.get(f"/v1/jobs/{job.id}/result"),
        client.get(f"/v1/jobs/{job.id}/model"),
        client.get(f"/v1/jobs/{job.id}/model/sklearn-params"),
        client.post(f"/v1/jobs/{job.id}/predictions", json={"rows": [{"rain": 1}]}),
    ):
        assert "masked until everybody is paid" in problem(answer, 409)["detail"]


def finished(parts: Parts, job: Job) -> None:
    save(parts, job, stage=Stage.FINISHED, outcome_json=MODEL.to_json(), settlement=Settlement(400, 600, 1.0))


def test_the_model_comes_as_json_that_the_library_reads(client: FlaskClient, parts: Parts, job: Job) -> None:
    finished(parts, job)
    text = client.get(f"/v1/jobs/{job.id}/model").get_data(as_text=True)
    assert LinearModel.from_json(text) == MODEL
    assert client.get(f"/v1/jobs/{job.id}/result").get_data(as_text=True) == text
    assert client.get(f"/v1/jobs/{job.id}").get_json()["settlement"] == {"paid_wei": "400", "refunded_wei": "600"}


def test_the_sklearn_form_makes_a_fitted_regression(client: FlaskClient, parts: Parts, job: Job) -> None:
    import numpy as np
    from sklearn.linear_model import LinearRegression

    finished(parts, job)
    regression = LinearRegression()
    for name, value in client.get(f"/v1/jobs/{job.id}/model/sklearn-params").get_json().items():
        setattr(regression, name, np.asarray(value))
    # A plain array has no names to compare with the model's, which sklearn remarks on.
    with pytest.warns(UserWarning, match="valid feature names"):
        [prediction] = regression.predict(np.array([[20.0]]))
    assert prediction == pytest.approx(20 * 0.05 + 1.5)


def test_predictions_are_in_the_targets_unit(client: FlaskClient, parts: Parts, job: Job) -> None:
    finished(parts, job)
    answer = client.post(f"/v1/jobs/{job.id}/predictions", json={"rows": [{"rain": 20}, {"rain": 0}]}).get_json()
    assert answer == {"target": "yield", "unit": "t", "predictions": [2.5, 1.5]}


@pytest.mark.parametrize(
    ("row", "words"),
    [({}, "row 1, 'rain': missing"), ({"rain": "wet"}, "row 1, 'rain': 'wet'"), ({"rain": None}, "rain")],
)
def test_rows_that_cannot_be_predicted_are_named(
    client: FlaskClient, parts: Parts, job: Job, row: dict[str, Any], words: str
) -> None:
    finished(parts, job)
    answer = client.post(f"/v1/jobs/{job.id}/predictions", json={"rows": [row]})
    assert words in problem(answer, 422)["detail"]


def test_the_account_shows_what_can_be_withdrawn(client: FlaskClient, parts: Parts, chain: Any) -> None:
    chain.owed = 600
    assert client.get("/v1/account").get_json() == {
        "address": parts.address,
        "balance_wei": str(10**18),
        "owed_wei": "600",
        "posting_fee_wei": "1000",
        "promised_wei": "0",
        "unavailable_reason": None,
    }


def test_withdrawing_twice_sends_one_transaction(client: FlaskClient, chain: Any) -> None:
    chain.owed = 600
    first = client.post("/v1/withdrawals", json={})
    assert first.status_code == 202
    assert client.post("/v1/withdrawals", json={}).get_json() == first.get_json()
    assert client.get("/v1/withdrawals").get_json()["withdrawals"] == [first.get_json()]


def test_withdrawing_nothing_or_to_no_address_is_refused(client: FlaskClient, chain: Any) -> None:
    assert "owes nothing" in problem(client.post("/v1/withdrawals", json={}), 409)["detail"]
    assert "to is '0x12'" in problem(client.post("/v1/withdrawals", json={"to": "0x12"}), 422)["detail"]


def test_a_misspelt_recipient_is_refused_instead_of_sending_the_money_home(client: FlaskClient, chain: Any) -> None:
    chain.owed = 600
    body = {"recipient": "0x" + "11" * 20}
    assert problem(client.post("/v1/withdrawals", json=body), 422)["fields"]["field"] == "recipient"
    assert client.get("/v1/withdrawals").get_json()["withdrawals"] == []


def test_a_long_line_without_separator_is_said_to_be_no_csv(client: FlaskClient, parts: Parts, job: Job) -> None:
    finished(parts, job)
    answer = client.post(f"/v1/jobs/{job.id}/predictions/csv", data="x" * 131_073, content_type="text/csv")
    assert "not CSV (field larger than field limit" in problem(answer, 422)["detail"]


def test_readiness_says_what_is_missing(web: FlaskClient, chain: Any) -> None:
    chain.available = False
    answer = web.get("/readyz")
    assert answer.status_code == 503
    checks = {check["name"]: check["ok"] for check in answer.get_json()["checks"]}
    assert checks == {"database": True, "chain": False, "aggregator": False}


def test_every_route_is_documented(web: FlaskClient) -> None:
    paths = web.get("/openapi/openapi.json").get_json()["paths"]
    assert set(paths) >= {
        "/v1/account",
        "/v1/jobs",
        "/v1/jobs/{id}",
        "/v1/jobs/{id}/cancel",
        "/v1/jobs/{id}/result",
        "/v1/jobs/{id}/model",
        "/v1/jobs/{id}/model/sklearn-params",
        "/v1/jobs/{id}/predictions",
        "/v1/withdrawals",
    }


def test_no_document_makes_a_request_crash(client: FlaskClient) -> None:
    document = client.get("/openapi/openapi.json").get_json()
    assert crashes(client, document) == []


def test_an_outcome_that_is_no_model_is_shown_and_nothing_is_predicted_with_it(
    client: FlaskClient, parts: Parts, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_in_place(monkeypatch)
    save(parts, job, stage=Stage.FINISHED, outcome_json=Counted(30).to_json(), settlement=Settlement(400, 600, 1.0))
    assert client.get(f"/v1/jobs/{job.id}/result").get_json() == {"format": "a count", "rows": 30}
    for answer in (
        client.get(f"/v1/jobs/{job.id}/model"),
        client.get(f"/v1/jobs/{job.id}/model/sklearn-params"),
        client.post(f"/v1/jobs/{job.id}/predictions", json={"rows": [{"rain": 1}]}),
        client.post(f"/v1/jobs/{job.id}/predictions/csv", data="rain\n1\n", content_type="text/csv"),
    ):
        assert "is no model" in problem(answer, 409)["detail"]
    shown = client.get(f"/v1/jobs/{job.id}").get_json()
    assert (shown["pay_rule"], shown["learns"]) == ("per_answer", [COUNT.model_dump(mode="json")])
    assert (shown["mse"], shown["initial_mse"], shown["improvement_percent"], shown["checkpoints"]) == (
        None,
        None,
        None,
        [],
    )


def test_the_kind_of_a_computation_must_be_known_here(client: FlaskClient) -> None:
    answer = client.post("/v1/jobs", json={**REQUEST, "computation": {"kind": "magic"}})
    assert problem(answer, 422)["fields"]["field"] == "computation.kind"
    assert "expected a computation that is known here: " in answer.get_json()["detail"]
