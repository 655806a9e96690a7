from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from deltaml.cli import run
from deltaml.commands import demo as command
from deltaml.demo import run as demo_run
from deltaml.demo.kinds import KINDS
from deltaml.demo.kinds.linear_regression import LinearRegressionOptions
from deltaml.demo.kinds.statistics import StatisticsOptions
from deltaml.demo.options import DemoOptions


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the demo was asked to do; it is not run."""
    seen: list[Any] = []
    monkeypatch.setattr(demo_run, "run_demo", lambda *given: seen.extend(given))
    return seen


def test_every_kind_can_be_asked_for() -> None:
    assert tuple(KINDS) == command._KINDS


@pytest.mark.parametrize(
    ("arguments", "options", "of_kind"),
    [
        ([], DemoOptions(), LinearRegressionOptions()),
        (
            ["--data", "x.csv", "--target", "y", "--rounds", "5", "--owners", "3", "--headless", "--json"],
            DemoOptions(owners=3, headless=True, json=True),
            LinearRegressionOptions(data=Path("x.csv"), target="y", rounds=5),
        ),
        (["--kind", "statistics"], DemoOptions(), StatisticsOptions()),
        (
            ["--kind", "statistics", "--data", "x.csv", "--columns", "a,b"],
            DemoOptions(),
            StatisticsOptions(Path("x.csv"), ("a", "b")),
        ),
    ],
)
def test_options_are_those_of_every_demo_and_those_of_its_kind(
    asked: list[Any], arguments: list[str], options: DemoOptions, of_kind: Any
) -> None:
    assert run(["demo", *arguments]) == 0
    assert asked == [options, of_kind]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--kind", "statistics", "--target", "y"], "--target is an option of --kind linear_regression"),
        (["--kind", "statistics", "--rounds", "3"], "--rounds is an option of --kind linear_regression"),
        (["--kind", "statistics", "--scaling", "none"], "--scaling is an option of --kind linear_regression"),
        (["--columns", "a"], "--columns is an option of --kind statistics; leave it out with --kind linear_regression"),
        (["--kind", "astrology"], "'astrology' is not one of"),
    ],
)
def test_options_of_another_kind_are_refused(
    asked: list[Any], capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    assert run(["demo", *arguments]) == 2
    assert words in capsys.readouterr().err
    assert asked == []


def test_help_has_the_options_of_each_kind_under_its_own_heading(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["demo", "--help"]) == 0
    common, regression, statistics = capsys.readouterr().out.split("Options")[-3:]
    assert "--owners" in common
    assert regression.startswith(" of --kind linear_regression:")
    assert "--rounds" in regression
    assert statistics.startswith(" of --kind statistics:")
    assert "--columns" in statistics


def test_help_loads_nothing_heavy() -> None:
    program = "import sys; from deltaml.cli import run; run(['demo', '--help']); print('numpy' in sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "False"
