"""Whether a node's chain is the one that a database was written with, or another one under the same id and address.

A development chain that is wiped and started anew has the same id, and mostly the same contract at the same address. What
tells the two apart is the block from which the contract is followed, that of its deployment or an earlier one: its hash
stays in the table of followed blocks for good. Near the end of the chain a reorganisation can replace even that block,
which heals by itself; `FINAL_DEPTH` blocks deep nothing but another chain can.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy.orm import Session

from commons.chain.blocks import FINAL_DEPTH, Block, BlockId, find_block
from commons.chain.connection import ChainConnection
from commons.chain.event_log import EventLog
from commons.errors import ChainUnavailable

_SHOWN_OF_HASH: Final = 10


class KnownChain:
    """The chain on which one contract is followed into the tables of `log`.

    Args:
        contract_address: the contract.
        from_block: the block from which on it is followed.
    """

    def __init__(self, contract_address: str, log: EventLog, from_block: int) -> None:
        self._contract: Final = contract_address
        self._log: Final = log
        self.from_block: Final = from_block

    def check(self, session: Session, connection: ChainConnection, latest: Block) -> None:
        """Raise as `compare`, by what is stored; before the first look at a chain every chain will do."""
        start, head = self._log.block(session, self.from_block), self._log.head(session)
        if start is not None and head is not None:
            self.compare(connection, latest, start, head)

    def compare(self, connection: ChainConnection, latest: Block, start: BlockId, head: BlockId) -> None:
        """Raise `ChainUnavailable` when the node's chain, which ends with `latest`, is another one than this.

        Args:
            start: block `from_block` of this chain.
            head: the highest block that was followed of it.
        """
        present = find_old_block(connection, start.number)
        if present is not None and present.hash == start.hash:
            return
        if max(head.number, latest.number) - start.number < FINAL_DEPTH:
            return
        if present is not None:
            raise ChainUnavailable(
                f"the Ethereum node at {connection.address} serves another chain than this database's: the contract "
                f"{self._contract} was followed from block {start.number} ({short_hash(start.hash)}) on, and now that "
                f"block is {short_hash(present.hash)}; configure the former node, or start with an empty database"
            )
        if latest.number < start.number:
            raise node_is_behind(connection, latest, head)


def find_old_block(connection: ChainConnection, number: int) -> Block | None:
    """Return the block of that number, or None when the chain is not that long or the node keeps no such old block."""
    try:
        return find_block(connection, number)
    except ChainUnavailable as error:
        if "rpc_message" not in error.fields:
            raise
        return None


def node_is_behind(connection: ChainConnection, latest: BlockId, head: BlockId) -> ChainUnavailable:
    """Return the error for a chain that ends below what was seen of it."""
    return ChainUnavailable(
        f"the node at {connection.address} is behind: its latest block is {latest.number}, "
        f"and block {head.number} was seen already"
    )


def short_hash(block_hash: str) -> str:
    """Return the first digits of a hash, for people."""
    return f"{block_hash[:_SHOWN_OF_HASH]}…"
