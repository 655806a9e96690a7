"""How large the bodies of the buyer's requests can be: rows to predict for are many, everything else is small."""

from __future__ import annotations

import json

import pytest
from flask.testing import FlaskClient


@pytest.mark.parametrize("path", ["/v1/jobs", "/v1/jobs/check", "/v1/jobs/x/cancel", "/v1/withdrawals"])
def test_only_rows_are_large(client: FlaskClient, path: str) -> None:
    large = json.dumps({"title": "x" * 2**20})
    answer = client.post(path, data=large, content_type="application/json")
    # A route that takes no body does not read one.
    assert answer.status_code == (404 if path.endswith("cancel") else 413)


def test_rows_are_taken_up_to_another_size(client: FlaskClient) -> None:
    row = b'{"rain": 1.25, "wind": 12.5, "sun": 0.125},'
    rows = b'{"rows": [' + row * (2**21 // len(row)) + b'{"rain": 1}]}'
    path, kind = "/v1/jobs/x/predictions", "application/json"
    assert client.post(path, data=rows, content_type=kind).status_code == 404
    assert client.post(path, data=b" " * (64 * 2**20 + 1), content_type=kind).status_code == 413
