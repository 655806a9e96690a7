"""Blocks of the chain, by number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from eth_typing import BlockNumber
from web3.exceptions import BlockNotFound
from web3.types import BlockData

from commons.chain.connection import ChainConnection
from commons.errors import ChainUnavailable

FINAL_DEPTH: Final = 64
"""Blocks after which nothing is expected to be reorganised: two epochs of Ethereum, after which a block is final."""


@dataclass(frozen=True, slots=True)
class BlockId:
    """Which block: its number and its hash, 0x and 64 hex digits."""

    number: int
    hash: str


@dataclass(frozen=True, slots=True)
class Block(BlockId):
    """A block's header; `time` is in unix seconds."""

    parent_hash: str
    time: int
    gas_limit: int
    base_fee_wei: int | None


def latest_block(connection: ChainConnection) -> Block:
    """Return the latest block."""
    with connection.translated():
        return _header(connection.web3.eth.get_block("latest"))


def find_block(connection: ChainConnection, number: int) -> Block | None:
    """Return the block of that number, or None when the chain is not that long."""
    with connection.translated():
        try:
            return _header(connection.web3.eth.get_block(BlockNumber(number)))
        except BlockNotFound:
            return None


def is_on_chain(connection: ChainConnection, block: BlockId) -> bool:
    """Return whether the chain still has this very block."""
    present = find_block(connection, block.number)
    return present is not None and present.hash == block.hash


def _header(data: BlockData) -> Block:
    if "hash" not in data or "number" not in data:
        raise ChainUnavailable("the Ethereum node answered with a block without number or hash; ask another node")
    return Block(
        number=data["number"],
        hash="0x" + bytes(data["hash"]).hex(),
        parent_hash="0x" + bytes(data["parentHash"]).hex(),
        time=data["timestamp"],
        gas_limit=data["gasLimit"],
        base_fee_wei=data.get("baseFeePerGas"),
    )
