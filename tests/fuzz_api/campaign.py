"""Sends each service thousands of requests at random and says what came of it.

    python -m tests.fuzz_api.campaign                        10,000 requests a service, half of them without a session
    python -m tests.fuzz_api.campaign --requests 500 --start 7

The services are the demo's, each in processes of its own, with a chain, one finished job and one that recruits. An answer that is
an error of the service's own or is not as its OpenAPI document says, and memory that stays, end the campaign with code 1.
"""

from __future__ import annotations

import argparse
import secrets
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from eth_account import Account

from commons.ciphers.paillier import UNSAFE_SMALL_KEYS
from deltaml.demo.acceptors import Acceptors
from deltaml.demo.kinds.linear_regression import LinearRegressionOptions
from deltaml.demo.options import DemoOptions
from deltaml.demo.processes import ServiceProcess
from deltaml.demo.scenario import bring_datasets, job_request, run_job
from deltaml.demo.world import Login, World, running_world
from tests.doubles.process_memory import family, memory_mib
from tests.fuzz_api.fuzzing import Fuzzer, Report
from tests.fuzz_api.participant import sign_in_as

REQUESTS = 10_000
MOST_GROWTH_MIB = 150
KEY_BITS = 1024
OPTIONS = DemoOptions(owners=2, key_bits=KEY_BITS, key_policy=UNSAFE_SMALL_KEYS)
TRAINING = LinearRegressionOptions(rounds=4, evaluate_every=2)
RECRUITING = {"title": "Waits for a third owner", "min_owners": 3}


@dataclass(frozen=True)
class Target:
    """A service under test."""

    name: str
    url: str
    process: ServiceProcess
    sign_in: Callable[[], dict[str, str]]
    known: dict[str, list[object]]


@dataclass(frozen=True)
class Outcome:
    """What came of one service's half of the requests with a session, and the half without."""

    name: str
    signed_in: Report
    not_signed_in: Report
    before_mib: float
    after_mib: float

    @property
    def failures(self) -> list[str]:
        """One line for each thing that must not be."""
        found = [
            f"{self.name}: {what} ({times} ×)"
            for part in (self.signed_in, self.not_signed_in)
            for what, times in part.wrong.most_common()
        ]
        if self.after_mib - self.before_mib > MOST_GROWTH_MIB:
            found.append(f"{self.name}: memory grew from {self.before_mib:.0f} to {self.after_mib:.0f} MiB")
        return found


def main() -> int:
    """Run the campaign with the options of the command line; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=REQUESTS, help="for each service")
    parser.add_argument("--start", type=int, help="of an earlier run, whose requests are made again")
    given = parser.parse_args()
    start = secrets.randbits(31) if given.start is None else given.start
    _say(f"start {start}, {given.requests} requests a service")
    with tempfile.TemporaryDirectory(prefix="deltaml-fuzz-") as name, running_world(OPTIONS, Path(name)) as world:
        _prepare(world, Path(name))
        outcomes = [_fuzz(target, given.requests, start) for target in _targets(world)]
        world.services.require_alive()
    failures = [failure for outcome in outcomes for failure in outcome.failures]
    for failure in failures:
        _say(failure)
    _say("something is wrong" if failures else "nothing is wrong")
    return 1 if failures else 0


def _prepare(world: World, folder: Path) -> None:
    """One finished job, and one that goes on recruiting."""
    job = TRAINING.read()
    bring_datasets(world, job, job.deal(OPTIONS.seed, OPTIONS.owners), folder)
    with Acceptors(world) as acceptors:
        run_job(world, job_request(OPTIONS, job), lambda _: None, acceptors)
    job_id = world.buyer.session.post("/v1/jobs", {**job_request(OPTIONS, job), **RECRUITING})["id"]
    deadline = time.monotonic() + 60
    while world.buyer.session.get(f"/v1/jobs/{job_id}")["stage"] != "offered":
        if time.monotonic() > deadline:
            raise TimeoutError("the second job is not offered")
        time.sleep(0.2)


def _targets(world: World) -> list[Target]:
    owner, buyer = world.owners[0], world.buyer
    datasets: list[object] = [one["dataset_id"] for one in owner.session.get("/v1/datasets")["datasets"]]
    posted: list[object] = [one["id"] for one in buyer.session.get("/v1/jobs")["jobs"]]
    numbers: list[object] = [1, 2]
    process = world.services.process
    return [
        Target(
            "aggregator",
            world.aggregator_url,
            process("aggregator"),
            lambda: sign_in_as(world.aggregator_url, Account.create()),
            {"job_id": numbers, "dataset_id": datasets},
        ),
        Target("buyer", buyer.login.url, process("buyer"), lambda: _user(buyer.login), {"id": posted}),
        Target(
            "owner",
            owner.login.url,
            process("owner-0"),
            lambda: _user(owner.login),
            {"job_id": numbers, "dataset_id": datasets},
        ),
    ]


def _fuzz(target: Target, total: int, start: int) -> Outcome:
    started = time.monotonic()
    before_mib = memory_mib(family(target.process.pid))
    halves = [
        Fuzzer(target.url, sign_in=sign_in, known=target.known, start=start, narrow=_small_keys).run(total // 2)
        for sign_in in (target.sign_in, None)
    ]
    outcome = Outcome(target.name, *halves, before_mib, memory_mib(family(target.process.pid)))
    statuses = halves[0].statuses + halves[1].statuses
    _say(
        f"{target.name}: {halves[0].requests} requests with a session, {halves[1].requests} without, in "
        f"{time.monotonic() - started:.0f} s; statuses {dict(sorted(statuses.items()))}; the slowest took "
        f"{max(half.slowest_s for half in halves):.1f} s; memory {before_mib:.0f} → {outcome.after_mib:.0f} MiB"
    )
    return outcome


def _small_keys(body: dict[str, Any]) -> None:
    """Have jobs that are posted use keys that are made at once."""
    if "key_bits" in body:
        body["key_bits"] = KEY_BITS


def _user(login: Login) -> dict[str, str]:
    body = {"user": login.user, "password": login.password}
    answer = requests.post(f"{login.url}/v1/session", json=body, timeout=30)
    return {"Authorization": f"Bearer {answer.json()['token']}"}


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
