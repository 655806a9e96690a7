"""Jobs over HTTP: versions that cost little to ask for, and the summaries of those that are wanted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from commons.ciphers.paillier import ModulusProof
from federated_aggregator.app import create_app
from federated_aggregator.services.sign_in import SignIn

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
    assert client.get("/v1/jobs?job_id=1").get_json() == {"jobs": [], "total": 0}
    assert [job["job_id"] for job in client.get("/v1/jobs").get_json()["jobs"]] == [ONE_JOB]
    too_many = "&".join(f"job_id={number}" for number in range(101))
    assert client.get(f"/v1/jobs?{too_many}").status_code == 422


def test_a_job_is_posted_and_shown_with_all_roots_of_its_keys_proof(
    play: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SignIn, "address_of", lambda *_: play.buyer)
    client = create_app(play.aggregator, tmp_path).test_client()
    posting = play.posting()
    body = {"job_id": posting.job_id, "spec": posting.spec.model_dump(mode="json"), "modulus": posting.modulus}

    def post(proof: list[str]) -> Any:
        return client.post("/v1/jobs", json={**body, "modulus_proof": proof}, headers={"Authorization": "Bearer x"})

    assert len(play.proof) == ModulusProof.LENGTH
    for wrong in ([*play.proof, "0x1"], [play.proof[0][2:], *play.proof[1:]]):
        assert post(wrong).status_code == 422
    for wrong in (play.proof[:-1], play.proof[:8], play.proof[::-1]):
        assert post(wrong).get_json()["code"] == "key_proof_invalid"
    assert client.get(f"/v1/jobs/{ONE_JOB}").status_code == 404
    assert post(play.proof).status_code == 201
    assert client.get(f"/v1/jobs/{ONE_JOB}").get_json()["modulus_proof"] == play.proof
