"""A job that runs while strangers, and a participant with nothing to do, are as rude to everybody's service as they can."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from eth_account import Account

from commons.agent.aggregator_client import AggregatorClient
from commons.agent.http_service import HttpService
from commons.ciphers.paillier import UNSAFE_SMALL_KEYS
from deltaml.demo.acceptors import Acceptors
from deltaml.demo.kinds.linear_regression import LinearRegressionJob, RegressionTable
from deltaml.demo.options import DemoOptions
from deltaml.demo.scenario import bring_datasets, job_request
from deltaml.demo.world import World, running_world
from tests.doubles.rude_clients import Health, Target

pytestmark = [pytest.mark.e2e, pytest.mark.soak]

OPTIONS = DemoOptions(owners=3, key_bits=1024, key_policy=UNSAFE_SMALL_KEYS, headless=True)
TRAINING = {"scaling": "none", "rounds": 100_000, "evaluate_every": 50, "learning_rate": 0.1}
MANY = 100
ATTACK_S = 4.0
MOST_GROWTH_MIB = 150
ROUNDS = 10
JSON = "Content-Type: application/json"


class Job:
    """The job of a world, whose rounds are counted."""

    def __init__(self, world: World) -> None:
        self._aggregator = HttpService(world.aggregator_url, name="the aggregator", setting="aggregator_url")

    def round(self) -> int:
        jobs = self._aggregator.call("GET", "/v1/jobs")["jobs"]
        return int(jobs[0]["round"]) if jobs else 0

    def wait_for(self, number: int, within_s: float) -> None:
        until = time.monotonic() + within_s
        while self.round() < number:
            assert time.monotonic() < until, f"round {number} does not come"
            time.sleep(0.1)


def targets(world: World) -> dict[str, Target]:
    """A service of each kind."""
    processes = {service.name: service for service in world.services._running}
    urls = {
        "aggregator": world.aggregator_url,
        "buyer": world.buyer.login.url,
        "owner-0": world.owners[0].login.url,
    }
    return {name: Target(url, processes[name].pid) for name, url in urls.items()}


class IdleParticipant(AggregatorClient):
    """Somebody who has made a key, signed in and registered."""

    def poll_of(self, target: Target) -> bytes:
        self._sign_in()
        return target.head("GET /v1/tasks?wait=25", f"Authorization: Bearer {self._token}")


def attacks(name: str, target: Target) -> dict[str, bytes]:
    """What is sent on each of many connections."""
    sign_in = f"POST {'/v1/sign-in' if name == 'aggregator' else '/v1/session'}"
    found = {
        "nothing": b"",
        "half a head": target.head("GET /healthz")[:-2],
        "half a small body": target.head(sign_in, JSON, "Content-Length: 100") + b"{",
        "half a large body": target.head(sign_in, JSON, "Content-Length: 1000000") + b"{",
        "half a chunk": target.head(sign_in, JSON, "Transfer-Encoding: chunked") + b"5\r\n{",
    }
    if name == "aggregator":
        idle = IdleParticipant(target.url, Account.create(), name="idle", kind="data_owner")
        found["polls"] = idle.poll_of(target)
    return found


@contextlib.contextmanager
def everywhere(world: World, attack: str) -> Iterator[None]:
    """Many connections to a service of each kind, all with the same attack where it is one there."""
    with contextlib.ExitStack() as stack:
        for name, target in targets(world).items():
            if attack in (sent := attacks(name, target)):
                stack.enter_context(target.crowd(2 * MANY if attack == "polls" else MANY, sent[attack]))
        yield


def test_a_running_job_goes_on_and_everybody_answers_while_strangers_are_rude(
    tmp_path: Path, terraces: RegressionTable
) -> None:
    with running_world(OPTIONS, tmp_path) as world:
        regression = LinearRegressionJob(terraces, TRAINING)
        bring_datasets(world, regression, regression.deal(OPTIONS.seed, OPTIONS.owners), tmp_path)
        job = Job(world)
        with Acceptors(world):
            world.buyer.session.post("/v1/jobs", job_request(OPTIONS, regression))
            job.wait_for(ROUNDS, within_s=90)
        before = {name: target.memory_mib() for name, target in targets(world).items()}
        urls = [target.url for target in targets(world).values()]
        for attack in ("nothing", "half a head", "half a small body", "half a large body", "half a chunk", "polls"):
            with everywhere(world, attack), Health(urls) as health:
                begun = job.round()
                health.watch(ATTACK_S)
                job.wait_for(begun + ROUNDS, within_s=20)
        for name, target in targets(world).items():
            assert target.memory_mib() - before[name] < MOST_GROWTH_MIB, name
