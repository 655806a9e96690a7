from __future__ import annotations

from typing import Any

import pytest

from deltaml import job_view
from deltaml.job_view import describe_mse, follow, waiting_for


def job(**changes: Any) -> dict[str, Any]:
    return {"stage": "offered", "rounds": 10, "note": "", "trouble": "", "live": None, "checkpoints": [], **changes}


def test_whom_a_running_job_waits_for_is_told_with_the_deadline() -> None:
    live = {"waiting_for": {"who": ["0x1234567890"], "what": "training on their rows", "until": 1_800_000_000}}
    shown = waiting_for(job(live=live))
    assert shown.startswith("training on their rows 0x123456… until 20")


def test_before_the_aggregator_knows_a_job_its_own_notes_are_told() -> None:
    assert waiting_for(job(stage="escrowing", note="on its way", trouble="no node")) == "on its way; no node"
    assert waiting_for(job()) == ""


def test_the_mse_is_told_against_the_start() -> None:
    assert describe_mse(job()) is None
    assert describe_mse(job(checkpoints=[{"mse": 4.0}])) == "4"
    assert describe_mse(job(checkpoints=[{"mse": 4.0}, {"mse": 2.5}])) == "2.5 (at the start 4)"


@pytest.mark.parametrize("terminal", [False, True])
def test_following_ends_with_the_job_and_shows_each_change(
    terminal: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(job_view, "_POLL_S", 0.0)
    monkeypatch.setattr(job_view.sys.stderr, "isatty", lambda: terminal, raising=False)
    running = {"state": "running", "step": "linear_regression/train", "round": 3}
    states = [
        job(stage="draft", note="its key is being made"),
        job(live=running, checkpoints=[{"mse": 4.0}]),
        job(live=running, checkpoints=[{"mse": 4.0}]),
        job(stage="finished", live={"state": "finished", "round": 10}, checkpoints=[{"mse": 4.0}, {"mse": 1.0}]),
    ]
    ended = follow(iter(states).__next__)
    assert ended is states[-1]
    shown = capsys.readouterr().err
    assert "finished · MSE 1 (at the start 4)" in shown
    if not terminal:
        assert shown.splitlines() == [
            "round 0 of 10  draft · its key is being made",
            "round 3 of 10  running, train · MSE 4",
            "round 10 of 10  finished · MSE 1 (at the start 4)",
        ]
