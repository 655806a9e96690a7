"""A short run of requests at random over the buyer's OpenAPI document; `make fuzzapi` makes a long one on real services."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from flask.testing import FlaskClient

from model_buyer.tables import Job
from model_buyer.wiring import Parts
from tests.doubles.around_buyer import put_job
from tests.doubles.serving import serving
from tests.fuzz_api.fuzzing import Fuzzer

SIGNED_IN, NOT_SIGNED_IN = 120, 60


PASSWORD = {"user": "admin", "password": "correct horse"}


@pytest.mark.parametrize("signed_in", [True, False])
def test_no_answer_is_an_error_or_undocumented(
    web: FlaskClient, parts: Parts, chain: Any, job: Job, signed_in: bool
) -> None:
    chain.owed = 12
    put_job(parts.buyer.database, job)
    with serving(web.application) as url:

        def sign_in() -> dict[str, str]:
            token = requests.post(f"{url}/v1/session", json=PASSWORD, timeout=30).json()["token"]
            return {"Authorization": f"Bearer {token}"}

        fuzzer = Fuzzer(url, sign_in=sign_in if signed_in else None, known={"id": [job.id]}, start=1)
        report = fuzzer.run(SIGNED_IN if signed_in else NOT_SIGNED_IN)
    assert dict(report.wrong) == {}
    assert (200 in report.statuses, 401 in report.statuses)[not signed_in]
