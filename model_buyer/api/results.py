"""`/v1/jobs/<id>/result` and what can be done with it when it is a model: predictions, an estimator of scikit-learn."""

from __future__ import annotations

from http import HTTPStatus

from flask import Response, request
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from werkzeug.exceptions import UnsupportedMediaType

from commons.errors import InvalidInput
from commons.web.app import BEARER, allow_body, json_response
from model_buyer.api.schemas import JobPath, PredictionRequest, Predictions, ResultDocument, SklearnAttributes
from model_buyer.services.buyer import Buyer
from model_buyer.services.outcomes import model_json, outcome_json, predictor
from model_buyer.services.predict_csv import predict_csv

MOST_ROWS_BYTES = 64 * 2**20
"""Largest body in bytes of a request for predictions."""
_PREDICTIONS = frozenset({"predict", "predict_file"})
_CSV_CONTENT = {"text/csv": {"schema": {"type": "string"}}}
_CSV_ANSWER = {"description": "Predictions", "content": _CSV_CONTENT}
_CSV = {"requestBody": {"required": True, "content": _CSV_CONTENT}}


def results_blueprint(buyer: Buyer) -> APIBlueprint:
    """The routes about what jobs were for."""
    blueprint = APIBlueprint("results", __name__, url_prefix="/v1", abp_tags=[Tag(name="results")], abp_security=BEARER)

    @blueprint.before_request
    def allow_rows() -> None:
        if (request.endpoint or "").rpartition(".")[2] in _PREDICTIONS:
            allow_body(MOST_ROWS_BYTES)

    @blueprint.get("/jobs/<id>/result", responses={HTTPStatus.OK: ResultDocument})
    def result(path: JobPath) -> Response:
        """What the job was for, as JSON, whatever was computed. Refused with the reason until everybody is paid."""
        return Response(outcome_json(buyer, path.id), content_type="application/json")

    @blueprint.get("/jobs/<id>/model", responses={HTTPStatus.OK: ResultDocument})
    def model(path: JobPath) -> Response:
        """The trained model as JSON, in original units. Refused with the reason until everybody is paid.

        That of a linear regression in Python: `LinearModel.from_json(text)` of
        `commons.computations.linear_regression.learning`, which has `predict(X)` and `to_sklearn()`.
        """
        return Response(model_json(buyer, path.id), content_type="application/json")

    @blueprint.get("/jobs/<id>/model/sklearn-params", responses={HTTPStatus.OK: SklearnAttributes})
    def sklearn_attributes(path: JobPath) -> Response:
        """The trained model as attributes of a fitted estimator of scikit-learn, without a pickle.

        In Python, for a linear regression: `model = LinearRegression()`, then `setattr(model, name, numpy.asarray(value))` for
        each member.
        """
        return json_response(SklearnAttributes.model_validate(predictor(buyer, path.id).sklearn_attributes()))

    @blueprint.post("/jobs/<id>/predictions/csv", responses={HTTPStatus.OK: _CSV_ANSWER}, openapi_extensions=_CSV)
    def predict_file(path: JobPath) -> Response:
        """Predict the target for the rows of a CSV file: the same file with the predictions as last column."""
        return Response(predict_csv(predictor(buyer, path.id), _csv_body()), content_type="text/csv; charset=utf-8")

    @blueprint.post("/jobs/<id>/predictions", responses={HTTPStatus.OK: Predictions})
    def predict(path: JobPath, body: PredictionRequest) -> Response:
        """Predict the target for rows of feature values in original units."""
        trained = predictor(buyer, path.id)
        target, unit = trained.target
        return json_response(Predictions(target=target, unit=unit, predictions=trained.predict(body.rows)))

    return blueprint


def _csv_body() -> str:
    if request.mimetype != "text/csv":
        raise UnsupportedMediaType("expected the CSV file itself with the header Content-Type: text/csv")
    try:
        return request.get_data().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInput(
            "the file is not text in UTF-8; save it again as CSV in that encoding", field="csv"
        ) from error
