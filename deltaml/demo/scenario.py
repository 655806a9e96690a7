"""The demo's job: datasets in, job posted, owners accept, training followed, everybody paid, model received."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from commons.agent.http_service import HttpService
from commons.computations.linear_regression.learning import LinearModel
from commons.computations.linear_regression.spec import TrainingJobSpec
from commons.errors import Conflict, DeltaMLError, ServiceUnavailable
from commons.market.state import JobState
from deltaml.demo.dataset import Dataset, FloatArray, write_part
from deltaml.demo.options import DemoOptions
from deltaml.demo.world import DATA_DIR, Member, World

START_WITHIN_S = 3600
FINISH_WITHIN_S = 24 * 3600
LOOK_INTERVAL_S = 0.4
# Looking costs the chain and two services work that training could use.
LOOK_INTERVAL_WHILE_TRAINING_S = 1.0
_READY, _WAITING = "READY", "WAITING"
_ENDED_BADLY = frozenset({"cancelled", "expired", "failed"})

Follow = Callable[[dict[str, Any]], None]
"""Gets the buyer's view of the job whenever it was looked at."""


@dataclass(frozen=True)
class Outcome:
    """A finished job.

    Attributes:
        job: the buyer's view.
        model: the delivered model.
        posted_at, finished_at: monotonic seconds.
    """

    job: dict[str, Any]
    model: LinearModel
    posted_at: float
    finished_at: float

    @property
    def spec(self) -> TrainingJobSpec:
        """The job's specification."""
        return TrainingJobSpec.model_validate(self.job["spec"])

    @property
    def entered(self) -> dict[str, float]:
        """When the aggregator saw the job enter each state, Unix seconds."""
        return dict(self.job["live"]["entered"])


def bring_datasets(
    world: World, dataset: Dataset, parts: Sequence[tuple[FloatArray, FloatArray]], folder: Path
) -> None:
    """Write each owner's part into its own data folder and add it at its service."""
    for owner, (X, y) in zip(world.owners, parts, strict=True):
        path = folder / owner.login.name / DATA_DIR / "rows.csv"
        write_part(path, dataset.features, dataset.target, X, y)
        owner.session.post("/v1/datasets", {"path": str(path), "name": f"{dataset.name} of {owner.login.name}"})


def job_request(options: DemoOptions, dataset: Dataset) -> dict[str, Any]:
    """What the buyer posts; the declared ranges are the file's own minima and maxima."""
    features, target = dataset.ranges()
    request: dict[str, Any] = {
        "title": f"Predict {dataset.target} ({dataset.name})",
        "features": [{"name": item.name, "minimum": item.minimum, "maximum": item.maximum} for item in features],
        "target": {"name": target.name, "minimum": target.minimum, "maximum": target.maximum},
        "scaling": options.effective_scaling.value,
        "rounds": options.rounds,
        "local_steps": options.local_steps,
        "evaluate_every": options.evaluate_every,
        "min_owners": options.owners,
        "deposit_wei": str(options.deposit_wei),
        "start_within_s": START_WITHIN_S,
        "finish_within_s": FINISH_WITHIN_S,
        "role_seed": options.seed,
        "key_bits": options.key_bits,
    }
    if options.effective_learning_rate is not None:
        request["learning_rate"] = options.effective_learning_rate
    return request


def run_job(world: World, request: dict[str, Any], follow: Follow, hands: Hands) -> Outcome:
    """Post a job and follow it to its end.

    Raises:
        Conflict: the job ended without a model; with the reason.
        ServiceUnavailable: a service of the demo ended.
        DeltaMLError: whatever the buyer's service refused the request with, or an owner's the offer.
    """
    posted_at = time.monotonic()
    job_id = world.buyer.session.post("/v1/jobs", request)["id"]
    while True:
        world.services.require_alive()
        job = world.buyer.session.get(f"/v1/jobs/{job_id}")
        follow(job)
        if job["stage"] in _ENDED_BADLY:
            raise Conflict(f"the job is {job['stage']}: {job['note'] or job['trouble']}", stage=job["stage"])
        live = job["live"] or {}
        if live.get("state") == JobState.RECRUITING and hands.refused is not None:
            raise hands.refused
        if live.get("state") == "failed":
            raise Conflict(f"the job failed: {live['reason']}", stage="failed")
        # The buyer can see the settlement before the aggregator does.
        if job["stage"] == "finished" and live.get("state") == JobState.FINISHED:
            model = LinearModel.from_json(json.dumps(world.buyer.session.get(f"/v1/jobs/{job_id}/model")))
            return Outcome(job, model, posted_at, time.monotonic())
        training = live.get("state") == JobState.RUNNING
        time.sleep(LOOK_INTERVAL_WHILE_TRAINING_S if training else LOOK_INTERVAL_S)


class Hands:
    """The owners' hands: accept every offer that matches, as the people in front of the demo would.

    Runs in a thread of its own until it is stopped.
    """

    def __init__(self, world: World) -> None:
        self._owners = world.owners
        self._aggregator = HttpService(world.aggregator_url, name="the aggregator", setting="aggregator_url")
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="owners' hands", daemon=True)
        self._settled: set[tuple[str, int]] = set()
        self.refusals: dict[str, str] = {}
        """Why an owner could not accept, by its name; for messages."""
        self.refused: DeltaMLError | None = None
        """What no waiting can mend: an owner's service refused to accept the job."""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(timeout=10)

    def _run(self) -> None:
        with ThreadPoolExecutor(len(self._owners)) as pool:
            while not self._stop.wait(LOOK_INTERVAL_S):
                for job_id in self._recruiting():
                    list(pool.map(self._accept, self._owners, [job_id] * len(self._owners)))

    def _recruiting(self) -> list[int]:
        try:
            answer = self._aggregator.call("GET", "/v1/jobs", query={"state": JobState.RECRUITING})
        except ServiceUnavailable:
            return []
        return [int(job["job_id"]) for job in answer["jobs"]]

    def _accept(self, owner: Member, job_id: int) -> None:
        if (owner.address, job_id) in self._settled:
            return
        try:
            offer = owner.session.get(f"/v1/offers/{job_id}")
            if offer["status"] == _READY:
                owner.session.post(f"/v1/offers/{job_id}/accept", {})
            elif offer["status"] == _WAITING:
                self.refusals[owner.login.name] = "no matching dataset"
                return
        except ServiceUnavailable as error:
            self.refusals[owner.login.name] = error.message
            return
        except DeltaMLError as error:
            self.refusals[owner.login.name] = error.message
            self.refused = type(error)(f"{owner.login.name} cannot accept the job: {error.message}", **error.fields)
            return
        self.refusals.pop(owner.login.name, None)
        self._settled.add((owner.address, job_id))
