from __future__ import annotations

import io
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from deltaml.demo import follow
from deltaml.demo.follow import JobDisplay


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(follow, "PLAIN_INTERVAL_S", 0.0)

    def show(*jobs: dict[str, Any], refusals: dict[str, str] | None = None) -> list[str]:
        console = Console(file=io.StringIO(), width=200)
        with JobDisplay(console, SimpleNamespace(refusals=refusals or {})) as display:  # type: ignore[arg-type]
            for job in jobs:
                display.update(job)
        return console.file.getvalue().splitlines()  # type: ignore[attr-defined,no-any-return]

    return show


def job(**changes: Any) -> dict[str, Any]:
    return {"stage": "offered", "rounds": 1, "mse": None, "note": "", "trouble": "", "live": None, **changes}


def test_jobs_that_are_paid_for_each_answer_show_no_error(shown: Any) -> None:
    waiting = {"who": ["0x1234567890"], "what": "adding up their columns"}
    lines = shown(
        job(stage="draft", note="its key is being made"),
        job(live={"state": "running", "round": 1, "waiting_for": waiting}),
        job(stage="finished", live={"state": "finished", "round": 1}),
    )
    assert lines == [
        "round 0/1  its key is being made",
        "round 1/1  0x123456 adding up their columns",
        "round 1/1  finished",
    ]


def test_training_shows_its_rounds_and_its_error(shown: Any) -> None:
    assert shown(job(rounds=7, mse=2.5, live={"state": "running", "round": 3})) == ["round 3/7  MSE 2.5; offered"]


def test_refusals_explain_a_job_that_does_not_start(shown: Any) -> None:
    (line,) = shown(job(live={"state": "recruiting"}), refusals={"owner-1": "no matching dataset"})
    assert line == "round 0/1  offered; owner-1 cannot accept: no matching dataset"
