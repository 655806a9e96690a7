"""The marketplace contract as a Python object: typed views and events. What changes something is in `calls`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from eth_typing import BlockNumber
from hexbytes import HexBytes
from web3 import Web3
from web3.contract import Contract
from web3.types import BlockIdentifier, FilterParams

from commons.chain import events
from commons.chain.artifact import marketplace_artifact
from commons.chain.calls import MarketplaceCalls
from commons.chain.checks import check_uint, checked_address
from commons.chain.connection import ChainConnection
from commons.chain.events import DecodedEvent
from commons.chain.jobs import (
    Credit,
    JobOnChain,
    JobSettled,
    JobState,
    JobTerms,
    Participation,
    Quote,
    RecordedCheckpoint,
)
from commons.chain.signing import SigningDomain
from commons.chain.transactions import code_at, find_receipt
from commons.errors import Conflict, NotFound, TransactionFailed


class Marketplace:
    """One deployed marketplace contract.

    Every method that asks the node raises `ChainUnavailable` when it does not answer, and those that name a job raise
    `NotFound` when there is no such job.

    Args:
        chain_id: the chain that the node must serve; by default whichever it serves when first asked.
        from_block: the block of the deployment (or an earlier one), from which events are looked for.
    """

    def __init__(
        self,
        rpc_url: str,
        contract_address: str,
        *,
        chain_id: int | None = None,
        request_timeout_s: float = 10.0,
        from_block: int = 0,
    ) -> None:
        self.connection: Final = ChainConnection(rpc_url, chain_id=chain_id, request_timeout_s=request_timeout_s)
        self.calls: Final = MarketplaceCalls(contract_address)
        self.contract_address: Final = self.calls.contract_address
        self._from_block = from_block
        self._contract: Contract = self.connection.web3.eth.contract(
            address=Web3.to_checksum_address(self.contract_address), abi=marketplace_artifact().abi
        )

    def __repr__(self) -> str:
        return f"<Marketplace {self.contract_address} at {self.connection.address}>"

    @property
    def domain(self) -> SigningDomain:
        """What typed signatures for this contract are bound to; asks the node for its chain id the first time."""
        return SigningDomain(self.connection.chain_id, self.contract_address)

    def wait_until_ready(self, timeout_s: float, on_wait: Callable[[str], None] | None = None) -> None:
        """Return once the node answers and has this contract.

        Raises `ChainUnavailable` after `timeout_s` seconds without a node, else as `check_contract`.
        """
        self.connection.wait_until_ready(timeout_s, on_wait)
        self.check_contract()

    def check_contract(self) -> None:
        """Raise `NotFound` when there is nothing at the address, `Conflict` when it is not this marketplace's code."""
        code = code_at(self.connection, self.contract_address)
        where = f"at {self.contract_address} on chain {self.connection.chain_id}"
        if not code:
            raise NotFound(
                f"there is no contract {where}; check the contract address, or deploy the contract first",
                contract_address=self.contract_address,
            )
        if not marketplace_artifact().is_code_of(code):
            raise Conflict(
                f"the contract {where} is not the marketplace of this version; check the contract address, or deploy the "
                "contract anew with `deltaml chain deploy`",
                contract_address=self.contract_address,
            )

    # ------------------------------------------------------------------------------------------------------- views

    def job_count(self) -> int:
        """Return the number of jobs ever created, which is also the highest job id."""
        return int(self._view("jobCount"))

    def job(self, job_id: int) -> JobOnChain:
        """Return the job's terms and progress."""
        raw = self._view("getJob", job_id)
        terms, rest = raw[0], raw[1:]
        return JobOnChain(
            job_id=job_id,
            terms=JobTerms(
                aggregator=terms[0],
                spec_digest=terms[1],
                key_digest=terms[2],
                start_by=terms[3],
                finish_by=terms[4],
                trainer_bps=terms[5],
                validator_bps=terms[6],
                aggregator_bps=terms[7],
                min_trainers=terms[8],
                min_validators=terms[9],
                max_participants=terms[10],
            ),
            buyer=rest[0],
            state=JobState(rest[1]),
            last_recorded=rest[2],
            checkpoint_count=rest[3],
            deposit_wei=rest[4],
            initial_mse_fixed=rest[5],
            latest_mse_fixed=rest[6],
            seed_hash=rest[7],
            delivery_digest=rest[8],
        )

    def trainers(self, job_id: int) -> tuple[str, ...]:
        """Return the enrolled trainers, in the order of `contributions`."""
        return tuple(self._view("getTrainers", job_id))

    def validators(self, job_id: int) -> tuple[str, ...]:
        """Return the enrolled validators."""
        return tuple(self._view("getValidators", job_id))

    def participation(self, job_id: int, account: str) -> Participation:
        """Return what `account` is in the job."""
        return Participation(self._view("participationOf", job_id, checked_address("account", account)))

    def contributions(self, job_id: int) -> tuple[int, ...]:
        """Return each trainer's summed contribution, in the unit of the MSE."""
        return tuple(self._view("contributions", job_id))

    def quote(self, job_id: int) -> Quote:
        """Return the split of the deposit on the checkpoints so far; for a settled job, the one that was made."""
        trainers, validator_each, aggregator, refund = self._view("quote", job_id)
        return Quote(tuple(trainers), validator_each, aggregator, refund)

    def owed_wei(self, account: str) -> int:
        """Return what `account` can withdraw now."""
        return int(self._view("owed", checked_address("account", account)))

    def escrowed_wei(self, job_id: int) -> int:
        """Return what is still held for the job: its deposit until it is settled or cancelled, then 0."""
        return int(self._view("escrowed", job_id))

    def total_escrowed_wei(self) -> int:
        """Return what is held for all unsettled jobs."""
        return int(self._view("totalEscrowed"))

    def total_owed_wei(self) -> int:
        """Return what is credited and not yet withdrawn, over all accounts."""
        return int(self._view("totalOwed"))

    # ------------------------------------------------------------------------------------------------------ events

    def events(self, first_block: int, last_block: int) -> list[DecodedEvent]:
        """Return the contract's events from one block to another, both included, in the order of the chain."""
        return self._logs(BlockNumber(first_block), BlockNumber(last_block), [])

    def job_created_by(self, tx_hash: str) -> int:
        """Return the id of the job that a mined `create_job` transaction created."""
        receipt = find_receipt(self.connection, tx_hash)
        if receipt is None:
            raise NotFound(f"there is no mined transaction {tx_hash}", tx_hash=tx_hash)
        for log in receipt["logs"]:
            event = events.decode_event(log) if log["address"] == self.contract_address else None
            if event is not None and event.name == "JobCreated" and event.job_id is not None:
                return event.job_id
        raise NotFound(f"transaction {tx_hash} created no job of {self.contract_address}", tx_hash=tx_hash)

    def job_finalized(self, job_id: int) -> JobSettled | None:
        """Return the settlement with its 32-byte seed, or None when the job is not finalized."""
        found = self._events_of(job_id, "JobFinalized")
        return events.job_settled(found[0].arguments, found[0].tx_hash) if found else None

    def job_expired(self, job_id: int) -> JobSettled | None:
        """Return the settlement by expiry, or None when there was none."""
        found = self._events_of(job_id, "JobExpired")
        return events.job_settled(found[0].arguments, found[0].tx_hash) if found else None

    def checkpoints(self, job_id: int) -> list[RecordedCheckpoint]:
        """Return the job's checkpoints in order."""
        found = self._events_of(job_id, "CheckpointRecorded")
        return [events.recorded_checkpoint(event.arguments, event.tx_hash) for event in found]

    def credited(self, job_id: int) -> list[Credit]:
        """Return what the job paid and refunded; an account that got nothing is not in it."""
        return [events.credit(event.arguments, event.tx_hash) for event in self._events_of(job_id, "Credited")]

    def _view(self, function: str, *arguments: Any) -> Any:
        try:
            with self.connection.translated():
                return self._contract.functions[function](*arguments).call()
        except TransactionFailed as error:
            if error.fields["reason"] == "MarketplaceNoSuchJob":
                raise NotFound(f"there is no job {arguments[0]} in the marketplace", job_id=arguments[0]) from error
            raise

    def _events_of(self, job_id: int, name: str) -> list[DecodedEvent]:
        check_uint("job_id", job_id, 256)
        topics = [HexBytes(events.topic_of(name)), HexBytes(job_id.to_bytes(32))]
        return self._logs(BlockNumber(self._from_block), "latest", topics)

    def _logs(self, first: BlockIdentifier, last: BlockIdentifier, topics: list[HexBytes]) -> list[DecodedEvent]:
        query: FilterParams = {"address": self._contract.address, "fromBlock": first, "toBlock": last}
        if topics:
            query["topics"] = topics
        with self.connection.translated():
            logs = self.connection.web3.eth.get_logs(query)
        decoded = [event for log in logs if (event := events.decode_event(log)) is not None]
        return sorted(decoded, key=lambda event: (event.block_number, event.log_index))
