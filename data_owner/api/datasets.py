"""`/v1/datasets`: files of this owner's, added where they lie or uploaded."""

from __future__ import annotations

import json
from collections.abc import Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any

from flask import Response, request
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from werkzeug.exceptions import UnsupportedMediaType

from commons.errors import InvalidInput
from commons.web.app import BEARER, json_response, live_response
from commons.web.validation import parse_json
from data_owner.api.schemas import AddDatasetBody, DatasetList, DatasetPath, DatasetView, DetailsBody, HistogramQuery
from data_owner.services.datasets import Datasets
from data_owner.services.histograms import DatasetHistograms, Histograms
from data_owner.tables import Dataset

MULTIPART_OVERHEAD = 2**20
_DETAILS = {"name": {"type": "string"}, "description": {"type": "string"}, "tags": {"type": "string"}}
_ADD_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": AddDatasetBody.model_json_schema()},
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "string", "format": "binary"}, **_DETAILS},
                }
            },
        },
    }
}


def datasets_blueprint(
    datasets: Datasets, histograms: Histograms, *, max_upload_bytes: int, data_dirs: Sequence[Path]
) -> APIBlueprint:
    """The routes of datasets; `data_dirs` are shown to whoever may add files below them."""

    def view(dataset: Dataset) -> DatasetView:
        return DatasetView.of(dataset, datasets.used_by(dataset.id))

    blueprint = APIBlueprint(
        "datasets", __name__, url_prefix="/v1/datasets", abp_tags=[Tag(name="datasets")], abp_security=BEARER
    )

    @blueprint.get("", responses={HTTPStatus.OK: DatasetList})
    def list_datasets() -> Response:
        """All datasets, with columns, types, ranges and row counts."""
        shown = [view(dataset) for dataset in datasets.list()]
        return live_response(DatasetList(datasets=shown, data_dirs=list(map(str, data_dirs))))

    @blueprint.post("", responses={HTTPStatus.CREATED: DatasetView}, openapi_extensions=_ADD_BODY)
    def add_dataset() -> Response:
        """Add a CSV or Parquet file: the file itself as multipart/form-data, or as JSON its path below one of `data_dirs`."""
        if request.mimetype == "multipart/form-data":
            request.max_content_length = max_upload_bytes + MULTIPART_OVERHEAD
            added = _add_upload(datasets)
        elif request.is_json:
            body = parse_json(AddDatasetBody, request.get_data(), name="body")
            added = datasets.add(Path(body.path), body.details())
        else:
            raise UnsupportedMediaType("expected application/json with a path, or multipart/form-data with a file")
        return json_response(view(added), HTTPStatus.CREATED)

    @blueprint.get("/<dataset_id>", responses={HTTPStatus.OK: DatasetView})
    def get_dataset(path: DatasetPath) -> Response:
        """One dataset."""
        return json_response(view(datasets.get(path.dataset_id)))

    @blueprint.get("/<dataset_id>/histograms", responses={HTTPStatus.OK: DatasetHistograms})
    def histograms_of_dataset(path: DatasetPath, query: HistogramQuery) -> Response:
        """Count the cells of a dataset's columns, reading the file now; nothing of it leaves this machine."""
        return json_response(histograms.of(path.dataset_id, query.column, query.bins))

    @blueprint.patch("/<dataset_id>", responses={HTTPStatus.OK: DatasetView})
    def update_dataset(path: DatasetPath, body: DetailsBody) -> Response:
        """Change name, description or tags."""
        return json_response(view(datasets.update(path.dataset_id, body.details())))

    @blueprint.delete("/<dataset_id>", responses={HTTPStatus.NO_CONTENT: None})
    def remove_dataset(path: DatasetPath) -> tuple[str, HTTPStatus]:
        """Forget a dataset; a file that was added where it lies is left alone."""
        datasets.remove(path.dataset_id)
        return "", HTTPStatus.NO_CONTENT

    return blueprint


def _add_upload(datasets: Datasets) -> Dataset:
    upload = request.files.get("file")
    if upload is None or not upload.filename:
        raise InvalidInput("file: missing; send the data file as the part named 'file'", field="file")
    form: dict[str, Any] = {name: request.form[name] for name in ("name", "description") if name in request.form}
    if "tags" in request.form:
        form["tags"] = [tag.strip() for tag in request.form["tags"].split(",") if tag.strip()]
    details = parse_json(DetailsBody, json.dumps(form), name="form").details()
    return datasets.add_upload(upload.filename, upload.save, details)
