"""What a transaction offers for a unit of gas, between what gets it mined and the limit that its sender has set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from web3.exceptions import Web3RPCError
from web3.types import RPCEndpoint

from commons.chain.blocks import latest_block
from commons.chain.connection import ChainConnection

DEFAULT_MAX_FEE_WEI: Final = 500 * 10**9
"""The most that is offered for a unit of gas, 500 gwei, however long a transaction waits."""

REPLACEMENT_PERCENT: Final = 125
"""A replacement pays this much of the former fee where the limit leaves room for it."""

_LEAST_REPLACEMENT_PERMILLE: Final = 1125
"""Nodes ask for 1100 (Geth, Anvil) to 1125."""

_DEFAULT_TIP_WEI: Final = 10**9


@dataclass(frozen=True, slots=True)
class Fees:
    """What a transaction offers for each unit of gas, in wei; `priority_wei` is None on chains without EIP-1559."""

    max_wei: int
    priority_wei: int | None

    def replacement(self, suggested: Fees, limit_wei: int) -> Fees | None:
        """Return fees with which a node takes a transaction in place of one with these, or None if the limit forbids it.

        They are no lower than `suggested` in either part, as far as the limit allows.
        """
        raised = Fees(
            min(max(_percent(self.max_wei), suggested.max_wei), limit_wei),
            None
            if self.priority_wei is None or suggested.priority_wei is None
            else min(max(_percent(self.priority_wei), suggested.priority_wei), limit_wei),
        )
        parts = ((self.max_wei, raised.max_wei), (self.priority_wei or 0, raised.priority_wei or raised.max_wei))
        enough = all(after * 1000 >= before * _LEAST_REPLACEMENT_PERMILLE for before, after in parts)
        return raised if enough else None


@dataclass(frozen=True, slots=True)
class GasPrice:
    """What a unit of gas costs in the latest block, in wei.

    Attributes:
        base_wei: the base fee; None on chains without EIP-1559, where `tip_wei` is the whole price.
        tip_wei: what block producers usually get on top of it.
    """

    base_wei: int | None
    tip_wei: int

    @property
    def least_wei(self) -> int:
        """What has to be offered now."""
        return (self.base_wei or 0) + self.tip_wei

    @property
    def ample_fees(self) -> Fees:
        """Fees that stay enough while the base fee doubles."""
        if self.base_wei is None:
            return Fees(self.tip_wei, None)
        return Fees(2 * self.base_wei + self.tip_wei, self.tip_wei)

    def fees_within(self, limit_wei: int) -> Fees | None:
        """Return the fees to offer when no more than `limit_wei` may be, or None while gas costs more."""
        if self.least_wei > limit_wei:
            return None
        ample = self.ample_fees
        return Fees(min(ample.max_wei, limit_wei), ample.priority_wei)


def gas_price(connection: ChainConnection) -> GasPrice:
    """Ask the node what gas costs now."""
    eth = connection.web3.eth
    with connection.translated():
        base_fee = latest_block(connection).base_fee_wei
        if base_fee is None:
            return GasPrice(None, eth.gas_price)
        try:
            # Not by web3's own property, which warns and asks for more when a node refuses.
            answer = connection.web3.manager.request_blocking(RPCEndpoint("eth_maxPriorityFeePerGas"), [])
            tip = int(answer, 16)
        except Web3RPCError:
            # An optional method, which not every node has.
            tip = _DEFAULT_TIP_WEI
    return GasPrice(base_fee, tip)


def _percent(amount: int) -> int:
    return -(-amount * REPLACEMENT_PERCENT // 100)
