"""Gas and signatures of single transactions, and sending one and waiting for it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from eth_account.signers.local import LocalAccount
from eth_typing import BlockNumber
from hexbytes import HexBytes
from web3 import Web3
from web3.exceptions import TransactionNotFound
from web3.types import BlockIdentifier, TxParams, TxReceipt, Wei

from commons.chain.blocks import latest_block
from commons.chain.connection import ChainConnection
from commons.chain.fees import Fees, gas_price
from commons.chain.jobs import ContractCall
from commons.chain.reverts import Revert
from commons.errors import ChainUnavailable, TransactionFailed

MAX_GAS: Final = 2**24
"""The most gas that Ethereum lets one transaction have (EIP-7825), 16,777,216."""

_TRANSFER_GAS: Final = 21_000
_GAS_PERCENT: Final = 125
# How Geth, Anvil and Ganache say that a call ends for want of gas, however much a block can have.
_OUT_OF_GAS: Final = ("gas required exceeds", "out of gas", "exceeds block gas limit", "exceeds the limit allowed")
_POLL_INTERVAL_S: Final = 0.05

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SignedTransaction:
    """A transaction's bytes and their hash (0x and 64 hex digits)."""

    raw: bytes
    tx_hash: str


def estimate_gas(connection: ChainConnection, sender: str, call: ContractCall, max_gas: int = MAX_GAS) -> int:
    """Return a gas limit for the call.

    Raises `TransactionFailed` with the contract's reason when the call would revert, and with `GasLimitExceeded` when it
    needs more than `max_gas`, or than fits into a block.
    """
    try:
        with connection.translated():
            estimate = connection.web3.eth.estimate_gas(_parameters(sender, call))
    except ChainUnavailable as error:
        message = str(error.fields.get("rpc_message", "")).lower()
        if not any(phrase in message for phrase in _OUT_OF_GAS):
            raise
        raise TransactionFailed(
            f"{call.description}: needs more gas than the node allows a transaction ({message})",
            reason="GasLimitExceeded",
        ) from error
    limit = min(latest_block(connection).gas_limit, max_gas)
    if estimate > limit:
        raise TransactionFailed(
            f"{call.description}: needs {estimate} gas, and a transaction may take no more than {limit}",
            reason="GasLimitExceeded",
        )
    # State may change until it is mined; what is not used is not paid.
    return min(-(-estimate * _GAS_PERCENT // 100), limit)


def sign_transaction(
    account: LocalAccount, call: ContractCall, *, chain_id: int, nonce: int, gas_limit: int, fees: Fees
) -> SignedTransaction:
    """Return the signed bytes of a transaction; nothing is sent."""
    transaction: dict[str, Any] = {
        "data": call.data,
        "value": call.value_wei,
        "nonce": nonce,
        "gas": gas_limit,
        "chainId": chain_id,
    }
    if fees.priority_wei is None:
        transaction["gasPrice"] = fees.max_wei
    else:
        transaction |= {"type": 2, "maxFeePerGas": fees.max_wei, "maxPriorityFeePerGas": fees.priority_wei}
    if call.to is not None:
        transaction["to"] = call.to
    signed = account.sign_transaction(transaction)
    return SignedTransaction(bytes(signed.raw_transaction), "0x" + bytes(signed.hash).hex())


def broadcast(connection: ChainConnection, signed: bytes) -> None:
    """Hand signed bytes to the node; raises `ChainUnavailable` when it does not answer or refuses them."""
    with connection.translated():
        connection.web3.eth.send_raw_transaction(signed)


def use_up_nonce(connection: ChainConnection, account: LocalAccount, nonce: int, fees: Fees) -> None:
    """Send a transaction that does nothing but have this nonce; raises as `broadcast`."""
    nothing = ContractCall(account.address, b"", 0, f"use up nonce {nonce}")
    chain_id = connection.chain_id
    signed = sign_transaction(account, nothing, chain_id=chain_id, nonce=nonce, gas_limit=_TRANSFER_GAS, fees=fees)
    broadcast(connection, signed.raw)


def find_receipt(connection: ChainConnection, tx_hash: str) -> TxReceipt | None:
    """Return the receipt of a mined transaction, or None."""
    with connection.translated():
        try:
            receipt = connection.web3.eth.get_transaction_receipt(HexBytes(tx_hash))
        except TransactionNotFound:
            return None
    # Some nodes have a receipt for a transaction that still waits.
    return receipt if receipt.get("blockHash") is not None else None


def is_known(connection: ChainConnection, tx_hash: str) -> bool:
    """Return whether the node has the transaction, waiting or mined."""
    with connection.translated():
        try:
            connection.web3.eth.get_transaction(HexBytes(tx_hash))
        except TransactionNotFound:
            return False
    return True


def find_revert(connection: ChainConnection, sender: str, call: ContractCall, block: int) -> Revert:
    """Return why a transaction mined in `block` reverted, by making the same call on the state before that block."""
    try:
        with connection.translated():
            connection.web3.eth.call(_parameters(sender, call), BlockNumber(block - 1))
    except TransactionFailed as error:
        return Revert(error.fields["reason"], error.fields["arguments"])
    # It needed what came before it in its block, or more gas than it was given.
    return Revert("Reverted", {})


def balance_wei(connection: ChainConnection, address: str) -> int:
    """Return the balance of `address`."""
    with connection.translated():
        return connection.web3.eth.get_balance(Web3.to_checksum_address(address))


def code_at(connection: ChainConnection, address: str, block: int | None = None) -> bytes:
    """Return the code of the account at `address` as of the latest block or of an earlier one, empty when it has none."""
    as_of: BlockIdentifier = "latest" if block is None else BlockNumber(max(block, 0))
    with connection.translated():
        return bytes(connection.web3.eth.get_code(Web3.to_checksum_address(address), as_of))


def had_code(connection: ChainConnection, address: str, block: int) -> bool:
    """Return whether the account has code now, or had some before or after block number `block`.

    Of a block whose state the node has thrown away nothing is said.
    """
    if code_at(connection, address):
        return True
    return any(_as_of(number, lambda as_of: code_at(connection, address, as_of)) for number in (block, block - 1))


def used_nonce_in(connection: ChainConnection, address: str, block: int) -> bool:
    """Return whether the account used up a nonce in block number `block`: by a transaction, or by changing its code.

    Of a block whose state the node has thrown away nothing is said.
    """
    before, after = (
        _as_of(number, lambda as_of: mined_nonce(connection, address, as_of)) for number in (block - 1, block)
    )
    return before is not None and after is not None and before != after


def next_nonce(connection: ChainConnection, address: str) -> int:
    """Return the first nonce that no transaction of `address` has, mined or waiting in the node."""
    with connection.translated():
        return connection.web3.eth.get_transaction_count(Web3.to_checksum_address(address), "pending")


def mined_nonce(connection: ChainConnection, address: str, block: int | None = None) -> int:
    """Return the first nonce of `address` that is not mined, as of the latest block or of an earlier one."""
    as_of: BlockIdentifier = "latest" if block is None else BlockNumber(max(block, 0))
    with connection.translated():
        return connection.web3.eth.get_transaction_count(Web3.to_checksum_address(address), as_of)


def send_and_wait(
    connection: ChainConnection, account: LocalAccount, call: ContractCall, *, timeout_s: float = 60.0
) -> TxReceipt:
    """Sign and send one transaction and return its receipt; for commands that a person waits for.

    Services use the outbox, which also survives a crash between sending and noting it. Raises `TransactionFailed` when
    the call would revert or did, `ChainUnavailable` when the node does not answer or does not mine within `timeout_s`.
    """
    chain_id = connection.check()
    gas_limit = estimate_gas(connection, account.address, call)
    fees = gas_price(connection).ample_fees
    nonce = next_nonce(connection, account.address)
    signed = sign_transaction(account, call, chain_id=chain_id, nonce=nonce, gas_limit=gas_limit, fees=fees)
    broadcast(connection, signed.raw)
    deadline = time.monotonic() + timeout_s
    while (receipt := find_receipt(connection, signed.tx_hash)) is None:
        if time.monotonic() > deadline:
            raise ChainUnavailable(
                f"transaction {signed.tx_hash} ({call.description}) was sent and is not mined after {timeout_s:g} s; "
                "it may still be",
                tx_hash=signed.tx_hash,
            )
        time.sleep(_POLL_INTERVAL_S)
    if receipt["status"] != 1:
        raise TransactionFailed(
            f"transaction {signed.tx_hash} ({call.description}) reverted", reason="Reverted", tx_hash=signed.tx_hash
        )
    return receipt


def _as_of(block: int, ask: Callable[[int], T]) -> T | None:
    try:
        return ask(block)
    except ChainUnavailable as error:
        if "rpc_message" not in error.fields:
            raise
        return None


def _parameters(sender: str, call: ContractCall) -> TxParams:
    parameters: TxParams = {
        "from": Web3.to_checksum_address(sender),
        "data": call.data,
        "value": Wei(call.value_wei),
    }
    if call.to is not None:
        parameters["to"] = Web3.to_checksum_address(call.to)
    return parameters
