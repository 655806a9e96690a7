"""What stands around an aggregator under test: a clock, and a contract whose transactions a test mines or refuses."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from typing import Any

from eth_account import Account
from sqlalchemy.orm import Session

from commons.chain.jobs import JobOnChain
from commons.chain.jobs import JobState as StateOnChain
from commons.chain.signing import (
    AcceptanceTerms,
    SigningDomain,
    recover_acceptance,
    recover_checkpoint,
    recover_declaration,
)
from commons.errors import ChainUnavailable
from commons.market.checkpoint_statement import CheckpointStatement
from federated_aggregator.services.chain_port import ChainOverview, ChainState, JobFacts, Sending, Sent

JOB_ID = 7
NOW = 1_800_000_000.0
_EFFECTS = {
    "start": ChainState.RUNNING,
    "finalize": ChainState.FINISHED,
    "cancel": ChainState.CANCELLED,
    "expire": ChainState.EXPIRED,
}


@dataclass
class Clock:
    """Time that passes when a test says so."""

    now: float = NOW

    def __call__(self) -> float:
        return self.now


@dataclass
class FakeChain:
    """Implements `ChainPort`: a contract whose transactions are mined, or refused, when a test says so."""

    address: str = field(default_factory=lambda: str(Account.create().address))
    contract_address: str = field(default_factory=lambda: str(Account.create().address))
    chain_id: int = 1337
    jobs: dict[int, JobOnChain] = field(default_factory=dict)
    outbox: dict[str, Sent] = field(default_factory=dict)
    calls: dict[str, dict[str, Any]] = field(default_factory=dict)
    events: dict[int, JobFacts] = field(default_factory=dict)
    height: int = 0
    reachable: bool = True
    clock: Callable[[], float] = field(default_factory=Clock)
    code: set[str] = field(default_factory=set)
    active: set[str] = field(default_factory=set)
    asked_for_code: list[tuple[frozenset[str], int]] = field(default_factory=list)
    while_asked: Callable[[], object] = lambda: None
    node_url: str = "http://node.internal:8545"

    @property
    def domain(self) -> SigningDomain:
        return SigningDomain(self.chain_id, self.contract_address)

    def check(self) -> None:
        if not self.reachable:
            raise ChainUnavailable(f"no Ethereum node answers at {self.node_url}", rpc_url=self.node_url)

    def send_queued(self) -> None:
        """Nothing: transactions are mined or refused when a test says so."""

    def follow_events(self) -> None:
        """Nothing: their events are there at once."""

    def overview(self) -> ChainOverview:
        if not self.reachable:
            return ChainOverview(available=False)
        return ChainOverview(
            available=True, block_number=self.height, block_time=1, job_count=len(self.jobs), escrowed_wei=10**18
        )

    def read_job(self, job_id: int) -> JobOnChain | None:
        self.check()
        return self.jobs.get(job_id)

    def head(self, session: Session) -> tuple[int, str] | None:
        return self.height, f"0x{self.height:064x}"

    def job_states(self, session: Session, job_ids: Collection[int]) -> dict[int, ChainState]:
        return {job_id: facts.state for job_id, facts in self.events.items() if job_id in job_ids}

    def facts(self, session: Session, job_id: int) -> JobFacts | None:
        return self.events.get(job_id)

    def recover_acceptance(self, terms: AcceptanceTerms, signature: bytes) -> str:
        return recover_acceptance(self.domain, terms, signature)

    def recover_declaration(self, job_id: int, owner: str, digest: bytes, signature: bytes) -> str:
        return recover_declaration(self.domain, job_id, owner, digest, signature)

    def recover_checkpoint(self, statement: CheckpointStatement, signature: bytes) -> str:
        return recover_checkpoint(self.domain, statement, signature)

    def enqueue_start(self, session: Session, job_id: int, **arguments: Any) -> str:
        return self._enqueue(f"job/{job_id}/start", **arguments)

    def enqueue_checkpoint(self, session: Session, statement: CheckpointStatement, signature: bytes) -> str:
        what = "delivery" if statement.last else f"checkpoint/{statement.index}"
        return self._enqueue(f"job/{statement.job_id}/{what}", statement=statement, signature=signature)

    def enqueue_finalize(self, session: Session, job_id: int, seed: bytes) -> str:
        return self._enqueue(f"job/{job_id}/finalize", seed=seed)

    def enqueue_cancel(self, session: Session, job_id: int) -> str:
        return self._enqueue(f"job/{job_id}/cancel")

    def enqueue_expire(self, session: Session, job_id: int) -> str:
        return self._enqueue(f"job/{job_id}/expire")

    def enqueue_again(self, session: Session, job_id: int, name: str, key: str) -> str:
        return self._enqueue(f"job/{job_id}/{name}", **self.calls[key])

    def sent(self, session: Session, key: str) -> Sent | None:
        return self.outbox.get(key)

    def tries(self, session: Session, job_id: int, name: str) -> int:
        return len(self._tries(f"job/{job_id}/{name}"))

    def failed_starts(self, session: Session, job_id: int, seed_hash: bytes) -> list[Sent]:
        starts = [key for key in self._tries(f"job/{job_id}/start") if self.calls[key]["seed_hash"] == seed_hash]
        return [self.outbox[key] for key in reversed(starts) if self.outbox[key].sending is Sending.FAILED]

    def with_code(self, accounts: Collection[str], block: int) -> frozenset[str]:
        self.check()
        self.while_asked()
        self.asked_for_code.append((frozenset(accounts), block))
        return frozenset(accounts) & self.code

    def active_in(self, accounts: Collection[str], block: int) -> frozenset[str]:
        self.check()
        self.while_asked()
        return frozenset(accounts) & self.active

    def _tries(self, name: str) -> list[str]:
        return [key for key in self.outbox if key == name or key.startswith(f"{name}/")]

    def _enqueue(self, name: str, **arguments: Any) -> str:
        tries = self._tries(name)
        assert all(self.outbox[key].sending is not Sending.WAITING for key in tries), f"{name} is on its way already"
        key = f"{name}/{len(tries) + 1}" if tries else name
        self.outbox[key] = Sent(Sending.WAITING, None, None)
        self.calls[key] = arguments
        return key

    def key_of(self, name: str, job_id: int = JOB_ID) -> str:
        """The latest transaction of that name."""
        return self._tries(f"job/{job_id}/{name}")[-1]

    def mine(self, name: str, job_id: int = JOB_ID) -> None:
        """Mine a queued transaction; its events are confirmed at once."""
        key = self.key_of(name, job_id)
        assert self.outbox[key].sending is Sending.WAITING
        self.outbox[key] = Sent(Sending.MINED, "0x" + secrets.token_hex(32), None)
        call, facts = self.calls[key], self.events[job_id]
        match name.partition("/")[0]:
            case "start":
                members = {role: tuple(call[role]) for role in ("trainers", "validators")}
                facts = replace(facts, **members, seed_hash=call["seed_hash"])
            case "checkpoint" | "delivery":
                statement = call["statement"]
                facts = replace(
                    facts, recorded=facts.recorded | {statement.index}, delivered=facts.delivered or statement.last
                )
        self.events[job_id] = facts
        self.move(_EFFECTS.get(name, facts.state), job_id)

    def mine_checkpoints(self, job_id: int = JOB_ID) -> None:
        """Mine every checkpoint that is queued."""
        prefix = f"job/{job_id}/"
        for key in [key for key in self.outbox if key.startswith(f"{prefix}checkpoint/")]:
            if self.outbox[key].sending is Sending.WAITING:
                self.mine(key.removeprefix(prefix), job_id)

    def refuse(
        self, name: str, reason: str, job_id: int = JOB_ID, *, account: str | None = None, mined: bool = True
    ) -> None:
        self.outbox[self.key_of(name, job_id)] = Sent(
            Sending.FAILED,
            "0x" + secrets.token_hex(32) if mined else None,
            reason,
            refused_account=account,
            block=self.height,
            failed_at=self.clock(),
        )
        self.height += 1

    def move(self, state: ChainState, job_id: int = JOB_ID) -> None:
        self.jobs[job_id] = replace(self.jobs[job_id], state=StateOnChain[state.name])
        self.change(job_id, state=state)

    def change(self, job_id: int = JOB_ID, **changes: Any) -> None:
        """Have the confirmed events say something else, as after a reorganisation."""
        self.events[job_id] = replace(self.events[job_id], **changes)
        self.height += 1

    def post(self, job_id: int, job: JobOnChain) -> None:
        self.jobs[job_id] = job
        self.events[job_id] = JobFacts(
            ChainState[job.state.name], job.buyer, job.terms.spec_digest, job.terms.key_digest
        )
        self.height += 1
