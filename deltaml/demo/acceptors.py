"""The people in front of the demo's owners' services, as far as they accept jobs."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Self

from commons.agent.http_service import HttpService
from commons.errors import Conflict, DeltaMLError, ServiceUnavailable
from commons.market.state import JobState
from data_owner.services.ledger import AGAIN
from deltaml.demo.world import Member, World

LOOK_INTERVAL_S = 0.4
_READY, _WAITING = "READY", "WAITING"


class Acceptors:
    """Accept every offer that matches, with all the consents that it needs, for each owner of a world.

    They run in a thread of their own until they are stopped.
    """

    def __init__(self, world: World) -> None:
        self._owners = world.owners
        self._aggregator = HttpService(world.aggregator_url, name="the aggregator", setting="aggregator_url")
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="acceptors", daemon=True)
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
                    list(pool.map(self._look, self._owners, [job_id] * len(self._owners)))

    def _recruiting(self) -> list[int]:
        try:
            answer = self._aggregator.call("GET", "/v1/jobs", query={"state": JobState.RECRUITING})
        except ServiceUnavailable:
            return []
        return [int(job["job_id"]) for job in answer["jobs"]]

    def _look(self, owner: Member, job_id: int) -> None:
        if (owner.address, job_id) in self._settled:
            return
        try:
            offer = owner.session.get(f"/v1/offers/{job_id}")
            if offer["status"] == _READY:
                accept(owner, offer)
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


def accept(owner: Member, offer: dict[str, Any]) -> None:
    """Accept an offer with the consents that it needs, and with that to answer about the same columns again if it has to be."""
    path, consents = f"/v1/offers/{offer['job_id']}/accept", list(offer["consents"])
    try:
        owner.session.post(path, {"consents": consents})
    except Conflict as error:
        if error.fields.get("field") != "consents":
            raise
        owner.session.post(path, {"consents": [*consents, AGAIN]})
