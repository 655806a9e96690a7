"""Random calls, honest and hostile, find the contract as its model says; and would find it otherwise."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

CONTRACTS = Path(__file__).resolve().parents[3] / "contracts"
SEED = 0x64656C74616D6C
RUNS = 100
FEW_RUNS = 8

# Alone it takes a minute and a half, most of it for forge; beside other work several times as long.
pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]


def loaded_campaign() -> ModuleType:
    spec = importlib.util.spec_from_file_location("campaign", CONTRACTS / "test" / "invariant" / "campaign.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Its data classes look their module up.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


campaign = loaded_campaign()


@pytest.fixture(scope="module")
def project() -> Iterator[Path]:
    if not campaign.FORGE.exists():
        message = f"{campaign.FORGE} is missing; run `make setup`"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    with campaign.project() as root:
        campaign.compile_project(root)
        yield root


def check(tally: Any, calls: int, least: dict[str, int]) -> None:
    """Every job came to an end, and enough got far for the campaign to say something."""
    assert tally.calls == calls, "the actions that ran are the calls that forge counted"
    assert tally.posted == tally.finished + tally.expired + tally.cancelled, "every job came to an end"
    assert tally.started == tally.finished + tally.expired
    reached = {name: getattr(tally, name) for name in least}
    assert all(reached[name] >= number for name, number in least.items()), reached


# What is to be reached is about half of what this seed gives.
def test_four_thousand_calls_agree_with_the_model_and_reach_everything(project: Path) -> None:
    tally, calls = campaign.run(project, runs=FEW_RUNS, seed=SEED)
    assert calls >= 4_000
    least = {
        "finished": 40,
        "expired": 38,
        "cancelled": 70,
        "checkpoints": 124,
        "withdrawals": 184,
        "reentries": 14,
        "refusals": 1_150,
        "rescues": 1_500,
    }
    check(tally, calls, least)


@pytest.mark.soak
def test_fifty_thousand_calls_agree_with_the_model_and_reach_everything(project: Path) -> None:
    tally, calls = campaign.run(project, runs=RUNS, seed=SEED)
    assert calls >= 50_000
    least = {
        "finished": 450,
        "expired": 350,
        "cancelled": 700,
        "checkpoints": 1_500,
        "withdrawals": 2_000,
        "reentries": 120,
        "refusals": 15_000,
        "rescues": 18_000,
    }
    check(tally, calls, least)


MUTATIONS = {
    "an owner is enrolled twice": ("present != Participation.None || owner == job.buyer", "owner == job.buyer"),
    "an expired job pays the aggregator": ("evaluated && delivered ? ", "evaluated ? "),
    "a job in which nothing improved cannot expire": (
        "        job.state = JobState.Expired;\n",
        "        job.state = JobState.Expired;\n        assert(job.latestMse < job.initialMse);\n",
    ),
}


QUICK = "an expired job pays the aggregator"
"""Found within a few runs; each of the others is compiled and run for as long again."""


@pytest.mark.parametrize(
    "name", [QUICK, *(pytest.param(one, marks=pytest.mark.soak) for one in MUTATIONS if one != QUICK)]
)
def test_a_broken_contract_is_found_out(project: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    source = project / "src" / "Marketplace.sol"
    original = source.read_text()
    found, replacement = MUTATIONS[name]
    assert original.count(found) == 1
    monkeypatch.setenv("FOUNDRY_INVARIANT_SHRINK_RUN_LIMIT", "0")
    source.write_text(original.replace(found, replacement))
    try:
        campaign.compile_project(project)
        with pytest.raises(campaign.CampaignFailedError, match=r", after\n"):
            campaign.run(project, runs=RUNS, seed=SEED)
    finally:
        source.write_text(original)
