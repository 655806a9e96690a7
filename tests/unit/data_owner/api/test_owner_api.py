"""The data owner over HTTP: every route behind a session, JSON in and out, errors that name the field."""

from __future__ import annotations

import io
from types import SimpleNamespace
from typing import Any, cast

import pytest
from argon2 import PasswordHasher
from flask.testing import FlaskClient

from commons.errors import ServiceUnavailable
from commons.web.authentication import Authenticator
from data_owner.adapters.tables import AUTHENTICATION
from data_owner.app import create_app
from data_owner.services.commitments import Commitments
from data_owner.wiring import Owner


@pytest.fixture
def app(world: Any) -> Any:
    def check_board() -> None:
        if world.aggregator.away:
            raise ServiceUnavailable("the aggregator does not answer")

    authenticator = Authenticator(world.database, AUTHENTICATION, hasher=PasswordHasher(time_cost=1, memory_cost=64))
    authenticator.ensure_admin("correct horse", world.folder)
    owner = SimpleNamespace(
        database=world.database,
        authenticator=authenticator,
        board=SimpleNamespace(check=check_board),
        chain=world.chain,
        datasets=world.datasets,
        offers=world.offers,
        commitments=Commitments(world.acceptances, world.deliveries, world.offers),
        earnings=world.earnings,
        max_upload_bytes=100_000,
    )
    return create_app(cast(Owner, owner))


@pytest.fixture
def client(app: Any) -> FlaskClient:
    client: FlaskClient = app.test_client()
    answer = client.post("/v1/session", json={"user": "admin", "password": "correct horse"})
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {answer.get_json()['token']}"
    return client


def test_every_route_but_signing_in_needs_a_session(app: Any) -> None:
    stranger = app.test_client()
    rules = [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/v1/")]
    assert len(rules) >= 14
    for rule in rules:
        path = rule.rule.replace("<int:job_id>", "1").replace("<dataset_id>", "x")
        for method in rule.methods - {"HEAD", "OPTIONS"}:
            expected = 422 if (method, path) == ("POST", "/v1/session") else 401
            assert stranger.open(path, method=method, json={}).status_code == expected, (method, path)


def test_every_route_is_documented(client: FlaskClient) -> None:
    paths = client.get("/openapi/openapi.json").get_json()["paths"]
    assert {"/v1/account", "/v1/datasets/{dataset_id}", "/v1/offers/{job_id}/accept", "/v1/withdrawals"} <= set(paths)
    for operations in paths.values():
        for operation in operations.values():
            assert operation["summary"]
    assert set(paths["/v1/datasets"]["post"]["requestBody"]["content"]) == {"application/json", "multipart/form-data"}


def test_a_dataset_is_added_shown_changed_and_removed(client: FlaskClient, world: Any) -> None:
    path = world.folder / "ward.csv"
    path.write_text("age,ward,y\n30,north,1.5\n41,south,\n")
    added = client.post("/v1/datasets", json={"path": str(path), "tags": ["health"]})
    assert added.status_code == 201
    shown = client.get(f"/v1/datasets/{added.get_json()['dataset_id']}").get_json()
    assert shown == added.get_json()
    assert shown["row_count"] == 2
    assert [(c["name"], c["type"], c["minimum"], c["missing_count"]) for c in shown["columns"]] == [
        ("age", "integer", 30, 0),
        ("ward", "text", None, 0),
        ("y", "number", 1.5, 1),
    ]
    assert "row 1 holds 'north'" in shown["columns"][1]["problem"]
    url = f"/v1/datasets/{shown['dataset_id']}"
    assert client.patch(url, json={"name": "Ward 7"}).get_json()["name"] == "Ward 7"
    assert client.delete(url).status_code == 204
    assert client.get(url).status_code == 404
    assert client.get("/v1/datasets").get_json() == {"datasets": []}


def test_a_file_can_be_uploaded_with_what_is_said_of_it(client: FlaskClient) -> None:
    form = {"file": (io.BytesIO(b"a,y\n1,2\n3,4\n"), "mine.csv"), "tags": "x, y", "description": "d"}
    added = client.post("/v1/datasets", data=form, content_type="multipart/form-data")
    assert added.status_code == 201
    assert (added.get_json()["name"], added.get_json()["tags"]) == ("mine", ["x", "y"])


@pytest.mark.parametrize(
    ("arguments", "status", "expected"),
    [
        ({"json": {}}, 422, "path: field required"),
        ({"json": {"path": "/nowhere.csv"}}, 404, "/nowhere.csv"),
        ({"json": {"path": "/", "colour": "red"}}, 422, "colour: extra inputs are not permitted"),
        ({"data": "a,b", "content_type": "text/csv"}, 415, "multipart/form-data"),
        ({"data": {"name": "x"}, "content_type": "multipart/form-data"}, 422, "file: missing"),
    ],
)
def test_what_cannot_be_added_is_named(
    client: FlaskClient, arguments: dict[str, Any], status: int, expected: str
) -> None:
    answer = client.post("/v1/datasets", **arguments)
    assert answer.status_code == status
    assert expected in answer.get_json()["detail"]


def test_a_bad_cell_is_named_with_column_and_row(client: FlaskClient, world: Any) -> None:
    path = world.folder / "bad.csv"
    path.write_text("a,y\n1,2\n1,2,3\n")
    answer = client.post("/v1/datasets", json={"path": str(path)})
    assert (answer.status_code, answer.get_json()["code"]) == (422, "dataset_invalid")
    assert answer.get_json()["fields"]["row"] == 2


def test_an_upload_over_the_limit_is_refused(client: FlaskClient) -> None:
    form = {"file": (io.BytesIO(b"a,y\n" + b"1,2\n" * 300_000), "big.csv")}
    answer = client.post("/v1/datasets", data=form, content_type="multipart/form-data")
    assert answer.status_code == 413
    # The test client spools so large a body into a temporary file and leaves it open.
    answer.request.environ["wsgi.input"].close()


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


@pytest.mark.parametrize(
    ("route", "body", "expected"),
    [
        ("GET /v1/offers?status=SOON", None, "422 status: should be 'WAITING'"),
        ("GET /v1/offers/7", None, "404 job 7"),
        ("POST /v1/offers/1/accept", {"roles": 4}, "422 roles: should be less than or equal to 3"),
        ("POST /v1/offers/1/accept", {"role": 1}, "422 role: extra inputs"),
        ("POST /v1/withdrawals", {"to": "abc"}, "422 to is 'abc'"),
        ("POST /v1/withdrawals", {}, "409 nothing is owed"),
        ("PATCH /v1/datasets/x", {"name": ""}, "422 name: string should have at least 1 character"),
    ],
)
def test_bad_requests_get_one_clear_line(client: FlaskClient, world: Any, route: str, body: Any, expected: str) -> None:
    world.post_job(1)
    method, path = route.split()
    answer = client.open(path, method=method, json=body)
    assert expected in f"{answer.status_code} {answer.get_json()['detail']}"


def test_account_earnings_and_withdrawals(client: FlaskClient, world: Any) -> None:
    world.chain.owed = 12
    assert client.get("/v1/account").get_json()["owed_wei"] == "12"
    assert client.get("/v1/earnings").get_json() == {"jobs": [], "owed_wei": "12", "unavailable_reason": None}
    queued = client.post("/v1/withdrawals", json={})
    assert (queued.status_code, queued.get_json()["state"]) == (202, "queued")
    assert client.get("/v1/withdrawals").get_json()["withdrawals"] == [queued.get_json()]


def test_readiness_says_what_is_missing(client: FlaskClient, world: Any) -> None:
    assert client.get("/readyz").status_code == 200
    world.chain.away = world.aggregator.away = True
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert [check["name"] for check in answer.get_json()["checks"] if not check["ok"]] == ["chain", "aggregator"]
