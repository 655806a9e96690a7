"""Twenty equal requests at once do what one does."""

from __future__ import annotations

from collections import Counter
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import func, select

from commons.chain.jobs import JobState
from model_buyer.domain.stages import Stage
from model_buyer.tables import Job, OutboxTransaction
from model_buyer.wiring import Parts
from tests.doubles.around_buyer import put_job
from tests.doubles.at_once import MANY, at_once
from tests.doubles.job_specs import nested

REQUEST = nested(
    {
        "title": "Yield",
        "features": [{"name": "rain", "minimum": 0, "maximum": 100, "unit": "mm"}],
        "target": {"name": "yield", "minimum": 0, "maximum": 10, "unit": "t"},
        "deposit_wei": "1000",
    }
)


def answers(client: FlaskClient, path: str, body: Any, **headers: str) -> list[tuple[int, Any]]:
    token = client.environ_base["HTTP_AUTHORIZATION"]

    def ask() -> tuple[int, Any]:
        own = client.application.test_client()
        answer = own.post(path, json=body, headers={"Authorization": token, **headers})
        return answer.status_code, answer.get_json()

    return at_once(ask)


def sent(parts: Parts) -> int:
    with parts.buyer.database.snapshot() as session:
        return session.scalar(select(func.count()).select_from(OutboxTransaction)) or 0


def jobs(client: FlaskClient) -> int:
    return len(client.get("/v1/jobs").get_json()["jobs"])


def test_one_withdrawal_is_sent_and_answers_everybody(client: FlaskClient, parts: Parts, chain: Any) -> None:
    chain.owed = 600
    found = answers(client, "/v1/withdrawals", {})
    assert Counter(status for status, _ in found) == {202: MANY}
    assert len({body["id"] for _, body in found}) == 1
    assert sent(parts) == 1


def test_one_job_is_posted_under_a_key(client: FlaskClient) -> None:
    found = answers(client, "/v1/jobs", REQUEST, **{"Idempotency-Key": '"k"'})
    assert Counter(status for status, _ in found) == {202: MANY}
    assert len({body["id"] for _, body in found}) == 1
    assert jobs(client) == 1


def test_without_a_key_no_more_is_promised_than_the_account_holds(client: FlaskClient, chain: Any) -> None:
    most = {**REQUEST, "deposit_wei": str(6 * chain.balance // 10)}
    found = Counter(status for status, _ in answers(client, "/v1/jobs", most))
    assert found == {202: 1, 409: MANY - 1}
    assert jobs(client) == 1


def test_a_job_is_called_off_once(client: FlaskClient, parts: Parts, chain: Any, job: Job) -> None:
    job.stage, job.chain_job_id = Stage.OFFERED, 1
    put_job(parts.buyer.database, job)
    chain.put(job, JobState.POSTED)
    found = answers(client, f"/v1/jobs/{job.id}/cancel", {})
    assert Counter(status for status, _ in found) == {202: MANY}
    shown = client.get(f"/v1/jobs/{job.id}").get_json()
    assert [entry["event"] for entry in shown["timeline"]] == ["cancellation asked for"]
