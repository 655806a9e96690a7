"""The aggregator's background process, in this process."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

from structlog.testing import capture_logs

from commons.errors import ServiceUnavailable
from federated_aggregator.background import keep_jobs


def test_an_error_of_one_pass_keeps_no_other_from_being_made(play: Any, monkeypatch: Any) -> None:
    stop, settled = threading.Event(), []

    def send_queued() -> None:
        raise ServiceUnavailable("the database does not answer")

    def step() -> None:
        settled.append(1)
        if len(settled) == 2:
            stop.set()

    monkeypatch.setattr(play.chain, "send_queued", send_queued)
    monkeypatch.setattr(play.aggregator.settlement, "step", step)
    with capture_logs() as logged:
        keep_jobs(replace(play.aggregator), stop)
    assert len(settled) == 2
    assert [(one["work"], one["reason"]) for one in logged] == [("send_queued", "the database does not answer")] * 2
