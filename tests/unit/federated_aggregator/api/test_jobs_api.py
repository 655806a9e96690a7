"""Jobs over HTTP: versions that cost little to ask for, and the summaries of those that are wanted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from federated_aggregator.app import create_app

ONE_JOB = 7


def test_an_unchanged_market_is_told_without_a_body_and_a_changed_one_by_its_versions(
    play: Any, tmp_path: Path
) -> None:
    client = create_app(play.aggregator, tmp_path).test_client()
    assert client.get("/v1/jobs/versions").get_json() == {"versions": {}}
    play.post()
    first = client.get("/v1/jobs/versions")
    assert list(first.get_json()["versions"]) == [str(ONE_JOB)]
    seen = {"If-None-Match": first.headers["ETag"]}
    again = client.get("/v1/jobs/versions", headers=seen)
    assert (again.status_code, again.data) == (304, b"")
    play.accept(next(iter(play.owners.values())))
    changed = client.get("/v1/jobs/versions", headers=seen)
    assert changed.status_code == 200
    assert changed.get_json() != first.get_json()


def test_summaries_can_be_asked_for_by_number(play: Any, tmp_path: Path) -> None:
    play.post()
    client = create_app(play.aggregator, tmp_path).test_client()
    assert [job["job_id"] for job in client.get(f"/v1/jobs?job_id=1&job_id={ONE_JOB}").get_json()["jobs"]] == [ONE_JOB]
    assert client.get("/v1/jobs?job_id=1").get_json() == {"jobs": []}
    assert [job["job_id"] for job in client.get("/v1/jobs").get_json()["jobs"]] == [ONE_JOB]
    too_many = "&".join(f"job_id={number}" for number in range(101))
    assert client.get(f"/v1/jobs?{too_many}").status_code == 422
