"""`/v1/jobs`: posting, following and cancelling jobs, and using their models."""

from __future__ import annotations

from http import HTTPStatus

from flask import Response, request
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from werkzeug.exceptions import UnsupportedMediaType

from commons.computations.linear_regression.learning import LinearModel
from commons.computations.linear_regression.prediction import predict_rows
from commons.errors import InvalidInput
from commons.web.app import BEARER, allow_body, json_response, live_response
from model_buyer.api.schemas import (
    CheckedJob,
    JobDetail,
    JobList,
    JobPath,
    JobsQuery,
    JobSummary,
    PostHeaders,
    PredictionRequest,
    Predictions,
    SklearnParameters,
    TrainedModel,
)
from model_buyer.api.views import checked_job, job_detail, job_summary
from model_buyer.domain.job_request import JobRequest
from model_buyer.domain.posted_job import require_model
from model_buyer.services.cancel_job import cancel_job
from model_buyer.services.follow_job import follow_job
from model_buyer.services.job_list import Course, list_jobs, listed
from model_buyer.services.predict_csv import predict_csv
from model_buyer.wiring import Assembly

MOST_ROWS_BYTES = 64 * 2**20
"""Largest body in bytes of a request for predictions."""
_PREDICTIONS = frozenset({"predict", "predict_file"})
_CSV_CONTENT = {"text/csv": {"schema": {"type": "string"}}}
_JOB_CONTENT = {"application/json": {"schema": {"$ref": "#/components/schemas/JobRequest"}}}
_JOB_REQUEST = {"requestBody": {"required": True, "content": _JOB_CONTENT}}
_CSV_ANSWER = {"description": "Predictions", "content": _CSV_CONTENT}
_CSV = {"requestBody": {"required": True, "content": _CSV_CONTENT}}


def jobs_blueprint(parts: Assembly) -> APIBlueprint:
    """The routes about jobs and their models."""
    blueprint = APIBlueprint("jobs", __name__, url_prefix="/v1", abp_tags=[Tag(name="jobs")], abp_security=BEARER)

    @blueprint.before_request
    def allow_rows() -> None:
        if (request.endpoint or "").rpartition(".")[2] in _PREDICTIONS:
            allow_body(MOST_ROWS_BYTES)

    _add_job_routes(blueprint, parts)
    _add_model_routes(blueprint, parts)
    return blueprint


def _add_job_routes(blueprint: APIBlueprint, parts: Assembly) -> None:
    @blueprint.post("/jobs", responses={HTTPStatus.ACCEPTED: JobSummary})
    def post(header: PostHeaders, body: JobRequest) -> Response:
        """Post a training job. It is checked now; key, deposit and announcement follow in the background.

        Send an `Idempotency-Key` to be able to ask again when no answer came: the same request under the same key is answered
        with the job that it made, and takes no second deposit. Another request under the key of a job is refused with status
        422, the code `idempotency_key_reused` and the job's id in `fields.job`. A refused request leaves its key free.
        """
        job = parts.posting.post(body, header.idempotency_key)
        course = parts.reads.courses([job.id]).get(job.id, Course())
        response = json_response(job_summary(listed(job), course), HTTPStatus.ACCEPTED)
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
        return json_response(checked_job(parts.posting.check(document, header.idempotency_key)))

    @blueprint.get("/jobs", responses={HTTPStatus.OK: JobList})
    def list_all(query: JobsQuery) -> Response:
        """The jobs of this buyer, newest first."""
        page = list_jobs(parts.reads, status=query.status, query=query.query, limit=query.limit, offset=query.offset)
        rows = [job_summary(job, course) for job, course in page.jobs]
        return live_response(JobList(jobs=rows, total=page.total, counts=page.counts))

    @blueprint.get("/jobs/<id>", responses={HTTPStatus.OK: JobDetail})
    def show(path: JobPath) -> Response:
        """A job with the aggregator's live view, the pay so far and its timeline."""
        followed = follow_job(path.id, snapshot=parts.snapshot, chain=parts.chain, aggregator=parts.reader)
        number = followed.job.chain_job_id
        return live_response(job_detail(followed, [] if number is None else parts.reads.happened(number)))

    @blueprint.post("/jobs/<id>/cancel", responses={HTTPStatus.ACCEPTED: JobSummary})
    def cancel(path: JobPath) -> Response:
        """Call a job off before it starts; the deposit can be withdrawn afterwards."""
        job = cancel_job(
            path.id,
            unit_of_work=parts.unit_of_work,
            snapshot=parts.snapshot,
            chain=parts.chain,
            clock=parts.clock,
        )
        return json_response(job_summary(listed(job), Course()), HTTPStatus.ACCEPTED)


def _csv_body() -> str:
    if request.mimetype != "text/csv":
        raise UnsupportedMediaType("expected the CSV file itself with the header Content-Type: text/csv")
    try:
        return request.get_data().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInput(
            "the file is not text in UTF-8; save it again as CSV in that encoding", field="csv"
        ) from error


def _add_model_routes(blueprint: APIBlueprint, parts: Assembly) -> None:
    def stored_model(job_id: str) -> str:
        with parts.snapshot() as repository:
            return require_model(repository.get(job_id))

    @blueprint.get("/jobs/<id>/model", responses={HTTPStatus.OK: TrainedModel})
    def model(path: JobPath) -> Response:
        """The trained model as JSON, in original units. Refused with the reason until everybody is paid.

        In Python: `LinearModel.from_json(text)` of `commons.computations.linear_regression.learning`, which has `predict(X)` and
        `to_sklearn()`.
        """
        return Response(stored_model(path.id), content_type="application/json")

    @blueprint.get("/jobs/<id>/model/sklearn-params", responses={HTTPStatus.OK: SklearnParameters})
    def sklearn_parameters(path: JobPath) -> Response:
        """The trained model as attributes of a fitted `sklearn.linear_model.LinearRegression`, without a pickle.

        In Python: `model = LinearRegression()`, then `setattr(model, name, numpy.asarray(value))` for each member.
        """
        trained = LinearModel.from_json(stored_model(path.id))
        return json_response(
            SklearnParameters(
                coef_=list(trained.weights),
                intercept_=trained.intercept,
                n_features_in_=len(trained.features),
                feature_names_in_=list(trained.feature_names),
            )
        )

    @blueprint.post("/jobs/<id>/predictions/csv", responses={HTTPStatus.OK: _CSV_ANSWER}, openapi_extensions=_CSV)
    def predict_file(path: JobPath) -> Response:
        """Predict the target for the rows of a CSV file: the same file with the predictions as last column."""
        trained = LinearModel.from_json(stored_model(path.id))
        return Response(predict_csv(trained, _csv_body()), content_type="text/csv; charset=utf-8")

    @blueprint.post("/jobs/<id>/predictions", responses={HTTPStatus.OK: Predictions})
    def predict(path: JobPath, body: PredictionRequest) -> Response:
        """Predict the target for rows of feature values in original units."""
        trained = LinearModel.from_json(stored_model(path.id))
        return json_response(
            Predictions(
                target=trained.target.name,
                unit=trained.target.unit,
                predictions=predict_rows(trained, body.rows),
            )
        )
