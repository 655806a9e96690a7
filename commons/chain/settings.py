"""The settings that every service has for its chain: node, contract, and how transactions are sent."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from commons.chain.checks import checked_address
from commons.chain.connection import ChainConnection
from commons.chain.contract_addresses import DeployedContract, contract_on, read_contracts
from commons.chain.fees import DEFAULT_MAX_FEE_WEI
from commons.chain.marketplace import Marketplace
from commons.chain.outbox_sender import SendingPolicy
from commons.errors import ChainUnavailable, DeltaMLError, InvalidInput
from commons.web.configuration import ConfigurationReader

IDLE_INTERVAL_S: Final = 2.0
"""Seconds between two looks at the chain while a service waits for nothing in particular."""

_GWEI: Final = 10**9


@dataclass(frozen=True)
class ChainSettings:
    """Read once when a service starts.

    Attributes:
        eth_rpc_url: the Ethereum node.
        chain_id: the chain that the node must serve; None takes whichever it serves.
        contract_address: the marketplace.
        contract_from_block: the block of its deployment, or an earlier one.
        confirmations: blocks from the one that something happened in, itself included, until it counts.
        max_fee_gwei: the most that is offered for a unit of gas.
    """

    eth_rpc_url: str = field(repr=False)
    chain_id: int | None
    contract_address: str
    contract_from_block: int
    confirmations: int
    max_fee_gwei: int

    @property
    def policy(self) -> SendingPolicy:
        """How the outbox sends."""
        return SendingPolicy(
            confirmations=self.confirmations,
            max_fee_wei=self.max_fee_gwei * _GWEI,
            idle_interval_s=IDLE_INTERVAL_S,
        )

    def refuse_other_contract(self) -> None:
        """Raise `NotFound` or `Conflict` when a node answers and has something else at the address; for a service's start."""
        with suppress(ChainUnavailable):
            self.marketplace().wait_until_ready(0)

    def marketplace(self) -> Marketplace:
        """Return a client of the contract; nothing is asked of the node yet."""
        return Marketplace(
            self.eth_rpc_url, self.contract_address, chain_id=self.chain_id, from_block=self.contract_from_block
        )


def read_chain_settings(reader: ConfigurationReader) -> ChainSettings:
    """Return the settings; what is wrong with them is noted in `reader`.

    The address comes from `contract_address`, or from `contract_addresses_file` by chain. When that file has several chains
    and `chain_id` does not choose one, the node is asked which it serves.
    """
    rpc_url = reader.url("eth_rpc_url", "http://127.0.0.1:8545")
    # 0 is no chain id (EIP-155), so it can stand for "any".
    chain_id = reader.integer("chain_id", 0) or None
    address = reader.optional("contract_address")
    file = reader.optional("contract_addresses_file")
    from_block = reader.integer("contract_from_block", 0)
    contract = DeployedContract("0x" + "00" * 20)
    if (address is None) == (file is None):
        reader.reject("contract_address", "give either it or contract_addresses_file")
    elif address is not None:
        try:
            contract = DeployedContract(checked_address("contract_address", address), from_block)
        except InvalidInput as error:
            reader.reject("contract_address", error.message)
    elif file is not None:
        try:
            chain_id, contract = _from_file(Path(file).expanduser(), chain_id, rpc_url)
        except DeltaMLError as error:
            reader.reject("contract_addresses_file", error.message)
    return ChainSettings(
        eth_rpc_url=rpc_url,
        chain_id=chain_id,
        contract_address=contract.address,
        contract_from_block=max(contract.block, from_block),
        confirmations=reader.integer("confirmations", 1, minimum=1, maximum=10_000),
        max_fee_gwei=reader.integer("max_fee_gwei", DEFAULT_MAX_FEE_WEI // _GWEI, minimum=1, maximum=10**9),
    )


def _from_file(path: Path, chain_id: int | None, rpc_url: str) -> tuple[int, DeployedContract]:
    if chain_id is None:
        contracts = read_contracts(path)
        if len(contracts) == 1:
            return next(iter(contracts.items()))
        chain_id = ChainConnection(rpc_url).check()
    return chain_id, contract_on(path, chain_id)
