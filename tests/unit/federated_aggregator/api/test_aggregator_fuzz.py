"""A short run of requests at random over the aggregator's OpenAPI document; `make fuzzapi` makes a long one on real services."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from federated_aggregator.app import create_app
from tests.doubles.serving import serving
from tests.fuzz_api.fuzzing import Fuzzer
from tests.fuzz_api.participant import sign_in_as

SIGNED_IN, NOT_SIGNED_IN = 120, 60


@pytest.mark.parametrize("signed_in", [True, False])
def test_no_answer_is_an_error_or_undocumented(play_at: Any, tmp_path: Path, signed_in: bool) -> None:
    play = play_at("linear_regression/square", 2)
    play.clock.now = time.time()
    known = {"job_id": [7], "task_id": [one["task_id"] for one in play.pending(play.buyer)], "dataset_id": ["mine"]}
    with serving(create_app(play.aggregator, tmp_path)) as url:

        def sign_in() -> dict[str, str]:
            return sign_in_as(url, play.buyer_account)

        fuzzer = Fuzzer(url, sign_in=sign_in if signed_in else None, known=known, start=1)
        report = fuzzer.run(SIGNED_IN if signed_in else NOT_SIGNED_IN)
    assert dict(report.wrong) == {}
    assert (204 in report.statuses, 401 in report.statuses)[not signed_in]
