"""The public board over HTTP: no sign-in, pages, search, and nothing that is not public."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from structlog.testing import capture_logs
from werkzeug.test import TestResponse

from commons.market.catalogue import CatalogueEntry
from commons.web.app import create_api
from commons.web.rate_limit import RateLimit
from federated_aggregator.api.board import board_blueprint
from federated_aggregator.app import create_app
from federated_aggregator.tables import Enrolment, Job, OutboxTransaction

ONE_JOB = 7


def client_of(play: Any, folder: Path) -> FlaskClient:
    return create_app(play.aggregator, folder).test_client()


@pytest.fixture
def started(play: Any) -> Any:
    play.start()
    return play


def put_dataset(play: Any, number: int, **changes: Any) -> None:
    entry = CatalogueEntry(**{"name": f"ward {number}", "tags": ["health"], "columns": [], "row_count": 10, **changes})
    play.aggregator.catalogue.put_dataset("0x" + f"{number:040x}", f"dataset-{number}", entry)
    play.clock.now += 1


def test_the_overview_counts_everything_and_says_how_the_parts_are(started: Any, tmp_path: Path) -> None:
    put_dataset(started, 1)
    started.aggregator.catalogue.register(started.buyer, kind="model_buyer", name="City hospital")
    shown = client_of(started, tmp_path).get("/v1/board").get_json()
    assert (shown["jobs"]["running"], shown["jobs"]["finished"], shown["datasets"]) == (1, 0, 1)
    assert shown["participants"] == {"model_buyer": 1}
    assert shown["chain"]["contract_address"] == started.chain.contract_address
    assert shown["chain"]["escrowed_wei"] == str(10**18)
    assert {part["name"]: part["ok"] for part in shown["parts"]} == {
        "database": True,
        "chain": True,
        "worker": True,
        "transactions": True,
    }


def test_parts_that_do_not_work_are_named(started: Any, tmp_path: Path) -> None:
    started.chain.reachable = False
    with started.database.session() as session:
        session.get(Job, ONE_JOB).step_deadline = started.clock.now - 60
        waiting = {"to_address": "0x", "data": b"", "value_wei": 0, "queued_at": started.clock.now - 3600}
        session.add(OutboxTransaction(key="x", description="start a job", **waiting))
    shown = client_of(started, tmp_path).get("/v1/board").get_json()
    assert not shown["chain"]["ok"]
    assert shown["chain"]["block_number"] is None
    failing = {part["name"]: part["detail"] for part in shown["parts"] if not part["ok"]}
    assert set(failing) == {"chain", "worker", "transactions"}
    assert failing["transactions"] == "on their way: 1, the oldest for too long"


def test_a_job_goes_through_the_groups_with_its_metric(started: Any, tmp_path: Path) -> None:
    client = client_of(started, tmp_path)
    started.aggregator.catalogue.register(started.buyer, kind="model_buyer", name="City hospital")
    (row,) = client.get("/v1/board/jobs?group=running").get_json()["jobs"]
    assert (row["buyer_name"], row["owners"], row["trainers"], row["validators"]) == ("City hospital", 4, 2, 2)
    assert (row["mse"], row["improvement_percent"], row["ended_at"]) == (None, None, None)
    started.play_until(lambda view: view["state"] == "settling")
    started.settle()
    listed = client.get("/v1/board/jobs?group=ended").get_json()
    assert (listed["total"], listed["counts"]) == (1, {"open": 0, "running": 0, "ended": 1})
    (row,) = listed["jobs"]
    assert row["state"] == "finished"
    assert row["mse"] < row["initial_mse"]
    assert row["improvement_percent"] == pytest.approx(100 * (1 - row["mse"] / row["initial_mse"]))
    assert row["ended_at"] > row["posted_at"]
    shown = client.get(f"/v1/board/jobs/{ONE_JOB}").get_json()
    assert [point["mse"] for point in shown["checkpoints"]][-1] == row["mse"]
    assert shown["row_count"] == sum(owner["row_count"] for owner in shown["owners_list"]) == 35
    assert shown["transactions"]["finalize"].startswith("0x")


def test_a_job_says_whom_it_waits_for(started: Any, tmp_path: Path) -> None:
    shown = client_of(started, tmp_path).get(f"/v1/board/jobs/{ONE_JOB}").get_json()
    assert shown["waiting_for"]["code"] == "linear_regression/evaluate"
    assert set(shown["waiting_for"]["who"]) == {
        one["address"] for one in shown["owners_list"] if one["role"] == "validator"
    }


def test_no_answer_shows_keys_signatures_or_ciphertexts(started: Any, tmp_path: Path) -> None:
    started.play_until(lambda view: view["checkpoint"] == 1)
    client = client_of(started, tmp_path)
    with started.database.snapshot() as session:
        secrets = [row.signature for row in session.query(Enrolment)]
    answers = "".join(client.get(f"/v1/board{path}").text for path in ("", "/jobs", f"/jobs/{ONE_JOB}", "/datasets"))
    for hidden in (*secrets, started.view()["modulus"], "modulus", "signature"):
        assert hidden not in answers


PUBLIC_PATHS = (
    "/readyz",
    "/healthz",
    "/v1/status",
    "/v1/datasets",
    "/v1/jobs",
    f"/v1/jobs/{ONE_JOB}",
    "/v1/board",
    "/v1/board/jobs",
    f"/v1/board/jobs/{ONE_JOB}",
    "/v1/board/datasets",
)


def test_no_answer_names_the_node_or_the_database(started: Any, tmp_path: Path) -> None:
    client = client_of(started, tmp_path)
    node, database = started.chain.node_url, started.database.description

    def answers() -> list[TestResponse]:
        found = [client.get(path) for path in PUBLIC_PATHS]
        for answer in found:
            assert node not in answer.text
            assert database not in answer.text
        return found

    answers()
    started.chain.reachable = False
    assert answers()[0].get_json()["checks"][1] == {"name": "chain", "ok": False, "detail": ""}
    with started.database.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE jobs RENAME TO mislaid")
    with capture_logs() as logged:
        assert {answer.get_json().get("code") for answer in answers()[5:9]} == {"service_unavailable"}
    assert any(database in entry.get("reason", "") for entry in logged)


def test_a_participant_is_not_told_which_node_is_away(play: Any, tmp_path: Path) -> None:
    app = create_app(play.aggregator, tmp_path)
    app.add_url_rule("/asks-the-chain", view_func=play.chain.check)
    play.chain.reachable = False
    answer = app.test_client().get("/asks-the-chain")
    assert (answer.status_code, answer.get_json()["code"]) == (503, "chain_unavailable")
    assert answer.get_json()["fields"] == {}
    assert play.chain.node_url not in answer.text


@pytest.fixture
def many(make_play: Callable[..., Any]) -> Any:
    play = make_play()
    play.post()
    with play.database.session() as session:
        first = session.get(Job, ONE_JOB)
        copied = {column.name: getattr(first, column.name) for column in Job.__table__.columns}
        for number in range(1001, 2000):
            session.add(Job(**{**copied, "job_id": number, "state": "finished" if number % 2 else "recruiting"}))
    return play


def test_a_thousand_jobs_come_in_pages_and_are_searched(many: Any, tmp_path: Path) -> None:
    client = client_of(many, tmp_path)
    first = client.get("/v1/board/jobs?group=open&limit=50").get_json()
    second = client.get("/v1/board/jobs?group=open&limit=50&offset=50").get_json()
    assert first["total"] == second["total"] == 500
    assert first["counts"] == {"open": 500, "running": 0, "ended": 500}
    numbers = [job["job_id"] for job in first["jobs"] + second["jobs"]]
    assert numbers == sorted(set(numbers), reverse=True)
    assert len(numbers) == 100
    title = many.spec.title
    assert client.get(f"/v1/board/jobs?query={title.upper()}&state=finished").get_json()["total"] == 500
    assert client.get("/v1/board/jobs?query=nothing-like-it").get_json()["jobs"] == []


def test_datasets_are_found_by_text_and_tags(play: Any, tmp_path: Path) -> None:
    put_dataset(play, 1, tags=["health", "2024"])
    put_dataset(play, 2, description="Diabetes progression")
    put_dataset(play, 3, tags=["energy"], columns=[{"name": "Wind speed", "type": "number"}])
    client = client_of(play, tmp_path)
    everything = client.get("/v1/board/datasets").get_json()
    assert [entry["name"] for entry in everything["datasets"]] == ["ward 3", "ward 2", "ward 1"]
    assert everything["tags"] == [
        {"tag": "2024", "count": 1},
        {"tag": "energy", "count": 1},
        {"tag": "health", "count": 2},
    ]

    def found(query: str) -> list[str]:
        return [entry["name"] for entry in client.get(f"/v1/board/datasets?{query}").get_json()["datasets"]]

    assert found("query=DIABETES") == ["ward 2"]
    assert found("query=wind") == ["ward 3"]
    assert found("tag=Health") == ["ward 2", "ward 1"]
    assert found("tag=health&tag=2024") == ["ward 1"]
    assert found("limit=1&offset=1") == ["ward 2"]


@pytest.mark.parametrize(
    ("path", "status", "field"),
    [
        ("/jobs?group=old", 422, "group"),
        ("/jobs?limit=51", 422, "limit"),
        ("/datasets?offset=-1", 422, "offset"),
        ("/jobs/77", 404, None),
    ],
)
def test_what_cannot_be_asked_is_named(play: Any, tmp_path: Path, path: str, status: int, field: str | None) -> None:
    answer = client_of(play, tmp_path).get(f"/v1/board{path}")
    assert answer.status_code == status
    assert answer.get_json()["fields"].get("field") == field


def test_an_unchanged_answer_is_not_sent_again(started: Any, tmp_path: Path) -> None:
    client = client_of(started, tmp_path)
    path = f"/v1/board/jobs/{ONE_JOB}"
    tag = client.get(path).headers["ETag"]
    again = client.get(path, headers={"If-None-Match": tag})
    assert (again.status_code, again.data) == (304, b"")
    started.play_until(lambda view: view["step"] == "linear_regression/square")
    assert client.get(path, headers={"If-None-Match": tag}).status_code == 200


def test_an_address_that_asks_too_often_is_slowed_down(play: Any) -> None:
    app = create_api("test", "1", readiness=list)
    app.register_api(board_blueprint(play.aggregator.board, RateLimit(per_s=1, burst=3, clock=lambda: 0.0)))
    client = app.test_client()
    assert [client.get("/v1/board/jobs").status_code for _ in range(3)] == [200] * 3
    refused = client.get("/v1/board/jobs")
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "1")
    other = client.get("/v1/board/jobs", environ_base={"REMOTE_ADDR": "10.0.0.9"})
    assert other.status_code == 200


def test_the_board_changes_nothing(play: Any, tmp_path: Path) -> None:
    client = client_of(play, tmp_path)
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert client.open("/v1/board/jobs", method=method, json={}).status_code == 405
