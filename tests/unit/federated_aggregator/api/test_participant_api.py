"""Participants over HTTP: numbers that no database holds are refused, a success without content has no type."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from eth_account import Account
from flask.testing import FlaskClient

from federated_aggregator.api import answers
from federated_aggregator.app import create_app
from tests.doubles.hostile_documents import crashes
from tests.doubles.signing_in import sign_in

ONE_JOB = 7
ENTRY = {"name": "n", "columns": [{"name": "a", "type": "number"}], "row_count": 3}
HUGE = 2**63


@pytest.fixture
def client(play: Any, tmp_path: Path) -> FlaskClient:
    client = create_app(play.aggregator, tmp_path).test_client()
    sign_in(client, Account.create())
    return client


@pytest.mark.parametrize(
    ("route", "body", "field"),
    [
        (f"GET /v1/jobs?job_id={HUGE}", None, "job_id.0"),
        ("GET /v1/jobs?state=soon", None, "state"),
        ("GET /v1/jobs?jobid=1", None, "jobid"),
        (f"GET /v1/jobs/{HUGE}", None, "job_id"),
        ("GET /v1/jobs?limit=101", None, "limit"),
        ("GET /v1/datasets?limit=51", None, "limit"),
        (f"GET /v1/datasets?offset={HUGE}", None, "offset"),
        ("PUT /v1/datasets/p", {**ENTRY, "row_count": HUGE}, "row_count"),
        ("PUT /v1/datasets/p", {**ENTRY, "columns": ENTRY["columns"] * 2001}, "columns"),
        ("PUT /v1/datasets/p", {**ENTRY, "name": "a\0"}, "name"),
        (f"DELETE /v1/jobs/{HUGE}/acceptances/me", None, "job_id"),
        (
            "POST /v1/jobs/7/acceptances",
            {"row_count": 1, "growth": 1, "roles": 3, "deadline": HUGE, "signature": "0x00"},
            "deadline",
        ),
        ("POST /v1/jobs", {"job_id": HUGE, "spec": {}, "modulus": "0x1", "modulus_proof": []}, "job_id"),
    ],
)
def test_what_no_database_holds_is_refused_by_its_name(client: FlaskClient, route: str, body: Any, field: str) -> None:
    method, path = route.split()
    answer = client.open(path, method=method, json=body)
    assert answer.status_code == 422, answer.text
    assert field in {problem["field"] for problem in answer.get_json()["fields"]["errors"]}


def test_a_success_without_content_has_no_type(client: FlaskClient) -> None:
    for method, path, body in (
        ("PUT", "/v1/participants/me", {"name": "North", "kind": "data_owner"}),
        ("PUT", "/v1/datasets/p", ENTRY),
        ("DELETE", "/v1/datasets/p", None),
    ):
        answer = client.open(path, method=method, json=body)
        assert (answer.status_code, answer.data, answer.content_type) == (204, b"", None)


def test_answers_have_the_documented_form(play: Any, tmp_path: Path) -> None:
    client = create_app(play.aggregator, tmp_path).test_client()
    sign_in(client, play.buyer_account)
    assert client.put("/v1/datasets/p", json=ENTRY).status_code == 204
    play.start()
    answers.Status.model_validate(client.get("/v1/status").get_json())
    assert answers.DatasetPage.model_validate(client.get("/v1/datasets").get_json()).total == 1
    play.play_until(lambda view: view["step"] == "linear_regression/square")
    (task,) = answers.PendingTasks.model_validate(client.get("/v1/tasks").get_json()).tasks
    result = play.answer(play.buyer, task.task)
    posted = client.post(f"/v1/tasks/{task.task_id}/result", json={"result": result}).get_json()
    assert answers.Outcome.model_validate(posted).outcome == "accepted"
    play.play_until(lambda view: view["state"] == "settling")
    play.settle()
    assert answers.JobPage.model_validate(client.get("/v1/jobs").get_json()).total == 1
    shown = answers.Job.model_validate(client.get(f"/v1/jobs/{ONE_JOB}").get_json())
    assert [point.index for point in shown.checkpoints] == [0, 1, 2]
    delivered = answers.Delivery.model_validate(client.get(f"/v1/jobs/{ONE_JOB}/delivery").get_json())
    assert delivered.evidence is not None


def test_no_document_makes_a_request_crash(client: FlaskClient) -> None:
    document = client.get("/openapi/openapi.json").get_json()
    assert crashes(client, document) == []
