"""Twenty equal requests at once do what one does, and what is somebody else's stays so."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from commons.agent.sign_in import sign_in_message, sign_text
from commons.computations.linear_regression.messages import TaskKind
from federated_aggregator.app import create_app
from federated_aggregator.tables import AccessToken, Enrolment
from tests.doubles.at_once import MANY, at_once
from tests.doubles.signing_in import OWN_URL, sign_in

ONE_JOB = 7


def client_of(play: Any, folder: Path, account: Any) -> FlaskClient:
    return signed_in(create_app(play.aggregator, folder), account)


def signed_in(app: Flask, account: Any) -> FlaskClient:
    client = app.test_client()
    sign_in(client, account)
    return client


def count(play: Any, table: Any) -> int:
    with play.database.snapshot() as session:
        return int(session.scalar(select(func.count()).select_from(table)))


def test_a_nonce_opens_one_session(play: Any, tmp_path: Path) -> None:
    app, account = create_app(play.aggregator, tmp_path), Account.create()
    message = sign_in_message(
        domain=OWN_URL.removeprefix("http://"),
        uri=OWN_URL,
        address=account.address,
        chain_id=play.chain.chain_id,
        nonce=play.aggregator.sign_in.nonce(),
        issued_at=play.clock.now,
    )
    body = {"message": message, "signature": sign_text(account, message)}
    found = Counter(at_once(lambda: app.test_client().post("/v1/sign-in", json=body).status_code))
    assert found == {200: 1, 401: MANY - 1}
    assert count(play, AccessToken) == 1


def test_an_owner_is_enrolled_once(play: Any, tmp_path: Path) -> None:
    play.post()
    owner = next(iter(play.owners.values()))
    client, offer = client_of(play, tmp_path, owner.account), play.offer(owner)
    signed = {name: "0x" + value.hex() for name, value in vars(offer).items() if isinstance(value, bytes)}
    body = {**offer.declaration.model_dump(), "deadline": offer.deadline, **signed}

    def accept() -> int:
        own = client.application.test_client()
        return own.post(f"/v1/jobs/{ONE_JOB}/acceptances", json=body, headers=token(client)).status_code

    assert Counter(at_once(accept)) == {200: MANY}
    assert count(play, Enrolment) == 1


def test_a_result_moves_a_job_on_once(play_at: Any, tmp_path: Path) -> None:
    play = play_at("linear_regression/square", 0)
    client = client_of(play, tmp_path, play.buyer_account)
    ((address, task_id, task),) = play.tasks(TaskKind.SQUARE)
    body = {"result": play.answer(address, task)}

    def post() -> tuple[int, str]:
        own = client.application.test_client()
        answer = own.post(f"/v1/tasks/{task_id}/result", json=body, headers=token(client))
        return answer.status_code, answer.get_json()["outcome"]

    assert set(at_once(post)) == {(200, "accepted")}
    # Each validator is asked once for what comes next.
    assert len(play.tasks(TaskKind.UNMASK)) == len(play.members("validator"))


def token(client: FlaskClient) -> dict[str, str]:
    return {"Authorization": client.environ_base["HTTP_AUTHORIZATION"]}


@pytest.mark.parametrize("step", ["train", "evaluate", "square", "unmask", "open"])
def test_tasks_of_others_cannot_be_told_from_tasks_that_do_not_exist(play_at: Any, tmp_path: Path, step: str) -> None:
    play = play_at(f"linear_regression/{step}", 0 if step != "train" else 1)
    assigned_kind = TaskKind(f"linear_regression/{step}")
    assigned = play.tasks(assigned_kind)
    strangers = [Account.create(), *(owner.account for owner in play.owners.values()), play.buyer_account]
    app = create_app(play.aggregator, tmp_path)
    for account in strangers:
        client = signed_in(app, account)
        mine = {task_id for address, task_id, _ in assigned if address == account.address}
        shown = {one["task_id"] for one in client.get("/v1/tasks").get_json().get("tasks", [])}
        assert shown & {task_id for _, task_id, _ in assigned} == mine
        foreign = [(task_id, play.answer(address, task)) for address, task_id, task in assigned if task_id not in mine]
        for task_id, result in [*foreign, ("nothing", {"kind": "linear_regression/verify", "accepted": True})]:
            for path, body in (("result", {"result": result}), ("failure", {"reason": "none"})):
                answer = client.post(f"/v1/tasks/{task_id}/{path}", json=body)
                assert answer.status_code == 404
                assert answer.get_json()["detail"] == f"there is no task {task_id} for {account.address}"
    assert {task_id for _, task_id, _ in play.tasks(TaskKind(f"linear_regression/{step}"))} == {
        task_id for _, task_id, _ in assigned
    }


def test_delivery_datasets_and_acceptances_are_their_owners_alone(play_at: Any, tmp_path: Path) -> None:
    play = play_at("linear_regression/deliver", 3)
    owner = next(iter(play.owners.values()))
    entry = {"name": "n", "columns": [], "row_count": 1}
    mine = client_of(play, tmp_path, owner.account)
    assert mine.put("/v1/datasets/mine", json=entry).status_code == 204
    stranger = signed_in(mine.application, Account.create())
    for method, path, body in (
        ("GET", f"/v1/jobs/{ONE_JOB}/delivery", None),
        ("PUT", "/v1/datasets/mine", entry),
        ("DELETE", "/v1/datasets/mine", None),
    ):
        assert stranger.open(path, method=method, json=body).status_code == 403
    before = count(play, Enrolment)
    assert stranger.delete(f"/v1/jobs/{ONE_JOB}/acceptances/me").status_code in (204, 409)
    assert count(play, Enrolment) == before
