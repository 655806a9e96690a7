"""`/v1/jobs`: posting, following and cancelling jobs."""

from __future__ import annotations

from http import HTTPStatus

from flask import Response, request
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from commons.errors import InvalidInput
from commons.web.app import BEARER, json_response, live_response
from model_buyer.api.schemas import CheckedJob, JobDetail, JobList, JobPath, JobsQuery, JobSummary, PostHeaders
from model_buyer.api.views import checked_job, job_detail, job_summary
from model_buyer.domain.job_request import JobRequest
from model_buyer.services.buyer import Buyer
from model_buyer.services.cancel_job import cancel_job
from model_buyer.services.follow_job import follow_job
from model_buyer.services.job_list import list_jobs, listed_job
from model_buyer.services.post_job import check_request, post_job
from model_buyer.tables import Job

_JOB_CONTENT = {"application/json": {"schema": {"$ref": "#/components/schemas/JobRequest"}}}
_JOB_REQUEST = {"requestBody": {"required": True, "content": _JOB_CONTENT}}


def jobs_blueprint(buyer: Buyer) -> APIBlueprint:
    """The routes about jobs."""
    blueprint = APIBlueprint("jobs", __name__, url_prefix="/v1", abp_tags=[Tag(name="jobs")], abp_security=BEARER)

    @blueprint.post("/jobs", responses={HTTPStatus.ACCEPTED: JobSummary})
    def post(header: PostHeaders, body: JobRequest) -> Response:
        """Post a job. It is checked now; key, deposit and announcement follow in the background.

        Send an `Idempotency-Key` to be able to ask again when no answer came: the same request under the same key is answered
        with the job that it made, and takes no second deposit. Another request under the key of a job is refused with status
        422, the code `idempotency_key_reused` and the job's id in `fields.job`. A refused request leaves its key free.
        """
        job = post_job(buyer, body, header.idempotency_key)
        response = _accepted(buyer, job)
        response.headers["Location"] = f"/v1/jobs/{job.id}"
        return response

    @blueprint.post("/jobs/check", responses={HTTPStatus.OK: CheckedJob}, openapi_extensions=_JOB_REQUEST)
    def check(header: PostHeaders) -> Response:
        """Find out whether a job could be posted, and with which values for what was left open; nothing is stored.

        Takes what `POST /v1/jobs` takes, also the `Idempotency-Key`: a job that was posted under it can be posted again. A job
        that could not be posted is answered with its problems and status 200 too.
        """
        document = request.get_json(silent=True)
        if not isinstance(document, dict):
            raise InvalidInput(
                "body: expected a JSON object with the header Content-Type: application/json", field="body"
            )
        return json_response(checked_job(check_request(buyer, document, header.idempotency_key)))

    @blueprint.get("/jobs", responses={HTTPStatus.OK: JobList})
    def list_all(query: JobsQuery) -> Response:
        """The jobs of this buyer, newest first."""
        page = list_jobs(buyer, status=query.status, query=query.query, limit=query.limit, offset=query.offset)
        rows = [job_summary(job, course) for job, course in page.jobs]
        return live_response(JobList(jobs=rows, total=page.total, counts=page.counts))

    @blueprint.get("/jobs/<id>", responses={HTTPStatus.OK: JobDetail})
    def show(path: JobPath) -> Response:
        """A job with the aggregator's live view, the pay so far and its timeline."""
        return live_response(job_detail(follow_job(buyer, path.id)))

    @blueprint.post("/jobs/<id>/cancel", responses={HTTPStatus.ACCEPTED: JobSummary})
    def cancel(path: JobPath) -> Response:
        """Call a job off before it starts; the deposit can be withdrawn afterwards."""
        return _accepted(buyer, cancel_job(buyer, path.id))

    return blueprint


def _accepted(buyer: Buyer, job: Job) -> Response:
    return json_response(job_summary(*listed_job(buyer, job.id)), HTTPStatus.ACCEPTED)
