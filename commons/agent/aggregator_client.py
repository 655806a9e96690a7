"""What a participant asks of the aggregator, over HTTP.

Every connection starts here: the aggregator never calls a participant. The client signs in with the participant's
account (`commons.agent.sign_in`), registers it, renews its token when it has run out, and gives back the errors of
`commons.errors`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import quote, urlsplit

from eth_account.signers.local import LocalAccount

from commons.agent.http_service import DEFAULT_TIMEOUT_S, HttpService
from commons.agent.sign_in import sign_in_message, sign_text
from commons.computations.registry import AnyResult, JobSpec
from commons.errors import Conflict, NotAuthenticated, ProtocolViolation

Clock = Callable[[], float]
ParticipantKind = Literal["data_owner", "model_buyer"]

LONG_POLL_S = 25
MOST_JOBS_AT_ONCE = 100
"""How many summaries the aggregator gives at a time, which also keeps addresses short."""
_RENEW_BEFORE_S = 30


@dataclass(frozen=True)
class AggregatorStatus:
    """Who the aggregator is and which contract it works with."""

    chain_id: int
    contract_address: str
    aggregator_address: str
    version: str


@dataclass(frozen=True)
class PendingTask:
    """A task as the aggregator sent it; `body` is checked by whoever handles it."""

    task_id: str
    deadline: float
    body: Any


@dataclass(frozen=True)
class Answer:
    """What became of a result, "accepted" or "late", and the next tasks if they were waited for."""

    outcome: str
    tasks: tuple[PendingTask, ...] = ()


@dataclass(frozen=True)
class Acceptance:
    """An owner's signed acceptance of a job, and what it declares, signed too (`commons.market.declaration`)."""

    row_count: int
    facts: Mapping[str, Any]
    roles: int
    deadline: int
    signature: bytes
    declaration_signature: bytes


class AggregatorReader:
    """What the aggregator shows to everybody; use one instance a thread.

    Args:
        url: base URL of the aggregator.
        chain_id: the chain it must work on; None takes its word for it.
        timeout_s: how long an answer may take.
    """

    def __init__(self, url: str, *, chain_id: int | None = None, timeout_s: float = DEFAULT_TIMEOUT_S) -> None:
        self._service = HttpService(url, name="the aggregator", setting="aggregator_url")
        self._chain_id = chain_id
        self._timeout_s = timeout_s

    @property
    def url(self) -> str:
        """Base URL of the aggregator."""
        return self._service.url

    def status(self) -> AggregatorStatus:
        """Return who the aggregator is.

        Raises:
            Conflict: if it works on another chain than the one configured here.
        """
        answer = self._object(self._read("/v1/status"))
        status = AggregatorStatus(
            chain_id=int(self._member(answer, "chain_id", int)),
            contract_address=str(self._member(answer, "contract_address", str)),
            aggregator_address=str(self._member(answer, "aggregator_address", str)),
            version=str(answer.get("version", "")),
        )
        if self._chain_id is not None and status.chain_id != self._chain_id:
            raise Conflict(
                f"the aggregator at {self.url} works on chain {status.chain_id}, this service on chain "
                f"{self._chain_id}; set both to the same chain",
                field="chain_id",
            )
        return status

    def job_versions(self) -> dict[int, str]:
        """Return a short text for each job, which changes whenever its summary does."""
        versions = self._object(self._member(self._object(self._read("/v1/jobs/versions")), "versions", dict))
        try:
            return {int(job_id): str(version) for job_id, version in versions.items()}
        except ValueError as error:
            raise ProtocolViolation(
                f"the aggregator at {self.url} numbers jobs with something else than numbers"
            ) from error

    def jobs(self, job_ids: Sequence[int]) -> list[dict[str, Any]]:
        """Return the summaries of these jobs, at most `MOST_JOBS_AT_ONCE`; numbers that it does not know are passed over."""
        answer = self._object(self._read("/v1/jobs", {"job_id": [str(job_id) for job_id in job_ids]}))
        return [self._object(job) for job in self._member(answer, "jobs", list)]

    def job(self, job_id: int) -> dict[str, Any]:
        """Return the aggregator's view of a job; raises NotFound when it does not know it."""
        return self._object(self._read(f"/v1/jobs/{job_id}"))

    def datasets(self, *, offset: int = 0) -> list[dict[str, Any]]:
        """Return a page of the public catalogue, latest first, from number `offset` on; empty behind its end."""
        answer = self._object(self._read("/v1/datasets", {"offset": str(offset)}))
        return [self._object(dataset) for dataset in self._member(answer, "datasets", list)]

    def _read(self, path: str, query: Mapping[str, str | Sequence[str]] | None = None) -> Any:
        return self._service.call("GET", path, query=query, timeout_s=self._timeout_s)

    def _object(self, value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise ProtocolViolation(f"the aggregator at {self.url} answered with something else than an object")
        return value

    def _member(self, answer: dict[str, Any], name: str, kind: Any) -> Any:
        value = answer.get(name)
        if not isinstance(value, kind):
            raise ProtocolViolation(f"the answer of the aggregator at {self.url} has no usable {name!r}", field=name)
        return value


class AggregatorClient(AggregatorReader):
    """The aggregator as one signed-in participant sees it; use one instance a thread.

    Args:
        url: base URL of the aggregator.
        account: signs in; its key never leaves this process.
        name: what the aggregator shows for this participant.
        kind: data owner or model buyer.
        chain_id: the chain that sessions are bound to; None takes the aggregator's word for it.
        clock: Unix time in seconds.
    """

    def __init__(
        self,
        url: str,
        account: LocalAccount,
        *,
        name: str,
        kind: ParticipantKind,
        chain_id: int | None = None,
        clock: Clock = time.time,
    ) -> None:
        super().__init__(url, chain_id=chain_id)
        self._account = account
        self._participant = {"name": name, "kind": kind}
        self._clock = clock
        self._token: str | None = None
        self._renew_at = 0.0

    # -- what owners do

    def put_dataset(self, dataset_id: str, metadata: Mapping[str, Any]) -> None:
        """Register or update the public metadata of a dataset: name, description, tags, columns, row_count."""
        self._signed_in("PUT", f"/v1/datasets/{quote(dataset_id, safe='')}", body=metadata)

    def delete_dataset(self, dataset_id: str) -> None:
        """Take a dataset out of the catalogue."""
        self._signed_in("DELETE", f"/v1/datasets/{quote(dataset_id, safe='')}")

    def accept(self, job_id: int, acceptance: Acceptance) -> None:
        """Hand in the signed acceptance of a job; repeating it changes nothing."""
        body = {
            "row_count": acceptance.row_count,
            "facts": dict(acceptance.facts),
            "roles": acceptance.roles,
            "deadline": acceptance.deadline,
            "signature": "0x" + acceptance.signature.hex(),
            "declaration_signature": "0x" + acceptance.declaration_signature.hex(),
        }
        self._signed_in("POST", f"/v1/jobs/{job_id}/acceptances", body=body)

    def withdraw_acceptance(self, job_id: int) -> None:
        """Take an acceptance back; raises Conflict once the job has started."""
        self._signed_in("DELETE", f"/v1/jobs/{job_id}/acceptances/me")

    # -- what buyers do

    def offer_job(self, job_id: int, spec: JobSpec, *, modulus: int, modulus_proof: Sequence[str]) -> dict[str, Any]:
        """Make a job known that is on chain already; repeating it changes nothing.

        Args:
            job_id: its number on chain.
            spec: the specification whose digest is on chain.
            modulus: of the buyer's Paillier key.
            modulus_proof: as `ModulusProof.to_json` gives it.
        """
        body = {
            "job_id": job_id,
            "spec": spec.model_dump(mode="json"),
            "modulus": hex(modulus),
            "modulus_proof": list(modulus_proof),
        }
        return self._object(self._signed_in("POST", "/v1/jobs", body=body))

    def delivery(self, job_id: int) -> dict[str, Any]:
        """Return the masked weights, and once the job is finished the final ones too."""
        return self._object(self._signed_in("GET", f"/v1/jobs/{job_id}/delivery"))

    # -- tasks

    def tasks(self, wait_s: int = LONG_POLL_S) -> list[PendingTask]:
        """Return the caller's pending tasks, waiting up to `wait_s` seconds for one to appear."""
        timeout_s = wait_s + DEFAULT_TIMEOUT_S
        answer = self._object(self._signed_in("GET", "/v1/tasks", query={"wait": str(wait_s)}, timeout_s=timeout_s))
        return [self._pending(item) for item in self._member(answer, "tasks", list)]

    def post_result(self, task_id: str, result: AnyResult, wait_s: int = 0) -> Answer:
        """Hand in a result, and wait up to `wait_s` seconds for the next tasks; repeating it gives the same outcome."""
        path = f"/v1/tasks/{quote(task_id, safe='')}/result"
        answer = self._object(
            self._signed_in(
                "POST",
                path,
                body={"result": result.model_dump(mode="json")},
                query={"wait": str(wait_s)},
                timeout_s=wait_s + DEFAULT_TIMEOUT_S,
            )
        )
        tasks = tuple(self._pending(item) for item in answer.get("tasks", []))
        return Answer(str(self._member(answer, "outcome", str)), tasks)

    def post_failure(self, task_id: str, reason: str) -> None:
        """Say that a task cannot be done, and why; `reason` is shown to others."""
        self._signed_in("POST", f"/v1/tasks/{quote(task_id, safe='')}/failure", body={"reason": reason})

    # -- session

    def _signed_in(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
        timeout_s: float = DEFAULT_TIMEOUT_S,
    ) -> Any:
        fresh = self._token is None or self._clock() >= self._renew_at
        if fresh:
            self._sign_in()
        try:
            return self._service.call(method, path, body=body, query=query, token=self._token, timeout_s=timeout_s)
        except NotAuthenticated:
            if fresh:
                raise
        # The aggregator forgot the session before it ran out: sign in again, once.
        self._sign_in()
        return self._service.call(method, path, body=body, query=query, token=self._token, timeout_s=timeout_s)

    def _sign_in(self) -> None:
        self._token = None
        chain_id = self.status().chain_id
        nonce = self._member(self._object(self._service.call("POST", "/v1/sign-in/nonce", body={})), "nonce", str)
        text = sign_in_message(
            domain=urlsplit(self.url).netloc,
            uri=self.url,
            address=self._account.address,
            chain_id=chain_id,
            nonce=str(nonce),
            issued_at=self._clock(),
        )
        body = {"message": text, "signature": sign_text(self._account, text)}
        answer = self._object(self._service.call("POST", "/v1/sign-in", body=body))
        token = str(self._member(answer, "token", str))
        self._renew_at = float(self._member(answer, "expires_at", int | float)) - _RENEW_BEFORE_S
        self._service.call("PUT", "/v1/participants/me", body=self._participant, token=token)
        self._token = token

    def _pending(self, item: Any) -> PendingTask:
        task = self._object(item)
        return PendingTask(
            task_id=str(self._member(task, "task_id", str)),
            deadline=float(self._member(task, "deadline", int | float)),
            body=task.get("task"),
        )
