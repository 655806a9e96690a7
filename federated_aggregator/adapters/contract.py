"""The marketplace contract as the aggregator uses it: reads, and writes through the outbox."""

from __future__ import annotations

from collections.abc import Callable

from eth_account.signers.local import LocalAccount
from sqlalchemy.orm import Session

from commons.chain import signing
from commons.chain.jobs import ContractCall
from commons.chain.marketplace import Marketplace
from commons.chain.outbox import Outbox
from commons.chain.outbox_sender import OutboxSender
from commons.chain.outbox_table import OutboxState
from commons.chain.signing import AcceptanceTerms, CheckpointStatement
from commons.errors import NotFound
from commons.storage.database import Database
from federated_aggregator.adapters.tables import OutboxTransaction
from federated_aggregator.services.chain_port import ChainJob, ChainState, Sending, Sent

_SENDING = {OutboxState.MINED: Sending.MINED, OutboxState.FAILED: Sending.FAILED}


class Contract:
    """Implements `federated_aggregator.services.chain_port.ChainPort`.

    Args:
        rpc_url: the Ethereum node.
        contract_address: the marketplace.
        account: the aggregator's account; signs here, never on the node.
        database: where the outbox is.
    """

    def __init__(self, rpc_url: str, contract_address: str, account: LocalAccount, database: Database) -> None:
        self._marketplace = Marketplace(rpc_url, contract_address)
        self._outbox = Outbox(OutboxTransaction)
        self._sender = OutboxSender(database.stepwise_sessions, self._outbox, self._marketplace.connection, account)
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

    def send_queued(self) -> None:
        """One pass over the outbox; an unreachable chain is noted in its rows, not raised."""
        self._sender.step()

    def read_job(self, job_id: int) -> ChainJob | None:
        """The job, or None if the contract has none of that id."""
        try:
            job = self._marketplace.job(job_id)
        except NotFound:
            return None
        return ChainJob(
            state=ChainState[job.state.name],
            buyer=job.buyer,
            aggregator=job.terms.aggregator,
            spec_digest=job.terms.spec_digest,
            key_digest=job.terms.key_digest,
            deposit_wei=job.deposit_wei,
            start_by=job.terms.start_by,
            finish_by=job.terms.finish_by,
            trainer_bps=job.terms.trainer_bps,
            validator_bps=job.terms.validator_bps,
            aggregator_bps=job.terms.aggregator_bps,
        )

    def recover_acceptance(self, terms: AcceptanceTerms, signature: bytes) -> str:
        """Who signed these terms."""
        return signing.recover_acceptance(self._marketplace.domain, terms, signature)

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
        return self._enqueue(session, f"job/{statement.job_id}/checkpoint/{statement.index}", call)

    def enqueue_finalize(self, session: Session, job_id: int, seed: bytes) -> str:
        """Queue `finalize`; returns the outbox key."""
        return self._enqueue(session, f"job/{job_id}/finalize", self._marketplace.calls.finalize(job_id, seed))

    def enqueue_cancel(self, session: Session, job_id: int) -> str:
        """Queue `cancelJob`; returns the outbox key."""
        return self._enqueue(session, f"job/{job_id}/cancel", self._marketplace.calls.cancel_job(job_id))

    def enqueue_expire(self, session: Session, job_id: int) -> str:
        """Queue `expireJob`; returns the outbox key."""
        return self._enqueue(session, f"job/{job_id}/expire", self._marketplace.calls.expire_job(job_id))

    def sent(self, session: Session, key: str) -> Sent | None:
        """What became of a queued transaction."""
        row = self._outbox.find(session, key)
        if row is None:
            return None
        sending = _SENDING.get(row.state, Sending.WAITING)
        return Sent(sending, row.tx_hash, row.reason or row.note)

    def _enqueue(self, session: Session, key: str, call: ContractCall) -> str:
        self._outbox.enqueue(session, key=key, call=call)
        return key
