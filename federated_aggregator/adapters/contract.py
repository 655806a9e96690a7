"""The marketplace contract as the aggregator uses it: reads, and writes through the outbox."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection

import structlog
from eth_account.signers.local import LocalAccount
from sqlalchemy.orm import Session

from commons.chain import signing
from commons.chain.blocks import latest_block
from commons.chain.event_follower import EventFollower
from commons.chain.jobs import ContractCall, JobOnChain
from commons.chain.marketplace import Marketplace
from commons.chain.outbox_sender import OutboxSender, SendingPolicy
from commons.chain.outbox_table import OutboxColumns, OutboxState
from commons.chain.settings import IDLE_INTERVAL_S
from commons.chain.signing import AcceptanceTerms
from commons.chain.transactions import had_code, used_nonce_in
from commons.errors import DeltaMLError, NotFound
from commons.market.checkpoint_statement import CheckpointStatement
from commons.storage.database import Database
from federated_aggregator.services.chain_port import ChainOverview, ChainState, JobFacts, Sending, Sent
from federated_aggregator.tables import EVENTS, OUTBOX

_SENDING = {OutboxState.MINED: Sending.MINED, OutboxState.FAILED: Sending.FAILED}
OVERVIEW_INTERVAL_S = 2.0
_REFUSED_ACCOUNT = ("owner", "account")
"""How the contract's errors call whom they are about."""

log = structlog.get_logger(__name__)


class Contract:
    """Implements `federated_aggregator.services.chain_port.ChainPort`.

    Args:
        marketplace: the contract.
        account: the aggregator's account; signs here, never on the node.
        database: where outbox and events are.
        policy: how transactions are sent, and when what happened on chain counts.
        from_block: the block of the deployment, or an earlier one.
    """

    def __init__(
        self,
        marketplace: Marketplace,
        account: LocalAccount,
        database: Database,
        *,
        policy: SendingPolicy | None = None,
        from_block: int = 0,
    ) -> None:
        policy = policy or SendingPolicy()
        self._marketplace = marketplace
        self._follower = EventFollower(
            database, marketplace, EVENTS, confirmations=policy.confirmations, from_block=from_block
        )
        self._sender = OutboxSender(
            database.stepwise_sessions,
            OUTBOX,
            marketplace.connection,
            account,
            known_chain=self._follower.known_chain,
            policy=policy,
        )
        self._unfinished = 0
        self._waiting_for: str | None = None
        self._awaiting = True
        self._followed_at = -IDLE_INTERVAL_S
        self._unavailable: str | None = None
        self._overview_lock = threading.Lock()
        self._overview: ChainOverview | None = None
        self._overview_at = 0.0
        self.address = str(account.address)
        self.contract_address = self._marketplace.contract_address

    @property
    def chain_id(self) -> int:
        """The chain's id."""
        return self._marketplace.connection.chain_id

    def wait_until_ready(self, timeout_s: float, on_wait: Callable[[str], None]) -> None:
        """Return once the node answers and has the contract; raises ChainUnavailable or NotFound."""
        self._marketplace.wait_until_ready(timeout_s, on_wait)

    def check(self) -> None:
        """Raise ChainUnavailable unless the node answers and serves the expected chain."""
        self._marketplace.connection.check()

    def follow_events(self) -> None:
        """Store what has happened on chain, or undo what a reorganisation took back; often only while something is awaited."""
        now = time.monotonic()
        if self._awaiting or now - self._followed_at >= IDLE_INTERVAL_S:
            status = self._follower.step()
            if status.unavailable != self._unavailable and status.unavailable is not None:
                log.warning("chain_unavailable", reason=status.unavailable)
            self._followed_at, self._unavailable = now, status.unavailable

    def send_queued(self) -> None:
        """One pass over the outbox; an unreachable chain is noted in its rows, not raised."""
        status = self._sender.step()
        before, self._unfinished = self._unfinished, status.unfinished
        self._awaiting = bool(before or self._unfinished)
        if status.waiting_for != self._waiting_for and status.waiting_for is not None:
            log.info("transactions_wait", reason=status.waiting_for)
        self._waiting_for = status.waiting_for

    def overview(self) -> ChainOverview:
        """The chain and the contract at a glance; the node is asked at most once in `OVERVIEW_INTERVAL_S`."""
        # Whoever comes while another thread asks waits for its answer instead of asking as well.
        with self._overview_lock:
            if self._overview is None or time.monotonic() - self._overview_at >= OVERVIEW_INTERVAL_S:
                self._overview, self._overview_at = self._ask_overview(), time.monotonic()
            return self._overview

    def _ask_overview(self) -> ChainOverview:
        try:
            block = latest_block(self._marketplace.connection)
            return ChainOverview(
                available=True,
                block_number=block.number,
                block_time=block.time,
                job_count=self._marketplace.job_count(),
                escrowed_wei=self._marketplace.total_escrowed_wei(),
            )
        except DeltaMLError as error:
            if self._overview is None or self._overview.available:
                log.warning("chain_unavailable", reason=error.message)
            return ChainOverview(available=False)

    def read_job(self, job_id: int) -> JobOnChain | None:
        """The job, or None if the contract has none of that id."""
        try:
            return self._marketplace.job(job_id)
        except NotFound:
            return None

    def head(self, session: Session) -> tuple[int, str] | None:
        """Number and hash of the block up to which events are known."""
        head = EVENTS.head(session)
        return None if head is None else (head.number, head.hash)

    def job_states(self, session: Session, job_ids: Collection[int]) -> dict[int, ChainState]:
        """Where confirmed events have these jobs."""
        return {job_id: ChainState[state.name] for job_id, state in EVENTS.job_states(session, job_ids).items()}

    def facts(self, session: Session, job_id: int) -> JobFacts | None:
        """What confirmed events say about a job, or None if none has created it."""
        created = EVENTS.created(session, job_id)
        if created is None:
            return None
        started = EVENTS.started(session, job_id)
        checkpoints = [one.statement for one in EVENTS.checkpoints(session, job_id)]
        return JobFacts(
            state=ChainState[EVENTS.job_state(session, job_id).name],
            buyer=created.buyer,
            spec_digest=created.spec_digest,
            key_digest=created.key_digest,
            trainers=started.trainers if started else (),
            validators=started.validators if started else (),
            seed_hash=started.seed_hash if started else None,
            revoked=tuple(EVENTS.revoked(session, job_id)),
            recorded=frozenset(statement.index for statement in checkpoints),
            delivered=any(statement.last for statement in checkpoints),
        )

    def recover_acceptance(self, terms: AcceptanceTerms, signature: bytes) -> str:
        """Who signed these terms."""
        return signing.recover_acceptance(self._marketplace.domain, terms, signature)

    def recover_declaration(self, job_id: int, owner: str, digest: bytes, signature: bytes) -> str:
        """Who signed this digest as the owner's declaration for a job."""
        return signing.recover_declaration(self._marketplace.domain, job_id, owner, digest, signature)

    def recover_checkpoint(self, statement: CheckpointStatement, signature: bytes) -> str:
        """Who signed this checkpoint."""
        return signing.recover_checkpoint(self._marketplace.domain, statement, signature)

    def enqueue_start(
        self,
        session: Session,
        job_id: int,
        *,
        trainers: list[str],
        validators: list[str],
        acceptances: list[bytes],
        seed_hash: bytes,
    ) -> str:
        """Queue `startJob`; returns the outbox key."""
        call = self._marketplace.calls.start_job(job_id, trainers, validators, acceptances, seed_hash)
        return self._enqueue(session, f"job/{job_id}/start", call)

    def enqueue_checkpoint(self, session: Session, statement: CheckpointStatement, signature: bytes) -> str:
        """Queue `recordCheckpoint`; returns the outbox key."""
        call = self._marketplace.calls.record_checkpoint(statement, signature)
        what = "delivery" if statement.last else f"checkpoint/{statement.index}"
        return self._enqueue(session, f"job/{statement.job_id}/{what}", call)

    def enqueue_finalize(self, session: Session, job_id: int, seed: bytes) -> str:
        """Queue `finalize`; returns the outbox key."""
        return self._enqueue(session, f"job/{job_id}/finalize", self._marketplace.calls.finalize(job_id, seed))

    def enqueue_cancel(self, session: Session, job_id: int) -> str:
        """Queue `cancelJob`; returns the outbox key."""
        return self._enqueue(session, f"job/{job_id}/cancel", self._marketplace.calls.cancel_job(job_id))

    def enqueue_expire(self, session: Session, job_id: int) -> str:
        """Queue `expireJob`; returns the outbox key."""
        return self._enqueue(session, f"job/{job_id}/expire", self._marketplace.calls.expire_job(job_id))

    def enqueue_again(self, session: Session, job_id: int, name: str, key: str) -> str:
        """Queue the call under `key` once more; returns the new outbox key."""
        row = OUTBOX.find(session, key)
        if row is None:
            raise NotFound(f"there is no transaction {key} in the outbox", key=key)
        call = ContractCall(row.to_address, row.data, row.value_wei, row.description)
        return self._enqueue(session, f"job/{job_id}/{name}", call)

    def sent(self, session: Session, key: str) -> Sent | None:
        """What became of a queued transaction."""
        row = OUTBOX.find(session, key)
        return None if row is None else _sent(row)

    def tries(self, session: Session, job_id: int, name: str) -> int:
        """How often the job's transaction `name` was queued."""
        return len(OUTBOX.tries(session, f"job/{job_id}/{name}"))

    def failed_starts(self, session: Session, job_id: int, seed_hash: bytes) -> list[Sent]:
        """The failed starts of the job with this seed, the latest first; not those of a former job of its number."""
        rows = OUTBOX.tries(session, f"job/{job_id}/start")
        return [_sent(row) for row in rows if row.state is OutboxState.FAILED and seed_hash in row.data]

    def with_code(self, accounts: Collection[str], block: int) -> frozenset[str]:
        """Those of the accounts that have code now, or had some before or after this block."""
        connection = self._marketplace.connection
        return frozenset(account for account in accounts if had_code(connection, account, block))

    def active_in(self, accounts: Collection[str], block: int) -> frozenset[str]:
        """Those of the accounts that sent a transaction or changed their code in this block."""
        connection = self._marketplace.connection
        return frozenset(account for account in accounts if used_nonce_in(connection, account, block))

    def _enqueue(self, session: Session, name: str, call: ContractCall) -> str:
        # Another job that a reorganisation gave the same number goes on counting.
        return OUTBOX.enqueue_again(session, key=name, call=call).key


def _sent(row: OutboxColumns) -> Sent:
    sending = _SENDING.get(row.state, Sending.WAITING)
    failed = sending is Sending.FAILED
    accounts = [str(row.arguments[name]) for name in _REFUSED_ACCOUNT if row.arguments and name in row.arguments]
    return Sent(
        sending,
        row.tx_hash,
        row.reason or row.note,
        refused_account=accounts[0] if accounts else None,
        block=row.block_number,
        failed_at=row.finished_at if failed else None,
    )
