"""The data owner over HTTP: every route behind a session, JSON in and out, errors that name the field."""

from __future__ import annotations

import io
import json
import re
from typing import Any

import pytest
from flask.testing import FlaskClient

from data_owner.tables import ContractEvent, OutboxTransaction
from tests.doubles.hostile_documents import crashes


def test_every_route_but_signing_in_needs_a_session(app: Any) -> None:
    stranger = app.test_client()
    rules = [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/v1/")]
    assert len(rules) >= 20
    for rule in rules:
        path = rule.rule.replace("<int:job_id>", "1").replace("<dataset_id>", "x")
        for method in rule.methods - {"HEAD", "OPTIONS"}:
            expected = {("POST", "/v1/session"): 422, ("GET", "/v1/session"): 200}.get((method, path), 401)
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
    assert client.get("/v1/datasets").get_json() == {"datasets": [], "data_dirs": [str(world.folder)]}


def test_a_file_can_be_uploaded_with_what_is_said_of_it(client: FlaskClient) -> None:
    form = {"file": (io.BytesIO(b"a,y\n1,2\n3,4\n"), "mine.csv"), "tags": "x, y", "description": "d"}
    added = client.post("/v1/datasets", data=form, content_type="multipart/form-data")
    assert added.status_code == 201
    assert (added.get_json()["name"], added.get_json()["tags"]) == ("mine", ["x", "y"])


@pytest.mark.parametrize(
    ("arguments", "status", "expected"),
    [
        ({"json": {}}, 422, "path: field required"),
        ({"json": {"path": "/nowhere.csv"}}, 422, "only below the folders that its operator has named"),
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
    form = {"file": (io.BytesIO(b"a,y\n" + b"1,2\n" * 600_000), "big.csv")}
    answer = client.post("/v1/datasets", data=form, content_type="multipart/form-data")
    assert answer.status_code == 413
    # The test client spools so large a body into a temporary file and leaves it open.
    answer.request.environ["wsgi.input"].close()


@pytest.mark.parametrize(
    ("route", "body", "expected"),
    [
        ("GET /v1/offers?status=SOON", None, "422 status: should be 'WAITING'"),
        ("GET /v1/offers/7", None, "404 job 7"),
        ("POST /v1/offers/1/accept", {"roles": 4}, "422 roles: should be less than or equal to 3"),
        ("POST /v1/offers/1/accept", {"role": 1}, "422 role: extra inputs"),
        ("POST /v1/withdrawals", {"to": "abc"}, "422 to is 'abc'"),
        ("POST /v1/withdrawals", {}, "409 nothing is owed"),
        ("POST /v1/withdrawals", {"recipient": "abc"}, "422 recipient: extra inputs"),
        ("PATCH /v1/datasets/x", {"name": ""}, "422 name: string should have at least 1 character"),
        ("PATCH /v1/datasets/x", {"name": "a\0b"}, "422 name: must not hold the character NUL"),
        ("PATCH /v1/datasets/x", {"tags": ["a\0b"]}, "422 tags: must not hold the character NUL"),
        ("POST /v1/offers/1/match", {"dataset_id": "x", "column_mapping": {"a": "\0"}}, "422 column_mapping: must not"),
        ("GET /v1/offers?stauts=READY", None, "422 stauts: extra inputs"),
        ("GET /v1/offers/4611686018427387904", None, "422 job_id: should be less than"),
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


def test_a_browser_signs_in_and_changes_things_with_its_csrf_token_only(app: Any) -> None:
    browser = app.test_client()
    credentials = {"user": "admin", "password": "correct horse", "kind": "browser"}
    token = browser.post("/v1/session", json=credentials).get_json()["csrf_token"]
    assert browser.get("/v1/datasets").status_code == 200
    for method, path in (
        ("POST", "/v1/datasets"),
        ("PATCH", "/v1/datasets/x"),
        ("DELETE", "/v1/datasets/x"),
        ("POST", "/v1/offers/1/match"),
        ("POST", "/v1/offers/1/accept"),
        ("POST", "/v1/offers/1/decline"),
        ("POST", "/v1/offers/1/withdraw"),
        ("POST", "/v1/withdrawals"),
    ):
        refused = browser.open(path, method=method, json={})
        assert (refused.status_code, refused.get_json()["code"]) == (403, "csrf_refused"), path
        assert browser.open(path, method=method, json={}, headers={"X-CSRF-Token": token}).status_code != 403, path


def test_a_name_that_is_not_this_service_is_refused(client: FlaskClient) -> None:
    assert client.get("/v1/datasets", headers={"Host": "evil.example"}).status_code == 403


def test_the_service_says_who_it_is(client: FlaskClient, world: Any) -> None:
    shown = client.get("/v1/about").get_json()
    assert (shown["service"], shown["address"], shown["explorer_url"]) == ("owner", world.address, None)
    world.chain.away = True
    health = client.get("/v1/health")
    assert health.status_code == 200
    assert {check["name"]: check["ok"] for check in health.get_json()["checks"]}["chain"] is False


def test_histograms_are_counted_from_the_file(client: FlaskClient, world: Any) -> None:
    path = world.folder / "ward.csv"
    path.write_text("age,ward,y\n30,north,1.5\n41,south,\n50,north,x\n")
    dataset_id = client.post("/v1/datasets", json={"path": str(path)}).get_json()["dataset_id"]
    shown = client.get(f"/v1/datasets/{dataset_id}/histograms?bins=2&column=age&column=y").get_json()
    assert shown == {
        "dataset_id": dataset_id,
        "row_count": 3,
        "histograms": [
            {"column": "age", "edges": [30, 40, 50], "counts": [1, 2], "missing_count": 0, "unusable_count": 0},
            {"column": "y", "edges": [1.5, 1.5], "counts": [1], "missing_count": 1, "unusable_count": 1},
        ],
    }
    for query, field in (
        ("bins=0", "bins"),
        ("bins=101", "bins"),
        ("column=z", "column"),
        ("column=a&" * 51, "column"),
    ):
        answer = client.get(f"/v1/datasets/{dataset_id}/histograms?{query}")
        assert (answer.status_code, answer.get_json()["fields"]["field"]) == (422, field)


def test_a_dataset_says_which_cells_cannot_be_used_and_which_jobs_use_it(client: FlaskClient, world: Any) -> None:
    world.post_job(1)
    dataset_id = world.add_rows()
    assert client.post("/v1/offers/1/accept", json={}).status_code == 200
    assert client.get(f"/v1/datasets/{dataset_id}").get_json()["used_by"] == [1]
    refused = client.delete(f"/v1/datasets/{dataset_id}")
    assert (refused.status_code, refused.get_json()["fields"]["jobs"]) == (409, [1])
    path = world.folder / "bad.csv"
    path.write_text("a,y\n1,\nn/a!,2\n")
    columns = client.post("/v1/datasets", json={"path": str(path)}).get_json()["columns"]
    assert columns[0]["unusable"] == {"row": 2, "text": "n/a!", "expected": "a number"}
    assert (columns[1]["missing_count"], columns[1]["first_missing_row"]) == (1, 1)


def test_a_split_is_previewed_by_the_contracts_rule(client: FlaskClient) -> None:
    asked = "deposit_wei=1000000&owners=5&improvement_percent=50&kind=linear_regression"
    shown = client.get(f"/v1/split-preview?{asked}").get_json()
    assert (shown["trainers"], shown["trainer_pool_wei"], shown["validator_each_wei"]) == (3, "350000", "100000")
    for query, field in (
        ("owners=5&kind=linear_regression", "deposit_wei"),
        ("deposit_wei=1&owners=2", "kind"),
        ("deposit_wei=1&owners=2&kind=labelling", "kind"),
        ("deposit_wei=1&owners=1&kind=linear_regression", "owners"),
        ("deposit_wei=1&owners=2&kind=linear_regression&trainer_bps=9000", "trainer_bps"),
        ("deposit_wei=1&owners=2&kind=linear_regression&improvement_percent=101", "improvement_percent"),
    ):
        answer = client.get(f"/v1/split-preview?{query}")
        assert (answer.status_code, answer.get_json()["fields"]["field"]) == (422, field)


def test_a_split_is_previewed_with_the_roles_of_the_kind(client: FlaskClient) -> None:
    query = "deposit_wei=1000000&owners=4&kind=statistics"
    shown = client.get(f"/v1/split-preview?{query}&trainer_bps=6750&validator_bps=2250").get_json()
    assert client.get(f"/v1/split-preview?{query}").get_json() == shown, "as such a job has it, when it is not said"
    assert (shown["trainers"], shown["validators"]) == (3, 1)
    assert (shown["trainer_each_wei"], shown["validator_each_wei"]) == ("225000", "225000")


def test_a_withdrawal_has_its_amount_once_the_chain_has_confirmed_it(client: FlaskClient, world: Any) -> None:
    world.chain.owed = 12
    client.post("/v1/withdrawals", json={})
    assert client.get("/v1/withdrawals").get_json()["withdrawals"][0]["amount_wei"] is None
    with world.database.session() as session:
        session.query(OutboxTransaction).one().tx_hash = "0x" + "77" * 32
        session.add(
            ContractEvent(
                block_number=1,
                block_hash="0x" + "01" * 32,
                block_time=1,
                log_index=0,
                tx_hash="0x" + "77" * 32,
                name="Withdrawn",
                job_id=None,
                account=world.address,
                arguments={"payee": world.address, "to": world.address, "amount": "12"},
            )
        )
    assert client.get("/v1/withdrawals").get_json()["withdrawals"][0]["amount_wei"] == "12"


def test_no_document_makes_a_request_crash(client: FlaskClient) -> None:
    document = client.get("/openapi/openapi.json").get_json()
    assert crashes(client, document) == []


NAMES = (
    "../../rows.csv",
    "..\\..\\rows.csv",
    "/etc/rows.csv",
    "C:\\rows.csv",
    "~/rows.csv",
    ".csv",
    "..csv",
    "<img src=x onerror=alert(1)>.csv",
    "a\u202evsc.csv",
    "a\nb.csv",
    "%2e%2e%2frows.csv",
    "x" * 300 + ".csv",
    "CON.csv",
    "rows.csv/",
    "rows.csv.",
    "größe 日本.csv",
)


@pytest.mark.parametrize("name", NAMES)
def test_an_uploaded_files_name_decides_nothing_about_where_it_is_kept(
    client: FlaskClient, world: Any, name: str
) -> None:
    def outside() -> set[str]:
        return {str(path) for path in world.folder.rglob("*") if path.parent.name != "uploads" and path.is_file()}

    before = outside()
    form = {"file": (io.BytesIO(b"a,y\n1,2\n3,4\n"), name)}
    answer = client.post("/v1/datasets", data=form, content_type="multipart/form-data")
    kept = list((world.folder / "uploads").glob("*"))
    assert answer.status_code in (201, 422)
    assert len(kept) == (answer.status_code == 201)
    assert all(re.fullmatch(r"[0-9a-f-]{36}\.csv", path.name) for path in kept)
    assert outside() == before


def test_an_upload_with_too_much_besides_the_file_is_told_what_it_may_have(client: FlaskClient) -> None:
    parts = {f"part{number}": "x" for number in range(1500)}
    answer = client.post("/v1/datasets", data=parts, content_type="multipart/form-data")
    assert (answer.status_code, answer.get_json()["code"]) == (413, "request_too_large")
    assert "1000 parts" in answer.get_json()["detail"]


def test_only_uploads_are_large(client: FlaskClient) -> None:
    large = json.dumps({"path": "x" * 2**20})
    for method, path in (("POST", "/v1/datasets"), ("PATCH", "/v1/datasets/x"), ("POST", "/v1/offers/1/accept")):
        assert client.open(path, method=method, data=large, content_type="application/json").status_code == 413, path
