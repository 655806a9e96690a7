"""The contract's events, from a node's logs to plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from eth_utils.abi import event_abi_to_log_topic
from web3 import Web3
from web3.contract import Contract
from web3.types import LogReceipt

from commons.chain.artifact import marketplace_artifact
from commons.chain.jobs import (
    Credit,
    JobCancelled,
    JobCreated,
    JobSettled,
    JobStarted,
    RecordedCheckpoint,
    Role,
    Withdrawal,
)
from commons.market.checkpoint_statement import CheckpointStatement

_ACCOUNT_FIELDS: Final = {
    "JobCreated": "buyer",
    "AcceptanceRevoked": "owner",
    "Credited": "payee",
    "Withdrawn": "payee",
}


@dataclass(frozen=True, slots=True)
class DecodedEvent:
    """One event as it stands in a block; `arguments` in the form that a JSON column keeps (see `ContractEventColumns`)."""

    name: str
    arguments: Mapping[str, Any]
    tx_hash: str
    block_number: int
    block_hash: str
    log_index: int

    @property
    def job_id(self) -> int | None:
        """The job that it is about, if any."""
        return int(self.arguments["jobId"]) if "jobId" in self.arguments else None

    @property
    def account(self) -> str | None:
        """The account that it is about, if any."""
        field = _ACCOUNT_FIELDS.get(self.name)
        return None if field is None else str(self.arguments[field])


def topic_of(name: str) -> bytes:
    """Return the first topic (32 bytes) of the events of that name."""
    return next(topic for topic, known in _names_by_topic().items() if known == name)


def decode_event(log: LogReceipt) -> DecodedEvent | None:
    """Return the event in a log of the marketplace contract, or None when the interface has no such event."""
    name = _names_by_topic().get(bytes(log["topics"][0])) if log["topics"] else None
    if name is None:
        return None
    event = _interface().events[name]().process_log(log)
    return DecodedEvent(
        name,
        {field: _storable(value) for field, value in event["args"].items()},
        _hex(log["transactionHash"]),
        log["blockNumber"],
        _hex(log["blockHash"]),
        log["logIndex"],
    )


# The functions below take an event's stored arguments, so that a log just fetched and a row of a table read the same.


def job_created(arguments: Mapping[str, Any], tx_hash: str) -> JobCreated:
    """Return what `JobCreated` says."""
    return JobCreated(
        job_id=int(arguments["jobId"]),
        buyer=arguments["buyer"],
        aggregator=arguments["aggregator"],
        deposit_wei=int(arguments["deposit"]),
        spec_digest=_bytes(arguments["specDigest"]),
        key_digest=_bytes(arguments["keyDigest"]),
        tx_hash=tx_hash,
    )


def job_started(arguments: Mapping[str, Any], tx_hash: str) -> JobStarted:
    """Return what `JobStarted` says."""
    return JobStarted(
        int(arguments["jobId"]),
        tuple(arguments["trainers"]),
        tuple(arguments["validators"]),
        _bytes(arguments["seedHash"]),
        tx_hash,
    )


def recorded_checkpoint(arguments: Mapping[str, Any], tx_hash: str) -> RecordedCheckpoint:
    """Return what `CheckpointRecorded` says."""
    statement = CheckpointStatement(
        job_id=int(arguments["jobId"]),
        index=int(arguments["index"]),
        round=int(arguments["round"]),
        mse_fixed=int(arguments["mse"]),
        leave_one_out_mses_fixed=tuple(int(mse) for mse in arguments["leaveOneOutMses"]),
        last=arguments["last"],
        delivery_digest=_bytes(arguments["deliveryDigest"]),
    )
    return RecordedCheckpoint(statement, tx_hash)


def credit(arguments: Mapping[str, Any], tx_hash: str) -> Credit:
    """Return what `Credited` says."""
    return Credit(arguments["payee"], Role(int(arguments["role"])), int(arguments["amount"]), tx_hash)


def job_settled(arguments: Mapping[str, Any], tx_hash: str) -> JobSettled:
    """Return what `JobFinalized` or `JobExpired` says."""
    seed = _bytes(arguments["seed"]) if "seed" in arguments else None
    return JobSettled(int(arguments["jobId"]), seed, int(arguments["paid"]), int(arguments["refunded"]), tx_hash)


def job_cancelled(arguments: Mapping[str, Any], tx_hash: str) -> JobCancelled:
    """Return what `JobCancelled` says."""
    return JobCancelled(int(arguments["jobId"]), int(arguments["refunded"]), tx_hash)


def withdrawal(arguments: Mapping[str, Any], tx_hash: str) -> Withdrawal:
    """Return what `Withdrawn` says."""
    return Withdrawal(arguments["payee"], arguments["to"], int(arguments["amount"]), tx_hash)


def _storable(value: Any) -> Any:
    if isinstance(value, bytes):
        return _hex(value)
    if isinstance(value, list | tuple):
        return [_storable(item) for item in value]
    # bool is an int to Python, and JSON has its own.
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _hex(value: bytes) -> str:
    return "0x" + bytes(value).hex()


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


@cache
def _interface() -> Contract:
    contract: Contract = Web3().eth.contract(
        address=Web3.to_checksum_address(bytes(20)), abi=marketplace_artifact().abi
    )
    return contract


@cache
def _names_by_topic() -> dict[bytes, str]:
    events = (entry for entry in marketplace_artifact().abi if entry["type"] == "event")
    return {event_abi_to_log_topic(entry): entry["name"] for entry in events}  # type: ignore[arg-type]
