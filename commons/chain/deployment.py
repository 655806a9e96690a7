"""Deploying the marketplace contract."""

from __future__ import annotations

from eth_account.signers.local import LocalAccount

from commons.chain.artifact import marketplace_artifact
from commons.chain.connection import ChainConnection
from commons.chain.contract_addresses import DeployedContract
from commons.chain.jobs import ContractCall
from commons.chain.marketplace import Marketplace
from commons.chain.transactions import send_and_wait
from commons.errors import ChainUnavailable


def deploy(
    rpc_url: str, account: LocalAccount, *, chain_id: int | None = None, timeout_s: float = 60.0
) -> DeployedContract:
    """Deploy the marketplace contract from `account`; return where it is once it is mined and its code is checked.

    Raises `ChainUnavailable` when the node does not answer or does not mine within `timeout_s`, `TransactionFailed`
    when the deployment reverts, `Conflict` when what is deployed is not what was sent.
    """
    creation = ContractCall(
        None, bytes.fromhex(marketplace_artifact().bytecode.removeprefix("0x")), 0, "deploy the marketplace"
    )
    connection = ChainConnection(rpc_url, chain_id=chain_id)
    receipt = send_and_wait(connection, account, creation, timeout_s=timeout_s)
    address = receipt["contractAddress"]
    if address is None:
        raise ChainUnavailable(f"the node at {connection.address} does not say where it has created the contract")
    deployed = DeployedContract(str(address), receipt["blockNumber"])
    Marketplace(rpc_url, deployed.address, chain_id=connection.chain_id).check_contract()
    return deployed
