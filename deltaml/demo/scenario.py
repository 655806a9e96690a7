"""The demo's job: datasets in, job posted, followed until everybody is paid, result received."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from commons.errors import Conflict
from commons.market.state import JobState
from deltaml.demo.acceptors import LOOK_INTERVAL_S, Acceptors
from deltaml.demo.finished_job import FinishedJob
from deltaml.demo.kinds import DemoJob
from deltaml.demo.kinds.base import RowIndexes
from deltaml.demo.options import DemoOptions
from deltaml.demo.world import DATA_DIR, World

START_WITHIN_S = 3600
FINISH_WITHIN_S = 24 * 3600
# Looking costs the chain and two services work that the computation could use.
LOOK_INTERVAL_WHILE_RUNNING_S = 1.0
_ENDED_BADLY = frozenset({"cancelled", "expired", "failed"})

Follow = Callable[[dict[str, Any]], None]
"""Gets the buyer's view of the job whenever it was looked at."""


def bring_datasets(world: World, job: DemoJob, parts: Sequence[RowIndexes], folder: Path) -> None:
    """Write each owner's part into its own data folder and add it at its service."""
    for owner, rows in zip(world.owners, parts, strict=True):
        path = folder / owner.login.name / DATA_DIR / "rows.csv"
        job.write_rows(path, rows)
        owner.session.post("/v1/datasets", {"path": str(path), "name": f"{job.table_name} of {owner.login.name}"})


def job_request(options: DemoOptions, job: DemoJob) -> dict[str, Any]:
    """What the buyer posts."""
    return {
        "title": job.title,
        "computation": job.computation(),
        "min_owners": options.owners,
        "deposit_wei": str(options.deposit_wei),
        "start_within_s": START_WITHIN_S,
        "finish_within_s": FINISH_WITHIN_S,
        "role_seed": options.seed,
        "key_bits": options.key_bits,
    }


def run_job(world: World, request: dict[str, Any], follow: Follow, acceptors: Acceptors) -> FinishedJob:
    """Post a job and follow it to its end.

    Raises:
        Conflict: the job ended without a result; with the reason.
        ServiceUnavailable: a service of the demo ended.
        DeltaMLError: whatever the buyer's service refused the request with, or an owner's the offer.
    """
    job_id = world.buyer.session.post("/v1/jobs", request)["id"]
    while True:
        world.services.require_alive()
        job = world.buyer.session.get(f"/v1/jobs/{job_id}")
        follow(job)
        if job["stage"] in _ENDED_BADLY:
            raise Conflict(f"the job is {job['stage']}: {job['note'] or job['trouble']}", stage=job["stage"])
        live = job["live"] or {}
        if live.get("state") == JobState.RECRUITING and acceptors.refused is not None:
            raise acceptors.refused
        if live.get("state") == "failed":
            raise Conflict(f"the job failed: {live['reason']}", stage="failed")
        # The buyer can see the settlement before the aggregator does.
        if job["stage"] == "finished" and live.get("state") == JobState.FINISHED:
            return FinishedJob(job, world.buyer.session.get(f"/v1/jobs/{job_id}/result"))
        running = live.get("state") == JobState.RUNNING
        time.sleep(LOOK_INTERVAL_WHILE_RUNNING_S if running else LOOK_INTERVAL_S)
