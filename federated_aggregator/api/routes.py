"""The aggregator's HTTP API: parse, call one service, serialise."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from flask import Response, g, jsonify, request
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel

from commons.market.catalogue import CatalogueEntry
from commons.market.declaration import Declaration
from commons.web.app import BEARER, live_response
from commons.web.at_once import AtOnce
from commons.web.paging import PublicPageQuery
from commons.web.rate_limit import RateLimit
from federated_aggregator.api import answers
from federated_aggregator.api.admission import admit_first
from federated_aggregator.api.schemas import (
    AcceptanceBody,
    DatasetPath,
    FailureBody,
    JobBody,
    JobPath,
    JobsQuery,
    ParticipantBody,
    ResultBody,
    SignInBody,
    TaskPath,
    WaitQuery,
)
from federated_aggregator.services.catalogue import Catalogue, DatasetFilter
from federated_aggregator.services.job_view import JobViews
from federated_aggregator.services.recruiting import AcceptanceOffer, Posting, Recruiting
from federated_aggregator.services.scheduler import Scheduler
from federated_aggregator.services.sign_in import Arrival, SignIn
from federated_aggregator.services.task_queue import TaskQueue

Responses = dict[str | int | HTTPStatus, type[BaseModel] | dict[str, Any] | None]
SIGN_INS_PER_S = 20
SIGN_IN_BURST = 300
"""The services of twenty owners on one machine start with three sign-ins each, of two requests."""
PUBLIC = Tag(name="public", description="Readable by anybody")
SESSION = Tag(name="session", description="Signing in with an Ethereum account")
CATALOGUE = Tag(name="catalogue", description="Participants and datasets")
JOBS = Tag(name="jobs", description="Posting, accepting, following")
TASKS = Tag(name="tasks", description="What participants' agents do")
DONE: Responses = {HTTPStatus.NO_CONTENT: None}


def v1_blueprint(
    *,
    status: Callable[[], dict[str, Any]],
    sign_in: SignIn,
    catalogue: Catalogue,
    recruiting: Recruiting,
    views: JobViews,
    scheduler: Scheduler,
    queue: TaskQueue,
) -> APIBlueprint:
    """The routes under /v1 but the board's; `status` says who the aggregator is."""
    api = APIBlueprint("v1", __name__, url_prefix="/v1")
    admit_first(api, sign_in, scheduler)
    _session_routes(api, status, sign_in)
    _catalogue_routes(api, catalogue)
    _job_routes(api, recruiting, views)
    _enrolment_routes(api, recruiting, views)
    _task_routes(api, scheduler, queue)
    return api


def _ok(model: type[BaseModel]) -> Responses:
    return {HTTPStatus.OK: model}


def _session_routes(api: APIBlueprint, who: Callable[[], dict[str, Any]], sessions: SignIn) -> None:
    attempts = RateLimit(per_s=SIGN_INS_PER_S, burst=SIGN_IN_BURST)
    # To parse a message that was made for it takes a core for a twentieth of a second.
    parsing = AtOnce(2, waiting=32, wait_s=5.0)

    @api.get("/status", summary="Who this aggregator is", tags=[PUBLIC], responses=_ok(answers.Status))
    def status() -> Response:
        return jsonify(who())

    @api.post("/sign-in/nonce", summary="A nonce for one sign-in", tags=[SESSION], responses=_ok(answers.Nonce))
    def nonce() -> Response:
        attempts.take_for_request()
        return jsonify(nonce=sessions.nonce())

    @api.post(
        "/sign-in",
        summary="Exchange a signed EIP-4361 message for a token",
        tags=[SESSION],
        responses=_ok(answers.Session),
    )
    def sign_in(body: SignInBody) -> Response:
        attempts.take_for_request()
        arrival = Arrival(port=int(request.environ["SERVER_PORT"]), peer=request.remote_addr or "")
        with parsing.turn():
            session = sessions.sign_in(body.message, body.signature, arrival)
        return jsonify(token=session.token, expires_at=session.expires_at, address=session.address)


def _catalogue_routes(api: APIBlueprint, catalogue: Catalogue) -> None:
    @api.put("/participants/me", summary="Say who you are", tags=[CATALOGUE], security=BEARER, responses=DONE)
    def register(body: ParticipantBody) -> tuple[str, HTTPStatus]:
        catalogue.register(g.caller, kind=body.kind, name=body.name)
        return "", HTTPStatus.NO_CONTENT

    @api.get("/datasets", summary="The public catalogue", tags=[PUBLIC], responses=_ok(answers.DatasetPage))
    def datasets(query: PublicPageQuery) -> Response:
        fields = answers.ListedDataset.model_fields
        found = catalogue.find(DatasetFilter(), limit=query.limit, offset=query.offset)
        page = [{field: getattr(row, field) for field in fields} for row in found.page]
        return jsonify(datasets=page, total=found.total)

    @api.put(
        "/datasets/<dataset_id>",
        summary="Register a dataset's metadata",
        tags=[CATALOGUE],
        security=BEARER,
        responses=DONE,
    )
    def put_dataset(path: DatasetPath, body: CatalogueEntry) -> tuple[str, HTTPStatus]:
        catalogue.put_dataset(g.caller, path.dataset_id, body)
        return "", HTTPStatus.NO_CONTENT

    @api.delete(
        "/datasets/<dataset_id>", summary="Take a dataset out", tags=[CATALOGUE], security=BEARER, responses=DONE
    )
    def delete_dataset(path: DatasetPath) -> tuple[str, HTTPStatus]:
        catalogue.delete_dataset(g.caller, path.dataset_id)
        return "", HTTPStatus.NO_CONTENT


def _job_routes(api: APIBlueprint, recruiting: Recruiting, views: JobViews) -> None:
    @api.get("/jobs", summary="All jobs", tags=[PUBLIC], responses=_ok(answers.JobPage))
    def jobs(query: JobsQuery) -> Response:
        found, total = views.summaries(query.state, query.job_id, limit=query.limit, offset=query.offset)
        return jsonify(jobs=found, total=total)

    @api.get(
        "/jobs/versions",
        summary="What tells whether a job has changed",
        tags=[PUBLIC],
        responses=_ok(answers.JobVersions),
    )
    def versions() -> Response:
        return live_response(answers.JobVersions(versions=views.versions()))

    @api.get("/jobs/<int:job_id>", summary="One job", tags=[PUBLIC], responses=_ok(answers.Job))
    def job(path: JobPath) -> Response:
        return jsonify(views.view(path.job_id))

    @api.post(
        "/jobs",
        summary="Offer a job that is on chain",
        tags=[JOBS],
        security=BEARER,
        responses={HTTPStatus.CREATED: answers.Job},
    )
    def post_job(body: JobBody) -> tuple[Response, HTTPStatus]:
        posting = Posting(body.job_id, body.spec, body.modulus, body.modulus_proof)
        recruiting.post(g.caller, posting)
        return jsonify(views.view(body.job_id)), HTTPStatus.CREATED


def _enrolment_routes(api: APIBlueprint, recruiting: Recruiting, views: JobViews) -> None:
    @api.post(
        "/jobs/<int:job_id>/acceptances",
        summary="Accept a job",
        tags=[JOBS],
        security=BEARER,
        responses=_ok(answers.Job),
    )
    def accept(path: JobPath, body: AcceptanceBody) -> Response:
        offer = AcceptanceOffer(
            declaration=Declaration(row_count=body.row_count, roles=body.roles, facts=body.facts),
            deadline=body.deadline,
            signature=bytes.fromhex(body.signature[2:]),
            declaration_signature=bytes.fromhex(body.declaration_signature[2:]),
        )
        recruiting.accept(g.caller, path.job_id, offer)
        return jsonify(views.view(path.job_id))

    @api.delete(
        "/jobs/<int:job_id>/acceptances/me", summary="Take it back", tags=[JOBS], security=BEARER, responses=DONE
    )
    def withdraw(path: JobPath) -> tuple[str, HTTPStatus]:
        recruiting.withdraw(g.caller, path.job_id)
        return "", HTTPStatus.NO_CONTENT

    @api.get(
        "/jobs/<int:job_id>/delivery",
        summary="What was delivered",
        tags=[JOBS],
        security=BEARER,
        responses=_ok(answers.Delivery),
    )
    def delivery(path: JobPath) -> Response:
        found = views.delivery(g.caller, path.job_id)
        return jsonify(found)


def _task_routes(api: APIBlueprint, scheduler: Scheduler, queue: TaskQueue) -> None:
    @api.get(
        "/tasks",
        summary="Your pending tasks (long poll)",
        tags=[TASKS],
        security=BEARER,
        responses=_ok(answers.PendingTasks),
    )
    def tasks(query: WaitQuery) -> Response:
        return _json(f'{{"tasks": {_listed(queue.fetch(g.caller, query.wait))}}}')

    @api.post(
        "/tasks/<task_id>/result",
        summary="Post a result, and wait for the next task",
        tags=[TASKS],
        security=BEARER,
        responses=_ok(answers.Outcome),
    )
    def result(path: TaskPath, query: WaitQuery, body: ResultBody) -> Response:
        caller = g.caller
        outcome = scheduler.submit_result(caller, path.task_id, body.result)
        following = queue.fetch(caller, query.wait) if query.wait else []
        return _json(f'{{"outcome": "{outcome.value}", "tasks": {_listed(following)}}}')

    @api.post(
        "/tasks/<task_id>/failure",
        summary="Say that a task cannot be done",
        tags=[TASKS],
        security=BEARER,
        responses=DONE,
    )
    def failure(path: TaskPath, body: FailureBody) -> tuple[Any, HTTPStatus]:
        scheduler.submit_failure(g.caller, path.task_id, body.reason)
        return "", HTTPStatus.NO_CONTENT


def _json(text: str) -> Response:
    return Response(text, content_type="application/json")


def _listed(documents: list[str]) -> str:
    return f"[{', '.join(documents)}]"
