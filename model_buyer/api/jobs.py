"""`/v1/jobs`: posting, following and cancelling jobs, and using their models."""

from __future__ import annotations

from http import HTTPStatus

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from commons.learning import LinearModel
from commons.web.app import BEARER, json_response
from model_buyer.api.schemas import (
    JobDetail,
    JobList,
    JobPath,
    JobSummary,
    PredictionRequest,
    Predictions,
    SklearnParameters,
)
from model_buyer.api.views import job_detail, job_summary
from model_buyer.domain.job_request import JobRequest
from model_buyer.domain.posted_job import require_model
from model_buyer.domain.prediction import predict_rows
from model_buyer.services.cancel_job import cancel_job
from model_buyer.services.follow_job import follow_job
from model_buyer.services.post_job import post_job
from model_buyer.wiring import Assembly


def jobs_blueprint(parts: Assembly) -> APIBlueprint:
    """The routes about jobs and their models."""
    blueprint = APIBlueprint("jobs", __name__, url_prefix="/v1", abp_tags=[Tag(name="jobs")], abp_security=BEARER)
    _add_job_routes(blueprint, parts)
    _add_model_routes(blueprint, parts)
    return blueprint


def _add_job_routes(blueprint: APIBlueprint, parts: Assembly) -> None:
    @blueprint.post("/jobs", responses={HTTPStatus.ACCEPTED: JobSummary})
    def post(body: JobRequest) -> Response:
        """Post a training job. It is checked now; key, deposit and announcement follow in the background."""
        job = post_job(
            body,
            unit_of_work=parts.unit_of_work,
            chain=parts.chain,
            address=parts.address,
            default_key_bits=parts.config.key_bits,
            unsafe_small_key=parts.config.unsafe_small_key,
            clock=parts.clock,
        )
        response = json_response(job_summary(job, None), HTTPStatus.ACCEPTED)
        response.headers["Location"] = f"/v1/jobs/{job.id}"
        return response

    @blueprint.get("/jobs", responses={HTTPStatus.OK: JobList})
    def list_jobs() -> Response:
        """All jobs of this buyer, newest first."""
        with parts.snapshot() as repository:
            jobs = [(job, repository.openings(job.id)) for job in repository.all()]
        return json_response(
            JobList(jobs=[job_summary(job, records[-1] if records else None) for job, records in jobs])
        )

    @blueprint.get("/jobs/<id>", responses={HTTPStatus.OK: JobDetail})
    def show(path: JobPath) -> Response:
        """A job with the aggregator's live view, the pay so far and its timeline."""
        followed = follow_job(path.id, snapshot=parts.snapshot, chain=parts.chain, aggregator=parts.reader)
        return json_response(job_detail(followed))

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
        return json_response(job_summary(job, None), HTTPStatus.ACCEPTED)


def _add_model_routes(blueprint: APIBlueprint, parts: Assembly) -> None:
    def stored_model(job_id: str) -> str:
        with parts.snapshot() as repository:
            return require_model(repository.get(job_id))

    @blueprint.get("/jobs/<id>/model")
    def model(path: JobPath) -> Response:
        """The trained model as JSON, in original units. Refused with the reason until everybody is paid.

        In Python: `commons.learning.LinearModel.from_json(text)`, which has `predict(X)` and `to_sklearn()`.
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
